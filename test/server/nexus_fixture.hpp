#pragma once
#include <gtest/gtest.h>
#include <temporal/api/operatorservice/v1/request_response.pb.h>

#include <exception>
#include <string>

#include "fixture.hpp"
#include "rondo/client/workflow_handle.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/failure.hpp"

namespace rondo::test {

namespace enums = detail::engine::enums;

/// "failure; cause; cause", each with its kind.
inline std::string nexus_texts_of(const std::exception_ptr& error) {
  if (!error) return {};
  std::string text;
  try {
    std::rethrow_exception(error);
  } catch (const nexus_operation_failure& known) {
    text = "operation " + known.service() + "." + known.operation() + "; " + nexus_texts_of(known.cause());
  } catch (const nexus_handler_failure& known) {
    // Older servers put the type before the message.
    const std::string added = "handler error (" + known.type() + "): ";
    const bool with_type = known.message().starts_with(added);
    text = "handler " + known.type() + ": " + known.message().substr(with_type ? added.size() : 0);
  } catch (const application_failure& known) {
    text = "application " + known.type() + ": " + known.message();
    if (known.cause()) text += "; " + nexus_texts_of(known.cause());
  } catch (const cancelled_failure&) {
    text = "cancelled";
  } catch (const timeout_failure&) {
    text = "timeout";
  } catch (const std::exception& other) {
    text = other.what();
  }
  return text;
}

/// Has a Nexus endpoint that leads to the queue of its worker.
class nexus_server_test : public server_test {
 protected:
  std::string endpoint = "shop-" + detail::random_uuid();

  void SetUp() override {
    if (server_under_test() == server_kind::own) GTEST_SKIP() << "the embedded server does not serve Nexus yet";
    make_endpoint();
  }
  void make_endpoint() {
    namespace service = temporal::api::operatorservice::v1;
    service::CreateNexusEndpointRequest request;
    request.mutable_spec()->set_name(endpoint);
    auto& target = *request.mutable_spec()->mutable_target()->mutable_worker();
    target.set_namespace_(client.namespace_());
    target.set_task_queue(queue);
    const auto reply = client.run(detail::io::call<service::CreateNexusEndpointResponse>(
        *client.connection(), "/temporal.api.operatorservice.v1.OperatorService/CreateNexusEndpoint", request));
    ASSERT_TRUE(reply.status.ok()) << reply.status.message;
  }
  detail::engine::History history_of(const std::string& workflow_id) const {
    const auto handle = client.get_workflow_handle(workflow_id);
    detail::engine::History read;
    EXPECT_TRUE(read.ParseFromString(handle.history().get().bytes()));
    return read;
  }
  bool has_event(const std::string& workflow_id, enums::EventType type) const {
    const auto history = history_of(workflow_id);
    for (const auto& event : history.events()) {
      if (event.event_type() == type) return true;
    }
    return false;
  }
};

}  // namespace rondo::test
