#include "rondo/detail/engine/failure_conversion.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/failure.hpp"

using namespace rondo;
using namespace rondo::detail::engine;

namespace failure_test {

class own_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

Failure written(const std::exception_ptr& error) {
  Failure to;
  write_failure(error, to);
  return to;
}
template <class Error>
Failure written(const Error& error) {
  return written(std::make_exception_ptr(error));
}
template <class Kind, class Check>
void expect_reads_as(const Failure& from, Check check) {
  try {
    std::rethrow_exception(exception_of(from));
  } catch (const Kind& read) {
    check(read);
  } catch (const std::exception& other) {
    FAIL() << "read as another kind: " << other.what();
  }
}

payload_list some_details() {
  payload one{.metadata = {{"encoding", "json/plain"}, {"extra", "x"}}, .data = "1"};
  return {one};
}

TEST(failures, application) {
  application_failure made("out of stock", {.type = "Stock",
                                            .non_retryable = true,
                                            .next_retry_delay = std::chrono::milliseconds(1500),
                                            .category = failure_category::benign});
  made.set_details(some_details());
  made.set_stack_trace("here");
  made.set_cause(std::make_exception_ptr(own_error("shelf is empty")));
  const auto sent = written(made);
  EXPECT_EQ(sent.source(), "rondo");
  EXPECT_EQ(sent.stack_trace(), "here");
  EXPECT_EQ(sent.cause().message(), "shelf is empty");
  EXPECT_EQ(sent.cause().application_failure_info().type(), "failure_test::own_error");
  expect_reads_as<application_failure>(sent, [](const application_failure& read) {
    EXPECT_EQ(read.message(), "out of stock");
    EXPECT_EQ(read.type(), "Stock");
    EXPECT_TRUE(read.non_retryable());
    EXPECT_EQ(read.next_retry_delay(), std::chrono::milliseconds(1500));
    EXPECT_EQ(read.category(), failure_category::benign);
    EXPECT_EQ(read.details(), some_details());
    EXPECT_EQ(read.source(), "rondo");
    ASSERT_NE(read.cause_as<application_failure>(), nullptr);
    EXPECT_EQ(read.cause_as<application_failure>()->message(), "shelf is empty");
  });
}

TEST(failures, a_retry_delay_of_zero_is_not_the_same_as_none) {
  EXPECT_FALSE(written(application_failure("x")).application_failure_info().has_next_retry_delay());
  const auto at_once = written(application_failure("x", {.next_retry_delay = duration::zero()}));
  ASSERT_TRUE(at_once.application_failure_info().has_next_retry_delay());
  EXPECT_GT(at_once.application_failure_info().next_retry_delay().nanos(), 0) << "servers take zero for something else";
}

TEST(failures, of_every_kind_make_the_round_trip) {
  timeout_failure timeout("late", timeout_type::heartbeat);
  timeout.set_last_heartbeat_details(some_details());
  expect_reads_as<timeout_failure>(written(timeout), [](const timeout_failure& read) {
    EXPECT_EQ(read.type(), timeout_type::heartbeat);
    EXPECT_EQ(read.last_heartbeat_details(), some_details());
  });
  cancelled_failure cancelled("stop");
  cancelled.set_details(some_details());
  expect_reads_as<cancelled_failure>(written(cancelled),
                                     [](const cancelled_failure& read) { EXPECT_EQ(read.details(), some_details()); });
  expect_reads_as<terminated_failure>(written(terminated_failure("gone")),
                                      [](const auto& read) { EXPECT_EQ(read.message(), "gone"); });
  expect_reads_as<server_failure>(written(server_failure("oops", true)),
                                  [](const auto& read) { EXPECT_TRUE(read.non_retryable()); });
  expect_reads_as<activity_failure>(
      written(activity_failure("failed", {.scheduled_event_id = 5,
                                          .started_event_id = 6,
                                          .identity = "me",
                                          .activity_type = "t",
                                          .activity_id = "7",
                                          .state = retry_state::maximum_attempts_reached})),
      [](const auto& read) {
        EXPECT_EQ(read.scheduled_event_id(), 5);
        EXPECT_EQ(read.started_event_id(), 6);
        EXPECT_EQ(read.identity(), "me");
        EXPECT_EQ(read.activity_type(), "t");
        EXPECT_EQ(read.activity_id(), "7");
        EXPECT_EQ(read.retry_state(), retry_state::maximum_attempts_reached);
      });
  expect_reads_as<child_workflow_failure>(written(child_workflow_failure("failed", {.namespace_ = "n",
                                                                                    .workflow_id = "w",
                                                                                    .run_id = "r",
                                                                                    .workflow_type = "t",
                                                                                    .initiated_event_id = 8,
                                                                                    .started_event_id = 9,
                                                                                    .state = retry_state::timeout})),
                                          [](const auto& read) {
                                            EXPECT_EQ(read.namespace_(), "n");
                                            EXPECT_EQ(read.workflow_id(), "w");
                                            EXPECT_EQ(read.run_id(), "r");
                                            EXPECT_EQ(read.workflow_type(), "t");
                                            EXPECT_EQ(read.initiated_event_id(), 8);
                                            EXPECT_EQ(read.started_event_id(), 9);
                                            EXPECT_EQ(read.retry_state(), retry_state::timeout);
                                          });
}

TEST(failures, of_nexus_survive) {
  expect_reads_as<nexus_operation_failure>(
      written(nexus_operation_failure(
          "failed",
          {.endpoint = "e", .service = "s", .operation = "o", .operation_token = "t", .scheduled_event_id = 5})),
      [](const auto& read) {
        EXPECT_EQ(read.endpoint(), "e");
        EXPECT_EQ(read.service(), "s");
        EXPECT_EQ(read.operation(), "o");
        EXPECT_EQ(read.operation_token(), "t");
        EXPECT_EQ(read.scheduled_event_id(), 5);
      });
  expect_reads_as<nexus_handler_failure>(
      written(nexus_handler_failure("busy", nexus_error::unavailable, nexus_retry::non_retryable)),
      [](const auto& read) {
        EXPECT_EQ(read.type(), "UNAVAILABLE");
        EXPECT_EQ(read.retry(), nexus_retry::non_retryable);
      });
  expect_reads_as<nexus_handler_failure>(written(nexus_handler_failure("gone", "NEW_KIND", nexus_retry::retryable)),
                                         [](const auto& read) {
                                           EXPECT_EQ(read.type(), "NEW_KIND");
                                           EXPECT_EQ(read.retry(), nexus_retry::retryable);
                                         });
}

TEST(failures, of_nexus_operations_of_old_servers_have_an_id_for_a_token) {
  Failure from;
  from.mutable_nexus_operation_execution_failure_info()->set_operation_id("old");
  expect_reads_as<nexus_operation_failure>(from, [](const auto& read) { EXPECT_EQ(read.operation_token(), "old"); });
}

TEST(failures, of_nexus_operations_may_be_cancellations) {
  nexus_handler_failure handler("told", nexus_error::internal);
  handler.set_cause(std::make_exception_ptr(cancelled_failure()));
  nexus_operation_failure operation("failed", {});
  EXPECT_FALSE(is_cancellation(std::make_exception_ptr(operation)));
  operation.set_cause(std::make_exception_ptr(handler));
  EXPECT_TRUE(is_cancellation(std::make_exception_ptr(operation)));
}

TEST(failures, that_are_passed_on_lose_nothing) {
  Failure foreign;
  foreign.set_message("remote");
  foreign.set_source("GoSDK");
  foreign.mutable_nexus_handler_failure_info()->set_type("NOT_FOUND");
  foreign.mutable_cause()->set_message("deeper");
  foreign.mutable_cause()->mutable_reset_workflow_failure_info();
  (*foreign.mutable_encoded_attributes()->mutable_metadata())["encoding"] = "binary/encrypted";
  foreign.mutable_encoded_attributes()->set_data("?");
  const auto passed_on = written(exception_of(foreign));
  EXPECT_EQ(passed_on.SerializeAsString(), foreign.SerializeAsString());
}

TEST(failures, that_are_changed_before_they_are_passed_on_are_sent_as_they_are) {
  Failure foreign;
  foreign.set_message("remote");
  foreign.mutable_application_failure_info()->set_type("T");
  expect_reads_as<application_failure>(foreign, [](application_failure read) {
    read.set_details(some_details());
    read.set_cause(std::make_exception_ptr(own_error("here")));
    const auto passed_on = written(read);
    EXPECT_EQ(passed_on.message(), "remote");
    EXPECT_EQ(passed_on.application_failure_info().type(), "T");
    EXPECT_EQ(passed_on.application_failure_info().details().payloads_size(), 1);
    EXPECT_EQ(passed_on.cause().message(), "here");
  });
}

TEST(failures, say_who_cancelled_or_terminated) {
  expect_reads_as<cancelled_failure>(written(cancelled_failure("stop", "me")),
                                     [](const auto& read) { EXPECT_EQ(read.identity(), "me"); });
  expect_reads_as<terminated_failure>(written(terminated_failure("stop", "me")),
                                      [](const auto& read) { EXPECT_EQ(read.identity(), "me"); });
}

TEST(failures, of_resets_have_the_last_details) {
  Failure from;
  from.set_message("reset");
  auto& details = *from.mutable_reset_workflow_failure_info()->mutable_last_heartbeat_details();
  write_payloads(some_details(), details);
  expect_reads_as<application_failure>(from, [](const auto& read) {
    EXPECT_EQ(read.type(), "ResetWorkflow");
    EXPECT_EQ(read.details(), some_details());
    EXPECT_EQ(list_of(written(read).reset_workflow_failure_info().last_heartbeat_details()), some_details());
  });
}

TEST(failures, of_other_exceptions_carry_their_class_and_nested_cause) {
  std::exception_ptr both;
  try {
    try {
      throw own_error("inner");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("outer"));
    }
  } catch (...) {
    both = std::current_exception();
  }
  const auto sent = written(both);
  EXPECT_EQ(sent.message(), "outer");
  EXPECT_EQ(sent.cause().message(), "inner");
  EXPECT_EQ(sent.cause().application_failure_info().type(), "failure_test::own_error");
  EXPECT_FALSE(sent.application_failure_info().non_retryable());
  EXPECT_EQ(written(42).application_failure_info().type(), "int");
  EXPECT_EQ(written(std::string("text")).message(), "text");
  EXPECT_EQ(written(std::exception_ptr{}).message(), "no exception");
}

