#pragma once

#include <asio/awaitable.hpp>
#include <asio/thread_pool.hpp>
#include <exception>
#include <functional>
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
#include "rondo/detail/io/elsewhere.hpp"
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
inline rpc_status data_failure(std::string_view prefix) {
  try {
    throw;
  } catch (const data::payload_too_large& failed) {
    return rpc_status(rpc_code::invalid_argument, failed.what(), true);
  } catch (const storage_error& failed) {
    const bool stores = prefix == encode_problem;
    return rpc_status(rpc_code::internal, std::string(stores ? storage_problem : prefix) + failed.what(), true);
  } catch (const std::exception& failed) {
    return rpc_status(rpc_code::internal, std::string(prefix) + failed.what(), true);
  } catch (...) {
    return rpc_status(rpc_code::internal, std::string(prefix) + "an unknown exception", true);
  }
}

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

inline void encode_job(data_job& job) noexcept {
  try {
    job.result = job.through->encode(job.message, job.bytes, job.context);
    job.through->check_sizes(job.message, job.result);
  } catch (...) {
    job.failed = data_failure(encode_problem);
  }
}

/// Nothing happens to payloads but that they are measured.
inline rpc_status check_sizes(const data::pipeline& by, data::node message, std::string_view bytes) noexcept {
  try {
    by.check_sizes(message, bytes);
    return rpc_status();
  } catch (...) {
    return data_failure(encode_problem);
  }
}

inline void decode_job(data_job& job) noexcept {
  try {
    job.result = job.through->decode(job.message, job.bytes, job.context);
  } catch (...) {
    job.failed = data_failure(decode_problem);
  }
}

inline asio::awaitable<void> run_job(event_loop& loop, payload_pipeline& by, std::shared_ptr<data_job> job,
                                     void (*step)(data_job&) noexcept) {
  if (!by->is_slow()) {
    step(*job);
    co_return;
  }
  std::function<void()> work = [job, step] { step(*job); };
  co_await run_elsewhere(loop, by.pool(), std::move(work));
}

/// Details of a status hold failures too, such as that of a query. What cannot be decoded stays as it is.
inline void decode_details(const data_job& like, rpc_status& status) {
  if (status.details.empty()) return;
  try {
    status.details = like.through->decode(data::node::google_rpc_Status, status.details, like.context);
  } catch (...) {
    status.message += " (its details could not be decoded)";
  }
}

/// A call whose payloads go through the pipeline. Transport, pipeline and policy outlive it.
inline asio::awaitable<rpc_result> call_with_data(transport& over, payload_pipeline& by, std::string path,
                                                  request_bytes request, retry_options how, retry_policy& policy) {
  const data::method_messages* const method = data::find_method(path);
  if (method == nullptr) {
    rpc_result plain = co_await call_with_retry(over, std::move(path), std::move(request), std::move(how), policy);
    co_return plain;
  }
  if (!by->changes_payloads()) {
    rpc_status too_large = check_sizes(*by, method->request, *request);
    if (!too_large.ok()) co_return rpc_result(std::move(too_large));
    rpc_result plain = co_await call_with_retry(over, std::move(path), std::move(request), std::move(how), policy);
    co_return plain;
  }
  const auto job = std::make_shared<data_job>();
  job->through = by.shared();
  job->message = method->request;
  if (how.payload_context != nullptr) job->context = *how.payload_context;
  job->bytes = *request;
  job->owner = request;
  if (method->request != data::node::none) {
    co_await run_job(over.loop(), by, job, &encode_job);
    if (!job->failed.ok()) co_return rpc_result(job->failed);
    request = std::make_shared<const std::string>(std::move(job->result));
  }
  rpc_result result = co_await call_with_retry(over, std::move(path), std::move(request), std::move(how), policy);
  if (!result.status.ok()) {
    decode_details(*job, result.status);
    co_return result;
  }
  if (method->response == data::node::none) co_return result;
  const auto answer = std::make_shared<data_job>();
  answer->through = by.shared();
  answer->message = method->response;
  answer->context = job->context;
  const auto kept = std::make_shared<response_bytes>(std::move(result.response));
  answer->bytes = kept->view();
  answer->owner = kept;
  co_await run_job(over.loop(), by, answer, &decode_job);
  if (answer->failed.ok()) {
    result.response = response_bytes(std::move(answer->result));
  } else {
    result.response = response_bytes(kept, answer->bytes);
    result.response.problem = std::move(answer->failed.message);
  }
  co_return result;
}

}  // namespace rondo::detail::io
