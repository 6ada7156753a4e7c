#pragma once
#include <algorithm>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "rondo/detail/client/interception.hpp"
#include "rondo/detail/client/requests.hpp"
#include "rondo/detail/client/session.hpp"
#include "rondo/detail/client/standalone.hpp"
#include "rondo/detail/client/start.hpp"
#include "rondo/detail/client/updates.hpp"
#include "rondo/detail/engine/api.hpp"
#include "rondo/detail/engine/failure_conversion.hpp"
#include "rondo/detail/engine/payload_conversion.hpp"
#include "rondo/detail/io/data_call.hpp"
#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/timer_heap.hpp"
#include "rondo/detail/run/nexus_definition.hpp"
#include "rondo/detail/worker/intercepted_nexus.hpp"
#include "rondo/detail/worker/nexus_answer.hpp"
#include "rondo/detail/worker/nexus_backing_calls.hpp"
#include "rondo/detail/worker/nexus_links.hpp"
#include "rondo/detail/worker/nexus_requests.hpp"
#include "rondo/detail/worker/nexus_services.hpp"
#include "rondo/detail/worker/nexus_token.hpp"
#include "rondo/detail/worker/slots.hpp"
#include "rondo/nexus_context.hpp"

namespace rondo::detail::worker {

/// One request of a Nexus caller from its task to its answer: runs the handler, starts what it asks for,
/// watches the deadline. Shared by the loop, the thread that runs the handler and what both still have to do.
class nexus_task final : public nexus_context, public std::enable_shared_from_this<nexus_task> {
 public:
  nexus_task(nexus_services& services, std::unique_ptr<nexus_poll> task, slot permit, nexus_info about,
             rondo::logger log)
      : nexus_context(std::move(about), std::move(log), services.client.answering(exchange_of(*task))),
        services_(&services),
        gate_(services.gate),
        calls_(services.calls),
        session_(services.client.session()),
        task_(std::move(task)),
        permit_(std::move(permit)),
        deadline_timer_(*this) {}

  /// Begins; all is answered, also what cannot be done. `service` may be null: none of that name is registered.
  void start(const run::nexus_service_definition* service) {
    try {
      watch_deadline();
      if (service == nullptr) {
        return refuse("there is no Nexus service '" + info().service + "' here", nexus_error::not_found);
      }
      const auto* operation = service->find(info().operation);
      if (operation == nullptr) {
        return refuse("the Nexus service '" + info().service + "' has no operation '" + info().operation + "'",
                      nexus_error::not_found);
      }
      if (cancels()) return cancel_operation(*operation);
      if (!task_->request().has_start_operation()) {
        return refuse("this kind of request is unknown to this worker", nexus_error::not_implemented);
      }
      run(operation->start);
    } catch (...) {
      code_ended(std::current_exception(), {});
    }
  }

  /// Answers a request that cannot be read, or is not for this worker. Says so itself: no converter is asked.
  void refuse(const std::string& why, nexus_error kind = nexus_error::internal) {
    code_ended_ = true;
    if (answered_) return end_if_done();
    fail(std::make_exception_ptr(nexus_handler_failure(why, kind)), nullptr);
  }
  /// Asks the handler to stop.
  void cancel() {
    if (!request_stop()) return;
    services_->loop.post([self = shared_from_this()] { self->cancellation_.emit(asio::cancellation_type::terminal); });
  }
  /// Answers that the worker stops, so that the request is repeated elsewhere; what the handler still gives is dropped.
  void hand_back() {
    if (answered_) return;
    fail_request(std::make_exception_ptr(nexus_handler_failure("the worker stopped before the handler had answered",
                                                               nexus_error::unavailable, nexus_retry::retryable)));
  }
  /// The worker goes away: no more is done for the request, and what its handler still gives is dropped.
  void leave_behind() {
    disarm();
    permit_ = slot();
    answered_ = answer_taken_ = true;
    services_ = nullptr;
  }
  io::time_point began() const noexcept { return began_; }
  /// True while the handler still occupies a thread of the pool.
  bool occupies_thread() const noexcept { return blocking_ && !code_ended_; }
  bool answer_taken() const noexcept { return answer_taken_; }

 private:
  class deadline_timer final : public io::timer_node {
   public:
    explicit deadline_timer(nexus_task& of) : of_(of) {}
    void on_timer() override { of_.deadline_passed(); }

