#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "client_fixture.hpp"
#include "rondo/client/stream.hpp"
#include "rondo/detail/run/stream_wire.hpp"
#include "rondo/json.hpp"

namespace client_stream_test {

using namespace client_test;
using namespace std::chrono_literals;
namespace wire = rondo::detail::stream_wire;
using signal_request = service::SignalWorkflowExecutionRequest;

class ClientStream : public ClientTest {
 protected:
  static constexpr const char* signal = "SignalWorkflowExecution";

  std::shared_ptr<std::vector<signal_request>> take_signals() {
    return serve<signal_request, service::SignalWorkflowExecutionResponse>(signal);
  }
  static wire::batch batch_of(const signal_request& from) {
    return rondo::json::parse<wire::batch>(from.input().payloads(0).data());
  }
};

TEST_F(ClientStream, SendsWhatWasPublishedAsOneNumberedBatch) {
  const auto seen = take_signals();
  rondo::stream_client to(*client, "talk");
  to.flush().get();
  EXPECT_TRUE(seen->empty());
  to.publish("news", std::string("one"));
  to.publish("noise", 2);
  to.flush().get();
  to.publish("news", std::string("three"));
  to.flush().get();
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_EQ(seen->front().signal_name(), "__temporal_workflow_stream_publish");
  EXPECT_EQ(seen->front().workflow_execution().workflow_id(), "talk");
  EXPECT_EQ(seen->front().workflow_execution().run_id(), "");
  const auto first = batch_of(seen->front()), second = batch_of(seen->back());
  ASSERT_EQ(first.items.size(), 2U);
  EXPECT_EQ(first.items[0].topic, "news");
  // encoding = json/plain, data = "one"
  EXPECT_EQ(first.items[0].data, "ChYKCGVuY29kaW5nEgpqc29uL3BsYWluEgUib25lIg==");
  EXPECT_EQ(first.sequence, 1);
  EXPECT_EQ(second.sequence, 2);
  EXPECT_FALSE(first.publisher_id.empty());
  EXPECT_EQ(second.publisher_id, first.publisher_id);
}

TEST_F(ClientStream, RepeatsWhatFailedUnderItsNumber) {
  refuse(signal, rondo::rpc_status(rondo::rpc_code::permission_denied, "not now"));
  rondo::stream_client to(*client, "talk");
  to.publish("news", 1);
  EXPECT_THROW(to.flush().get(), rondo::permission_denied);
  const auto seen = take_signals();
  to.publish("news", 2);
  to.flush().get();
  ASSERT_EQ(seen->size(), 2U) << "what failed stays a batch of its own";
  EXPECT_EQ(batch_of(seen->front()).sequence, 1);
  EXPECT_EQ(batch_of(seen->front()).items.size(), 1U);
  EXPECT_EQ(batch_of(seen->back()).sequence, 2);
}

TEST_F(ClientStream, GivesUpWhatTheWorkflowMayHaveForgotten) {
  refuse(signal, rondo::rpc_status(rondo::rpc_code::permission_denied, "not now"));
  rondo::stream_client to(*client, "talk", {.give_up_after = -1ns});
  to.publish("news", 1);
  EXPECT_THROW(to.flush().get(), rondo::permission_denied);
  const auto seen = take_signals();
  to.publish("news", 2);
  EXPECT_THROW(to.flush().get(), std::runtime_error);
  to.flush().get();
  ASSERT_EQ(seen->size(), 1U);
  EXPECT_EQ(batch_of(seen->front()).sequence, 2) << "the number of a batch that may have arrived is not used again";
}

TEST_F(ClientStream, SendsOnlyWhenItIsTime) {
  const auto seen = take_signals();
  rondo::stream_client by_number(*client, "talk", {.interval = 1h, .most_items = 2});
  by_number.publish("news", 1);
  by_number.flush_if_due().get();
  EXPECT_TRUE(seen->empty());
  by_number.publish("news", 2);
  by_number.flush_if_due().get();
  EXPECT_EQ(seen->size(), 1U);
  rondo::stream_client by_time(*client, "talk", {.interval = 0ns});
  by_time.flush_if_due().get();
  EXPECT_EQ(seen->size(), 1U) << "there is nothing to send";
  by_time.publish("news", 1);
  by_time.flush_if_due().get();
  EXPECT_EQ(seen->size(), 2U);
}

TEST_F(ClientStream, KeepsNoMoreThanItMay) {
  const auto seen = take_signals();
  rondo::stream_client to(*client, "talk", {.most_bytes = 1000});
  to.publish("news", std::string(500, 'x'));
  EXPECT_THROW(to.publish("news", std::string(500, 'y')), std::length_error);
  to.flush().get();
  to.publish("news", std::string(500, 'y'));
  to.flush().get();
  EXPECT_EQ(seen->size(), 2U);
}

TEST_F(ClientStream, SplitsWhatIsTooLargeForOneMessage) {
  const auto seen = take_signals();
  rondo::stream_client to(*client, "talk");
  for (int part = 0; part < 3; ++part) to.publish("large", std::string(350'000, 'x'));
  to.flush().get();
  ASSERT_EQ(seen->size(), 2U);
  EXPECT_EQ(batch_of(seen->front()).items.size(), 2U);
  EXPECT_EQ(batch_of(seen->back()).items.size(), 1U);
}

TEST_F(ClientStream, WaitsNoLongerBetweenTwoPollsThanTheCallMay) {
  service::UpdateWorkflowExecutionResponse nothing_yet;
  nothing_yet.set_stage(temporal::api::enums::v1::UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED);
  add_json(*nothing_yet.mutable_outcome()->mutable_success(), R"({"items":[],"next_offset":0,"more_ready":false})");
  // When the limit is not kept, the second poll ends the test, which would wait for ever.
  const auto path = method_path("UpdateWorkflowExecution");
  server->on(path, [this, path, bytes = nothing_yet.SerializeAsString()](const io::memory_transport::call& call) {
    if (server->calls(path) == 1) return call.reply(bytes);
    call.fail(rondo::rpc_status(rondo::rpc_code::permission_denied, "a second poll"));
  });
  auto items = rondo::stream_client(*client, "talk").read({.pause = 5s});
  try {
    (void)items.next().with_timeout(200ms).get();
    FAIL() << "nothing was thrown";
  } catch (const rondo::rpc_error& error) {
    EXPECT_EQ(error.code(), rondo::rpc_code::deadline_exceeded);
  }
  EXPECT_EQ(calls("UpdateWorkflowExecution"), 1U);
}

}  // namespace client_stream_test
