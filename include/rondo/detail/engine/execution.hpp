#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/random.hpp"
#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/engine/activity_machine.hpp"
#include "rondo/detail/engine/child_machine.hpp"
#include "rondo/detail/engine/end_machine.hpp"
#include "rondo/detail/engine/external_machine.hpp"
#include "rondo/detail/engine/flags.hpp"
#include "rondo/detail/engine/local_activities.hpp"
#include "rondo/detail/engine/logical_tasks.hpp"
#include "rondo/detail/engine/nexus_machine.hpp"
#include "rondo/detail/engine/note_machine.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/detail/engine/options_check.hpp"
#include "rondo/detail/engine/outgoing_calls.hpp"
#include "rondo/detail/engine/patches.hpp"
#include "rondo/detail/engine/run_info.hpp"
#include "rondo/detail/engine/seen_calls.hpp"
#include "rondo/detail/engine/side_effects.hpp"
#include "rondo/detail/engine/step.hpp"
#include "rondo/detail/engine/task_problem.hpp"
#include "rondo/detail/engine/timer_machine.hpp"
#include "rondo/detail/engine/updates.hpp"
#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/instance.hpp"

namespace rondo::detail::engine {

/// One run, brought to where its history says by applying logical tasks in order; what its code asks for meanwhile is
/// compared with the history, or collected for the completion of the open task.
///
///     history ──logical tasks──> execution ──results──> instance (workflow code)
///                                    │  ^                   │
///                                    │  └──── run::host ────┘   begins machines, asks for the time, ...
///                                    └── machines ──> commands, compared or sent
class execution final : public run::host {
 public:
  /// All of them must outlive the execution; `options` and `definition` are not copied.
  execution(const run::workflow_definition& definition, const run_options& options, std::string workflow_id,
            std::string run_id)
      : memory_(options.blocks),
        definition_(definition),
        options_(options),
        services_(&memory_),
        outgoing_(services_),
        activities_(&memory_),
        timers_(&memory_),
        signals_(&memory_),
        cancels_(&memory_),
        children_(&memory_),
        nexus_operations_(&memory_),
        notes_(&memory_),
        end_(services_) {
    info_.workflow_id = std::move(workflow_id);
    info_.run_id = std::move(run_id);
    info_.namespace_ = options.namespace_;
    services_.namespace_ = options.namespace_;
    services_.failures = options.failures.get();
  }
  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;
  virtual ~execution() = default;

  /// Applies the next task of the history. An open one runs live: its commands are made on `arena`. False: `problem()`
  /// says why the workflow task must fail; the execution is of no use then.
  bool apply(const logical_task& task, google::protobuf::Arena* arena, const task_options& options) {
    if (task.started == nullptr) return read_completion(*task.completed) && compare(task);
    if (task.completed != nullptr && !read_completion(*task.completed)) return false;
    replaying_ = task.completed != nullptr;
    services_.commands.begin(replaying_ ? nullptr : arena, options.eager_activities);
    if (updates_) updates_->begin(replaying_ ? nullptr : arena);
    const bool ahead = replaying_ ? task.records : options.messages != nullptr && !options.messages->empty();
    if ((ahead || task.roles.has(event_role::update)) && !look_ahead(task, options)) return false;
    if (!activate(task) || (replaying_ && task.records && !end_locals(task))) return false;
    return !replaying_ || compare(task);
  }
  /// The worker says how a local activity of the open task ended; the code goes on with that. False as for apply().
  bool end_local(const local_activity_end& how) {
    auto* waiting = find_local(how.number);
    if (waiting == nullptr || end_.ending()) return true;
    now_ = std::max(now_, task_time_ + how.after);
    waiting->end(how);
    return go_on();
  }