   private:
    nexus_task& of_;
  };

  /// Counted from when the task came, since the server's clock may differ from the one here.
  void watch_deadline() {
    const auto timeout = request_timeout(info().headers);
    if (!timeout) return;
    deadline_ = io::later(began_, *timeout);
    services_->loop.arm(deadline_timer_, deadline_);
  }
  /// Nobody waits for the answer any more: the caller's server asks again, if it still wants to know.
  void deadline_passed() {
    if (answered_) return;
    logger().warn("a Nexus request was not answered in time");
    cancel();
    answered_ = answer_taken_ = true;
    end_if_done();
  }
  void disarm() noexcept {
    if (services_ != nullptr) services_->loop.disarm(deadline_timer_);
  }

  // nexus_context
  void begin_workflow(std::string_view type, const start_workflow_options& options, calls::Payloads input) override {
    require_no_wish("start_workflow");
    start_workflow_options complete = options;
    if (complete.id.empty()) complete.id = info().request_id;
    if (complete.task_queue.empty()) complete.task_queue = info().task_queue;
    if (!complete.conflict) complete.conflict = id_conflict_policy::use_existing;
    wish(calls::intercepted(*session_, calls::make_start<engine::service::StartWorkflowExecutionRequest>(
                                           *session_, "StartWorkflowExecution", type, complete, std::move(input))));
  }
  void begin_activity(std::string_view type, const start_activity_options& options, calls::Payloads input) override {
    require_no_wish("start_activity");
    start_activity_options complete = options;
    if (complete.id.empty()) complete.id = info().request_id;
    if (complete.task_queue.empty()) complete.task_queue = info().task_queue;
    if (!complete.conflict) complete.conflict = activity_conflict_policy::use_existing;
    wish(calls::make_start_activity(*session_, type, complete, std::move(input)));
  }
  void begin_update(std::string_view name, const nexus_update_options& options, calls::Payloads input) override {
    require_no_wish("start_update");
    if (task_->request().start_operation().callback().empty()) {
      throw nexus_handler_failure("the request names no callback that could be told how an update ends",
                                  nexus_error::bad_request);
    }
    if (!services_->updates_call_back) {
      throw nexus_handler_failure("this server tells nobody how an update ends: it lacks workflow_update_callbacks",
                                  nexus_error::not_implemented);
    }
    const calls::target whom(session_, std::string(options.workflow_id), std::string(options.run_id), {}, {});
    const update_options how{.id = options.id.empty() ? std::string_view(info().request_id) : options.id};
    wish(calls::make_update(whom, name, how, std::move(input)));
  }
  void require_no_wish(const std::string& function) const {
    if (cancels()) throw std::logic_error(function + " may not be called to cancel a Nexus operation");
    if (wish_) throw std::logic_error(function + ": a handler of a Nexus operation may start one thing only");
  }
  template <class Call>
  void wish(Call what) {
    nexus_origin(task_->request().start_operation()).attach(what.request);
    wish_.emplace(std::move(what));
  }

  void run(const run::nexus_code& handler) {
    const auto code = intercepted(handler, services_->options.interceptors, headers());
    const auto& given = task_->request().start_operation();
    if (given.has_payload()) {
      input_view_ = engine::view_of(given.payload());
      input_ = payload_span(&*input_view_, 1);
    }
    if (code.blocking != nullptr) return run_on_pool(code.blocking);
    auto result = std::make_shared<payload_collector>();
    asio::co_spawn(services_->loop.executor(), run_coroutine(code.async, shared_from_this(), result),
                   asio::bind_cancellation_slot(cancellation_.slot(),
                                                [self = shared_from_this(), result](const std::exception_ptr& error) {
                                                  self->code_ended(error, result->take());
                                                }));
  }
  void run_on_pool(std::shared_ptr<const run::blocking_nexus_handler> code) {
    blocking_ = true;
    services_->pool.submit([self = shared_from_this(), code = std::move(code)]() mutable {
      payload_collector result;
      std::exception_ptr error;
      try {
        code->run(*self, self->input_, result);
      } catch (...) {
        error = std::current_exception();
      }
      auto gate = self->gate_;
      gate->post([self = std::move(self), values = result.take(), error = std::move(error)]() mutable {
        self->code_ended(error, std::move(values));
      });
    });
  }
  static asio::awaitable<void> run_coroutine(std::shared_ptr<const run::async_nexus_handler> code,
                                             std::shared_ptr<nexus_task> self,
                                             std::shared_ptr<payload_collector> result) {
    co_await code->run(*self, self->input_, *result);
  }

