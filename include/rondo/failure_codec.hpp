#pragma once
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/failure.hpp"

namespace rondo {

/// Specialise it for exceptions of a type of one's own that are to travel as failures, and come back:
/// - `static constexpr std::string_view type`: what others know them by.
/// - `static application_failure encode(const Exception&)`: message, details and the rest; without a type it gets
/// `type`.
/// - `static Exception decode(const application_failure&)`, may be left out: what is thrown for failures of that type.
///   The failure itself stays within reach: `cause_as` finds both.
/// What these functions throw is ignored, and the exception or failure treated like any other.
template <class Exception>
struct failure_codec;

namespace detail {

/// What stands behind the failure_codec of a type.
struct failure_codec_entry {
  std::string_view type;
  std::optional<application_failure> (*encode)(const std::exception_ptr& error);
  /// Null: failures stay what they are.
  std::exception_ptr (*decode)(const application_failure& from);
};

/// Those of the program, in the order in which they are asked.
inline std::vector<const failure_codec_entry*>& failure_codecs() {
  static std::vector<const failure_codec_entry*> all;
  return all;
}

/// An exception of a user's type, with the failure that it was made of.
template <class Exception>
class received final : public Exception, public received_failure {
 public:
  received(Exception value, const application_failure& from) : Exception(std::move(value)), received_failure(from) {}
};

template <class Exception>
std::optional<application_failure> encode_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Exception& known) {
    try {
      return failure_codec<Exception>::encode(known);
    } catch (...) {
      return std::nullopt;
    }
  } catch (...) {
    return std::nullopt;
  }
}

template <class Exception>
std::exception_ptr decode_failure(const application_failure& from) {
  try {
    Exception made = failure_codec<Exception>::decode(from);
    if constexpr (std::is_base_of_v<failure, Exception>) {
      made.set_cause(from.cause());
      made.set_stack_trace(from.stack_trace());
      made.set_source(from.source());
      made.set_origin(from.origin());
      return std::make_exception_ptr(std::move(made));
    } else if constexpr (std::is_class_v<Exception> && !std::is_final_v<Exception>) {
      return std::make_exception_ptr(received<Exception>(std::move(made), from));
    } else {
      return std::make_exception_ptr(std::move(made));
    }
  } catch (...) {
    return nullptr;
  }
}

template <class Exception>
constexpr auto failure_decoder() -> std::exception_ptr (*)(const application_failure&) {
  if constexpr (requires(const application_failure& from) { failure_codec<Exception>::decode(from); }) {
    return &decode_failure<Exception>;
  } else {
    return nullptr;
  }
}

template <class Exception>
inline constexpr failure_codec_entry failure_codec_of{failure_codec<Exception>::type, &encode_failure<Exception>,
                                                      failure_decoder<Exception>()};

inline void use_failure_codec(const failure_codec_entry& one) {
  auto& all = failure_codecs();
  for (const auto* known : all) {
    if (known == &one) return;
  }
  all.push_back(&one);
}

}  // namespace detail

/// Lets the whole program convert exceptions of these types, as their failure_codec says: those of workflows, handlers
/// and activities, and those that clients get. Types are tried in this order, so derived ones stand before their bases.
/// Call it before workers and clients are made; workflows must find the same types when they are replayed.
template <class... Exceptions>
void use_failure_codecs() {
  (detail::use_failure_codec(detail::failure_codec_of<Exceptions>), ...);
}

}  // namespace rondo
