#pragma once

#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/dev_server.hpp"
#include "rondo/plugin.hpp"
#include "rondo/registry.hpp"
#include "rondo/server/wait_limit.hpp"
#include "rondo/testing/environment_options.hpp"
#include "rondo/testing/inline_activities.hpp"
#include "rondo/testing/run_texts.hpp"
#include "rondo/worker.hpp"

namespace rondo::testing {

/// A workflow of a test cannot go on, or its code fails again and again. what() says what it waits for or what it
/// threw.
class workflow_stuck : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <class Workflow>
class test_workflow;

/// A server, a worker and a clock for one test, all on the test's own thread. Time stands still except in advance() and
/// while the result of a workflow is awaited; then it moves from one timer to the next, so that days take milliseconds.
///
/// While an activity runs, no time is skipped. What activities do by themselves (asio timers, sockets) takes its real
/// time; their timeouts do not run meanwhile.
class workflow_environment {
 public:
  explicit workflow_environment(registry app, environment_options options = {})
      : options_(std::move(options)),
        server_(server_options(options_)),
        client_(server_.connect(options_of_client(options_))) {
    auto& work = options_.worker;
    work.task_queue = options_.task_queue;
    work.logger = options_.logger;
    work.deadlock_timeout = duration::zero();
    if (!options_.activity_threads) {
      // The last one, after those which may add activities.
      work.plugins.push_back(std::make_shared<simple_plugin>(
          "one thread", simple_plugin::client_function(),
          [](registry& all, worker_options&) { all = detail::without_threads(std::move(all)); }));
    }
    worker_.emplace(client_, std::move(app), work);
    asio::co_spawn(client_.executor(), worker_->async_run(), [this](std::exception_ptr error) { ended_ = error; });
  }
  workflow_environment(const workflow_environment&) = delete;
  workflow_environment& operator=(const workflow_environment&) = delete;
  /// What still runs is dropped.
  ~workflow_environment() = default;

  /// Starts a workflow class, or one that is a function; ids are made up ("test-1", ...) unless they are given. It does
  /// not run before the environment does something else.
  template <class Workflow, class... Arguments>
    requires rondo::detail::calls::workflow_class<Workflow>
  test_workflow<Workflow> start(const Arguments&... arguments) {
    return start_with<Workflow>(start_workflow_options{}, arguments...);
  }
  template <class Workflow, class... Arguments>
    requires rondo::detail::calls::workflow_class<Workflow>
  test_workflow<Workflow> start_with(start_workflow_options how, const Arguments&... arguments) {
    const std::string id = complete(how);
    return {*this, drive(client_.start_workflow<Workflow>(how, arguments...))};
  }
  template <auto Function, class... Arguments>
  auto start(const Arguments&... arguments) {
    return start_with<Function>(start_workflow_options{}, arguments...);
  }
  template <auto Function, class... Arguments>
  auto start_with(start_workflow_options how, const Arguments&... arguments) {
    const std::string id = complete(how);
    auto handle = drive(client_.start_workflow<Function>(how, arguments...));
    return test_workflow(*this, std::move(handle));
  }

  /// Starts a workflow by its name, such as a dynamic one.
  template <class Result = void, class... Arguments>
    requires(!rondo::detail::calls::workflow_class<Result>)
  auto start(std::string_view type, const Arguments&... arguments) {
    return start_with<Result>(type, start_workflow_options{}, arguments...);
  }
  template <class Result = void, class... Arguments>
    requires(!rondo::detail::calls::workflow_class<Result>)
  auto start_with(std::string_view type, start_workflow_options how, const Arguments&... arguments) {
    const std::string id = complete(how);
    auto handle = drive(client_.start_workflow<Result>(type, how, arguments...));
    return test_workflow(*this, std::move(handle));
  }

  /// Lets time pass, with all that happens meanwhile, and at its end. Throws workflow_stuck when a workflow's code
  /// fails again and again.
  void advance(duration time) {
    auto& clock = server_.service().clock();
    const auto way = std::make_shared<passage>();
    const unlocked passing(clock);
    const auto sleep = clock.sleep_until(server::later(clock.now(), time.count()), [&clock, way] {
      // What is due at the same time comes before the end, what is due later must wait.
      way->arrived = true;
      clock.lock_skipping();
      clock.when_idle([way] { way->over = true; });
    });
    const auto at_end = std::shared_ptr<void>(nullptr, [&clock, sleep, way](void*) {
      clock.cancel_sleep(sleep);
      if (way->arrived) clock.unlock_skipping();
    });
    drive_until(way->over, waiting{true, {}});
  }
  /// Lets everything happen that can happen at the present time.
  void settle() { advance(duration::zero()); }
  /// The time of the environment.
  std::chrono::sys_time<duration> now() {
    return std::chrono::sys_time<duration>(duration(server_.service().clock().now()));
  }

