#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"
#include "rondo/rpc_error.hpp"

namespace rondo::detail::worker {

/// Asks the server, run by run, to offer tasks no longer to the worker that has the run in memory: at servers that do
/// not know ShutdownWorker. Otherwise each task would wait for that worker first, in vain.
class sticky_reset : public std::enable_shared_from_this<sticky_reset> {
 public:
  struct held_run {
    std::string workflow_id, run_id;
  };

  sticky_reset(io::event_loop& loop, std::shared_ptr<io::connection> to, std::string namespace_name,
               std::vector<held_run> runs, io::time_point deadline)
      : loop_(loop),
        changes_(loop),
        connection_(std::move(to)),
        namespace_(std::move(namespace_name)),
        runs_(std::move(runs)),
        deadline_(deadline) {}

  /// Once. True: the server did so for all of them before the deadline; after that it is asked nothing more.
  static asio::awaitable<bool> run(std::shared_ptr<sticky_reset> self) {
    constexpr std::size_t most_at_once = 8;
    for (std::size_t i = 0; i < std::min(most_at_once, self->runs_.size()); ++i) {
      ++self->under_way_;
      asio::co_spawn(self->loop_.executor(), ask_for_some(self), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      });
    }
    co_await self->changes_.wait_until([&self] { return self->under_way_ == 0; }, io::time_point::max());
    co_return self->taken_ == self->runs_.size();
  }

 private:
  static asio::awaitable<void> ask_for_some(std::shared_ptr<sticky_reset> self) {
    while (self->next_ < self->runs_.size() && io::steady_clock::now() < self->deadline_) {
      const auto& each = self->runs_[self->next_++];
      engine::service::ResetStickyTaskQueueRequest request;
      request.set_namespace_(self->namespace_);
      request.mutable_execution()->set_workflow_id(each.workflow_id);
      request.mutable_execution()->set_run_id(each.run_id);
      engine::service::ResetStickyTaskQueueResponse response;
      io::retry_options how(io::rpc_class::once);
      how.options.deadline = self->deadline_;
      const auto status =
          co_await io::call_into(*self->connection_, "ResetStickyTaskQueue", request, response, std::move(how));
      // A run that has ended meanwhile gets no tasks.
      if (status.ok() || status.code == rpc_code::not_found) ++self->taken_;
      if (status.code == rpc_code::unimplemented) self->next_ = self->runs_.size();
    }
    --self->under_way_;
    self->changes_.notify();
  }

  io::event_loop& loop_;
  change_signal changes_;
  std::shared_ptr<io::connection> connection_;
  std::string namespace_;
  std::vector<held_run> runs_;
  io::time_point deadline_;
  std::size_t next_ = 0, under_way_ = 0, taken_ = 0;
};

}  // namespace rondo::detail::worker