  void code_ended(const std::exception_ptr& error, payload_list result) {
    code_ended_ = true;
    if (answered_) return end_if_done();
    if (error && cancelled() && was_interrupted(error)) return hand_back();
    if (error) return fail(error, calls_->failures());
    if (cancels()) return complete_cancellation();
    if (wish_.has_value() != result.empty()) {
      const std::logic_error wrong(
          wish_ ? "the handler started something, but returned something else than what that gave"
                : "the handler did not start what it promised");
      return fail(std::make_exception_ptr(wrong), nullptr);
    }
    if (wish_) return services_->spawn(begin_wished(shared_from_this()));
    engine::Payload told;
    engine::write_payload(result.front(), told);
    complete_with(told);
  }

  static asio::awaitable<void> begin_wished(std::shared_ptr<nexus_task> self) {
    auto how = self->how_to_call(resource_of(*self->wish_), class_of(*self->wish_));
    const auto begun = co_await begin_wish(*self->calls_, *self->wish_, std::move(how));
    if (self->answered_) co_return;
    self->began(begun);
  }
  void began(const nexus_begun& what) {
    if (what.error) return fail(what.error, calls_->failures());
    if (what.link) first_link_ = what.link;
    if (what.result) return complete_with(*what.result);
    auto request = new_answer<engine::service::RespondNexusTaskCompletedRequest>();
    auto& told = *request.mutable_response()->mutable_start_operation()->mutable_async_success();
    told.set_operation_token(what.token);
    write_links(*told.mutable_links());
    complete(request);
  }
  void complete_with(const engine::Payload& result) {
    auto request = new_answer<engine::service::RespondNexusTaskCompletedRequest>();
    auto& told = *request.mutable_response()->mutable_start_operation()->mutable_sync_success();
    *told.mutable_payload() = result;
    write_links(*told.mutable_links());
    complete(request);
  }

  bool cancels() const { return task_->request().has_cancel_operation(); }
  void cancel_operation(const run::nexus_operation_definition& operation) {
    nexus_backing what;
    try {
      what = read_operation_token(task_->request().cancel_operation().operation_token(), info().namespace_);
    } catch (const nexus_handler_failure& unreadable) {
      return refuse(unreadable.message(), nexus_error::bad_request);
    }
    run(operation.cancel ? *operation.cancel : run::nexus_code{.async = std::make_shared<const cancels_backing>(what)});
  }
  /// What cancels an operation, unless its service has something else.
  class cancels_backing final : public run::async_nexus_handler {
   public:
    explicit cancels_backing(nexus_backing what) : what_(std::move(what)) {}
    coroutine run(nexus_context& context, payload_span /*input*/, payload_sink& /*result*/) const override {
      auto& task = static_cast<nexus_task&>(context);
      return std::visit([&task](auto call) { return ask(task, std::move(call)); },
                        cancellation_of(*context.client().session(), what_));
    }

   private:
    template <class Call>
    static coroutine ask(nexus_task& task, Call what) {
      auto how = task.how_to_call(what.resource_id, what.kind);
      co_await ask_to_end(*task.calls_, what, std::move(how));
    }

    nexus_backing what_;
  };
  void complete_cancellation() {
    auto request = new_answer<engine::service::RespondNexusTaskCompletedRequest>();
    request.mutable_response()->mutable_cancel_operation();
    complete(request);
  }
  io::retry_options how_to_call(std::string_view resource, io::rpc_class kind = io::rpc_class::unary) const {
    io::retry_options how(kind);
    how.options.deadline = deadline_;
    how.options.metadata = io::call_headers(info().namespace_, resource);
    return how;
  }

