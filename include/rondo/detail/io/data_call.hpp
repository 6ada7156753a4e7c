#pragma once

#include <asio/awaitable.hpp>
#include <asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/data_options.hpp"
#include "rondo/detail/data/payload_sizes.hpp"
#include "rondo/detail/data/payload_walk.hpp"
#include "rondo/detail/data/pipeline.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/payload_storage.hpp"

// The one place where payloads of calls are encoded and decoded: between the bytes of a message and the transport.
namespace rondo::detail::io {

/// The pipeline of a connection, with threads for codecs that wait.
class payload_pipeline {
 public:
  explicit payload_pipeline(data_options options) : data_(std::make_shared<data::pipeline>(std::move(options))) {
    if (data_->is_slow()) threads_.emplace(threads);
  }

  data::pipeline& operator*() const noexcept { return *data_; }
  data::pipeline* operator->() const noexcept { return data_.get(); }
  const std::shared_ptr<data::pipeline>& shared() const noexcept { return data_; }
  asio::thread_pool& pool() { return *threads_; }

 private:
  static constexpr std::size_t threads = 4;

  std::shared_ptr<data::pipeline> data_;
  std::optional<asio::thread_pool> threads_;
};

inline constexpr std::string_view encode_problem = "payloads could not be encoded: ";
inline constexpr std::string_view decode_problem = "payloads could not be decoded: ";
inline constexpr std::string_view storage_problem = "payloads could not be stored: ";

/// The call was not made, as it carries more than the server takes.
inline bool is_payload_too_large(const rpc_status& status) noexcept {
  return status.from_transport && status.code == rpc_code::invalid_argument &&
         status.message.starts_with("[TMPRL1103]");
}
/// The call was not made, as a codec or a storage failed.
inline bool is_encode_problem(const rpc_status& status) noexcept {
  return status.from_transport &&
         (status.message.starts_with(encode_problem) || status.message.starts_with(storage_problem));
}
inline bool is_storage_problem(const rpc_status& status) noexcept {
  return status.from_transport && status.message.starts_with(storage_problem);
}
/// The server has answered, but a codec or a storage failed.
inline bool is_decode_problem(const rpc_status& status) noexcept {
  return status.from_transport && status.message.starts_with(decode_problem);
}

/// What the exception that is being handled makes of a call.
rpc_status data_failure(std::string_view prefix);

/// A message on its way through the codecs.
struct data_job {
  std::shared_ptr<const data::pipeline> through;
  data::node message = data::node::none;
  serialization_context context{};
  /// Owned here, or by `owner`.
  std::string_view bytes{};
  std::shared_ptr<const void> owner{};
  std::string result{};
  rpc_status failed{};
};

void encode_job(data_job& job) noexcept;

/// Nothing happens to payloads but that they are measured.
rpc_status check_sizes(const data::pipeline& by, data::node message, std::string_view bytes) noexcept;

void decode_job(data_job& job) noexcept;

asio::awaitable<void> run_job(event_loop& loop, payload_pipeline& by, std::shared_ptr<data_job> job,
                              void (*step)(data_job&) noexcept);

/// Details of a status hold failures too, such as that of a query. What cannot be decoded stays as it is.
void decode_details(const data_job& like, rpc_status& status);

/// Changes a request to what call_with_data would send of it. What it is given outlives it.
asio::awaitable<rpc_status> encode_request(event_loop& loop, payload_pipeline& by, std::string_view path,
                                           request_bytes& request);

/// A call whose payloads go through the pipeline. Transport, pipeline and policy outlive it.
asio::awaitable<rpc_result> call_with_data(transport& over, payload_pipeline& by, std::string path,
                                           request_bytes request, retry_options how, retry_policy& policy);

}  // namespace rondo::detail::io

#ifndef RONDO_COMPILED
#include "rondo/detail/io/impl/data_call.hpp"
#endif
