#pragma once
#include <asio/co_spawn.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/io/connection.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/deployment.hpp"
#include "rondo/detail/worker/poller.hpp"
#include "rondo/detail/worker/poller_scale.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// Passes on what a coroutine that nobody awaits has thrown.
inline void rethrow(const std::exception_ptr& error) {
  if (error) std::rethrow_exception(error);
}

/// The polls of one worker: what they ask for, who makes them, and how their answers are read. What it is given must
/// outlive it.
class queue_polls {
 public:
  queue_polls(polling& shared, const worker_options& options, const std::string& namespace_name)
      : polling_(shared), options_(options), namespace_(namespace_name) {}

  /// Before the first poll. `instance_key`: by which the server tells the lives of a worker apart. Pollers keep what
  /// `keeps` points to.
  void begin(std::string instance_key, bool server_scales, std::weak_ptr<void> keeps) {
    instance_key_ = std::move(instance_key);
    server_scales_ = server_scales;
    keeps_ = std::move(keeps);
  }

  /// A poll at a queue.
  template <class Request>
  Request ask(const std::string& queue) const {
    Request request;
    request.set_namespace_(namespace_);
    request.set_identity(options_.identity);
    request.set_worker_instance_key(instance_key_);
    request.mutable_task_queue()->set_name(queue);
    request.mutable_task_queue()->set_kind(engine::enums::TASK_QUEUE_KIND_NORMAL);
    write_deployment(options_, request);
    return request;
  }

  /// Adds the pollers of one queue.
  template <class Request>
  void add(std::string kind, std::string method, Request request, std::size_t count,
           std::optional<poller_autoscaling> scaling, typename poller<Request>::take_slot permits,
           typename poller<Request>::handle begin) {
    const auto group = groups_.emplace_back(std::make_shared<poller_group>(std::move(kind)));
    if (scaling) {
      group->scale.emplace(*scaling, server_scales_, io::steady_clock::now());
      count = scaling->initial;
    }
    group->spawn = [=, this, of = std::weak_ptr(group)] {
      auto one = std::make_shared<poller<Request>>(polling_, of.lock(), method, request, permits, begin, keeps_.lock());
      asio::co_spawn(polling_.loop.executor(), poller<Request>::run(std::move(one)), rethrow);
    };
    for (std::size_t index = 0; index < count; ++index) group->spawn();
  }
  const std::vector<std::shared_ptr<poller_group>>& groups() const noexcept { return groups_; }

  /// False: the answer is none.
  template <class Message>
  bool parse(const io::response_bytes& answer, Message& into) const {
    const auto bytes = answer.view();
    if (into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return true;
    options_.logger.error("the server's answer to a poll cannot be read", {{"bytes", bytes.size()}});
    return false;
  }
  template <class Response>
  static poll_answer read(const Response& from) {
    poll_answer found{.task = !from.task_token().empty()};
    if (from.has_poller_scaling_decision()) {
      found.wanted = from.poller_scaling_decision().poll_request_delta_suggestion();
    }
    return found;
  }

 private:
  polling& polling_;
  const worker_options& options_;
  const std::string& namespace_;
  std::string instance_key_;
  bool server_scales_ = false;
  std::weak_ptr<void> keeps_;
  std::vector<std::shared_ptr<poller_group>> groups_;
};

}  // namespace rondo::detail::worker
