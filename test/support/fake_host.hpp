#pragma once
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/instance.hpp"
#include "rondo/failure.hpp"
#include "rondo/payload.hpp"
#include "rondo/registry.hpp"

namespace rondo::test {

/// Stands in for the engine: writes down what a workflow asks for, and lets the test say what happens.
class fake_host : public detail::run::host {
 public:
  /// One line per command, in order: "activity 1 name(args)", "timer 2 5s", "cancel 2", "complete 42", "fail text", ...
  std::vector<std::string> commands;
  std::set<std::string, std::less<>> patches;
  bool replaying = false;
  workflow_info about;
  std::exception_ptr task_error;

  detail::run::pending& schedule_activity(const detail::run::activity_call& call,
                                          detail::run::completion& waiter) override {
    if (call.options.start_to_close_timeout < duration::zero()) throw std::invalid_argument("negative timeout");
    return add(
        "activity " + std::to_string(next_) + " " + std::string(call.activity_type) + "(" + text(call.input) + ")",
        waiter, call.options.cancellation);
  }
  detail::run::pending& schedule_local_activity(const detail::run::local_activity_call& call,
                                                detail::run::completion& waiter) override {
    return add("local activity " + std::to_string(next_) + " " + std::string(call.activity_type) + "(" +
                   text(call.input) + ")",
               waiter, call.options.cancellation);
  }
  detail::run::pending& start_timer(duration delay, std::string_view /*summary*/,
                                    detail::run::completion& waiter) override {
    return add("timer " + std::to_string(next_) + " " + std::to_string(delay / std::chrono::seconds(1)) + "s", waiter,
               cancellation_type::try_cancel);
  }
  detail::run::child_identity start_child(const detail::run::child_workflow_call& call,
                                          detail::run::completion* started, detail::run::completion& closed) override {
    const auto id = call.options.id.empty() ? "child-" + std::to_string(next_) : std::string(call.options.id);
    add("child " + std::to_string(next_) + " " + std::string(call.workflow_type) + "(" + text(call.input) + ")", closed,
        call.options.cancellation);
    ids_.push_back(id);
    if (started != nullptr) add("start of child", *started, cancellation_type::abandon);
    return {ids_.back(), call.options.namespace_};
  }
  void start_nexus_operation(const detail::run::nexus_call& call, detail::run::completion* started,
                             detail::run::completion& closed) override {
    add("nexus " + std::to_string(next_) + " " + std::string(call.endpoint) + " " + std::string(call.service) + "." +
            std::string(call.operation) + "(" + text(call.input) + ")",
        closed, call.options.cancellation);
    if (started != nullptr) add("start of operation", *started, cancellation_type::abandon);
  }
  detail::run::pending& signal_workflow(const detail::run::signal_call& call,
                                        detail::run::completion& waiter) override {
    return add("signal " + std::to_string(next_) + " " + std::string(call.to.workflow_id) + " " +
                   std::string(call.name) + "(" + text(call.input) + ")",
               waiter, cancellation_type::wait_cancellation_completed);
  }
  std::string signal_with_start(const detail::run::signal_with_start_call& call,
                                detail::run::completion& closed) override {
    add("signal " + std::string(call.signal) + "(" + text(call.signal_input) + ") with start of " +
            std::string(call.workflow_type) + "(" + text(call.input) + ") " + std::string(call.options.id),
        closed, call.options.cancellation);
    return std::string(call.options.id);
  }
  detail::run::pending& cancel_workflow(const detail::run::other_workflow& which, std::string_view reason,
                                        detail::run::completion& waiter) override {
    return add("cancel workflow " + std::string(which.workflow_id) + " " + std::string(reason), waiter,
               cancellation_type::wait_cancellation_completed);
  }
  bool patched(std::string_view id, bool deprecated) override {
    commands.push_back((deprecated ? "deprecate " : "patch ") + std::string(id));
    return patches.contains(id);
  }
  int version(std::string_view change, int /*oldest*/, int newest) override {
    commands.push_back("version " + std::string(change));
    return newest;
  }
  payload_span side_effect(detail::run::encoder make, std::string_view /*summary*/) override {
    payload_collector made;
    make(made);
    return keep(made.take());
  }
  payload_span mutable_side_effect(std::string_view /*id*/, detail::run::changing_value& value,
                                   std::string_view /*summary*/) override {
    payload_collector made;
    value.make({}, made);
    return keep(made.take());
  }
  void upsert_search_attributes(const payload_map& changes) override { note("attributes", changes); }
  void upsert_memo(const payload_map& changes) override { note("memo", changes); }
  void accept_update(std::string_view id) override { commands.push_back("accept " + std::string(id)); }
  void reject_update(std::string_view id, const std::exception_ptr& why) override {
    commands.push_back("reject " + std::string(id) + ": " + message(why));
  }
  void complete_update(std::string_view id, detail::run::encoder result) override {
    commands.push_back("answer " + std::string(id) + " " + text(result));
  }
  void fail_update(std::string_view id, const std::exception_ptr& error) override {
    commands.push_back("fail update " + std::string(id) + ": " + message(error));
  }
  bool ending() const override {
    return !commands.empty() && (commands.back().starts_with("complete ") || commands.back().starts_with("fail "));
  }
  void complete(detail::run::encoder result) override { commands.push_back("complete " + text(result)); }
  void fail(const std::exception_ptr& error) override { commands.push_back("fail " + message(error)); }
  void cancelled() override { commands.emplace_back("cancelled"); }
  void continue_as_new(const detail::run::continue_as_new_call& call) override {
    std::string line = "continue_as_new " + std::string(call.workflow_type);
    for (const auto& each : call.input) line += " " + each.data;
    commands.push_back(line);
  }
  void fail_task(std::exception_ptr error) noexcept override {
    if (!task_error) task_error = std::move(error);
  }
  std::string next_child_id() const override { return "child-" + std::to_string(next_); }
  const workflow_info& info() const override { return about; }
  workflow_time now() const override { return about.start_time; }
  std::uint64_t random_seed() const override { return 7; }
  bool is_replaying() const override { return replaying; }
  const rondo::logger& logger() const override { return log; }
  bool use_flag(std::uint32_t /*flag*/) override { return true; }

