#pragma once
#include <cstdint>
#include <string>

#include "rondo/detail/engine/api.hpp"
#include "rondo/version.hpp"

namespace rondo::detail::engine {

/// Behaviours that replay depends on. A run keeps the set with which it was written; numbers are never used twice.
enum class flag : std::uint32_t {
  /// The rules of the first release: one activation per workflow task that brings something, signals before answers,
  /// the command that ends the run last.
  first_rules = 1,
  /// A call of an activity throws when an open one has its id. Before, the server refused it, but not always: it knows
  /// of ends that it tells the code later.
  distinct_activity_ids = 2,
};
inline constexpr std::uint32_t last_flag = 2;

/// Name under which the SDK signs completed workflow tasks.
inline constexpr const char* sdk_name = "rondo";

/// The flags of a run, and what the next completion has to say about them.
class flag_record {
 public:
  using metadata = temporal::api::sdk::v1::WorkflowTaskCompletedMetadata;

  /// Takes over what a completed task recorded. Returns a flag that this version does not know; 0: all are known.
  std::uint32_t read(const metadata& from) {
    for (const auto number : from.lang_used_flags()) {
      if (number == 0 || number > last_flag) return number;
      recorded_ |= bit_of(number);
    }
    if (!from.sdk_name().empty()) name_ = from.sdk_name();
    if (!from.sdk_version().empty()) version_ = from.sdk_version();
    return 0;
  }

  /// Decides whether the run behaves as `number` says. On replay only what was recorded counts.
  bool use(std::uint32_t number, bool replaying, bool server_keeps_flags) {
    if (number == 0 || number > last_flag) return false;
    if ((recorded_ & bit_of(number)) != 0) return true;
    if (replaying || !server_keeps_flags) return false;
    recorded_ |= bit_of(number);
    fresh_ |= bit_of(number);
    return true;
  }

  /// Writes what is new since the last completion.
  void write(service::RespondWorkflowTaskCompletedRequest& to) {
    if (fresh_ == 0 && name_ == sdk_name && version_ == version_string) return;
    auto& out = *to.mutable_sdk_metadata();
    for (std::uint32_t number = 1; number <= last_flag; ++number) {
      if ((fresh_ & bit_of(number)) != 0) out.add_lang_used_flags(number);
    }
    if (name_ != sdk_name) out.set_sdk_name(sdk_name);
    if (version_ != version_string) out.set_sdk_version(std::string(version_string));
  }
  /// The server has it.
  void accepted() {
    fresh_ = 0;
    name_ = sdk_name;
    version_ = version_string;
  }

 private:
  static_assert(last_flag < 64, "one bit for each");
  static constexpr std::uint64_t bit_of(std::uint32_t number) noexcept { return std::uint64_t{1} << number; }

  std::uint64_t recorded_ = 0, fresh_ = 0;
  std::string name_, version_;
};

}  // namespace rondo::detail::engine
