#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/worker/tried_activity.hpp"
#include "rondo/log.hpp"
#include "rondo/name_of.hpp"
#include "rondo/payload.hpp"
#include "rondo/registry.hpp"
#include "rondo/serialization_context.hpp"

namespace rondo::testing {

/// The code of an attempt let go of it: somebody else shall complete it, or another attempt shall go on.
class activity_goes_on : public std::runtime_error {
 public:
  /// `progress`: empty for one that is completed from elsewhere.
  explicit activity_goes_on(std::optional<payload_list> progress, serialization_context whose = {})
      : std::runtime_error(progress ? "the activity was handed back" : "the activity is completed from elsewhere"),
        progress_(std::make_shared<const std::optional<payload_list>>(std::move(progress))),
        whose_(std::make_shared<const serialization_context>(std::move(whose))) {}

  /// False: it called activity::complete_async().
  bool handed_back() const noexcept { return progress_->has_value(); }
  /// What it handed back with; empty when there is no such value.
  template <class Value>
  std::optional<Value> progress(std::size_t index = 0) const {
    if (!handed_back() || index >= (*progress_)->size()) return std::nullopt;
    return decode<Value>((**progress_)[index], whose_.get());
  }

 private:
  std::shared_ptr<const std::optional<payload_list>> progress_;
  std::shared_ptr<const serialization_context> whose_;
};

/// Runs the code of activities without a worker and a server, one attempt at a time: functions on the test's own
/// thread, coroutines on a loop that it drives meanwhile. Arguments and results go through the converter, as in a real
/// call.
///
/// run() throws what the code throws. Nobody retries, nothing times out, and heartbeats go to the test alone.
class activity_environment {
 public:
  /// An activity that workflow "test" called, in its first attempt, on New Year's Day of 2020.
  activity_environment() : place_(rondo::detail::worker::make_trial_place()) {
    info.activity_id = "1";
    info.task_queue = "test";
    info.namespace_ = "default";
    info.workflow_id = "test";
    info.run_id = "test-run";
    info.workflow_type = "test";
    info.task_token = "test";
    info.start_to_close_timeout = std::chrono::minutes(1);
    info.scheduled_time = info.attempt_scheduled_time = info.started_time =
        std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
  }
  activity_environment(const activity_environment&) = delete;
  activity_environment& operator=(const activity_environment&) = delete;
  ~activity_environment() = default;

  /// What activity::info() tells the attempts that begin from now on. The type is that of the activity unless it is
  /// set.
  activity_info info{};
  /// Where the code logs; nowhere by default.
  rondo::logger logger = rondo::logger::silent();
  /// What activity::client() gives; null: it throws. Its loop must be another's to drive when functions `.get()` calls.
  std::shared_ptr<const rondo::client> client{};
  /// Called by each heartbeat, on the thread that beats; it may cancel the attempt.
  std::function<void()> on_heartbeat{};

  /// What activity::heartbeat_details() gives, as if an attempt before had left it. Values that ask whose they are
  /// are copied, and encoded when an attempt begins: they learn its activity type, and what `info` says then.
  template <class... Values>
  void set_heartbeat_details(const Values&... details) {
    last_details_ = {detail_for(details)...};
  }

  /// Runs an activity that is a function, or a coroutine. Throws activity_goes_on when it has no result yet.
  template <auto Function, class... Arguments>
    requires std::is_void_v<typename rondo::detail::signature_of<Function>::owner>
  auto run(const Arguments&... arguments) {
    return try_one<Function>(registry().activity<Function>(), arguments...);
  }
  /// Runs an activity that is a member function.
  template <auto Member, class Object, class... Arguments>
    requires std::derived_from<Object, typename rondo::detail::signature_of<Member>::owner>
  auto run(Object& object, const Arguments&... arguments) {
    return try_one<Member>(registry().activity<Member>(object), arguments...);
  }
  /// Runs what a registry has under a name: a dynamic activity, a stand-in, one with a name of its own. Throws
  /// std::invalid_argument when it has none.
  template <class Result = void, class... Arguments>
  Result run(const registry& app, std::string_view name, const Arguments&... arguments) {
    payload_collector given;
    const auto whose = [&] { return owner_of(name); };
    rondo::detail::encode_all_of(whose, given, arguments...);
    return result_of<Result>(whose, try_named(app, name, given.take()));
  }

  /// Asks the attempt that runs to stop, or the next one from its beginning: activity::cancelled(), the stop token, and
  /// the asio operations of a coroutine tell it. `also`: what activity::cancellation_details() shows besides. Any
  /// thread.
  void cancel(cancel_reason why = cancel_reason::cancel_requested, const cancellation_details& also = {}) {
    const auto attempt = running_or([&] {
      if (!stop_) stop_ = {why, also};
    });
    if (attempt != nullptr) attempt->stop(why, also);
  }
  /// The worker stops soon: activity::draining() tells it to the attempt that runs, or to the next one. A worker whose
  /// patience ends does `cancel(cancel_reason::worker_shutdown)`. Any thread.
  void drain() {
    const auto attempt = running_or([&] { drain_ = true; });
    if (attempt != nullptr) attempt->drain();
  }

