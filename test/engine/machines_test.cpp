#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rondo/detail/engine/activity_machine.hpp"
#include "rondo/detail/engine/child_machine.hpp"
#include "rondo/detail/engine/end_machine.hpp"
#include "rondo/detail/engine/external_machine.hpp"
#include "rondo/detail/engine/local_activities.hpp"
#include "rondo/detail/engine/nexus_machine.hpp"
#include "rondo/detail/engine/note_machine.hpp"
#include "rondo/detail/engine/patch_machine.hpp"
#include "rondo/detail/engine/timer_machine.hpp"
#include "rondo/detail/engine/update_machine.hpp"
#include "support/fake_host.hpp"
#include "support/history_builder.hpp"

using namespace rondo;
using namespace rondo::detail::engine;

namespace machines_test {

class waiting final : public detail::run::completion {
 public:
  std::optional<detail::run::outcome> result;
  std::size_t values = 0;
  bool failed() const { return result && result->error; }

 private:
  void resolve(const detail::run::outcome& with) override {
    EXPECT_FALSE(result) << "resolved twice";
    result = with;
    values = with.values.size();
  }
};

/// One machine that has just begun, live, and what belongs to it.
template <class Machine>
struct bench;

template <>
struct bench<activity_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<activity_machine> pool;
  waiting waiter;
  activity_machine* machine = nullptr;

  explicit bench(cancellation_type how = cancellation_type::try_cancel) {
    services.commands.begin(&arena, 0);
    machine = &pool.acquire(services, pool);
    const activity_options options{.start_to_close_timeout = std::chrono::seconds(1), .cancellation = how};
    machine->begin(1, {.activity_type = "charge", .options = options, .input = {}}, waiter);
  }
};
template <>
struct bench<timer_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<timer_machine> pool;
  waiting waiter;
  timer_machine* machine = nullptr;

  bench() {
    services.commands.begin(&arena, 0);
    machine = &pool.acquire(services, pool);
    machine->begin(1, std::chrono::seconds(1), {}, waiter);
  }
};
template <>
struct bench<child_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<cancel_machine> cancels;
  object_pool<child_machine> pool;
  waiting start, waiter;
  child_machine* machine = nullptr;

  explicit bench(cancellation_type how = cancellation_type::try_cancel) {
    services.commands.begin(&arena, 0);
    machine = &pool.acquire(services, pool, cancels);
    const child_workflow_options options{.cancellation = how};
    machine->begin("run_1", {.workflow_type = "order", .options = options, .input = {}}, &start, waiter);
  }
};
template <>
struct bench<nexus_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<nexus_machine> pool;
  waiting start, waiter;
  nexus_machine* machine = nullptr;

  explicit bench(cancellation_type how = cancellation_type::try_cancel) {
    services.commands.begin(&arena, 0);
    machine = &pool.acquire(services, pool);
    const nexus_operation_options options{.cancellation = how};
    machine->begin({.endpoint = "e", .service = "s", .operation = "o", .options = options, .input = {}}, &start,
                   waiter);
  }
};
template <>
struct bench<signal_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<signal_machine> pool;
  waiting waiter;
  signal_machine* machine = nullptr;

  bench() {
    services.commands.begin(&arena, 0);
    machine = &pool.acquire(services, pool);
    machine->begin({.to = {.workflow_id = "other"}, .name = "poke", .input = {}}, waiter);
  }
};
template <>
struct bench<cancel_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<cancel_machine> pool;
  waiting waiter;
  cancel_machine* machine = nullptr;

  bench() {
    services.commands.begin(&arena, 0);
    machine = &pool.acquire(services, pool);
    machine->begin({.workflow_id = "other"}, "enough", waiter);
  }
};
template <>
struct bench<local_activity_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<note_machine> notes;
  object_pool<timer_machine> timers;
  /// Gives the timers of pauses, and nothing else.
  class clock final : public rondo::test::fake_host {
   public:
    explicit clock(bench& of) : of_(of) {}
    detail::run::pending& start_timer(duration delay, std::string_view summary, detail::run::completion& who) override {
      auto& made = of_.timers.acquire(of_.services, of_.timers);
      made.begin(1, delay, summary, who);
      return made;
    }

   private:
    bench& of_;
  } host{*this};
  local_activities all{services, notes, host};
  waiting waiter;
  local_activity_machine* machine = nullptr;

  bench() {
    services.commands.begin(&arena, 0);
    const local_activity_options options{.start_to_close_timeout = std::chrono::seconds(1)};
    all.schedule({.activity_type = "add", .options = options, .input = {}}, waiter);
    all.code_waits();
    machine = all.find(1);
  }
};
template <>
struct bench<end_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  std::unique_ptr<end_machine> machine = std::make_unique<end_machine>(services);
};
template <>
struct bench<note_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  object_pool<note_machine> pool;
  note_machine* machine = nullptr;

  bench() {
    services.commands.begin(&arena, 0);
    machine = &pool.acquire(services, pool);
    machine->begin(enums::COMMAND_TYPE_MODIFY_WORKFLOW_PROPERTIES, "change");
  }
};
template <>
struct bench<update_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  std::unique_ptr<update_machine> machine = std::make_unique<update_machine>(services, "u");
};
template <>
struct bench<patch_machine> {
  google::protobuf::Arena arena;
  machine_services services;
  std::unique_ptr<patch_machine> machine = std::make_unique<patch_machine>(services, "p");
};

