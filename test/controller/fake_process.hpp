#pragma once

#include <asio/awaitable.hpp>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/controller/activities.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/change_signal.hpp"

namespace rondo::test {

/// A controller's process in the hands of a test: looks show what the test says, invocations do nothing.
class fake_process final : public controller::target_activities {
 public:
  explicit fake_process(detail::io::event_loop& loop) : changes_(loop) {}

  /// The next look shows this.
  void show(controller::observation what) {
    shown_.push_back(std::move(what));
    changes_.notify();
  }
  /// A look waits for something to be shown.
  bool looking() const { return looking_ && shown_.empty(); }

  asio::awaitable<controller::watch_result> watch(controller::watch_request request) override {
    const int generation = ++generation_;
    requests.push_back(std::move(request));
    changes_.notify();
    looking_ = true;
    const auto over = [&] { return generation != generation_ || !shown_.empty(); };
    co_await changes_.wait_until(over, detail::io::time_point::max());
    controller::watch_result result;
    if (generation != generation_) co_return result;
    looking_ = false;
    result.seen = std::move(shown_.front());
    shown_.pop_front();
    result.process = name;
    result.under_way = under_way;
    co_return result;
  }
  asio::awaitable<std::string> begin(controller::begin_request request) override {
    if (refuses_to_begin) {
      throw application_failure("not configured", {.type = "UnknownTarget", .non_retryable = true});
    }
    under_way.push_back(request.id);
    begun.push_back(std::move(request));
    co_return name;
  }
  asio::awaitable<controller::provider_outcome> resize(controller::size_request request) override {
    sizes.push_back(request.size);
    co_return resize_outcome;
  }

  std::string name = "process-1";
  bool refuses_to_begin = false;
  controller::provider_outcome resize_outcome;
  std::vector<controller::watch_request> requests;
  std::vector<controller::begin_request> begun;
  std::vector<std::string> under_way;
  std::vector<int> sizes;

 private:
  detail::worker::change_signal changes_;
  std::deque<controller::observation> shown_;
  int generation_ = 0;
  bool looking_ = false;
};

}  // namespace rondo::test
