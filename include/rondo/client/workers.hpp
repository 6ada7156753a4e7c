#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/description.hpp"
#include "rondo/client/paged_list.hpp"
#include "rondo/client/worker_description.hpp"
#include "rondo/detail/client/requesting.hpp"
#include "rondo/detail/client/workers.hpp"

namespace rondo {

/// The workers that tell the server of themselves. Needs a server that takes their heartbeats. The client must live
/// while it is used.
class worker_client {
 public:
  explicit worker_client(const client& through) : session_(through.session()) {}

  /// Workers that the query finds ("TaskQueue = 'orders' AND HostName = 'a'"); empty: all.
  paged_list<worker_summary> list(std::string_view query = {}, const list_options& options = {}) const {
    return detail::calls::list_workers(session_, std::string(query), options);
  }
  /// How many the query finds. Needs a server of 1.32 or later.
  call<std::int64_t> count(std::string_view query = {}) const {
    auto request = detail::calls::new_request<detail::calls::service::CountWorkersRequest>(*session_);
    request.set_query(std::string(query));
    auto what = detail::calls::call_with(*session_, std::move(request), "count workers");
    return detail::calls::make_reading_call(session_, std::move(what),
                                            [](const auto& response) { return std::int64_t{response.count()}; });
  }
  /// What the worker said last. Throws not_found when there is none with this key.
  call<worker_description> describe(std::string_view instance_key) const {
    auto request = detail::calls::new_request<detail::calls::service::DescribeWorkerRequest>(*session_);
    const std::string key(instance_key);
    request.set_worker_instance_key(key);
    auto what =
        detail::calls::call_with(*session_, std::move(request), "describe worker '" + key + "'", "worker:" + key);
    return detail::calls::make_reading_call(session_, std::move(what), [](const auto& response) {
      return detail::calls::description_of(response.worker_info().worker_heartbeat());
    });
  }

 private:
  detail::calls::session_ptr session_;
};

}  // namespace rondo
