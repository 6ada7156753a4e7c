#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// What a description of workflows, activities and Nexus services says, see docs/stubs.md.
namespace rondo::tools::stubs {

/// A description that is none, or one that cannot be said in a language; the text says what and where.
class stub_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class kind : std::uint8_t {
  null,
  boolean,
  integer,
  number,
  text,
  bytes,      ///< base64 inside JSON, raw as an argument or a result
  time,       ///< RFC 3339
  list,       ///< part 0 is the element
  array,      ///< list of exactly `size`
  tuple,      ///< a part for each element
  map,        ///< parts are key and value
  optional,   ///< part 0 or null
  reference,  ///< to the definition `name`
  object,
  enumeration,
  any,      ///< JSON of another library's type, which is called `name`
  payload,  ///< not even JSON for certain
};

struct type {
  stubs::kind kind = kind::null;
  std::string name{};
  /// Of numbers.
  unsigned bits = 0;
  bool is_signed = true;
  /// Of durations, which are numbers: seconds in a tick, such as "1/1000".
  std::string tick{};
  /// Of arrays and bytes with a fixed length; else 0.
  std::size_t size = 0;
  /// Elements, or the fields of an object.
  std::vector<type> parts{};
  /// Of the fields of an object, or the values of an enumeration.
  std::vector<std::string> names{};
};

/// An activity, or a handler of a workflow.
struct call {
  std::string name{}, description{};
  std::vector<type> arguments{};
  type result{};
};

struct workflow : call {
  std::vector<call> signals{}, queries{}, updates{};
};

struct nexus_service {
  std::string name{};
  /// Each takes at most one value.
  std::vector<call> operations{};
};

/// What takes any name is left out: nothing typed can be said of it.
struct description {
  std::vector<workflow> workflows{};
  std::vector<call> activities{};
  std::vector<nexus_service> nexus_services{};
  std::map<std::string, type> definitions{};
};

inline bool is_optional(const type& of) { return of.kind == kind::optional; }

/// What a type is once references to names for something else than objects and enumerations are followed.
inline const type& resolved(const description& in, const type& of) {
  const type* found = &of;
  while (found->kind == kind::reference) found = &in.definitions.at(found->name);
  return *found;
}

}  // namespace rondo::tools::stubs
