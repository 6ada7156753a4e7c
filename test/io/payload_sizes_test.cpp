#include "rondo/detail/data/payload_sizes.hpp"

#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <cstddef>
#include <string>
#include <vector>

#include "rondo/data_options.hpp"
#include "rondo/detail/data/pipeline.hpp"

namespace rondo::test::payload_sizes_test {

namespace service = temporal::api::workflowservice::v1;
namespace data = rondo::detail::data;

constexpr auto completion = data::node::rpc_RespondWorkflowTaskCompletedRequest;

/// What is said of a message with these limits: warnings, and last the error.
std::vector<std::string> said(data::node node, const std::string& bytes, const data::size_limits& limits) {
  std::vector<std::string> all;
  const data::size_check check(limits, [&](const std::string& text) { all.push_back(text); });
  try {
    check.look(node, bytes);
  } catch (const data::payload_too_large& failed) {
    all.emplace_back(failed.what());
  }
  return all;
}
std::string too_large(const std::string& what, std::size_t size, std::size_t limit) {
  return "[TMPRL1103] " + what + ": " + std::to_string(size) + " bytes, the server takes at most " +
         std::to_string(limit) + "; pass a reference to the data instead";
}
void expect_limit(data::node node, const std::string& bytes, const std::string& what, std::size_t size,
                  bool memo = false) {
  const auto limits = [memo](std::size_t most) {
    return memo ? data::size_limits{.memo_error = most} : data::size_limits{.payloads_error = most};
  };
  EXPECT_EQ(said(node, bytes, limits(size)), std::vector<std::string>{});
  EXPECT_EQ(said(node, bytes, limits(size - 1)), std::vector<std::string>{too_large(what, size, size - 1)});
}

TEST(payload_sizes, payloads_count_as_a_whole_message) {
  service::RespondWorkflowTaskCompletedRequest request;
  auto& input = *request.add_commands()->mutable_schedule_activity_task_command_attributes()->mutable_input();
  input.add_payloads()->set_data(std::string(500, 'x'));
  input.add_payloads()->set_data(std::string(500, 'y'));
  expect_limit(completion, request.SerializeAsString(), "the arguments of an activity", input.ByteSizeLong());
}

TEST(payload_sizes, the_input_of_a_nexus_operation_is_a_payload_alone) {
  service::RespondWorkflowTaskCompletedRequest request;
  auto& command = *request.add_commands()->mutable_schedule_nexus_operation_command_attributes();
  (*command.mutable_input()->mutable_metadata())["encoding"] = "json/plain";
  command.mutable_input()->set_data(std::string(500, 'x'));
  (*command.mutable_nexus_header())["tenant"] = std::string(700, 'y');
  expect_limit(completion, request.SerializeAsString(), "the input of a Nexus operation",
               command.input().ByteSizeLong());
}

TEST(payload_sizes, details_of_markers_count_with_their_names) {
  service::RespondWorkflowTaskCompletedRequest request;
  auto& details = *request.add_commands()->mutable_record_marker_command_attributes()->mutable_details();
  details["one"].add_payloads()->set_data(std::string(500, 'x'));
  details["three"].add_payloads()->set_data(std::string(500, 'x'));
  expect_limit(completion, request.SerializeAsString(), "the details of a side effect or local activity",
               8 + details["one"].ByteSizeLong() + details["three"].ByteSizeLong());
}

TEST(payload_sizes, memos_have_limits_of_their_own) {
  service::StartWorkflowExecutionRequest start;
  (*start.mutable_memo()->mutable_fields())["note"].set_data(std::string(500, 'x'));
  expect_limit(data::node::rpc_StartWorkflowExecutionRequest, start.SerializeAsString(), "the memo",
               start.memo().ByteSizeLong(), true);
  EXPECT_TRUE(
      said(data::node::rpc_StartWorkflowExecutionRequest, start.SerializeAsString(), {.payloads_error = 1}).empty());
  service::RespondWorkflowTaskCompletedRequest change;
  (*change.add_commands()
        ->mutable_modify_workflow_properties_command_attributes()
        ->mutable_upserted_memo()
        ->mutable_fields())["note"]
      .set_data(std::string(500, 'x'));
  expect_limit(completion, change.SerializeAsString(), "the memo", 504, true);
}

TEST(payload_sizes, failures_and_headers_are_taken_at_any_size) {
  service::RespondActivityTaskFailedRequest failed;
  failed.mutable_failure()->set_message(std::string(1000, 'x'));
  const auto node = data::node::rpc_RespondActivityTaskFailedRequest;
  EXPECT_TRUE(said(node, failed.SerializeAsString(), {.payloads_error = 10}).empty());
  EXPECT_EQ(
      said(node, failed.SerializeAsString(), {.payloads_warning = 10}),
      std::vector<std::string>{"[TMPRL1103] a failure: 1003 bytes, which is more than 10; pass a reference to the "
                               "data instead"});
  service::StartWorkflowExecutionRequest start;
  (*start.mutable_header()->mutable_fields())["trace"].set_data(std::string(1000, 'x'));
  (*start.mutable_search_attributes()->mutable_indexed_fields())["key"].set_data(std::string(1000, 'x'));
  EXPECT_TRUE(said(data::node::rpc_StartWorkflowExecutionRequest, start.SerializeAsString(),
                   {.payloads_error = 10, .memo_error = 10, .payloads_warning = 10, .memo_warning = 10})
                  .empty());
}

TEST(payload_sizes, the_error_can_be_switched_off) {
  service::StartWorkflowExecutionRequest start;
  start.mutable_input()->add_payloads()->set_data(std::string(5000, 'x'));
  data_options options;
  data::pipeline strict(options);
  strict.set_limits(1000, 1000);
  const auto node = data::node::rpc_StartWorkflowExecutionRequest;
  EXPECT_THROW(strict.check_sizes(node, start.SerializeAsString()), data::payload_too_large);
  options.disable_payload_error_limit = true;
  data::pipeline lenient(options);
  lenient.set_limits(1000, 1000);
  EXPECT_NO_THROW(lenient.check_sizes(node, start.SerializeAsString()));
}

}  // namespace rondo::test::payload_sizes_test