  /// Null: it has none.
  const failure_converter* failures() const noexcept { return services_.failures; }
  /// Null: it can go on.
  const task_problem* problem() const noexcept { return problem_.get(); }
  /// The run has ended, in the history or by a command of the open task.
  bool closing() const noexcept { return end_.ending(); }
  /// The history has the event that closes the run.
  bool closed() const noexcept { return end_.closed(); }
  command_list& commands() noexcept { return services_.commands; }
  flag_record& flags() noexcept { return flags_; }
  /// Null: it never had any.
  class updates* updates() noexcept { return updates_.get(); }
  local_activities* locals() noexcept { return locals_.get(); }
  /// Null when nobody waits for it any more.
  local_activity_machine* find_local(std::uint64_t number) const { return locals_ ? locals_->find(number) : nullptr; }
  /// The code waits for local activities, which the worker runs while the task is open.
  bool needs_worker() const noexcept { return locals_ && locals_->outstanding() && !end_.ending(); }
  /// Null before the run has begun.
  const run::instance* instance() const noexcept { return instance_ ? &*instance_ : nullptr; }

  /// Answers a query of the workflow. Throws what its handler throws.
  void answer(const temporal::api::query::v1::WorkflowQuery& query, Payloads& to) {
    const answering_section answering(*this);
    message_sink sink(to);
    if (!instance_) throw std::logic_error("the workflow has not begun yet");
    instance_->answer_query(query.query_type(), services_.views.of(query.query_args()), sink,
                            headers_of(query.header()));
  }
  /// Calls `function` with what the code waits for, as text, and with the coroutine that awaits it, if one does: what
  /// the history knows of first, then conditions.
  template <class Function>
  void for_each_wait(Function function) const {
    services_.by_event.for_each([&](const machine& each) { function(each.description(), each.awaited_by()); });
    services_.commands.for_each_open([&](const command_list::entry& each) {
      if (begins_something(each.type)) function(each.by->description(), each.by->awaited_by());
    });
    if (locals_) {
      locals_->for_each([&](const local_activity_machine& each) { function(each.description(), each.awaited_by()); });
    }
    if (instance_) {
      instance_->for_each_condition([&](const run::coroutine_node& by) { function(std::string("a condition"), &by); });
    }
  }
  const run::workflow_definition& definition() const noexcept { return definition_; }
  /// What the coroutines, the objects of the code and the state of the engine lie in.
  const run_arena& memory() const noexcept { return memory_; }

