#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rondo/controller/activities.hpp"
#include "rondo/controller/messages.hpp"
#include "rondo/controller/scaling.hpp"
#include "rondo/workflow.hpp"

namespace rondo::controller {

/// One target: remembers what was decided and which invocations have not ended, so that nothing is forgotten when the
/// controller's process dies, and nothing is invoked twice for one reason.
///
///     process                                     workflow
///     watch: looks every second, keeps silent     decides, by the functions of scaling.hpp
///       until a look is worth it          ----->
///     begin: starts an invocation         <-----  one activity for each
///     ended: signal                       ----->  looks again at once
///
/// A look that leads to nothing leaves no trace in the history. Invocations are not activities: they may take longer
/// than a run of this workflow, which continues as new when its history is long.
class target_workflow {
 public:
  static constexpr std::string_view name = "rondo-controller-target";

  rondo::task<void> run(target_start with) {
    load(std::move(with));
    while (!retired_) {
      if (is_long()) go_on_as_new();
      if (state_.workers.pausing(now())) {
        news_ = false;
        const auto rest = std::chrono::milliseconds(state_.workers.not_before_ms - now());
        co_await workflow::wait_condition([this] { return news_; }, rest);
        continue;
      }
      co_await look_and_act();
    }
  }

  void started(process_started who) {
    by_ = who.scaler;
    process_ = std::move(who.process);
    configured_ = true;
    lose_those_of_others();
    size_.reset();
    news_ = true;
  }
  void ended(invocation_ended what) {
    if (!loaded_) {
      early_.push_back(std::move(what));
      return;
    }
    auto& workers = state_.workers;
    if (!workers.holds(what.id)) return;
    if (!what.outcome.ok()) {
      last_failure_ = text_of(what.outcome);
      workers.failed(what.id, now(), chance(), what.outcome.retry_after_ms);
    } else if (what.outcome.ended) {
      workers.ended(what.id, now());
    } else {
      workers.accepted(what.id, now());
    }
    news_ = true;
  }
  /// Looks at once.
  void look() { news_ = true; }
  /// Ends; for targets that are no more.
  void retire() { retired_ = news_ = true; }
  target_status status() const { return {state_, size_, invocations_, process_, last_failure_}; }

  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&target_workflow::started>, rondo::signal<&target_workflow::ended>,
                      rondo::signal<&target_workflow::look>, rondo::signal<&target_workflow::retire>,
                      rondo::query<&target_workflow::status>);

