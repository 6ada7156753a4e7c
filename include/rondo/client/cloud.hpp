#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/client/raw.hpp"
#include "rondo/connection_options.hpp"
#include "rondo/detail/client/cloud_rpcs.hpp"

// Needs the library rondo::cloud_api.
namespace rondo {

/// How to reach the service that Temporal Cloud is administrated by: namespaces, users, keys, regions.
struct cloud_client_options {
  /// Of a user or a service account.
  std::string api_key{};
  /// Of the service's interface, which changes with its versions; sent as temporal-cloud-api-version. Empty: the
  /// service decides.
  std::string api_version{};
  /// Everything else. A namespace means nothing here; a target that is not set is saas-api.tmprl.cloud:443.
  client_options connection{.target = {}};
};

/// Calls every method of temporal.api.cloud.cloudservice.v1.CloudService with its messages:
/// `cloud_client::connect(options).call(GetNamespacesRequest())`. The type of the request says which method it is for
/// and what is answered. What changes something is answered at once, with an operation that goes on: ask
/// GetAsyncOperation.
class cloud_client {
 public:
  static constexpr std::string_view default_target = "saas-api.tmprl.cloud:443";

  /// Connects with the first call. Throws std::invalid_argument when the options cannot work.
  static cloud_client connect(cloud_client_options options) {
    client_options to = std::move(options.connection);
    if (to.target.empty()) to.target = default_target;
    if (!options.api_key.empty()) to.api_key = std::move(options.api_key);
    if (!options.api_version.empty()) {
      to.metadata.emplace_back("temporal-cloud-api-version", std::move(options.api_version));
    }
    to.namespace_.clear();
    // The service does not know the method that other connections are tried out with.
    to.lazy = true;
    return cloud_client(client::connect(std::move(to)));
  }

  template <class Request>
  rondo::call<detail::calls::answer_to<Request>> call(Request request, const raw_options& options = {}) const {
    static_assert(detail::calls::service_of<Request>() == detail::calls::service_kind::cloud,
                  "this is no request of Temporal Cloud's own service");
    // By its path, so that the namespace in it stays as it is: here it is one thing among many.
    return raw_client(client_).template call<detail::calls::answer_to<Request>>(
        detail::calls::method_path<Request>::value, std::move(request), options);
  }

  /// The connection, with its loop and its API key.
  const client& connection() const noexcept { return client_; }

 private:
  explicit cloud_client(client through) : client_(std::move(through)) {}

  client client_;
};

}  // namespace rondo