  // run::host
  run::pending& schedule_activity(const run::activity_call& call, run::completion& waiter) override {
    if (outgoing_.interceptors() != nullptr) [[unlikely]]
      return schedule_seen(call, waiter);
    if (!outgoing_.propagates()) return begin_activity(call, waiter);
    const auto out = outgoing_.prepare(call.input, call.options.headers);
    return begin_activity({call.activity_type, call.options, out.input, out.headers}, waiter);
  }
  run::pending& schedule_local_activity(const run::local_activity_call& call, run::completion& waiter) override {
    if (outgoing_.interceptors() != nullptr) [[unlikely]]
      return schedule_seen(call, waiter);
    const auto out = outgoing_.prepare(call.input, call.options.headers);
    return begin_local_activity({call.activity_type, call.options, out.input, out.headers}, waiter);
  }
  run::pending& start_timer(duration delay, std::string_view summary, run::completion& waiter) override {
    if (delay <= duration::zero()) throw std::invalid_argument("a timer needs a positive delay");
    const auto* seen_by = outgoing_.interceptors();
    // Those that machines start belong to what interceptors have seen.
    if (seen_by != nullptr && services_.groups_of_asker == nullptr) {
      return start_seen_timer(*seen_by, delay, summary, waiter);
    }
    return begin_timer(delay, summary, waiter);
  }
  run::child_identity start_child(const run::child_workflow_call& call, run::completion* started,
                                  run::completion& closed) override {
    if (outgoing_.interceptors() != nullptr) [[unlikely]]
      return start_seen(call, started, closed);
    const auto out = outgoing_.prepare(call.input, call.options.headers);
    return begin_child({call.workflow_type, call.options, out.input, out.headers}, started, closed);
  }
  std::string next_child_id() const override {
    return (child_ids_.empty() ? info_.run_id : child_ids_) + "_" + std::to_string(last_child_ + 1);
  }
  void start_nexus_operation(const run::nexus_call& call, run::completion* started, run::completion& closed) override {
    outgoing_.interceptors() != nullptr ? start_seen(call, started, closed) : begin_nexus(call, started, closed);
  }
  run::pending& signal_workflow(const run::signal_call& call, run::completion& waiter) override {
    if (outgoing_.interceptors() != nullptr) [[unlikely]]
      return signal_seen(call, waiter);
    const auto out = outgoing_.prepare(call.input, {});
    return begin_signal({call.to, call.name, out.input, out.headers}, waiter);
  }
  std::string signal_with_start(const run::signal_with_start_call& call, run::completion& closed) override;
  run::pending& cancel_workflow(const run::other_workflow& which, std::string_view reason,
                                run::completion& waiter) override {
    std::string changed;
    if (const auto* seen_by = outgoing_.interceptors()) {
      changed = reason;
      seen_by->cancel_workflow({which.namespace_, which.workflow_id, which.run_id, changed});
      reason = changed;
    }
    auto& made = cancels_.acquire(services_, cancels_);
    made.begin(which, reason, waiter);
    return made;
  }
  int version(std::string_view change, int oldest, int newest) override {
    return part(patches_, services_, notes_).version(change, replaying_, [&] {
      return new_version(change, oldest, newest);
    });
  }
  payload_span side_effect(run::encoder make, std::string_view summary) override {
    return seen_effect({}, part(effects_, services_, notes_).once(make, summary));
  }
  payload_span mutable_side_effect(std::string_view id, run::changing_value& value, std::string_view summary) override {
    return seen_effect(id, part(effects_, services_, notes_).latest(id, value, summary));
  }
  void upsert_search_attributes(const payload_map& changes) override;
  void upsert_memo(const payload_map& changes) override;
  bool patched(std::string_view id, bool deprecated) override {
    return part(patches_, services_, notes_).patched(id, deprecated, replaying_, [&] { return activates(id); });
  }
  void accept_update(std::string_view id) override {
    now_ = std::max(now_, task_time_);
    accepted_update_ = true;
    the_updates().accept(id);
  }
  void reject_update(std::string_view id, const std::exception_ptr& why) override { the_updates().reject(id, why); }
  void complete_update(std::string_view id, run::encoder result) override {
    if (outgoing_.interceptors() != nullptr) [[unlikely]]
      return complete_seen_update(id, result);
    the_updates().complete(id, result);
  }
  void fail_update(std::string_view id, const std::exception_ptr& error) override { the_updates().fail(id, error); }
  bool ending() const override { return end_.ending(); }
  void complete(run::encoder result) override {
    outgoing_.interceptors() != nullptr ? complete_seen(result) : end_.complete(result);
  }
  void fail(const std::exception_ptr& error) override { end_.fail(error); }
  void cancelled() override { end_.cancelled(); }
  void continue_as_new(const run::continue_as_new_call& call) override;
  void check_next_run(std::string_view type, const continue_as_new_options& options) const override {
    check(options, type.empty() ? std::string_view(info_.workflow_type) : type);
  }
  bool fails_workflows(const std::exception_ptr& error) const override {
    return options_.failure_exceptions.contains(error);
  }
  void fail_task(std::exception_ptr error) noexcept override {
    if (!code_error_) code_error_ = std::move(error);
  }
  const workflow_info& info() const override { return info_; }
  workflow_time now() const override { return now_; }
  std::uint64_t random_seed() const override { return seed_; }
  bool is_replaying() const override { return replaying_ || answering_; }
  const rondo::logger& logger() const override {
    if (!logger_) {
      logger_ = std::make_unique<rondo::logger>(options_.logger == nullptr
                                                    ? rondo::logger::silent()
                                                    : options_.logger->with({{"workflow_id", info_.workflow_id},
                                                                             {"run_id", info_.run_id},
                                                                             {"workflow_type", info_.workflow_type},
                                                                             {"task_queue", info_.task_queue},
                                                                             {"namespace", info_.namespace_},
                                                                             {"attempt", info_.attempt}}));
    }
    return *logger_;
  }
  bool use_flag(std::uint32_t number) override { return flags_.use(number, replaying_, options_.server_keeps_flags); }

