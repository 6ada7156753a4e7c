#pragma once
#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/redirect_error.hpp>
#include <asio/system_error.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/elsewhere.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/io/sleep.hpp"

namespace rondo::detail::io {

RONDO_FUNCTION asio::awaitable<void> run_elsewhere(event_loop& loop, asio::thread_pool& pool,
                                                   std::function<void()> work) {
  const auto job = std::make_shared<work_elsewhere>(loop);
  const std::unique_ptr<work_elsewhere, void (*)(work_elsewhere*)> leaving(job.get(),
                                                                           [](work_elsewhere* left) { left->leave(); });
  work_elsewhere::start(job, pool, std::move(work));
  asio::error_code ignored;
  co_await async_sleep_until(loop, time_point::max(), &job->woken, asio::redirect_error(asio::use_awaitable, ignored));
  if (!job->done) throw asio::system_error(asio::error::operation_aborted);
  if (job->error) std::rethrow_exception(job->error);
}

}  // namespace rondo::detail::io
