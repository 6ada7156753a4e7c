#pragma once
// The flows that the HTTP service starts, each a class with the name that callers use.
#include <chrono>
#include <string>
#include <string_view>

#include "activities.hpp"
#include "rondo/workflow.hpp"

namespace site {

namespace workflow = rondo::workflow;
using namespace std::chrono_literals;

inline constexpr const char* task_queue = "async-http-jobs";

/// The result, as GET /describe shows it.
struct published {
  std::string url{};
  int announcement_attempts = 0;
};

/// Puts a page on the site and announces it; a page that cannot be announced is taken down again.
class publish_page {
 public:
  static constexpr std::string_view name = "PublishPage";

  rondo::task<published> run(article made) {
    const auto url = co_await workflow::execute_activity<&pages::publish>(quick, made);
    // C++ has no co_await in a catch block; as_result makes the failure a value.
    auto announced = co_await workflow::as_result(workflow::execute_activity<announce>(patient, made));
    if (!announced) {
      co_await workflow::shield(workflow::execute_activity<&pages::take_down>(quick, made.page));
      announced.rethrow();
    }
    const published result{url, *announced};
    co_return result;
  }

 private:
  static constexpr rondo::activity_options quick{.start_to_close_timeout = 5s};
  static constexpr rondo::activity_options patient{
      .start_to_close_timeout = 5s,
      .retry = rondo::retry_policy{.initial_interval = 200ms, .backoff_coefficient = 2.0, .maximum_attempts = 4}};
};

/// Takes a page down.
class remove_page {
 public:
  static constexpr std::string_view name = "RemovePage";

  rondo::task<> run(article made) {
    co_await workflow::execute_activity<&pages::take_down>({.start_to_close_timeout = 5s}, made.page);
  }
};

}  // namespace site
