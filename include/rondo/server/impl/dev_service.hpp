#pragma once

#include "rondo/server/dev_service.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "rondo/server/grpc_listener.hpp"
#include "rondo/server/health.hpp"
#include "rondo/server/in_process.hpp"
#include "rondo/server/open_store.hpp"
#include "rondo/server/test_service.hpp"
#include "rondo/server/wait_limit.hpp"

namespace rondo::server {

RONDO_SERVER_FUNCTION dev_service::dev_service(options settings)
    : own_loop_(std::make_unique<io::event_loop>()), loop_(own_loop_.get()) {
  build(std::move(settings));
}

RONDO_SERVER_FUNCTION dev_service::dev_service(options settings, io::event_loop& loop) : loop_(&loop) {
  build(std::move(settings));
}

RONDO_SERVER_FUNCTION void dev_service::build(options settings) {
  // Days of virtual time may pass before a client looks at what has just closed.
  constexpr interval century = 36'500 * day;
  if (settings.time_skipping) settings.retention = std::max(settings.retention, century);
  auto disk = open_store(*loop_, settings);
  core_ = std::make_unique<server::core>(*loop_, std::move(settings), std::move(disk));
  core_->on_failure = [this](const rpc_status&) { stop(); };
  frontend_ = std::make_unique<server::frontend>(*core_);
  serve_health(*frontend_);
  serve_test_service(*frontend_);
  in_process_ = std::make_unique<in_process>(*loop_, *frontend_);
}

RONDO_SERVER_FUNCTION dev_service::~dev_service() {
  core_->on_failure = nullptr;
  listener_.reset();
  in_process_.reset();
}

RONDO_SERVER_FUNCTION const std::string& dev_service::listen(const std::string& address) {
  if (listener_) throw std::logic_error("rondo: the server listens on " + address_ + " already");
  listener_ = std::make_unique<grpc_listener>(*loop_, *frontend_, address);
  address_ = listener_->address();
  port_ = listener_->port();
  return address_;
}

RONDO_SERVER_FUNCTION std::unique_ptr<io::transport> dev_service::connect() { return in_process_->connect(); }

RONDO_SERVER_FUNCTION void dev_service::run(std::chrono::milliseconds grace) {
  loop_->run_until([this] { return stop_requested_.exchange(false); });
  if (listener_) end_listening(grace);
  if (!core_->failure().ok()) throw std::runtime_error("the server's store failed: " + core_->failure().message);
}

RONDO_SERVER_FUNCTION void dev_service::end_listening(std::chrono::milliseconds grace) {
  bool ended = false;
  wait_limit patience;
  loop_->post([&] {
    patience.arm(*loop_, io::later(io::steady_clock::now(), grace), [&ended] { ended = true; });
    listener_->drain([&ended] { ended = true; });
  });
  loop_->run_until([&ended] { return ended; });
  listener_->stop();
}

RONDO_SERVER_FUNCTION void dev_service::stop() {
  stop_requested_.store(true);
  loop_->post([] {});
}

}  // namespace rondo::server
