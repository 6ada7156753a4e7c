#pragma once
#include <asio/awaitable.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/client/call.hpp"
#include "rondo/client/description.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/session.hpp"

namespace rondo {

/// The workflows that a query finds, page by page. To go on later, or elsewhere, give its page_token() to another list.
class workflow_list {
 public:
  workflow_list(detail::calls::session_ptr through, std::string query, const list_options& options)
      : state_(std::make_shared<state>(std::move(through), std::move(query), options)) {}

  /// The next workflows, at least one; none when the list is at its end. A page that failed can be asked for again.
  call<std::vector<workflow_summary>> next_page() { return state_->through->make_call(fetch(state_)); }
  /// True when there is nothing further.
  bool done() const noexcept { return state_->done; }
  /// Where the next page begins; opaque bytes.
  const std::string& page_token() const noexcept { return state_->token; }

 private:
  struct state {
    state(detail::calls::session_ptr session, std::string text, const list_options& options)
        : through(std::move(session)),
          query(std::move(text)),
          token(options.page_token),
          page_size(options.page_size) {}
    detail::calls::session_ptr through;
    std::string query, token;
    int page_size;
    bool done = false;
  };

  static asio::awaitable<std::vector<workflow_summary>> fetch(std::shared_ptr<state> of) {
    namespace service = detail::calls::service;
    std::vector<workflow_summary> found;
    while (found.empty() && !of->done) {
      service::ListWorkflowExecutionsRequest request;
      request.set_namespace_(of->through->namespace_);
      request.set_page_size(of->page_size);
      request.set_next_page_token(of->token);
      request.set_query(of->query);
      detail::calls::service_call<service::ListWorkflowExecutionsRequest> what(
          "ListWorkflowExecutions", detail::calls::call_subject("list workflows", {}, of->through->namespace_), {},
          std::move(request));
      const auto response =
          co_await detail::calls::send<service::ListWorkflowExecutionsResponse>(of->through, std::move(what));
      for (const auto& each : response.executions()) detail::calls::read_summary(each, found.emplace_back());
      of->token = response.next_page_token();
      of->done = of->token.empty();
    }
    co_return found;
  }

  std::shared_ptr<state> state_;
};

}  // namespace rondo
