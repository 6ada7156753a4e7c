#pragma once
#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/run/continue_as_new_request.hpp"
#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/interception.hpp"
#include "rondo/detail/run/run_context.hpp"
#include "rondo/detail/run/running_handler.hpp"
#include "rondo/failure.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

/// One run of a workflow in memory: its object, its coroutines, its scheduler. The engine tells it what happened and
/// then lets it run; what the code wants reaches the engine through `host`.
///
///   instance ──owns──> workflow object (the user's class)
///      │ └─owns──> main coroutine ──owns──> child tasks ──own──> operations ──<──> pending (in the engine)
///      └─owns──> running handlers, each with its coroutine; root scope ──<── scopes and operations join in order
class instance final : public run_context {
 public:
  /// Creates the workflow object; start() is next. `definition` and `to` must outlive the instance; `memory` may be
  /// null (heap).
  instance(const workflow_definition& definition, host& to, run_arena* memory)
      : run_context(definition, to, memory), definition_(definition), running_handlers_(memory) {}

  /// What sees the run; before create().
  void intercept(interception all) { interception_ = std::move(all); }
  const interception& interceptors() const noexcept { return interception_; }

  /// Makes the workflow object. Throws when its constructor cannot read the arguments, or throws itself.
  void create(payload_span arguments) {
    const activation running(*this);
    const read_only_section no_commands(*this, access::own_values);
    start_arguments_ = interception_.inbound(workflow_message_kind::start, engine().info().workflow_type, {}, arguments,
                                             engine().info().headers, changed_start_);
    object_ = definition_.create(start_arguments_);
  }
  ~instance() {
    // What is destroyed here, and in which order, is fixed: main first, then handlers as they came, then the object.
    tear_down();
    const activation running(*this);
    main_.reset();
    running_handlers_.clear();
    object_.reset();
  }

  /// Reads the arguments, those of create(), and puts the main coroutine into the queue, behind the handlers of signals
  /// that came before. Throws when the arguments cannot be read: the workflow task must fail then.
  void start(payload_span arguments) {
    const activation running(*this);
    if (!interception_.empty()) arguments = start_arguments_;
    auto body = interception_.around(workflow_message_kind::start, engine().info().workflow_type, {},
                                     engine().info().headers, object_->run(arguments, engine()));
    main_.emplace(guard(std::move(body)));
    main_->schedule(*this, root());
    changed_start_ = {};
  }
  /// Puts the handler of a signal into the queue. False: the workflow has no such handler; the signal is kept until it
  /// sets one. Throws when the arguments cannot be read. `headers` are for interceptors; `event` is the one it came
  /// with.
  bool deliver_signal(std::string_view name, payload_span arguments, const payload_map& headers = {},
                      std::int64_t event = 0) {
    const activation running(*this);
    if (begin_signal(name, arguments, headers, event)) return true;
    auto& kept = kept_signals_.emplace_back();
    kept.name = name;
    kept.headers = headers;
    kept.event = event;
    for (const auto& each : arguments) kept.arguments.push_back(each.copy());
    return false;
  }
  /// Puts an update into the queue. Its arguments must stay where they are until the next run() is over. `validate` is
  /// false on replay: it was accepted.
  void deliver_update(update_info about, payload_span arguments, bool validate, payload_map headers = {}) {
    const activation running(*this);
    auto& handler = running_handlers_.emplace_back(engine(), root(), std::move(about));
    handler.begin(run_update(handler, {arguments.begin(), arguments.end()}, validate, std::move(headers)), *this);
  }
  /// Cancels the root scope, once.
  void cancel(const std::string& reason) {
    const activation running(*this);
    root().cancel(reason);
  }
  /// Lets the code run until everything waits, then drops handlers that are done.
  void run() {
    run_until_blocked();
    drop_done_handlers();
  }
  /// The same for what is in the queue; conditions are not looked at.
  void run_queued() {
    run_queue();
    drop_done_handlers();
  }
  void drop_done_handlers() {
    if (running_handlers_.empty()) return;
    running_handlers_.remove_if([](const running_handler& handler) { return handler.done(); });
  }
  /// Answers a query at once, without changing the run. Throws what the handler throws, and std::invalid_argument for a
  /// query that the workflow does not have.
  void answer_query(std::string_view name, payload_span arguments, payload_sink& answer,
                    const payload_map& headers = {}) {
    const activation running(*this);
    const read_only_section reading(*this);
    if (interception_.empty()) return handlers().query(*object_, name, arguments, answer);
    kept_payloads changed;
    payload_collector given;
    handlers().query(*object_, name,
                     interception_.inbound(workflow_message_kind::query, name, {}, arguments, headers, changed), given);
    payload_list value = given.take();
    workflow_result seen{.kind = workflow_message_kind::query, .name = name, .value = value};
    interception_.result(seen);
    for (const auto& each : value) encode_payload(answer, each);
  }

  bool main_started() const noexcept { return main_.has_value(); }
  /// Handlers whose loss at the end of the workflow somebody should know of.
  bool unfinished_handlers() const noexcept {
    return std::any_of(running_handlers_.begin(), running_handlers_.end(),
                       [](const running_handler& each) { return !each.done() && !each.may_be_abandoned(); });
  }
  /// Signals that came and that no handler has taken.
  std::size_t kept_signals() const noexcept { return kept_signals_.size(); }