 private:
  class answering_section {
   public:
    explicit answering_section(execution& of) noexcept : of_(of) { of_.answering_ = true; }
    answering_section(const answering_section&) = delete;
    answering_section& operator=(const answering_section&) = delete;
    ~answering_section() { of_.answering_ = false; }

   private:
    execution& of_;
  };

  template <class Type, class... Arguments>
  Type& part(arena_ptr<Type>& place, Arguments&... arguments) {
    if (!place) place = make_in<Type>(&memory_, arguments...);
    return *place;
  }
  run::pending& begin_timer(duration delay, std::string_view summary, run::completion& waiter) {
    auto& made = timers_.acquire(services_, timers_);
    made.begin(++last_timer_, delay, summary, waiter);
    return made;
  }
  run::pending& begin_activity(const run::activity_call& call, run::completion& waiter) {
    check(call.options, call.activity_type);
    check_id(call.options.activity_id, call.activity_type);
    auto& made = activities_.acquire(services_, activities_);
    made.begin(++last_activity_, call, waiter);
    return made;
  }
  /// Numbers alone cannot clash, so nothing is looked for before the code gives the first id itself.
  void check_id(std::string_view given, std::string_view type) {
    if (!given.empty()) names_activities_ = true;
    if (names_activities_) require_free_id(given, type);
  }
  /// Throws std::invalid_argument when an open activity has the id that one of this type would get.
  void require_free_id(std::string_view given, std::string_view type);
  run::pending& begin_local_activity(const run::local_activity_call& call, run::completion& waiter) {
    check(call.options, call.activity_type);
    run::host& self = *this;
    return part(locals_, services_, notes_, self).schedule(call, waiter);
  }
  run::child_identity begin_child(const run::child_workflow_call& call, run::completion* started,
                                  run::completion& closed) {
    check(call.options, call.workflow_type);
    auto& made = children_.acquire(services_, children_, cancels_);
    // It counts only then, since its input may ask for the id.
    made.begin(next_child_id(), call, started, closed);
    ++last_child_;
    return made.identity();
  }
  void begin_nexus(const run::nexus_call& call, run::completion* started, run::completion& closed) {
    check(call);
    nexus_operations_.acquire(services_, nexus_operations_).begin(call, started, closed);
  }
  run::pending& begin_signal(const run::signal_call& call, run::completion& waiter) {
    auto& made = signals_.acquire(services_, signals_);
    made.begin(call, waiter);
    return made;
  }
  void begin_signal_with_start(const run::signal_with_start_call& call, const outgoing_calls::outgoing& out,
                               run::completion& closed);

  // What interceptors see: see impl/seen_calls.hpp.
  run::pending& schedule_seen(const run::activity_call& call, run::completion& waiter);
  run::pending& schedule_seen(const run::local_activity_call& call, run::completion& waiter);
  run::child_identity start_seen(const run::child_workflow_call& call, run::completion* started,
                                 run::completion& closed);
  void start_seen(const run::nexus_call& call, run::completion* started, run::completion& closed);
  run::pending& signal_seen(const run::signal_call& call, run::completion& waiter);
  std::string signal_seen(const run::signal_with_start_call& call, run::completion& closed);
  run::pending& start_seen_timer(const run::interception& seen_by, duration delay, std::string_view summary,
                                 run::completion& waiter);
  void complete_seen(const run::encoder& result);
  void complete_seen_update(std::string_view id, const run::encoder& result);
  /// `values` as the interceptors leave them. Valid until the next call.
  payload_span seen_effect(std::string_view id, payload_span values);
  /// Who stands between a call and the code that waits for it.
  seen_calls::one& watch(const workflow_call& call, run::completion& waiter) {
    if (!seen_calls_) seen_calls_ = std::make_unique<seen_calls>(*outgoing_.interceptors(), *instance_);
    return seen_calls_->add(call, waiter);
  }
  class updates& the_updates() {
    if (!updates_) part(updates_, services_).begin(services_.commands.arena());
    return *updates_;
  }
  /// What the task asks for, in order.
  std::span<const update_request> update_requests() const noexcept {
    return updates_ ? std::span<const update_request>(updates_->requests()) : std::span<const update_request>();
  }

