#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/script.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/workflow.hpp"

// Interceptors of workflows that do what a test wants.
namespace rondo::test {

inline payload json_payload(std::string_view text) {
  payload made;
  made.metadata["encoding"] = "json/plain";
  made.data = text;
  return made;
}

/// What a test wants of an interceptor. Texts are noted under its name.
struct wishes {
  std::function<void(workflow_call&)> call;
  std::function<void(workflow_answer&)> answer;
  std::function<void(workflow_result&)> result;
  std::function<void(workflow_side_effect&)> effect;
  std::function<void(payload_map&)> attributes, memo;
};
class meddler final : public workflow_interceptor {
 public:
  explicit meddler(const wishes& of) : wishes_(of) {}
  void outbound(workflow_call& call) override { tell(wishes_.call, call); }
  void answered(workflow_answer& answer) override { tell(wishes_.answer, answer); }
  void result(workflow_result& of) override { tell(wishes_.result, of); }
  void side_effect(workflow_side_effect& effect) override { tell(wishes_.effect, effect); }
  void upsert_search_attributes(payload_map& changes) override { tell(wishes_.attributes, changes); }
  void upsert_memo(payload_map& changes) override { tell(wishes_.memo, changes); }

 private:
  template <class What>
  static void tell(const std::function<void(What&)>& whom, What& what) {
    if (whom) whom(what);
  }
  const wishes& wishes_;
};
class meddlers final : public worker_interceptor {
 public:
  explicit meddlers(const wishes& of) : wishes_(of) {}
  std::unique_ptr<workflow_interceptor> intercept_workflow(const workflow_info& /*about*/) override {
    return std::make_unique<meddler>(wishes_);
  }

 private:
  const wishes& wishes_;
};

/// Two interceptors around the runs of a driver.
class intercepted_runs : public ::testing::Test {
 protected:
  engine_driver& drive(const registry& app, history_builder history) {
    driver = std::make_unique<engine_driver>(app, std::move(history));
    driver->run_options.interceptors = &all;
    driver->evict();
    return *driver;
  }
  /// Runs the next task; `evicted`: from the start of the history.
  std::vector<std::string> next(bool evicted = false) {
    if (evicted) driver->evict();
    return driver->task();
  }
  /// The only command of the next task.
  engine::Command command() {
    driver->history.open_task();
    driver->run_whole_task();
    if (driver->last.kind != engine::step_kind::completed || driver->last.completed->commands_size() == 0) {
      ADD_FAILURE() << "no command: " << driver->failure();
      return {};
    }
    auto made = driver->last.completed->commands(0);
    driver->take_completion();
    return made;
  }
  std::int64_t last(enums::EventType type) const { return driver->history.last(type); }
  void complete_activity(std::string_view value) {
    const auto scheduled = last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    driver->history.activity_started(scheduled).activity_completed(scheduled, value);
  }
  void fail_activity(std::string_view message) {
    const auto scheduled = last(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    driver->history.activity_started(scheduled).activity_failed(scheduled, message);
  }

  wishes outer, inner;
  std::vector<std::shared_ptr<worker_interceptor>> all{std::make_shared<meddlers>(outer),
                                                       std::make_shared<meddlers>(inner)};
  std::unique_ptr<engine_driver> driver;
};

}  // namespace rondo::test