 private:
  static milliseconds_since_epoch now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(workflow::now().time_since_epoch()).count();
  }
  static double chance() { return workflow::random().uniform_real(); }
  static std::string text_of(const provider_outcome& of) {
    return std::string(name_of(of.failure)).append(": ").append(of.message);
  }

  /// Signals may have come before.
  void load(target_start with) {
    target_ = std::move(with.target);
    if (!configured_) {
      by_ = with.scaler;
      size_ = with.size;
      process_ = std::move(with.process);
    }
    state_ = with.state ? std::move(*with.state) : rondo::controller::begin(by_);
    invocations_ = with.invocations;
    loaded_ = true;
    lose_those_of_others();
    for (auto& each : std::exchange(early_, {})) ended(std::move(each));
  }

  static bool is_long() {
    constexpr std::int64_t many_events = 4'000;
    return workflow::info().continue_as_new_suggested || workflow::info().history_length > many_events;
  }
  [[noreturn]] void go_on_as_new() {
    target_start next{target_, by_, std::move(state_), size_, invocations_, process_};
    workflow::continue_as_new<target_workflow>({}, std::move(next));
  }

  rondo::task<void> look_and_act() {
    // The server repeats a look whose process has died; a new process asks for another one at once.
    constexpr rondo::activity_options watching{
        .start_to_close_timeout = std::chrono::minutes(15),
        .heartbeat_timeout = std::chrono::seconds(15),
        .retry = rondo::retry_policy{.initial_interval = std::chrono::milliseconds(200),
                                     .maximum_interval = std::chrono::seconds(5)}};
    // Of clocks that differ a hasty process could report for ever what leads to nothing.
    const watch_request request{target_, by_, state_, size_, rest_ && !news_};
    news_ = false;
    rest_ = false;
    auto watch = workflow::as_result(workflow::execute_activity<&target_activities::watch>(watching, request));
    auto news = workflow::wait_condition([this] { return news_; });
    auto first = co_await workflow::when_any(std::move(watch), std::move(news));
    if (first.index() != 0) co_return;
    auto& result = std::get<0>(first);
    if (!result) {
      workflow::logger().warn("a look failed", {{"target", target_}, {"error", message_of(result.error())}});
      state_.workers.pause_after_failure(now(), chance());
      co_return;
    }
    const watch_result& seen = *result;
    if (seen.process == process_) lose_unknown(seen.under_way);
    const int in_vain = state_.workers.in_vain;
    const decision made = decide(by_, state_, seen.seen, size_, now(), chance());
    if (state_.workers.in_vain > in_vain) report_nobody_came();
    rest_ = made.nothing() && !state_.workers.pausing(now());
    if (made.size) co_await resize(*made.size);
    if (made.invoke > 0) co_await invoke(made.invoke, seen.seen);
  }

  /// Gives up on invocations whose process has been replaced: it is gone, and with it the knowledge of how they end.
  void lose_those_of_others() {
    lose_if([this](const instance& each) { return each.made_by != process_; });
  }
  /// The same for those that the process should know and does not.
  void lose_unknown(const std::vector<std::string>& known) {
    lose_if([this, &known](const instance& each) { return each.made_by == process_ && !contains(known, each.id); });
  }
  template <class Predicate>
  void lose_if(const Predicate& is_lost) {
    std::vector<std::string> lost;
    for (const auto& each : state_.workers.instances) {
      // Of an invocation that was accepted nobody else knows anything.
      if (!each.accepted_ms && is_lost(each)) lost.push_back(each.id);
    }
    for (const auto& id : lost) {
      state_.workers.lost(id, now());
      workflow::logger().warn("nothing is known of an invocation any more", {{"target", target_}, {"invocation", id}});
    }
  }
  static bool contains(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  }

  void report_nobody_came() const {
    workflow::logger().warn(
        "an invocation brought nobody who polls; check the worker's task queue, deployment name and build id",
        {{"target", target_}, {"in_a_row", state_.workers.in_vain}});
  }

  rondo::task<void> invoke(int count, observation seen) {
    // One attempt: nobody knows how far an attempt came whose process died, so the next look decides.
    constexpr rondo::activity_options beginning{.schedule_to_start_timeout = std::chrono::seconds(10),
                                                .start_to_close_timeout = std::chrono::seconds(10),
                                                .retry = rondo::retry_policy{.maximum_attempts = 1}};
    using call = decltype(workflow::as_result(
        workflow::execute_activity<&target_activities::begin>(beginning, std::declval<const begin_request&>())));
    std::vector<call> calls;
    std::vector<std::string> ids;
    for (int each = 0; each < count; ++each) {
      instance made;
      made.id =
          target_ + "-" + workflow::info().first_execution_run_id.substr(0, 8) + "-" + std::to_string(++invocations_);
      made.began_ms = now();
      made.backlog = seen.backlog();
      made.made_by = process_;
      made.rank = state_.workers.alive(by_.fleet, seen, now(), /*replaceable=*/false) + 1;
      const begin_request request{target_, made.id, static_cast<std::int64_t>(seen.backlog())};
      calls.push_back(workflow::as_result(workflow::execute_activity<&target_activities::begin>(beginning, request)));
      ids.push_back(made.id);
      state_.workers.began(std::move(made));
    }
    auto results = co_await workflow::when_all(std::move(calls));
    for (std::size_t each = 0; each < ids.size(); ++each) {
      auto& result = results[each];
      if (result) {
        note_process(ids[each], *result);
        continue;
      }
      last_failure_ = message_of(result.error());
      workflow::logger().warn("an invocation did not begin", {{"target", target_}, {"error", last_failure_}});
      state_.workers.failed(ids[each], now(), chance());
    }
  }
  void note_process(const std::string& id, const std::string& process) {
    for (auto& each : state_.workers.instances) {
      if (each.id == id) each.made_by = process;
    }
  }

  rondo::task<void> resize(std::int32_t size) {
    constexpr rondo::activity_options resizing{.schedule_to_start_timeout = std::chrono::seconds(10),
                                               .start_to_close_timeout = std::chrono::minutes(2),
                                               .retry = rondo::retry_policy{.maximum_attempts = 1}};
    const size_request request{target_, size};
    auto call = workflow::as_result(workflow::execute_activity<&target_activities::resize>(resizing, request));
    auto result = co_await std::move(call);
    provider_outcome outcome;
    if (result) {
      outcome = *result;
    } else {
      outcome = provider_outcome::failed(failure_class::internal, message_of(result.error()));
    }
    if (outcome.ok()) {
      size_ = size;
      state_.workers.failures = 0;
      co_return;
    }
    last_failure_ = text_of(outcome);
    state_.workers.pause_after_failure(now(), chance(), outcome.retry_after_ms);
  }

  static std::string message_of(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const activity_failure& failed) {
      return failed.cause() ? message_of(failed.cause()) : failed.message();
    } catch (const std::exception& failed) {
      return failed.what();
    }
  }

  std::string target_;
  scaler_config by_;
  scaler_state state_;
  std::optional<std::int32_t> size_;
  std::int64_t invocations_ = 0;
  std::string process_;
  std::string last_failure_;
  /// Ends that were told before run() began.
  std::vector<invocation_ended> early_;
  bool loaded_ = false;
  bool configured_ = false;
  bool news_ = false;
  bool rest_ = false;
  bool retired_ = false;
};

}  // namespace rondo::controller