  /// For what the environment has no words for. Its calls can be driven with get(); time stands still meanwhile.
  rondo::client& client() noexcept { return client_; }
  dev_server& server() noexcept { return server_; }

  /// Drives a call to its end and returns its result; time stands still meanwhile.
  template <class Result>
  Result drive(rondo::call<Result> work) {
    return finish(begin(std::move(work)), waiting{});
  }
  /// The same, but time passes. Throws workflow_stuck when no time that could pass changes anything; `waits` names the
  /// workflow whose result is awaited.
  template <class Result>
  Result drive_in_time(rondo::call<Result> work, const std::string& waits) {
    const auto state = begin(std::move(work));
    const unlocked passing(server_.service().clock());
    return finish(state, waiting{true, waits});
  }

 private:
  /// Lets time be skipped as long as it lives.
  class unlocked {
   public:
    explicit unlocked(server::clock& which) : clock_(which) { clock_.unlock_skipping(); }
    unlocked(const unlocked&) = delete;
    unlocked& operator=(const unlocked&) = delete;
    ~unlocked() { clock_.lock_skipping(); }

   private:
    server::clock& clock_;
  };
  /// Of advance().
  struct passage {
    bool arrived = false;
    bool over = false;
  };
  /// How the environment waits for something.
  struct waiting {
    bool time_passes = false;
    /// Who is stuck when no time is left that could pass; empty: nobody.
    std::string who{};
  };
  template <class Result>
  struct outcome {
    std::optional<std::conditional_t<std::is_void_v<Result>, bool, Result>> value;
    std::exception_ptr error;
    bool over = false;
  };

  static server::options server_options(const environment_options& from) {
    auto made = from.server;
    made.time_skipping = true;
    made.start_time = from.start_time.time_since_epoch().count();
    made.seed = from.seed;
    made.log = from.logger;
    const auto& own = from.client.namespace_;
    if (std::find(made.namespaces.begin(), made.namespaces.end(), own) == made.namespaces.end()) {
      made.namespaces.push_back(own);
    }
    return made;
  }
  static client_options options_of_client(const environment_options& from) {
    auto made = from.client;
    if (made.identity.empty()) made.identity = "test";
    return made;
  }
  /// Returns the id, which must live as long as the options are used.
  std::string complete(start_workflow_options& how) {
    std::string id;
    if (how.task_queue.empty()) how.task_queue = options_.task_queue;
    if (how.id.empty()) {
      id = "test-" + std::to_string(++started_);
      how.id = id;
    }
    return id;
  }

  template <class Result>
  static asio::awaitable<void> collect(rondo::call<Result> work, std::shared_ptr<outcome<Result>> into) {
    if constexpr (std::is_void_v<Result>) {
      co_await std::move(work);
    } else {
      into->value.emplace(co_await std::move(work));
    }
  }
  template <class Result>
  std::shared_ptr<outcome<Result>> begin(rondo::call<Result> work) {
    auto state = std::make_shared<outcome<Result>>();
    asio::co_spawn(client_.executor(), collect<Result>(std::move(work), state), [state](std::exception_ptr error) {
      state->error = std::move(error);
      state->over = true;
    });
    return state;
  }
  template <class Result>
  Result finish(const std::shared_ptr<outcome<Result>>& state, const waiting& how) {
    drive_until(state->over, how);
    if (state->error) std::rethrow_exception(state->error);
    if constexpr (!std::is_void_v<Result>) return std::move(*state->value);
  }