TEST(failures, replace_what_is_not_utf8) {
  EXPECT_EQ(written(std::runtime_error("a\xFFz")).message(), "a\xEF\xBF\xBDz");
  EXPECT_EQ(valid_utf8("gr\xC3\xBC\xC3"), "gr\xC3\xBC\xEF\xBF\xBD");
}

TEST(failures, have_a_limited_depth) {
  application_failure top("top");
  auto loop = std::make_exception_ptr(application_failure("bottom"));
  for (int i = 0; i < 200; ++i) {
    application_failure next("level");
    next.set_cause(loop);
    loop = std::make_exception_ptr(next);
  }
  const auto sent = written(loop);
  int depth = 0;
  for (const Failure* at = &sent; at->has_cause(); at = &at->cause()) ++depth;
  EXPECT_EQ(depth, max_failure_depth);
  Failure deep;
  Failure* at = &deep;
  for (int i = 0; i < 90; ++i) at = at->mutable_cause();
  EXPECT_TRUE(exception_of(deep));
}

TEST(failures, read_encoded_texts) {
  Failure from;
  from.set_message("Encoded failure");
  (*from.mutable_encoded_attributes()->mutable_metadata())["encoding"] = "json/plain";
  from.mutable_encoded_attributes()->set_data(R"({"message":"secret","stack_trace":"there"})");
  from.mutable_application_failure_info();
  expect_reads_as<application_failure>(from, [](const auto& read) {
    EXPECT_EQ(read.message(), "secret");
    EXPECT_EQ(read.stack_trace(), "there");
  });
  from.mutable_encoded_attributes()->set_data("{");
  expect_reads_as<application_failure>(from, [](const auto& read) { EXPECT_EQ(read.message(), "Encoded failure"); });
}

TEST(payloads, keep_all_metadata) {
  Payloads to;
  message_sink sink(to);
  sink.add("json/protobuf") = "{}";
  sink.set_metadata("messageType", "some.Message");
  sink.add("binary/null");
  ASSERT_EQ(to.payloads_size(), 2);
  payload_views views;
  const auto read = views.of(to);
  EXPECT_EQ(read[0].encoding(), "json/protobuf");
  EXPECT_EQ(read[0].message_type(), "some.Message");
  EXPECT_EQ(read[0].data(), "{}");
  EXPECT_EQ(read[0].copy().metadata.at("messageType"), "some.Message");
  EXPECT_EQ(read[1].encoding(), "binary/null");
  Payloads again;
  write_payloads(list_of(to), again);
  EXPECT_EQ(list_of(again), list_of(to));
}

TEST(payloads, durations_keep_their_sign) {
  google::protobuf::Duration to;
  write_duration(std::chrono::milliseconds(-1500), to);
  EXPECT_EQ(duration_of(to), std::chrono::milliseconds(-1500));
}

}  // namespace failure_test