  /// Heartbeats of the last attempt. Any thread.
  std::size_t heartbeats() const {
    const std::lock_guard lock(mutex_);
    return heartbeats_.size();
  }
  /// A value of one of them, which counts from 0; empty when there is no such value. Any thread.
  template <class Value>
  std::optional<Value> heartbeat(std::size_t number, std::size_t index = 0) const {
    const std::lock_guard lock(mutex_);
    if (number >= heartbeats_.size() || index >= heartbeats_[number].size()) return std::nullopt;
    return rondo::detail::decode_of<Value>([this] { return owner_of(type_); }, heartbeats_[number][index]);
  }

 private:
  /// Encodes a value whose owner is known only then.
  using encoder = std::function<payload_list(const serialization_context&)>;
  template <class Value>
  static encoder detail_for(const Value& value) {
    const auto encoded = [](const serialization_context& whose, const Value& from) {
      payload_collector collected;
      rondo::detail::encode_all_of([&whose] { return whose; }, collected, from);
      return collected.take();
    };
    if constexpr (takes_serialization_context<Value>) {
      return [value, encoded](const serialization_context& whose) { return encoded(whose, value); };
    } else {
      // What it only views may be gone later.
      return [now = encoded({}, value)](const serialization_context&) { return now; };
    }
  }
  /// The attempt that runs, to be told outside of the lock, as its code may listen and beat at once; else notes it for
  /// the next one.
  template <class Note>
  std::shared_ptr<rondo::detail::worker::tried_activity> running_or(const Note& note) {
    const std::lock_guard lock(mutex_);
    if (running_ == nullptr) note();
    return running_;
  }
  template <auto Function, class... Arguments>
  auto try_one(const registry& app, const Arguments&... arguments) {
    using signature = rondo::detail::signature_of<Function>;
    using parameters = typename signature::args;
    static_assert(rondo::detail::callable_with<parameters, const Arguments&...>,
                  "the arguments do not match the parameters of this activity");
    const parameters values(arguments...);
    payload_collector given;
    const auto whose = [this] { return owner_of(name_of<Function>); };
    std::apply([&](const auto&... each) { rondo::detail::encode_all_of(whose, given, each...); }, values);
    return result_of<std::remove_cvref_t<rondo::detail::yielded_by<typename signature::raw>>>(
        whose, try_named(app, name_of<Function>, given.take()));
  }
  template <class Result, class Whose>
  static Result result_of(const Whose& whose, const payload_list& from) {
    if constexpr (!std::is_void_v<Result>) return rondo::detail::decode_of<Result>(whose, from.at(0));
  }
  /// Of the values of an activity of this type.
  serialization_context owner_of(std::string_view type) const {
    auto whose = rondo::detail::owner_of(info);
    if (whose.activity_type.empty()) whose.activity_type = type;
    return whose;
  }

  payload_list try_named(const registry& app, std::string_view name, const payload_list& given) {
    const auto* definition = app.find_activity(name);
    if (definition == nullptr) throw std::invalid_argument("activity '" + std::string(name) + "' is not registered");
    const std::vector<payload_view> views(given.begin(), given.end());
    const auto attempt = begin(name);
    const std::unique_ptr<activity_environment, void (*)(activity_environment*)> running(
        this, [](activity_environment* of) {
          const std::lock_guard lock(of->mutex_);
          of->running_ = nullptr;
        });
    auto ended = rondo::detail::worker::try_activity(*place_, *definition, attempt, views);
    if (ended.error) std::rethrow_exception(ended.error);
    if (ended.elsewhere || ended.handed_back) throw activity_goes_on(std::move(ended.handed_back), owner_of(name));
    return std::move(ended.result);
  }
  std::shared_ptr<rondo::detail::worker::tried_activity> begin(std::string_view type) {
    auto about = info;
    if (about.activity_type.empty()) about.activity_type = type;
    payload_list last_details;
    for (const auto& each : last_details_) {
      for (auto& one : each(owner_of(type))) last_details.push_back(std::move(one));
    }
    auto attempt = std::make_shared<rondo::detail::worker::tried_activity>(
        std::move(about), std::move(last_details), logger, client, place_, [this](const payload_list& details) {
          {
            const std::lock_guard lock(mutex_);
            heartbeats_.push_back(details);
          }
          if (on_heartbeat) on_heartbeat();
        });
    const std::lock_guard lock(mutex_);
    type_ = type;
    heartbeats_.clear();
    running_ = attempt;
    if (std::exchange(drain_, false)) attempt->drain();
    if (const auto stop = std::exchange(stop_, std::nullopt)) attempt->stop(stop->first, stop->second);
    return attempt;
  }

  std::shared_ptr<rondo::detail::worker::trial_place> place_;
  std::vector<encoder> last_details_;
  mutable std::mutex mutex_;
  /// Null while none does.
  std::shared_ptr<rondo::detail::worker::tried_activity> running_;
  std::vector<payload_list> heartbeats_;
  /// Of the last attempt, if `info` has none.
  std::string type_;
  /// For the next attempt.
  std::optional<std::pair<cancel_reason, cancellation_details>> stop_;
  bool drain_ = false;
};

}  // namespace rondo::testing
