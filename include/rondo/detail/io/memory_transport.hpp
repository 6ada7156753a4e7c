#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/detail/io/transport.hpp"

namespace rondo::detail::io {

/// Server made of functions, in the same loop: for tests and benchmarks of what stands above the transport.
class memory_transport final : public transport {
 public:
  class call;
  using handler = std::function<void(call)>;

  explicit memory_transport(event_loop& loop) : loop_(&loop) {}
  ~memory_transport() override {
    for (auto& [path, of] : methods_) of->waiting.clear();
  }

  /// The handler answers through its call, now or later; a call whose every copy is dropped hangs until it is cancelled
  /// or its deadline passes. Without a handler the server says UNIMPLEMENTED.
  void on(const std::string& path, handler function) { find(path).function = std::move(function); }

  /// The function maps request bytes to response bytes, or to an rpc_status.
  template <class Function>
  void on_unary(const std::string& path, Function function);

  /// The next `times` calls fail with the status and never reach the handler.
  void fail(const std::string& path, rpc_status status, int times = 1) {
    method& of = find(path);
    of.failure = std::move(status);
    of.failures = times;
  }

  /// The handler sees the next `times` calls, but the caller gets UNAVAILABLE instead of their answer.
  void lose_responses(const std::string& path, int times = 1) { find(path).losses = times; }

  /// Calls wait, before the handler sees them, until release().
  void hold(const std::string& path) { find(path).held = true; }
  void release(const std::string& path);

  /// Attempts that were started.
  std::size_t calls(const std::string& path) const { return count(path, &method::started); }
  /// Attempts that have not ended.
  std::size_t pending(const std::string& path) const { return count(path, &method::pending); }

  event_loop& loop() noexcept override { return *loop_; }
  void start(unary_call& starting) override;
  void cancel(unary_call& ending) noexcept override;

 private:
  struct attempt;
  struct method {
    handler function;
    rpc_status failure;
    int failures = 0;
    int losses = 0;
    bool held = false;
    std::size_t started = 0;
    std::size_t pending = 0;
    std::vector<std::shared_ptr<attempt>> waiting;
  };

  method& find(const std::string& path) {
    auto& entry = methods_[path];
    if (!entry) entry = std::make_shared<method>();
    return *entry;
  }
  std::size_t count(const std::string& path, std::size_t method::*counter) const {
    const auto found = methods_.find(path);
    return found == methods_.end() ? 0 : (*found->second).*counter;
  }
  static void serve(const std::shared_ptr<attempt>& which);

  event_loop* loop_;
  std::map<std::string, std::shared_ptr<method>> methods_;
};

/// The caller's side of one attempt, shared with the handler; a handler that answers too late answers nobody.
struct memory_transport::attempt final : timer_node, std::enable_shared_from_this<attempt> {
  attempt(event_loop& on, std::shared_ptr<method> of, unary_call& which)
      : loop(&on), owner(std::move(of)), caller(&which) {}

  void on_timer() override { finish(rpc_result(rpc_status(rpc_code::deadline_exceeded, "deadline exceeded", true))); }
  void on_discard() noexcept override { finish(rpc_result()); }

  void finish(rpc_result result) {
    if (!caller) return;
    const auto keep = shared_from_this();
    unary_call& ended = *std::exchange(caller, nullptr);
    --owner->pending;
    loop->disarm(*this);
    self.reset();
    ended.complete(std::move(result));
  }

  void finish_later(rpc_result result) {
    loop->post([keep = shared_from_this(), result = std::move(result)]() mutable { keep->finish(std::move(result)); });
  }

  event_loop* loop;
  std::shared_ptr<method> owner;
  unary_call* caller;
  bool response_lost = false;
  /// Keeps the attempt while its caller waits.
  std::shared_ptr<attempt> self;
};

/// What a handler gets; copies speak of the same call.
class memory_transport::call {
 public:
  explicit call(std::shared_ptr<attempt> which)
      : attempt_(std::move(which)),
        path_(attempt_->caller->path()),
        request_(attempt_->caller->request()),
        deadline_(attempt_->caller->deadline()) {
    attempt_->caller->each_header(
        [this](const std::string& name, const std::string& value) { metadata_.emplace_back(name, value); });
  }

  const std::string& path() const noexcept { return path_; }
  const std::string& request() const noexcept { return *request_; }
  const metadata_list& metadata() const noexcept { return metadata_; }
  time_point deadline() const noexcept { return deadline_; }
  /// The caller has gone away: cancelled, or its deadline passed.
  bool abandoned() const noexcept { return attempt_->caller == nullptr; }

  void reply(std::string bytes) const { end(rpc_result(response_bytes(std::move(bytes)))); }
  void fail(rpc_status status) const { end(rpc_result(std::move(status))); }

 private:
  void end(rpc_result result) const {
    if (attempt_->response_lost) result = rpc_result(rpc_status(rpc_code::unavailable, "response lost", true));
    attempt_->finish_later(std::move(result));
  }

  std::shared_ptr<attempt> attempt_;
  std::string path_;
  request_bytes request_;
  time_point deadline_;
  metadata_list metadata_;
};

template <class Function>
void memory_transport::on_unary(const std::string& path, Function function) {
  on(path, [function = std::move(function)](const call& which) mutable {
    auto answer = function(which.request());
    if constexpr (std::is_same_v<decltype(answer), rpc_status>) {
      which.fail(std::move(answer));
    } else {
      which.reply(std::move(answer));
    }
  });
}

inline void memory_transport::start(unary_call& starting) {
  method& to = find(starting.path());
  ++to.started;
  ++to.pending;
  const auto which = std::make_shared<attempt>(*loop_, methods_[starting.path()], starting);
  which->self = which;
  starting.state = which.get();
  // Armed even without a deadline: so the loop finds the call when it is destroyed.
  loop_->arm(*which, starting.deadline());
  if (to.held) {
    to.waiting.push_back(which);
  } else {
    loop_->post([which] { serve(which); });
  }
}

inline void memory_transport::cancel(unary_call& ending) noexcept {
  auto* which = static_cast<attempt*>(ending.state);
  which->finish_later(rpc_result(rpc_status(rpc_code::cancelled, "call cancelled", true)));
}

inline void memory_transport::release(const std::string& path) {
  method& of = find(path);
  of.held = false;
  for (auto& which : std::exchange(of.waiting, {})) loop_->post([which] { serve(which); });
}

inline void memory_transport::serve(const std::shared_ptr<attempt>& which) {
  if (!which->caller) return;
  method& of = *which->owner;
  if (of.failures > 0) {
    --of.failures;
    which->finish(rpc_result(of.failure));
    return;
  }
  if (!of.function) {
    which->finish(rpc_result(rpc_status(rpc_code::unimplemented, "unknown method " + which->caller->path())));
    return;
  }
  if (of.losses > 0) {
    --of.losses;
    which->response_lost = true;
  }
  of.function(call(which));
}

}  // namespace rondo::detail::io
