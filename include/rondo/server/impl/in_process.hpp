#pragma once

#include "rondo/server/in_process.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/server/test_service.hpp"

namespace rondo::server {

/// What the transports of a server share with it, and what is left of it when the server has gone.
class in_process::hub {
 public:
  hub(io::event_loop& loop, frontend& to) : loop_(&loop), frontend_(&to) {}

  io::event_loop& loop() noexcept { return *loop_; }
  /// Null: the server has gone.
  frontend* server() noexcept { return frontend_; }
  /// Expires before the server goes.
  std::weak_ptr<void> alive() const noexcept { return alive_; }

  void add(call& which);
  void remove(call& which) noexcept;
  void close();

 private:
  io::event_loop* loop_;
  frontend* frontend_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
  std::vector<call*> calls_;
};

/// One attempt of a client's call, seen from both sides. Owns itself until the client has heard its end.
class in_process::call final : public incoming_call, private io::timer_node, public std::enable_shared_from_this<call> {
 public:
  call(std::shared_ptr<hub> by, io::unary_call& caller)
      : hub_(std::move(by)), caller_(&caller), path_(caller.path()), request_(caller.request()) {}

  void start() {
    self_ = shared_from_this();
    caller_->state = this;
    deadline_ = caller_->deadline();
    hub_->add(*this);
    // Armed even without a deadline: so the loop finds the call when it is destroyed.
    hub_->loop().arm(*this, deadline_);
    hub_->loop().post([self = self_] { self->serve(); });
  }
  /// The client no longer wants it.
  void cancel() { leave(rpc_status(rpc_code::cancelled, "the call was cancelled", true)); }
  /// The server goes.
  void close() { leave(rpc_status(rpc_code::unavailable, "the server stopped", true)); }

  std::string_view path() const noexcept override { return path_; }
  std::string_view request() const noexcept override { return *request_; }
  io::time_point deadline() const noexcept override { return deadline_; }
  std::string_view header(std::string_view name) const noexcept override {
    std::string_view found;
    if (caller_ == nullptr) return found;
    caller_->each_header([&](const std::string& each, const std::string& value) {
      if (found.empty() && each == name) found = value;
    });
    return found;
  }
  void finish(io::rpc_result result) override {
    if (abandoned() || finished()) return;
    set_finished();
    tell(std::move(result));
  }

 private:
  friend class hub;

  void serve() {
    if (abandoned() || finished()) return;
    if (frontend* to = hub_->server()) to->handle(attend_clock(to->owner(), shared_from_this(), hub_->alive()));
  }
  void leave(rpc_status status) {
    if (abandoned() || finished()) return;
    const auto keep = shared_from_this();
    abandon();
    tell(io::rpc_result(std::move(status)));
  }
  /// The client hears of it in a later turn of the loop: what it does then is not part of what the server does now.
  void tell(io::rpc_result result) {
    hub_->remove(*this);
    hub_->loop().post(
        [self = shared_from_this(), result = std::move(result)]() mutable { self->end(std::move(result)); });
  }
  void end(io::rpc_result result) {
    io::unary_call* caller = std::exchange(caller_, nullptr);
    if (caller == nullptr) return;
    const auto keep = std::move(self_);
    hub_->loop().disarm(*this);
    caller->complete(std::move(result));
  }
  void on_timer() override { leave(rpc_status(rpc_code::deadline_exceeded, "the deadline of the call passed", true)); }
  void on_discard() noexcept override {
    if (!finished() && !abandoned()) hub_->remove(*this);
    set_finished();
    end(io::rpc_result());
  }

  std::shared_ptr<hub> hub_;
  io::unary_call* caller_;
  std::string path_;
  io::request_bytes request_;
  io::time_point deadline_ = io::time_point::max();
  std::size_t place_ = 0;
  std::shared_ptr<call> self_;
};

class in_process::transport final : public io::transport {
 public:
  explicit transport(std::shared_ptr<hub> to) : hub_(std::move(to)) {}

  io::event_loop& loop() noexcept override { return hub_->loop(); }
  void start(io::unary_call& starting) override {
    const auto made = std::make_shared<call>(hub_, starting);
    made->start();
    if (hub_->server() == nullptr) made->close();
  }
  void cancel(io::unary_call& ending) noexcept override { static_cast<call*>(ending.state)->cancel(); }

 private:
  std::shared_ptr<hub> hub_;
};

RONDO_SERVER_FUNCTION void in_process::hub::add(call& which) {
  which.place_ = calls_.size();
  calls_.push_back(&which);
}

RONDO_SERVER_FUNCTION void in_process::hub::remove(call& which) noexcept {
  calls_.back()->place_ = which.place_;
  calls_[which.place_] = calls_.back();
  calls_.pop_back();
}

RONDO_SERVER_FUNCTION void in_process::hub::close() {
  frontend_ = nullptr;
  alive_.reset();
  while (!calls_.empty()) calls_.back()->close();
}

RONDO_SERVER_FUNCTION in_process::in_process(io::event_loop& loop, frontend& to)
    : hub_(std::make_shared<hub>(loop, to)) {}

RONDO_SERVER_FUNCTION in_process::~in_process() { close(); }

RONDO_SERVER_FUNCTION void in_process::close() { hub_->close(); }

RONDO_SERVER_FUNCTION std::unique_ptr<io::transport> in_process::connect() { return std::make_unique<transport>(hub_); }

}  // namespace rondo::server