  void drive_until(const bool& over, const waiting& how) {
    const auto problem = std::make_shared<std::string>();
    // Dropped together with this; the clock may still hold the function that looks at it.
    const auto watched = std::make_shared<bool>(true);
    if (how.time_passes) watch(problem, watched, how.who);
    server::wait_limit patience;
    patience.arm(server_.loop(), patience_ends(), [this, problem] {
      *problem = "nothing came of it within " + std::to_string(options_.patience.count()) +
                 " ms: an activity takes its time, or somebody else shall complete it";
    });
    server::wait_limit next_look;
    look_for_failures(next_look, problem, {});
    server_.loop().run_until([&] { return over || ended_ || !problem->empty(); });
    *watched = false;
    if (over) return;
    if (ended_ && *ended_) std::rethrow_exception(*ended_);
    if (ended_) throw std::logic_error("the worker of the environment has stopped");
    throw workflow_stuck(*problem + detail::describe_runs(server_.service().core()));
  }
  rondo::detail::io::time_point patience_ends() const {
    return rondo::detail::io::later(rondo::detail::io::steady_clock::now(), options_.patience);
  }
  /// A task that failed and is tried again holds the clock, and its worker keeps silent about it: so the environment
  /// looks at it now and then, in real time. Two looks that see the same make a problem.
  void look_for_failures(server::wait_limit& timer, const std::shared_ptr<std::string>& problem,
                         const std::string& before) {
    constexpr std::chrono::milliseconds interval{50};
    const auto when = rondo::detail::io::later(rondo::detail::io::steady_clock::now(), interval);
    timer.arm(server_.loop(), when, [this, &timer, problem, before] {
      const std::string now = detail::failing_task(server_.service().core());
      if (!now.empty() && now == before) *problem = now;
      look_for_failures(timer, problem, now);
    });
  }
  /// Looks, before time is skipped, whether that helps.
  void watch(const std::shared_ptr<std::string>& problem, const std::shared_ptr<bool>& watched,
             const std::string& who) {
    auto& service = server_.service();
    service.clock().when_idle([this, problem, watched, who, &service] {
      if (!*watched) return;
      *problem = detail::failing_task(service.core());
      if (problem->empty() && !who.empty() && !service.clock().has_next()) {
        *problem = who + " waits for something that does not come";
      }
      if (problem->empty()) watch(problem, watched, who);
    });
  }

  environment_options options_;
  dev_server server_;
  rondo::client client_;
  std::optional<rondo::worker> worker_;
  std::optional<std::exception_ptr> ended_;
  int started_ = 0;
};

/// A workflow in an environment, which outlives it. Arguments go to the calls by name: nothing here is awaited.
template <class Workflow>
class test_workflow {
 public:
  using result_type = typename workflow_handle<Workflow>::result_type;

  test_workflow(workflow_environment& in, workflow_handle<Workflow> of) : environment_(&in), handle_(std::move(of)) {}

  const std::string& id() const noexcept { return handle_.id(); }
  const std::string& run_id() const noexcept { return handle_.run_id(); }
  const workflow_handle<Workflow>& handle() const noexcept { return handle_; }

  /// Lets time pass until the workflow has ended. Throws workflow_failure when it failed, and workflow_stuck when it
  /// waits for something that does not come.
  result_type result() const { return environment_->drive_in_time(handle_.result(), "workflow '" + id() + "'"); }
  /// Asks for an update, and lets time pass until its handler has ended. Throws update_failure when it was rejected or
  /// failed, and workflow_stuck when it waits for something that does not come.
  template <auto Member, class... Arguments>
  auto execute_update(const Arguments&... arguments) const {
    return environment_->drive_in_time(handle_.template execute_update<Member>(arguments...), waiting_for_update());
  }
  template <class Result, class... Arguments>
  Result execute_update(std::string_view name, const Arguments&... arguments) const {
    return environment_->drive_in_time(handle_.template execute_update<Result>(name, arguments...),
                                       waiting_for_update());
  }
  /// Time stands still in all of these. They throw what the calls of a workflow_handle throw.
  template <auto Member, class... Arguments>
  void signal(const Arguments&... arguments) const {
    environment_->drive(handle_.template signal<Member>(arguments...));
  }
  template <class... Arguments>
  void signal(std::string_view name, const Arguments&... arguments) const {
    environment_->drive(handle_.signal(name, arguments...));
  }
  template <auto Member, class... Arguments>
  auto query(const Arguments&... arguments) const {
    return environment_->drive(handle_.template query<Member>(arguments...));
  }
  template <class Result, class... Arguments>
  Result query(std::string_view name, const Arguments&... arguments) const {
    return environment_->drive(handle_.template query<Result>(name, arguments...));
  }
  /// Asks for an update, and gives a handle once it has come as far as the options say. Its calls can be driven with
  /// the environment: `env.drive_in_time(update.result(), "the update")`.
  template <auto Member, class... Arguments>
  auto start_update(const update_options& options, const Arguments&... arguments) const {
    return environment_->drive(handle_.template start_update<Member>(options, arguments...));
  }
  template <class Result, class... Arguments>
  update_handle<Result> start_update(std::string_view name, const update_options& options,
                                     const Arguments&... arguments) const {
    return environment_->drive(handle_.template start_update<Result>(name, options, arguments...));
  }
  void cancel(std::string_view reason = {}) const { environment_->drive(handle_.cancel(reason)); }
  void terminate(std::string_view reason = {}) const { environment_->drive(handle_.terminate(reason)); }
  workflow_description describe() const { return environment_->drive(handle_.describe()); }
  workflow_history history() const { return environment_->drive(handle_.history()); }

 private:
  std::string waiting_for_update() const { return "an update of workflow '" + id() + "'"; }

  workflow_environment* environment_;
  workflow_handle<Workflow> handle_;
};

}  // namespace rondo::testing