  void deliver_kept_signals() override {
    std::list<kept_signal> kept;
    kept.swap(kept_signals_);
    for (auto& each : kept) {
      const std::vector<payload_view> arguments(each.arguments.begin(), each.arguments.end());
      try {
        if (!begin_signal(each.name, arguments, each.headers, each.event)) kept_signals_.push_back(std::move(each));
      } catch (const std::exception& error) {
        if (!engine().is_replaying()) {
          engine().logger().error("dropped a signal whose arguments cannot be read",
                                  {{"signal", each.name}, {"error", std::string_view(error.what())}});
        }
      }
    }
  }
  bool handlers_running() const noexcept override {
    return std::any_of(running_handlers_.begin(), running_handlers_.end(),
                       [](const running_handler& each) { return !each.done(); });
  }

 private:
  struct kept_signal {
    std::string name{};
    payload_list arguments{};
    payload_map headers{};
    std::int64_t event = 0;
  };
  /// Puts a coroutine behind what is ready already.
  class next_turn {
   public:
    using result_type = void;
    using rondo_workflow_awaitable = void;
    class turn_awaiter {
     public:
      explicit turn_awaiter(coroutine_node& caller) noexcept : caller_(&caller) {}
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> /*caller*/) const noexcept { current->post(*caller_); }
      void await_resume() const noexcept {}

     private:
      coroutine_node* caller_;
    };
    turn_awaiter awaiter(coroutine_node& caller) const noexcept { return turn_awaiter(caller); }
  };

  bool begin_signal(std::string_view name, payload_span arguments, const payload_map& headers, std::int64_t event) {
    const auto* found = handlers().find_signal(name);
    if (found == nullptr) return false;
    kept_payloads changed;
    const auto given = interception_.inbound(workflow_message_kind::signal, name, {}, arguments, headers, changed);
    auto body = guard(interception_.around(workflow_message_kind::signal, name, {}, headers,
                                           handlers().signal(*object_, name, given)));
    running_handlers_.emplace_back(engine(), root(), found->may_be_abandoned, event).begin(std::move(body), *this);
    return true;
  }

  /// Validation, acceptance and the handler itself. It runs in its place in the queue, so the validator sees what those
  /// before it have done.
  task<void> run_update(running_handler& self, std::vector<payload_view> arguments, bool validate,
                        payload_map headers) {
    // The first lines of run() may set the handler.
    if (handlers().find_update(self.about().name) == nullptr) co_await next_turn();
    std::exception_ptr refused;
    std::optional<task<void>> body;
    try {
      if (engine().ending()) throw application_failure("the workflow is ending", {.type = "WorkflowEnding"});
      const read_only_section reading(*this);
      kept_payloads changed;
      const auto& about = self.about();
      const auto given =
          interception_.inbound(workflow_message_kind::update, about.name, about.id, arguments, headers, changed);
      body.emplace(interception_.around(workflow_message_kind::update, about.name, about.id, headers,
                                        handlers().update(*object_, about.name, given, validate, self)));
    } catch (...) {
      refused = std::current_exception();
    }
    if (refused) {
      engine().reject_update(self.about().id, refused);
      co_return;
    }
    if (handlers().find_update(self.about().name)->may_be_abandoned) self.allow_abandonment();
    engine().accept_update(self.about().id);
    std::exception_ptr error;
    try {
      co_await std::move(*body);
    } catch (const continue_as_new_request&) {
      error = std::make_exception_ptr(application_failure(
          "an update handler cannot continue its workflow as new: let run() do that", {.type = "InvalidUpdate"}));
    } catch (...) {
      error = std::current_exception();
    }
    if (error) fail_update(self, error);
  }
  void fail_update(const running_handler& of, const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const failure&) {
      engine().fail_update(of.about().id, error);
    } catch (...) {
      is_failure(error) ? engine().fail_update(of.about().id, error) : engine().fail_task(error);
    }
  }

  task<void> guard(task<void> body) {
    std::exception_ptr error;
    try {
      co_await std::move(body);
    } catch (const continue_as_new_request& request) {
      error = send(request);
    } catch (...) {
      error = std::current_exception();
    }
    if (error) fail_with(error);
  }
  /// What the engine, or an interceptor that sees it, throws at the request; null: it is on its way.
  std::exception_ptr send(const continue_as_new_request& request) {
    try {
      request.send(engine());
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }
  void fail_with(const std::exception_ptr& error) {
    if (root().cancelled() && is_cancellation(error)) return engine().cancelled();
    try {
      std::rethrow_exception(error);
    } catch (const failure&) {
      engine().fail(error);
    } catch (...) {
      is_failure(error) ? engine().fail(error) : engine().fail_task(error);
    }
  }
  /// True for exceptions of other types that count as failures.
  bool is_failure(const std::exception_ptr& error) {
    return definition_.fails(engine().info().workflow_type, error) || engine().fails_workflows(error);
  }

  const workflow_definition& definition_;
  interception interception_;
  /// The arguments of the start when interceptors have seen them, until it is over.
  kept_payloads changed_start_;
  payload_span start_arguments_;
  std::unique_ptr<workflow_object> object_;
  std::optional<task<void>> main_;
  std::list<running_handler, arena_allocator<running_handler>> running_handlers_;
  std::list<kept_signal> kept_signals_;
};

}  // namespace rondo::detail::run
