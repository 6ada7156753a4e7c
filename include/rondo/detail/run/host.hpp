#pragma once
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "rondo/log.hpp"
#include "rondo/nexus_info.hpp"
#include "rondo/options.hpp"
#include "rondo/payload.hpp"
#include "rondo/workflow/info.hpp"

// The seam between workflow code and the engine: awaits become calls of a host, events become completions. Both sides
// know only what stands here.
namespace rondo::detail::run {

/// Writes arguments into a sink when asked. The engine asks only when the command is really sent, not on replay.
class encoder {
 public:
  using function = void (*)(const void* values, payload_sink& sink);
  encoder() = default;
  encoder(const void* values, function write) : values_(values), write_(write) {}
  void operator()(payload_sink& sink) const {
    if (write_ != nullptr) write_(values_, sink);
  }

 private:
  const void* values_ = nullptr;
  function write_ = nullptr;
};

/// How an operation ended: with values, or with the failure that its awaiter throws. The values lie in the event and
/// are valid only during the call.
struct outcome {
  payload_span values{};
  std::exception_ptr error{};
  /// What the server calls something that has only begun: the run of a child.
  std::string_view id{};
};

class completion;
class coroutine_node;

/// Something the engine has begun for an operation. Lives in the engine until the operation is over.
class pending {
 public:
  /// Asks for cancellation; resolves the operation now or later, as its cancellation type says.
  virtual void cancel() = 0;
  /// The coroutine that awaits it; null when none does.
  virtual const coroutine_node* awaited_by() const noexcept;

 protected:
  ~pending() = default;
  void bind(completion& waiter) noexcept;
  /// Resolves and lets go of the waiter; does nothing when nobody waits any more.
  void resolve(const outcome& result);
  bool has_waiter() const noexcept { return waiter_ != nullptr; }

 private:
  friend class completion;
  completion* waiter_ = nullptr;
};

/// The side of an operation that waits. Its destruction ends the wait.
class completion {
 public:
  completion() = default;
  completion(const completion&) = delete;
  completion& operator=(const completion&) = delete;

 protected:
  virtual ~completion() { let_go(); }
  virtual void resolve(const outcome& result) = 0;
  virtual const coroutine_node* waiting_code() const noexcept { return nullptr; }
  pending* source() const noexcept { return source_; }
  void let_go() noexcept {
    if (source_ != nullptr) source_->waiter_ = nullptr;
    source_ = nullptr;
  }

 private:
  friend class pending;
  pending* source_ = nullptr;
};

inline const coroutine_node* pending::awaited_by() const noexcept {
  return waiter_ == nullptr ? nullptr : waiter_->waiting_code();
}
inline void pending::bind(completion& waiter) noexcept {
  waiter_ = &waiter;
  waiter.source_ = this;
}
inline void pending::resolve(const outcome& result) {
  auto* waiter = waiter_;
  if (waiter == nullptr) return;
  waiter->let_go();
  waiter->resolve(result);
}

// Calls for which `headers` is null have those of their options.

/// What a workflow asks for when it awaits an activity.
struct activity_call {
  std::string_view activity_type;
  const activity_options& options;
  encoder input;
  const payload_map* headers = nullptr;
};

/// What a workflow asks for when it awaits a local activity.
struct local_activity_call {
  std::string_view activity_type;
  const local_activity_options& options;
  encoder input;
  const payload_map* headers = nullptr;
};

/// What a workflow asks for when it starts a child.
struct child_workflow_call {
  std::string_view workflow_type;
  const child_workflow_options& options;
  encoder input;
  const payload_map* headers = nullptr;
};

/// Who a child is: not always as its options say, for they may leave its id open, and interceptors may change them.
struct child_identity {
  std::string_view workflow_id{}, namespace_{};  // namespace empty: its parent's
};

/// What a workflow asks for when it starts a Nexus operation.
struct nexus_call {
  std::string_view endpoint, service, operation;
  const nexus_operation_options& options;
  /// At most one value.
  encoder input;
  /// Null: those of the options.
  const nexus_header_map* headers = nullptr;
};

/// Another workflow, which this one signals or cancels.
struct other_workflow {
  std::string_view namespace_{}, workflow_id{}, run_id{};  // namespace empty: its own; run empty: the present one
  /// Only if it is a child of this one.
  bool child_only = false;
};
struct signal_call {
  other_workflow to;
  std::string_view name;
  encoder input;
  const payload_map* headers = nullptr;
};

/// A signal to another workflow, which is started if it does not run.
struct signal_with_start_call {
  std::string_view workflow_type;
  const signal_with_start_options& options;
  encoder input;
  std::string_view signal;
  encoder signal_input;
};

/// What a workflow ends its run with in order to go on in a new one.
struct continue_as_new_call {
  std::string_view workflow_type;  // empty: as in this run
  const continue_as_new_options& options;
  const payload_list& input;
  const payload_map* headers = nullptr;
};

/// A value that workflow code makes anew from time to time.
class changing_value {
 public:
  /// Writes the new value; false when it is the same as before. `before` is empty the first time: then it is new.
  virtual bool make(payload_span before, payload_sink& to) = 0;