/// An event that serves as any input: every kind of attributes is never read but through its own kind.
HistoryEvent event_for(enums::EventType type) {
  HistoryEvent event;
  event.set_event_id(5);
  event.set_event_type(type);
  return event;
}
HistoryEvent event_for(activity_input input) {
  switch (input) {
    case activity_input::recorded:
      return event_for(enums::EVENT_TYPE_ACTIVITY_TASK_SCHEDULED);
    case activity_input::start:
      return event_for(enums::EVENT_TYPE_ACTIVITY_TASK_STARTED);
    case activity_input::complete:
      return event_for(enums::EVENT_TYPE_ACTIVITY_TASK_COMPLETED);
    case activity_input::fail:
      return event_for(enums::EVENT_TYPE_ACTIVITY_TASK_FAILED);
    case activity_input::time_out:
      return event_for(enums::EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT);
    case activity_input::close_cancelled:
      return event_for(enums::EVENT_TYPE_ACTIVITY_TASK_CANCELED);
    default:
      return event_for(enums::EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED);
  }
}
HistoryEvent event_for(timer_input input) {
  switch (input) {
    case timer_input::recorded:
      return event_for(enums::EVENT_TYPE_TIMER_STARTED);
    case timer_input::fire:
      return event_for(enums::EVENT_TYPE_TIMER_FIRED);
    default:
      return event_for(enums::EVENT_TYPE_TIMER_CANCELED);
  }
}
HistoryEvent event_for(child_input input) {
  switch (input) {
    case child_input::start:
      return event_for(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_STARTED);
    case child_input::refuse:
      return event_for(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED);
    case child_input::complete:
      return event_for(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED);
    case child_input::fail:
      return event_for(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED);
    case child_input::time_out:
      return event_for(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TIMED_OUT);
    case child_input::terminate:
      return event_for(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_TERMINATED);
    case child_input::close_cancelled:
      return event_for(enums::EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED);
    default:
      return event_for(enums::EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED);
  }
}
HistoryEvent event_for(nexus_input input) {
  switch (input) {
    case nexus_input::start:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_STARTED);
    case nexus_input::complete:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_COMPLETED);
    case nexus_input::fail:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_FAILED);
    case nexus_input::time_out:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_TIMED_OUT);
    case nexus_input::close_cancelled:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_CANCELED);
    case nexus_input::cancel_recorded:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUESTED);
    case nexus_input::told:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_COMPLETED);
    case nexus_input::not_told:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_CANCEL_REQUEST_FAILED);
    default:
      return event_for(enums::EVENT_TYPE_NEXUS_OPERATION_SCHEDULED);
  }
}
HistoryEvent event_for(external_input /*input*/) {
  return event_for(enums::EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_FAILED);
}
HistoryEvent event_for(local_activity_input /*input*/) { return event_for(enums::EVENT_TYPE_MARKER_RECORDED); }
HistoryEvent event_for(end_input /*input*/) { return event_for(enums::EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED); }
HistoryEvent event_for(update_input /*input*/) {
  return event_for(enums::EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED);
}
HistoryEvent event_for(note_input /*input*/) { return event_for(enums::EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED); }
HistoryEvent event_for(patch_input /*input*/) { return event_for(enums::EVENT_TYPE_MARKER_RECORDED); }

/// Inputs that lead from the initial state to every state.
template <class Machine>
auto paths() {
  using state = typename Machine::state_type;
  using input = typename Machine::input_type;
  std::map<state, std::vector<input>> known{{state{}, {}}};
  for (std::size_t round = 0; round < Machine::table().rows().size(); ++round) {
    for (const auto& row : Machine::table().rows()) {
      if (!known.contains(row.from) || known.contains(row.to)) continue;
      known[row.to] = known[row.from];
      known[row.to].push_back(row.on);
    }
  }
  return known;
}

