#pragma once
#include <gtest/gtest.h>
#include <temporal/api/workflowservice/v1/request_response.pb.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/status_details.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/frontend.hpp"
#include "rondo/server/open_store.hpp"
#include "rondo/server/time.hpp"

namespace rondo::test {

namespace service = temporal::api::workflowservice::v1;
namespace enums = temporal::api::enums::v1;
namespace history = temporal::api::history::v1;

/// A request of a test: its answer can be looked at, and the client can go away.
class test_call final : public server::incoming_call {
 public:
  test_call(std::string path, std::string request) : path_(std::move(path)), request_(std::move(request)) {}

  std::string_view path() const noexcept override { return path_; }
  std::string_view request() const noexcept override { return request_; }
  server::io::time_point deadline() const noexcept override { return until; }
  std::string_view header(std::string_view name) const noexcept override {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : found->second;
  }
  void finish(server::io::rpc_result result) override {
    EXPECT_FALSE(answer.has_value()) << path_ << " was answered twice";
    set_finished();
    answer = std::move(result);
  }
  void go_away() { abandon(); }

  server::io::time_point until = server::io::time_point::max();
  std::map<std::string, std::string, std::less<>> headers;
  std::optional<server::io::rpc_result> answer;

 private:
  std::string path_;
  std::string request_;
};

/// An answer that may not be there yet.
template <class Response>
class pending {
 public:
  explicit pending(std::shared_ptr<test_call> of) : call(std::move(of)) {}

  bool done() const { return call->answer.has_value(); }
  const rpc_status& status() const { return call->answer.value().status; }
  /// The response; a failed call fails the test.
  Response get() const {
    Response response;
    EXPECT_TRUE(done()) << call->path() << " is not answered yet";
    if (!done()) return response;
    EXPECT_TRUE(status().ok()) << call->path() << ": " << to_string(status().code) << " " << status().message;
    const auto bytes = call->answer->response.view();
    EXPECT_TRUE(response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    return response;
  }

  std::shared_ptr<test_call> call;
};

/// A server without network. Its clock is virtual and moves only by pass(); what a request leads to at the same time
/// has happened when it returns.
class server_harness {
 public:
  explicit server_harness(server::options settings = defaults())
      : state(std::make_unique<server::core>(loop, settings, server::open_store(loop, settings))),
        front(std::make_unique<server::frontend>(*state)) {
    state->clock().lock_skipping();
  }

  /// A seed, skipping that is locked, and 2020 as the present.
  static server::options defaults() {
    server::options settings;
    settings.seed = 1;
    settings.time_skipping = true;
    settings.start_time = 1'577'836'800LL * server::second;
    return settings;
  }

  template <class Request>
  static std::string method_of() {
    const std::string& name = Request::descriptor()->name();
    const std::string& package = Request::descriptor()->file()->package();
    std::string service = "WorkflowService";
    if (package.find("operatorservice") != std::string::npos) service = "OperatorService";
    if (package.find("testservice") != std::string::npos) service = "TestService";
    return "/" + package + "." + service + "/" + name.substr(0, name.size() - std::string_view("Request").size());
  }

  /// Sends the request and returns what may become of it. Response is named by the caller: begin<PollX...Response>(r).
  template <class Response, class Request>
  pending<Response> begin(const Request& request, server::io::time_point until = server::io::time_point::max()) {
    auto call = std::make_shared<test_call>(method_of<Request>(), request.SerializeAsString());
    call->until = until;
    front->handle(call);
    run_ready();
    return pending<Response>(std::move(call));
  }
  /// For requests that are answered at once.
  template <class Response, class Request>
  Response ask(const Request& request) {
    return begin<Response>(request).get();
  }
  /// As ask(), when answers wait for the disk.
  template <class Response, class Request>
  Response wait_for(const Request& request) {
    const auto asked = begin<Response>(request);
    loop.run_until([&asked] { return asked.done(); });
    return asked.get();
  }
  /// For requests that are refused at once.
  template <class Response, class Request>
  rpc_status refused(const Request& request) {
    auto asked = begin<Response>(request);
    EXPECT_TRUE(asked.done()) << "not answered";
    return asked.done() ? asked.status() : rpc_status();
  }

  /// Lets the virtual time pass, with everything that is due on the way.
  void pass(server::interval time) {
    state->clock().skip_to(state->now() + time);
    run_ready();
  }
  /// On the loop itself there is nothing to drive.
  void run_ready() {
    if (loop.running_in_this_thread()) return;
    for (int turns = 0; turns < 8; ++turns) loop.poll();
  }

  /// The events of a run, by GetWorkflowExecutionHistory.
  std::vector<history::HistoryEvent> events(const std::string& workflow_id, const std::string& run_id = {}) {
    service::GetWorkflowExecutionHistoryRequest request;
    request.set_namespace_("default");
    request.mutable_execution()->set_workflow_id(workflow_id);
    request.mutable_execution()->set_run_id(run_id);
    std::vector<history::HistoryEvent> all;
    do {
      const auto page = ask<service::GetWorkflowExecutionHistoryResponse>(request);
      all.insert(all.end(), page.history().events().begin(), page.history().events().end());
      request.set_next_page_token(page.next_page_token());
    } while (!request.next_page_token().empty() && !::testing::Test::HasFailure());
    return all;
  }
  /// "WorkflowExecutionStarted WorkflowTaskScheduled ..."
  std::string event_types(const std::string& workflow_id, const std::string& run_id = {}) {
    std::string names;
    for (const auto& event : events(workflow_id, run_id)) {
      names += (names.empty() ? "" : " ") + name_of(event.event_type());
    }
    return names;
  }
  static std::string name_of(enums::EventType type) {
    std::string name;
    bool upper = true;
    for (const char c : enums::EventType_Name(type).substr(std::string_view("EVENT_TYPE_").size())) {
      if (c == '_') {
        upper = true;
      } else {
        name += upper ? c : static_cast<char>(c - 'A' + 'a');
        upper = false;
      }
    }
    return name;
  }

  server::io::event_loop loop;
  std::unique_ptr<server::core> state;
  std::unique_ptr<server::frontend> front;
};

}  // namespace rondo::test