 protected:
  ~changing_value() = default;
};

/// What the engine does for a run. Calls come only while the instance runs.
class host {
 public:
  /// Resolves with the activity's result. Throws std::invalid_argument when the options cannot be carried out.
  virtual pending& schedule_activity(const activity_call& call, completion& waiter) = 0;
  /// The same for an activity that the worker of the workflow runs.
  virtual pending& schedule_local_activity(const local_activity_call& call, completion& waiter) = 0;
  /// `delay` is positive. Resolves with no values.
  virtual pending& start_timer(duration delay, std::string_view summary, completion& waiter) = 0;
  /// `started` (may be null) resolves with the id of the child's run, `closed` with its result; cancelling either
  /// cancels the child. Returns who the child is, valid while it is not closed. Throws std::invalid_argument when the
  /// options cannot be carried out.
  virtual child_identity start_child(const child_workflow_call& call, completion* started, completion& closed) = 0;
  /// `started` (may be null) resolves with the token of the operation, which is empty if it ended at once, `closed`
  /// with its result; cancelling either cancels the operation. Throws std::invalid_argument when the options cannot be
  /// carried out.
  virtual void start_nexus_operation(const nexus_call& call, completion* started, completion& closed) = 0;
  /// Resolves with no values when the signal is delivered. Cancelling it takes it back if it was not sent yet.
  virtual pending& signal_workflow(const signal_call& call, completion& waiter) = 0;
  /// Resolves with the answer of the server, a message. Returns the id of the workflow. Throws std::invalid_argument
  /// when the options cannot be carried out.
  virtual std::string signal_with_start(const signal_with_start_call& call, completion& closed) = 0;
  /// Resolves with no values when the other workflow has been told.
  virtual pending& cancel_workflow(const other_workflow& which, std::string_view reason, completion& waiter) = 0;
  /// True when this run goes the patched way; the answer never changes within a run.
  virtual bool patched(std::string_view id, bool deprecated) = 0;

  /// The version of a change that this run takes: `newest`, or what the worker prefers, in a run that gets there for
  /// the first time, -1 in one that passed before there were versions; the same within a run.
  virtual int version(std::string_view change, int oldest, int newest) = 0;
  /// What `make` writes, of which the history keeps what it was. Valid until the next call.
  virtual payload_span side_effect(encoder make, std::string_view summary) = 0;
  /// The same for a value that may change; it is recorded when it does.
  virtual payload_span mutable_side_effect(std::string_view id, changing_value& value, std::string_view summary) = 0;
  virtual void upsert_search_attributes(const payload_map& changes) = 0;
  virtual void upsert_memo(const payload_map& changes) = 0;

  /// What becomes of an update: rejected as if it had never come, or accepted and later completed or failed.
  virtual void accept_update(std::string_view id) = 0;
  virtual void reject_update(std::string_view id, const std::exception_ptr& why) = 0;
  virtual void complete_update(std::string_view id, encoder result) = 0;
  virtual void fail_update(std::string_view id, const std::exception_ptr& error) = 0;

  /// The run's end was asked for.
  virtual bool ending() const = 0;
  /// The run's end. At most one of these takes effect, the first; commands that follow are sent before it.
  virtual void complete(encoder result) = 0;
  virtual void fail(const std::exception_ptr& error) = 0;
  virtual void cancelled() = 0;
  virtual void continue_as_new(const continue_as_new_call& call) = 0;
  /// Throws std::invalid_argument when the options of a next run cannot be carried out. `type` empty: as in this run.
  virtual void check_next_run(std::string_view /*type*/, const continue_as_new_options& /*options*/) const {}
  /// The worker's options say that this exception, which is no failure, ends workflows as failed.
  virtual bool fails_workflows(const std::exception_ptr& /*error*/) const { return false; }
  /// The workflow task fails (not the workflow): the server repeats it. The first error is kept.
  virtual void fail_task(std::exception_ptr error) noexcept = 0;

  virtual const workflow_info& info() const = 0;
  /// The workflow id of the child that is started next, if its options give none.
  virtual std::string next_child_id() const = 0;
  virtual workflow_time now() const = 0;
  /// Seed of the run's random numbers; a reset of the workflow changes it from the reset point on.
  virtual std::uint64_t random_seed() const = 0;
  /// True while the code runs again over what is already in the history (and during queries).
  virtual bool is_replaying() const = 0;
  /// Logger with the fields of the run; the caller silences it while replaying.
  virtual const rondo::logger& logger() const = 0;
  /// Decides, and records, whether this run behaves as `flag` says; see engine/flags.
  virtual bool use_flag(std::uint32_t flag) = 0;

 protected:
  ~host() = default;
};

}  // namespace rondo::detail::run
