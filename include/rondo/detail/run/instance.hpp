#pragma once
#include <algorithm>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/base/frame_pool.hpp"
#include "rondo/detail/run/continue_as_new_request.hpp"
#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/run_context.hpp"
#include "rondo/failure.hpp"
#include "rondo/payload.hpp"
#include "rondo/task.hpp"

namespace rondo::detail::run {

/// One run of a workflow in memory: its object, its coroutines, its scheduler. The engine tells it what happened and
/// then lets it run; what the code wants reaches the engine through `host`.
///
///   instance ──owns──> workflow object (the user's class)
///      │ └─owns──> main coroutine ──owns──> child tasks ──own──> operations ──<──> pending (in the engine)
///      └─owns──> signal handler coroutines; root scope ──<── scopes and operations join in order
class instance final : public run_context {
 public:
  /// Creates the workflow object. `definition` and `to` must outlive the instance; `frames` may be null (heap).
  instance(const workflow_definition& definition, host& to, frame_pool* frames)
      : run_context(to, frames), definition_(definition) {
    const activation running(*this);
    object_ = definition.create();
  }
  ~instance() {
    // What is destroyed here, and in which order, is fixed: main first, then handlers as they came, then the object.
    tear_down();
    const activation running(*this);
    main_.reset();
    handlers_.clear();
    object_.reset();
  }

  /// Reads the arguments and puts the main coroutine into the queue, behind the handlers of signals that came before.
  /// Throws when the arguments cannot be read: the workflow task must fail then.
  void start(payload_span arguments) {
    const activation running(*this);
    main_.emplace(guard(object_->run(arguments, engine())));
    main_->schedule(*this, root());
  }
  /// Puts the handler of a signal into the queue. False: the workflow has no such handler. Throws when the arguments
  /// cannot be read.
  bool deliver_signal(std::string_view name, payload_span arguments) {
    const activation running(*this);
    const auto index = find(definition_.signals, name);
    if (!index) return false;
    auto& handler = handlers_.emplace_back(guard(object_->signal(*index, arguments)));
    handler.schedule(*this, root());
    return true;
  }
  /// Cancels the root scope, once.
  void cancel(const std::string& reason) {
    const activation running(*this);
    root().cancel(reason);
  }
  /// Lets the code run until everything waits, then drops handlers that are done.
  void run() {
    run_until_blocked();
    handlers_.remove_if([](const task<void>& handler) { return handler.done(); });
  }
  /// Answers a query at once, without changing the run. Throws what the handler throws, and std::invalid_argument for a
  /// query that the workflow does not have.
  void answer_query(std::string_view name, payload_span arguments, payload_sink& answer) {
    const activation running(*this);
    const read_only_section reading(*this);
    const auto index = find(definition_.queries, name);
    if (!index) throw std::invalid_argument(unknown_query(name));
    object_->query(*index, arguments, answer);
  }

  bool main_started() const noexcept { return main_.has_value(); }
  bool unfinished_handlers() const noexcept { return !handlers_.empty(); }
  const workflow_definition& definition() const noexcept { return definition_; }

 private:
  static std::optional<std::size_t> find(const std::vector<std::string>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - names.begin());
  }
  std::string unknown_query(std::string_view name) const {
    std::string text = "Query handler for '" + std::string(name) + "' expected but not found, known queries: [";
    for (const auto& known : definition_.queries) text.append(text.back() == '[' ? "" : " ").append(known);
    return text + "]";
  }

  task<void> guard(task<void> body) {
    std::exception_ptr error;
    try {
      co_await std::move(body);
    } catch (const continue_as_new_request& request) {
      engine().continue_as_new(request.call());
    } catch (...) {
      error = std::current_exception();
    }
    if (error) fail_with(error);
  }
  void fail_with(const std::exception_ptr& error) {
    if (root().cancelled() && is_cancellation(error)) return engine().cancelled();
    try {
      std::rethrow_exception(error);
    } catch (const failure&) {
      engine().fail(error);
    } catch (...) {
      engine().fail_task(error);
    }
  }

  const workflow_definition& definition_;
  std::unique_ptr<workflow_object> object_;
  std::optional<task<void>> main_;
  std::list<task<void>> handlers_;
};

}  // namespace rondo::detail::run
