#pragma once
#include <exception>
#include <string>
#include <string_view>

#include "rondo/detail/engine/api.hpp"

namespace rondo {
class failure_converter;
}

namespace rondo::detail::engine {

/// Causes deeper than this are cut off: a chain may be a loop.
inline constexpr int max_failure_depth = 50;

/// The exception that stands for a failure of the wire: the types of rondo/failure.hpp, or what `by` makes of them. It
/// keeps the bytes it was read from, so that sending it on loses nothing, even for kinds that this version does not
/// know. Never null.
std::exception_ptr exception_of(const Failure& from, const failure_converter* by = nullptr);

/// The same for the failure of a call, which stays of its kind: `by` is asked about its causes.
std::exception_ptr call_failure_of(const Failure& from, const failure_converter* by = nullptr);

/// Describes an exception, or what `by` makes of it, on the wire. What is not a rondo::failure becomes an application
/// failure whose type is the name of the class; std::nested_exception gives its cause. Invalid UTF-8 is replaced. Never
/// throws for what it reads.
void write_failure(const std::exception_ptr& from, Failure& to, const failure_converter* by = nullptr);

/// The same for one that `by` has made already, or need not see: it is asked about the causes, but for `asked`: what it
/// has made `from` of, which may be the cause. Null: there is none.
void write_made_failure(const std::exception_ptr& from, Failure& to, const failure_converter* by,
                        const std::exception_ptr* asked = nullptr);

/// What a converter makes of an exception.
struct converted_exception {
  /// The exception itself, when nothing is made of it.
  std::exception_ptr error;
  /// Why the converter made nothing; empty: it did not fail.
  std::string problem{};
};
converted_exception converted(const std::exception_ptr& error, const failure_converter* by);

/// The message of a failure, also one that travels in its encoded attributes.
std::string message_in(const Failure& of);

/// The name of the class of an exception, without namespaces of the compiler's making; "unknown" when it has none.
std::string type_of(const std::exception_ptr& error);

/// What an exception says, for a text for people.
std::string message_of(const std::exception_ptr& error);

/// `text` with everything that is not UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace rondo::detail::engine

#ifndef RONDO_COMPILED
#include "rondo/detail/engine/impl/failure_conversion.hpp"
#endif
