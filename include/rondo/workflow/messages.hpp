#pragma once
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rondo/converter.hpp"
#include "rondo/detail/base/signature.hpp"
#include "rondo/detail/run/message_call.hpp"
#include "rondo/detail/run/run_context.hpp"
#include "rondo/payload.hpp"
#include "rondo/workflow/handlers.hpp"
#include "rondo/workflow/update_info.hpp"

// Handlers that a workflow sets while it runs, beside those that its class declares.
namespace rondo::detail::run {

/// The signature of something callable: a function, or an object with one operator().
template <class Callable>
struct callable_signature : signature<decltype(&Callable::operator())> {};
template <class Function>
  requires std::is_pointer_v<Function>
struct callable_signature<Function> : signature<Function> {};

inline handler_definition definition_of(std::string_view name, const handler_options& about) {
  if (name.starts_with("__temporal_")) {
    throw std::invalid_argument("handler '" + std::string(name) + "': names that begin with __temporal_ are reserved");
  }
  return {.name = std::string(name),
          .description = std::string(about.description),
          .may_be_abandoned = about.unfinished == unfinished_policy::abandon};
}

/// The arguments of `Callable`: those of the message, or its name and whatever came.
template <class Callable, bool Any>
auto read_for(std::string_view name, payload_span arguments) {
  if constexpr (Any) {
    return any_message(name, arguments);
  } else {
    return decode_own<typename callable_signature<Callable>::args>(arguments);
  }
}

// Without a look at the name, and also while the workflow object is made.
template <bool Any, class Callable>
void add_signal_handler(run_context& run, handler_definition about, Callable handler) {
  run.handlers().signals.set(std::move(about),
                             [handler = std::move(handler)](std::string_view called, payload_span arguments) {
                               return call_handler(handler, read_for<Callable, Any>(called, arguments));
                             });
  run.deliver_kept_signals();
}
template <bool Any, class Callable>
void add_query_handler(run_context& run, handler_definition about, Callable handler) {
  run.handlers().queries.set(
      std::move(about),
      [handler = std::move(handler)](std::string_view called, payload_span arguments, payload_sink& answer) {
        encode_own(answer, std::apply(handler, read_for<Callable, Any>(called, arguments)));
      });
}
template <bool Any, class Callable, class Validator>
void add_update_handler(run_context& run, handler_definition about, Callable handler, Validator validator) {
  run.handlers().updates.set(std::move(about),
                             [handler = std::move(handler), validator = std::move(validator)](
                                 std::string_view called, payload_span arguments, bool validate, update_answer& to) {
                               auto values = read_for<Callable, Any>(called, arguments);
                               if (validate) std::apply(validator, std::as_const(values));
                               return answer_update(handler, std::move(values), to);
                             });
}

inline run_context& require_writable_run(const char* what) {
  auto& run = require_run(what);
  run.require_writable(what);
  return run;
}

/// Accepts whatever comes.
struct accept_all {
  template <class... Arguments>
  void operator()(const Arguments&... /*arguments*/) const noexcept {}
};

}  // namespace rondo::detail::run

namespace rondo::workflow {

/// Sets the handler of a signal: a function or lambda that takes its arguments and returns nothing or task<>. It takes
/// the place of one with the same name. Signals that came before there was a handler are delivered to it now, in order.
template <class Callable>
void set_signal_handler(std::string_view name, Callable handler, const handler_options& about = {}) {
  detail::run::add_signal_handler<false>(detail::run::require_writable_run("workflow::set_signal_handler"),
                                         detail::run::definition_of(name, about), std::move(handler));
}
/// Sets the handler of a query: it returns the answer, must not change the workflow and cannot wait.
template <class Callable>
void set_query_handler(std::string_view name, Callable handler, const handler_options& about = {}) {
  detail::run::add_query_handler<false>(detail::run::require_writable_run("workflow::set_query_handler"),
                                        detail::run::definition_of(name, about), std::move(handler));
}
/// Sets the handler of an update; what it returns is the answer. `validator` takes the same arguments by const
/// reference, must not change the workflow, and rejects by throwing. A handler that is set in the first lines of run()
/// gets the updates that came with the start.
template <class Callable, class Validator = detail::run::accept_all>
void set_update_handler(std::string_view name, Callable handler, Validator validator = {},
                        const handler_options& about = {}) {
  detail::run::add_update_handler<false>(detail::run::require_writable_run("workflow::set_update_handler"),
                                         detail::run::definition_of(name, about), std::move(handler),
                                         std::move(validator));
}

/// Sets the handler of all signals that have none; it takes (std::string name, rondo::payload_list arguments).
template <class Callable>
void set_dynamic_signal_handler(Callable handler, const handler_options& about = {}) {
  detail::run::add_signal_handler<true>(detail::run::require_writable_run("workflow::set_dynamic_signal_handler"),
                                        detail::run::definition_of({}, about), std::move(handler));
}
/// Sets the handler of all queries that have none.
template <class Callable>
void set_dynamic_query_handler(Callable handler, const handler_options& about = {}) {
  detail::run::add_query_handler<true>(detail::run::require_writable_run("workflow::set_dynamic_query_handler"),
                                       detail::run::definition_of({}, about), std::move(handler));
}
/// Sets the handler of all updates that have none.
template <class Callable, class Validator = detail::run::accept_all>
void set_dynamic_update_handler(Callable handler, Validator validator = {}, const handler_options& about = {}) {
  detail::run::add_update_handler<true>(detail::run::require_writable_run("workflow::set_dynamic_update_handler"),
                                        detail::run::definition_of({}, about), std::move(handler),
                                        std::move(validator));
}

/// True when no handler of a signal or an update has begun and not ended. Before the end of a workflow, or before it
/// continues as new: `co_await wait_condition([] { return all_handlers_finished(); })`.
inline bool all_handlers_finished() {
  return !detail::run::require_run("workflow::all_handlers_finished").handlers_running();
}

/// The update whose handler the calling coroutine belongs to; null when it belongs to none.
inline const update_info* current_update() {
  auto* running = detail::run::require_run("workflow::current_update").running();
  return running == nullptr || running->cancellation == nullptr ? nullptr : running->cancellation->update();
}

/// What people see who look at the workflow while it runs: Markdown. It replaces what was set before, and is not kept
/// in the history.
inline void set_current_details(std::string text) {
  auto& run = detail::run::require_run("workflow::set_current_details");
  run.require_writable("workflow::set_current_details");
  run.set_details(std::move(text));
}

}  // namespace rondo::workflow