  /// What the worker says of changes that the history does not know.
  bool activates(std::string_view id);
  int new_version(std::string_view change, int oldest, int newest);

  [[gnu::cold]] bool fail_with(task_problem problem) {
    problem_ = std::make_unique<task_problem>(std::move(problem));
    return false;
  }
  bool read_completion(const HistoryEvent& completed);
  /// What must be known before the code runs: what it recorded in this task, and what it is asked for.
  bool look_ahead(const logical_task& task, const task_options& options);
  /// Hands the events of a task to the code and lets it run.
  bool activate(const logical_task& task);
  bool begin_run(const HistoryEvent& start);
  bool deliver(const logical_task& task);
  /// The start of the run, signals and updates, and what is not expected.
  bool deliver_messages(const logical_task& task);
  void deliver_signal(const HistoryEvent& event);
  void deliver_update(const update_request& what);
  /// Nobody looks at them without interceptors.
  payload_map headers_of(const temporal::api::common::v1::Header& from) const;
  bool deliver_answer(const HistoryEvent& event);
  bool ignore(const HistoryEvent& event);
  void run_code();
  /// Lets updates be validated, and the code run on when one was accepted. False as for go_on().
  bool try_updates();
  /// Lets the code run on. False: it, or what it gave, makes the task fail.
  bool go_on();
  /// On replay: the local activities that ended in this task, one after another, as they did then.
  bool end_locals(const logical_task& task);
  /// False when the code threw, or gave what cannot be encoded.
  bool check_code();
  /// Compares what the code asked for with what the history says that it asked for.
  bool compare(const logical_task& task);
  bool compare(const HistoryEvent& event, bool& after_patch);
  void recycle() {
    for (machine* each : services_.finished) each->recycle();
    services_.finished.clear();
    if (updates_) updates_->recycle();
  }

  // First: all that follows may lie in it.
  run_arena memory_;
  const run::workflow_definition& definition_;
  const run_options& options_;
  workflow_info info_;
  /// What the code takes for the present, and when the task started.
  workflow_time now_{}, task_time_{};
  std::uint64_t seed_ = 0;
  bool replaying_ = true, answering_ = false, names_activities_ = false, accepted_update_ = false,
       is_own_version_ = false;
  mutable std::unique_ptr<rondo::logger> logger_;
  flag_record flags_;
  std::unique_ptr<task_problem> problem_;
  std::exception_ptr code_error_;

  machine_services services_;
  outgoing_calls outgoing_;
  std::uint64_t last_activity_ = 0, last_timer_ = 0, last_child_ = 0;
  /// What the ids of children begin with: the run in which this code runs for the first time. Empty: this one.
  std::string child_ids_;
  object_pool<activity_machine> activities_;
  object_pool<timer_machine> timers_;
  object_pool<signal_machine> signals_;
  object_pool<cancel_machine> cancels_;
  object_pool<child_machine> children_;
  object_pool<nexus_machine> nexus_operations_;
  note_machine::pool notes_;
  // Most runs have none of these: each is made when it is needed first.
  arena_ptr<side_effects> effects_;
  arena_ptr<patches> patches_;
  arena_ptr<class updates> updates_;
  arena_ptr<local_activities> locals_;
  end_machine end_;
  // Behind the machines, of which it lets go when it is destroyed. Null: no call was seen.
  std::unique_ptr<seen_calls> seen_calls_;
  // Last: operations in its coroutines let go of their machines when it is destroyed.
  std::optional<run::instance> instance_;
};

}  // namespace rondo::detail::engine

#ifndef RONDO_COMPILED
#include "rondo/detail/engine/impl/execution.hpp"
#include "rondo/detail/engine/impl/seen_calls.hpp"
#endif