  void resolve(int id, payload_span values) { at(id).finish({.values = values}); }
  void resolve(int id, std::string_view json) {
    const payload_view value("json/plain", json);
    resolve(id, payload_span(&value, 1));
  }
  void fire(int id) { at(id).finish({}); }
  void begin(int id, std::string_view run_id) { at(id).finish({.id = run_id}); }
  void reject(int id, std::exception_ptr error) { at(id).finish({.error = std::move(error)}); }

  static std::string message(const std::exception_ptr& error) {
    if (!error) return {};
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& known) {
      return known.what();
    }
  }

  rondo::logger log;

 private:
  class entry final : public detail::run::pending {
   public:
    entry(fake_host& of, int id, detail::run::completion& waiter, cancellation_type how)
        : of_(&of), id_(id), how_(how) {
      bind(waiter);
    }
    void cancel() override {
      if (how_ != cancellation_type::abandon) of_->commands.push_back("cancel " + std::to_string(id_));
      if (how_ != cancellation_type::wait_cancellation_completed) {
        pending::resolve({.error = std::make_exception_ptr(cancelled_failure())});
      }
    }
    void finish(const detail::run::outcome& result) { pending::resolve(result); }

   private:
    fake_host* of_;
    int id_;
    cancellation_type how_;
  };

  detail::run::pending& add(std::string line, detail::run::completion& waiter, cancellation_type how) {
    commands.push_back(std::move(line));
    return entries_.emplace_back(*this, next_++, waiter, how);
  }
  entry& at(int id) {
    auto place = entries_.begin();
    std::advance(place, id - 1);
    return *place;
  }
  static std::string text(const detail::run::encoder& input) {
    payload_collector collected;
    input(collected);
    std::string line;
    for (const auto& each : collected.take()) line += (line.empty() ? "" : ",") + each.data;
    return line;
  }

  payload_span keep(payload_list values) {
    kept_ = std::move(values);
    views_.assign(kept_.begin(), kept_.end());
    return views_;
  }
  void note(std::string what, const payload_map& changes) {
    for (const auto& [name, value] : changes) what += " " + name + "=" + value.data;
    commands.push_back(std::move(what));
  }

  payload_list kept_;
  std::vector<payload_view> views_;
  int next_ = 1;
  std::list<entry> entries_;
  std::list<std::string> ids_;
};

/// A run of a registered workflow over a fake host.
class scripted_run {
 public:
  fake_host host;

  scripted_run(registry from, std::string_view workflow)
      : from_(std::move(from)),
        run_(std::make_unique<detail::run::instance>(*from_.find_workflow(workflow), host, &memory_)) {
    run_->create({});
  }

  template <class... Json>
  void start(Json... arguments) {
    const std::vector<payload_view> values{payload_view("json/plain", arguments)...};
    run_->start(values);
    run_->run();
  }
  template <class... Json>
  bool signal(std::string_view name, Json... arguments) {
    const std::vector<payload_view> values{payload_view("json/plain", arguments)...};
    const bool known = run_->deliver_signal(name, values);
    return known;
  }
  template <class... Json>
  void update(std::string_view id, std::string_view name, Json... arguments) {
    const std::vector<payload_view> values{payload_view("json/plain", arguments)...};
    run_->deliver_update({.id = std::string(id), .name = std::string(name)}, values, !host.replaying);
    run();
  }
  void run() { run_->run(); }
  void resolve(int id, std::string_view json) {
    host.resolve(id, json);
    run();
  }
  void fire(int id) {
    host.fire(id);
    run();
  }
  void reject(int id, std::exception_ptr error) {
    host.reject(id, std::move(error));
    run();
  }
  void cancel(const std::string& reason = {}) {
    run_->cancel(reason);
    run();
  }
  template <class... Json>
  std::string query(std::string_view name, Json... arguments) {
    const std::vector<payload_view> values{payload_view("json/plain", arguments)...};
    payload_collector answer;
    run_->answer_query(name, values, answer);
    return answer.take().at(0).data;
  }
  detail::run::instance& instance() { return *run_; }
  void evict() { run_.reset(); }
  const std::vector<std::string>& commands() const { return host.commands; }

 private:
  registry from_;
  detail::run_arena memory_;
  std::unique_ptr<detail::run::instance> run_;
};

using lines = std::vector<std::string>;

}  // namespace rondo::test