template <class Machine>
class every_machine : public ::testing::Test {};
using machines =
    ::testing::Types<activity_machine, timer_machine, child_machine, nexus_machine, signal_machine, cancel_machine,
                     local_activity_machine, end_machine, patch_machine, update_machine, note_machine>;
TYPED_TEST_SUITE(every_machine, machines);

TYPED_TEST(every_machine, takes_every_row_of_its_table) {
  const auto known = paths<TypeParam>();
  for (const auto& row : TypeParam::table().rows()) {
    bench<TypeParam> on;
    for (const auto step : known.at(row.from)) {
      const auto event = event_for(step);
      ASSERT_TRUE(on.machine->handle(step, &event));
    }
    ASSERT_EQ(on.machine->state(), row.from);
    const auto event = event_for(row.on);
    EXPECT_TRUE(on.machine->handle(row.on, &event));
    EXPECT_EQ(on.machine->state(), row.to);
    const machine* const itself = &*on.machine;
    const auto times = std::count(on.services.finished.begin(), on.services.finished.end(), itself);
    EXPECT_EQ(times, on.machine->done() ? 1 : 0) << "a machine that is done goes back, once";
  }
}

TYPED_TEST(every_machine, refuses_what_its_table_does_not_have) {
  using state = typename TypeParam::state_type;
  using input = typename TypeParam::input_type;
  const auto known = paths<TypeParam>();
  ASSERT_EQ(known.size(), static_cast<std::size_t>(state::count_)) << "a state that no test can reach";
  std::size_t refused = 0;
  for (const auto& [from, path] : known) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(input::count_); ++i) {
      const auto on_input = static_cast<input>(i);
      if (TypeParam::table().find(from, on_input) != nullptr) continue;
      bench<TypeParam> on;
      for (const auto step : path) {
        const auto event = event_for(step);
        ASSERT_TRUE(on.machine->handle(step, &event));
      }
      const auto finished = on.services.finished.size();
      const auto event = event_for(on_input);
      EXPECT_FALSE(on.machine->handle(on_input, &event));
      EXPECT_EQ(on.machine->state(), from);
      EXPECT_EQ(on.services.finished.size(), finished);
      ++refused;
    }
  }
  const auto cells = static_cast<std::size_t>(state::count_) * static_cast<std::size_t>(input::count_);
  EXPECT_EQ(refused + TypeParam::table().rows().size(), cells);
}

TYPED_TEST(every_machine, leads_only_to_done_through_resolution) {
  const auto known = paths<TypeParam>();
  for (const auto& [state, path] : known) {
    bench<TypeParam> on;
    for (const auto step : path) {
      const auto event = event_for(step);
      on.machine->handle(step, &event);
    }
    if constexpr (requires { on.waiter; }) {
      if (on.machine->done()) {
        EXPECT_TRUE(on.waiter.result) << "whoever waits would wait for ever";
        if constexpr (requires { on.start; }) {
          EXPECT_TRUE(on.start.result) << "who waits for the start too";
        }
      }
    }
  }
}

TEST(activity, resolves_as_its_cancellation_type_says) {
  const auto recorded = event_for(activity_input::recorded);
  const auto closed = event_for(activity_input::close_cancelled);

  bench<activity_machine> asks(cancellation_type::try_cancel);
  asks.machine->handle(activity_input::recorded, &recorded);
  asks.machine->cancel();
  EXPECT_TRUE(asks.waiter.failed());
  EXPECT_TRUE(is_cancellation(asks.waiter.result->error));
  EXPECT_EQ(asks.machine->state(), activity_state::cancel_command);

  bench<activity_machine> waits(cancellation_type::wait_cancellation_completed);
  waits.machine->handle(activity_input::recorded, &recorded);
  waits.machine->cancel();
  EXPECT_FALSE(waits.waiter.result);
  waits.machine->handle(activity_input::close_cancelled, &closed);
  EXPECT_TRUE(is_cancellation(waits.waiter.result->error));

  bench<activity_machine> leaves(cancellation_type::abandon);
  leaves.machine->handle(activity_input::recorded, &recorded);
  leaves.machine->cancel();
  EXPECT_TRUE(is_cancellation(leaves.waiter.result->error));
  EXPECT_EQ(leaves.machine->state(), activity_state::abandoned);
}

