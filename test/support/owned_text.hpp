#pragma once
#include <string>

#include "rondo/converter.hpp"
#include "rondo/payload.hpp"
#include "rondo/serialization_context.hpp"

namespace rondo::test {

/// A text that is sealed for an owner; reading it as another's is an error.
struct owned_text {
  std::string text{};
  /// Whom it was sealed for, once it has been read.
  std::string owner{};
};

inline std::string name_of_owner(const serialization_context* whose) {
  if (whose == nullptr) return "nobody";
  std::string name = whose->namespace_ + "/" + whose->workflow_id;
  if (!whose->activity_type.empty() || !whose->activity_id.empty()) {
    name += " " + whose->workflow_type + "." + whose->activity_type + whose->activity_id + "@" + whose->task_queue +
            (whose->is_local ? " local" : "");
  }
  if (!whose->nexus_service.empty()) {
    name += " nexus " + whose->nexus_endpoint + " " + whose->nexus_service + "." + whose->nexus_operation;
  }
  return whose->run_id.empty() ? name : name + " run " + whose->run_id;
}

}  // namespace rondo::test

namespace rondo {

template <>
struct payload_codec<test::owned_text> {
  static void encode(payload_sink& sink, const test::owned_text& value, const serialization_context* whose) {
    sink.add("test/owned") = value.text + " for " + test::name_of_owner(whose);
  }
  static test::owned_text decode(const payload_view& from, const serialization_context* whose) {
    const std::string all(from.data());
    const auto end = all.rfind(" for ");
    if (from.encoding() != "test/owned" || end == std::string::npos) throw conversion_error("not sealed: " + all);
    test::owned_text made{all.substr(0, end), all.substr(end + 5)};
    if (made.owner != test::name_of_owner(whose)) {
      throw conversion_error("sealed for " + made.owner + ", opened by " + test::name_of_owner(whose));
    }
    return made;
  }
};

}  // namespace rondo