  template <class Links>
  void write_links(Links& to) const {
    if (first_link_) write_link(*first_link_, *to.Add());
    for (const auto& each : links()) write_link(each, *to.Add());
    for (const auto& each : client().session()->links->of_answers()) {
      if (const auto link = nexus_link_of(each)) write_link(*link, *to.Add());
    }
  }
  bool temporal_failures() const { return task_->request().capabilities().temporal_failure_responses(); }
  /// `by` is null for what the worker says itself.
  void fail(const std::exception_ptr& error, const failure_converter* by) {
    ++services_->counts.failed_nexus_tasks;
    const auto told = engine::converted(error, by);
    if (!told.problem.empty()) logger().warn("the failure converter failed", {{"error", told.problem}});
    const auto answer = answer_of(error, cancels(), told.error);
    const auto* asked = told.error != error && answer == told.error ? &error : nullptr;
    logger().warn("Nexus request failed", {{"error", engine::message_of(answer)}});
    if (!cancels()) {
      auto request = new_answer<engine::service::RespondNexusTaskCompletedRequest>();
      auto& start = *request.mutable_response()->mutable_start_operation();
      if (write_operation_error(answer, start, by, asked)) return complete(request);
    }
    fail_request(answer, by, asked);
  }
  void fail_request(const std::exception_ptr& answer, const failure_converter* by = nullptr,
                    const std::exception_ptr* asked = nullptr) {
    auto request = new_answer<engine::service::RespondNexusTaskFailedRequest>();
    write_handler_failure(answer, request, by, asked);
    answered_ = true;
    services_->spawn(
        send<engine::service::RespondNexusTaskFailedResponse>(shared_from_this(), "RespondNexusTaskFailed", request));
  }
  void complete(const engine::service::RespondNexusTaskCompletedRequest& request) {
    answered_ = true;
    services_->spawn(send<engine::service::RespondNexusTaskCompletedResponse>(shared_from_this(),
                                                                              "RespondNexusTaskCompleted", request));
  }
  template <class Request>
  Request new_answer() const {
    Request made;
    made.set_namespace_(info().namespace_);
    made.set_identity(services_->options.identity);
    made.set_task_token(task_->task_token());
    made.set_poller_group_id(task_->poller_group_id());
    return made;
  }
  template <class Response, class Request>
  static asio::awaitable<void> send(std::shared_ptr<nexus_task> self, const char* method, Request request) {
    if (self->services_ == nullptr) co_return;
    auto how = self->how_to_call({});
    io::rpc_reply<Response> reply;
    if (!self->temporal_failures() && has_failure(request)) {
      reply.status = co_await self->calls_->encode(method, request);
      if (reply.status.ok()) tell_older_server(request);
    }
    if (reply.status.ok()) {
      reply = co_await self->calls_->template call<Response>(method, request, std::move(how));
    }
    if (self->services_ != nullptr && std::is_same_v<Request, engine::service::RespondNexusTaskCompletedRequest> &&
        (io::is_payload_too_large(reply.status) || io::is_encode_problem(reply.status))) {
      // What cannot be sent now cannot be sent later.
      const nexus_handler_failure failure(reply.status.message, nexus_error::internal, nexus_retry::non_retryable);
      ++self->services_->counts.failed_nexus_tasks;
      self->fail_request(std::make_exception_ptr(failure));
      co_return;
    }
    if (!reply.status.ok()) {
      const bool gone = reply.status.code == rpc_code::not_found;
      self->logger().log(gone ? log_level::debug : log_level::error, "the answer to a Nexus request was not taken",
                         {{"error", reply.status.message}});
    }
    self->answer_taken_ = true;
    self->end_if_done();
  }
  void end_if_done() {
    if (services_ == nullptr || !answer_taken_) return;
    if (!code_ended_) return services_->on_answered();
    disarm();
    permit_ = slot();
    std::exchange(services_, nullptr)->on_ended(*this);
  }

  /// Null once it has ended or was left behind.
  nexus_services* services_;
  std::shared_ptr<loop_gate> gate_;
  std::shared_ptr<task_calls> calls_;
  /// For what the operation goes on as, which gets the links of the request in a way of its own.
  calls::session_ptr session_;
  std::unique_ptr<nexus_poll> task_;
  slot permit_;
  std::optional<payload_view> input_view_;
  payload_span input_;
  /// What the handler wants started.
  std::optional<nexus_wish> wish_;
  /// To what was started.
  std::optional<nexus_link> first_link_;
  deadline_timer deadline_timer_;
  asio::cancellation_signal cancellation_;
  const io::time_point began_ = io::steady_clock::now();
  io::time_point deadline_ = io::time_point::max();
  bool answered_ = false, answer_taken_ = false, code_ended_ = false, blocking_ = false;
};

}  // namespace rondo::detail::worker