TEST(activity, a_result_may_come_although_cancellation_was_asked_for) {
  bench<activity_machine> waits(cancellation_type::wait_cancellation_completed);
  const auto recorded = event_for(activity_input::recorded);
  const auto asked = event_for(activity_input::cancel_recorded);
  auto completed = event_for(activity_input::complete);
  completed.mutable_activity_task_completed_event_attributes()->mutable_result()->add_payloads();
  waits.machine->handle(activity_input::recorded, &recorded);
  waits.machine->cancel();
  waits.machine->apply(asked);
  EXPECT_EQ(waits.machine->state(), activity_state::cancel_requested);
  waits.machine->apply(completed);
  ASSERT_TRUE(waits.waiter.result);
  EXPECT_FALSE(waits.waiter.failed());
  EXPECT_EQ(waits.waiter.values, 1U);
}

TEST(activity, waiters_may_leave_before_the_end) {
  bench<activity_machine> on;
  const auto recorded = event_for(activity_input::recorded);
  const auto failed = event_for(activity_input::fail);
  on.machine->apply(recorded);
  { const auto gone = std::make_unique<waiting>(); }
  on.machine->cancel();
  EXPECT_TRUE(on.machine->apply(failed));
  EXPECT_EQ(on.machine->state(), activity_state::closed);
}

TEST(child, resolves_as_its_cancellation_type_says) {
  const auto recorded = event_for(child_input::recorded);
  const auto started = event_for(child_input::start);
  const auto closed = event_for(child_input::close_cancelled);
  const auto begun = [&](bench<child_machine>& of) {
    of.machine->apply(recorded);
    of.machine->apply(started);
    EXPECT_TRUE(of.start.result && !of.start.failed());
    of.machine->cancel();
  };

  bench<child_machine> asks(cancellation_type::try_cancel);
  begun(asks);
  EXPECT_TRUE(is_cancellation(asks.waiter.result->error));
  EXPECT_EQ(asks.machine->state(), child_state::cancelling);
  EXPECT_TRUE(asks.machine->apply(closed));

  bench<child_machine> waits(cancellation_type::wait_cancellation_completed);
  begun(waits);
  EXPECT_TRUE(waits.machine->handle(child_input::told, nullptr));
  EXPECT_FALSE(waits.waiter.result);
  waits.machine->apply(closed);
  EXPECT_TRUE(is_cancellation(waits.waiter.result->error));

  bench<child_machine> is_told(cancellation_type::wait_cancellation_requested);
  begun(is_told);
  EXPECT_FALSE(is_told.waiter.result);
  EXPECT_TRUE(is_told.machine->handle(child_input::told, nullptr));
  EXPECT_TRUE(is_cancellation(is_told.waiter.result->error));

  bench<child_machine> leaves(cancellation_type::abandon);
  begun(leaves);
  EXPECT_TRUE(is_cancellation(leaves.waiter.result->error));
  EXPECT_EQ(leaves.machine->state(), child_state::abandoned);
}

TEST(command_list, sends_the_end_last_and_withdrawn_commands_not_at_all) {
  google::protobuf::Arena arena;
  machine_services services;
  services.commands.begin(&arena, 0);
  end_machine end(services);
  object_pool<timer_machine> pool;
  waiting first, second;
  pool.acquire(services, pool).begin(1, std::chrono::seconds(1), {}, first);
  end.complete({});
  auto& later = pool.acquire(services, pool);
  later.begin(2, std::chrono::seconds(1), {}, second);
  later.cancel();
  pool.acquire(services, pool).begin(3, std::chrono::seconds(1), "soon", second);
  end.fail(std::make_exception_ptr(application_failure("too late")));

  auto& request = *google::protobuf::Arena::CreateMessage<service::RespondWorkflowTaskCompletedRequest>(&arena);
  services.commands.move_to(request);
  ASSERT_EQ(request.commands_size(), 3);
  EXPECT_EQ(request.commands(0).start_timer_command_attributes().timer_id(), "1");
  EXPECT_EQ(request.commands(1).start_timer_command_attributes().timer_id(), "3");
  EXPECT_EQ(request.commands(1).user_metadata().summary().data(), "\"soon\"");
  EXPECT_EQ(request.commands(2).command_type(), enums::COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION);
}

TEST(event_index, finds_by_id_and_forgets) {
  machine_services services;
  end_machine some(services);
  event_index index;
  for (std::int64_t id = 1; id <= 100; ++id) index.add(id * 3, some);
  EXPECT_EQ(index.find(30), &some);
  EXPECT_EQ(index.find(31), nullptr);
  EXPECT_EQ(index.find(1000), nullptr);
  for (std::int64_t id = 1; id <= 99; ++id) index.erase(id * 3);
  index.erase(3);
  EXPECT_EQ(index.find(297), nullptr);
  EXPECT_EQ(index.find(300), &some);
  index.erase(300);
  EXPECT_EQ(index.find(300), nullptr);
}

}  // namespace machines_test
