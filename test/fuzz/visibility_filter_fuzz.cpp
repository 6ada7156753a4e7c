#include <rondo/server/state.pb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

// The bodies, so that they are compiled with the fuzzer's eyes.
#include "rondo/server/impl/search_attributes.hpp"
#include "rondo/server/impl/visibility_binding.hpp"
#include "rondo/server/impl/visibility_filter.hpp"
#include "rondo/server/impl/visibility_syntax.hpp"
#include "rondo/server/refusal.hpp"

// Any bytes are a visibility query or are refused; a query that is none of both, or that loses a run because nobody
// looked at it, ends the program.
namespace {

namespace enums = temporal::api::enums::v1;
namespace server = rondo::server;

std::optional<enums::IndexedValueType> type_of(std::string_view name) {
  if (const auto built_in = server::built_in_attribute(name)) return built_in;
  return server::type_named(name);
}

server::state::Run make_run(enums::WorkflowExecutionStatus status) {
  server::state::Run made;
  made.set_workflow_id("a");
  made.set_run_id("r");
  made.set_type("W");
  made.set_status(status);
  made.set_start_time(1'577'836'800'000'000'000);
  made.set_close_time(status == enums::WORKFLOW_EXECUTION_STATUS_RUNNING ? 0 : 1'577'836'860'000'000'000);
  const auto set = [&made](const char* name, const char* json) {
    auto& payload = (*made.mutable_search_attributes()->mutable_indexed_fields())[name];
    (*payload.mutable_metadata())["encoding"] = "json/plain";
    payload.set_data(json);
  };
  set("Text", "\"hello big world\"");
  set("Keyword", "\"x\"");
  set("Int", "5");
  set("Double", "2.5");
  set("Bool", "true");
  set("Datetime", "\"2024-01-02T03:04:05.123456789Z\"");
  set("KeywordList", "[\"x\",\"y z\"]");
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::array runs{make_run(enums::WORKFLOW_EXECUTION_STATUS_RUNNING),
                               make_run(enums::WORKFLOW_EXECUTION_STATUS_FAILED)};
  try {
    const server::visibility_filter filter(std::string_view(reinterpret_cast<const char*>(data), size), type_of);
    if (filter.matches(runs[0]) && !filter.may_match_open()) std::abort();
    if (filter.matches(runs[1]) && !filter.may_match_closed()) std::abort();
  } catch (const server::refusal& refused) {
    if (refused.status().code != rondo::rpc_code::invalid_argument || refused.status().message.empty()) std::abort();
  }
  return 0;
}
