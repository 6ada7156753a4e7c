#pragma once
#include <string>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/client/history.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"

namespace rondo {

/// The workflows that a query finds.
using workflow_list = paged_list<workflow_summary>;

namespace detail::calls {

/// The lists of one kind or another that workflows found by a query are made into, page by page.
template <class Item, class Request = service::ListWorkflowExecutionsRequest, class Fetch>
paged_list<Item> list_found(const session_ptr& through, std::string query, const list_options& options, Fetch ask) {
  auto fetch = [through, query = std::move(query), size = options.page_size, ask](std::string token) {
    Request request;
    request.set_namespace_(through->namespace_);
    request.set_page_size(size);
    request.set_next_page_token(std::move(token));
    request.set_query(query);
    return ask(through, std::move(request));
  };
  return paged_list<Item>(through, std::move(fetch), options);
}

inline workflow_list list_workflows(const session_ptr& through, std::string query, const list_options& options) {
  return list_found<workflow_summary>(through, std::move(query), options, fetch_workflows);
}

inline workflow_list list_archived_workflows(const session_ptr& through, std::string query,
                                             const list_options& options) {
  return list_found<workflow_summary, service::ListArchivedWorkflowExecutionsRequest>(
      through, std::move(query), options, fetch_archived_workflows);
}

/// Pages are small unless they are asked for, since all histories of a page are in memory at once.
inline paged_list<workflow_history> list_histories(const session_ptr& through, std::string query,
                                                   list_options options) {
  if (options.page_size == 0) options.page_size = 10;
  return list_found<workflow_history>(through, std::move(query), options, fetch_histories);
}

}  // namespace detail::calls

}  // namespace rondo
