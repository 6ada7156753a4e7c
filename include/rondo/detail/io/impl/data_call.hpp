#pragma once
#include <asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/data/payload_sizes.hpp"
#include "rondo/detail/data/payload_walk.hpp"
#include "rondo/detail/data/pipeline.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/detail/io/elsewhere.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/retry.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/payload_storage.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION rpc_status data_failure(std::string_view prefix) {
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

RONDO_FUNCTION void encode_job(data_job& job) noexcept {
  try {
    job.result = job.through->encode(job.message, job.bytes, job.context);
    job.through->check_sizes(job.message, job.result);
  } catch (...) {
    job.failed = data_failure(encode_problem);
  }
}

RONDO_FUNCTION rpc_status check_sizes(const data::pipeline& by, data::node message, std::string_view bytes) noexcept {
  try {
    by.check_sizes(message, bytes);
    return rpc_status();
  } catch (...) {
    return data_failure(encode_problem);
  }
}

RONDO_FUNCTION void decode_job(data_job& job) noexcept {
  try {
    job.result = job.through->decode(job.message, job.bytes, job.context);
  } catch (...) {
    job.failed = data_failure(decode_problem);
  }
}

RONDO_FUNCTION asio::awaitable<void> run_job(event_loop& loop, payload_pipeline& by, std::shared_ptr<data_job> job,
                                             void (*step)(data_job&) noexcept) {
  if (!by->is_slow()) {
    step(*job);
    co_return;
  }
  std::function<void()> work = [job, step] { step(*job); };
  co_await run_elsewhere(loop, by.pool(), std::move(work));
}

RONDO_FUNCTION void decode_details(const data_job& like, rpc_status& status) {
  if (status.details.empty()) return;
  try {
    status.details = like.through->decode(data::node::google_rpc_Status, status.details, like.context);
  } catch (...) {
    status.message += " (its details could not be decoded)";
  }
}

RONDO_FUNCTION asio::awaitable<rpc_status> encode_request(event_loop& loop, payload_pipeline& by, std::string_view path,
                                                          request_bytes& request) {
  const data::method_messages* const method = data::find_method(path);
  if (method == nullptr || method->request == data::node::none) co_return rpc_status();
  if (!by->changes_payloads()) co_return check_sizes(*by, method->request, *request);
  const auto job = std::make_shared<data_job>();
  job->through = by.shared();
  job->message = method->request;
  job->bytes = *request;
  job->owner = request;
  co_await run_job(loop, by, job, &encode_job);
  if (job->failed.ok()) request = std::make_shared<const std::string>(std::move(job->result));
  co_return std::move(job->failed);
}

RONDO_FUNCTION asio::awaitable<rpc_result> call_with_data(transport& over, payload_pipeline& by, std::string path,
                                                          request_bytes request, retry_options how,
                                                          retry_policy& policy) {
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
    result.response.set_problem(std::move(answer->failed.message));
  }
  co_return result;
}

}  // namespace rondo::detail::io
