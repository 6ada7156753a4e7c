#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/engine/number_text.hpp"
#include "rondo/detail/engine/object_pool.hpp"
#include "rondo/failure.hpp"
#include "rondo/options.hpp"

namespace rondo::detail::engine {

enum class timer_state : std::uint8_t { start_command, started, cancel_command, cancelled, fired, count_ };
enum class timer_input : std::uint8_t { recorded, fire, cancel, cancel_recorded, count_ };

/// A timer. Cancelling it resolves it at once; one that is cancelled before its command is sent leaves no trace.
class timer_machine final : public table_machine<timer_machine, timer_state, timer_input> {
 public:
  using pool = object_pool<timer_machine>;
  timer_machine(machine_services& of, pool& home) : table_machine(of), home_(home) {}

  void begin(std::uint64_t number, duration delay, std::string_view summary, run::completion& waiter) {
    reset();
    id_.set(number);
    bind(waiter);
    command_ = run_.commands.add(enums::COMMAND_TYPE_START_TIMER, *this);
    if (!run_.commands.live()) return;
    Command& message = *run_.commands.message(command_);
    auto& attributes = *message.mutable_start_timer_command_attributes();
    attributes.mutable_timer_id()->assign(id_.view());
    write_duration(delay, *attributes.mutable_start_to_fire_timeout());
    if (!summary.empty()) write_json(summary, *message.mutable_user_metadata()->mutable_summary());
  }

  static const auto& table() {
    using enum timer_state;
    using on = timer_input;
    using self = timer_machine;
    static constexpr auto all = make_table<timer_machine, timer_state, timer_input>({
        {start_command, on::recorded, started, &self::on_recorded},
        {start_command, on::cancel, cancelled, &self::on_cancel_before_sent},
        {started, on::fire, fired, &self::on_fired},
        {started, on::cancel, cancel_command, &self::on_cancel},
        {cancel_command, on::cancel_recorded, cancelled},
        {cancel_command, on::fire, fired, &self::on_fired_after_all},
    });
    return all;
  }

  void cancel() override { handle(timer_input::cancel, nullptr); }
  bool matches(const HistoryEvent& event) const override {
    return event.event_type() == enums::EVENT_TYPE_TIMER_STARTED
               ? event.timer_started_event_attributes().timer_id() == id_.view()
               : event.timer_canceled_event_attributes().timer_id() == id_.view();
  }
  bool apply(const HistoryEvent& event) override {
    switch (event.event_type()) {
      case enums::EVENT_TYPE_TIMER_STARTED:
        return handle(timer_input::recorded, &event);
      case enums::EVENT_TYPE_TIMER_CANCELED:
        return handle(timer_input::cancel_recorded, &event);
      case enums::EVENT_TYPE_TIMER_FIRED:
        return event.timer_fired_event_attributes().timer_id() == id_.view() && handle(timer_input::fire, &event);
      default:
        return false;
    }
  }
  std::string description() const override { return "timer (id \"" + std::string(id_.view()) + "\")"; }
  void recycle() override { home_.release(*this); }

 private:
  void on_recorded(const HistoryEvent* event) { begin_at(*event); }
  void on_fired(const HistoryEvent* /*event*/) { resolve({}); }
  void on_cancel_before_sent(const HistoryEvent* /*event*/) {
    run_.commands.withdraw(command_);
    resolve_cancelled();
  }
  void on_cancel(const HistoryEvent* /*event*/) {
    command_ = run_.commands.add(enums::COMMAND_TYPE_CANCEL_TIMER, *this);
    if (run_.commands.live()) {
      run_.commands.message(command_)->mutable_cancel_timer_command_attributes()->set_timer_id(id_.view().data(),
                                                                                               id_.view().size());
    }
    resolve_cancelled();
  }
  /// It fired in the workflow task that also brought the reason to cancel it: the server has no such timer any more.
  void on_fired_after_all(const HistoryEvent* /*event*/) { run_.commands.withdraw(command_); }
  void resolve_cancelled() { resolve({.error = std::make_exception_ptr(cancelled_failure())}); }

  pool& home_;
  number_text id_;
  std::size_t command_ = 0;
};

}  // namespace rondo::detail::engine
