#pragma once
#include <google/protobuf/timestamp.pb.h>
#include <asio/awaitable.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client/description.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/start.hpp"
#include "rondo/detail/base/uuid.hpp"
#include "rondo/detail/client/describe.hpp"
#include "rondo/detail/client/rpc_failure.hpp"
#include "rondo/detail/client/rpc_table.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/rpc_error.hpp"

// What the requests of all areas of the client have in common.
namespace rondo::detail::calls {

/// A request with namespace, identity and request id, as far as it has them. The request id is made here: once for all
/// attempts.
template <class Request>
Request new_request(const session& by) {
  Request made;
  if constexpr (requires { made.set_namespace_(by.namespace_); }) made.set_namespace_(by.namespace_);
  if constexpr (requires { made.set_identity(by.identity); }) made.set_identity(by.identity);
  if constexpr (requires { made.set_request_id(std::string()); }) made.set_request_id(random_uuid());
  return made;
}

/// The call of a request, by the method that its type names.
template <class Request>
service_call<Request> call_with(const session& by, Request request, std::string action, std::string resource = {}) {
  if constexpr (requires { request.set_resource_id(resource); }) request.set_resource_id(resource);
  return service_call<Request>(method_path<Request>::value, call_subject(std::move(action), {}, by.namespace_),
                               std::move(resource), std::move(request));
}

/// Sends a request and gives what its type is answered with. Throws what a status that is not OK stands for.
template <class Request>
asio::awaitable<answer_to<Request>> fetch(session_ptr through, service_call<Request> what) {
  return send<answer_to<Request>>(std::move(through), std::move(what));
}

/// The same when the answer says nothing.
template <class Request>
asio::awaitable<void> tell(session_ptr through, service_call<Request> what) {
  return send_only<answer_to<Request>>(std::move(through), std::move(what));
}

/// Asks until the answer is as wanted, without interceptors around it. The call outlives this.
template <class Request, class Wanted>
asio::awaitable<answer_to<Request>> poll_until(session_ptr through, service_call<Request>& what, Wanted wanted) {
  what.kind = io::rpc_class::long_poll;
  for (;;) {
    auto reply = co_await try_send<answer_to<Request>>(through, what);
    if (reply.status.code == rpc_code::deadline_exceeded) continue;
    if (!reply.status.ok()) throw_rpc_failure(what.subject, reply.status, through->failures());
    if (wanted(reply.response)) co_return std::move(reply.response);
    if constexpr (requires { what.request.set_run_id(reply.response.run_id()); }) {
      if (!reply.response.run_id().empty()) what.request.set_run_id(reply.response.run_id());
    }
  }
}

/// Asks until the answer is as wanted, however long that takes; the server answers from time to time with nothing. When
/// it says which run it means, that one is asked about from then on: the present one may be another next time.
template <class Request, class Wanted>
asio::awaitable<answer_to<Request>> fetch_when(session_ptr through, service_call<Request> what, Wanted wanted) {
  show_once(*through, what);
  auto polling =
      has_interceptors(*through)
          ? surround_answer<answer_to<Request>>(
                through, what, what.request, [&through, &what, &wanted] { return poll_until(through, what, wanted); })
          : poll_until(through, what, wanted);
  co_return co_await std::move(polling);
}

template <class Answer, class Request, class Read>
asio::awaitable<Answer> fetch_and_read(session_ptr through, service_call<Request> what, Read read) {
  const auto response = co_await fetch(through, std::move(what));
  co_return read(response);
}

/// A call whose answer is read into a type of ours by a function of the response.
template <class Request, class Read>
auto make_reading_call(const session_ptr& through, service_call<Request> what, Read read) {
  using answer = decltype(read(std::declval<const answer_to<Request>&>()));
  return through->make_call(fetch_and_read<answer>(through, std::move(what), std::move(read)));
}

/// A call whose answer says nothing.
template <class Request>
call<void> make_telling_call(const session_ptr& through, service_call<Request> what) {
  return through->make_call(tell(through, std::move(what)));
}

inline void write_time(server_time from, google::protobuf::Timestamp& to) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(from);
  to.set_seconds(seconds.time_since_epoch().count());
  to.set_nanos(static_cast<std::int32_t>((from - seconds).count()));
}

/// Asks for one page of a list.
template <class Item, class Request, class Read>
asio::awaitable<page<Item>> fetch_page(session_ptr through, service_call<Request> what, Read read) {
  const auto response = co_await fetch(std::move(through), std::move(what));
  page<Item> found;
  found.items = read(response);
  found.next_token = response.next_page_token();
  co_return found;
}

/// A list of what a request with a page token finds; `read` gives the items of a response.
template <class Item, class Request, class Read>
paged_list<Item> list_with(const session_ptr& through, Request request, std::string action, const list_options& options,
                           Read read) {
  const auto what = call_with(*through, std::move(request), std::move(action));
  auto fetch = [through, what, read](std::string token) {
    auto of_page = what;
    of_page.request.set_next_page_token(std::move(token));
    return fetch_page<Item>(through, std::move(of_page), read);
  };
  return paged_list<Item>(through, std::move(fetch), options);
}

}  // namespace rondo::detail::calls
