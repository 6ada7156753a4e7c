// The C++ part of the checks of rondo-stubs.
//   interop_stubs describe                          prints what its worker offers
//   interop_stubs worker ADDRESS TASK_QUEUE         offers it, and workflows that call what others offer
//   interop_stubs check ADDRESS TASK_QUEUE OTHERS   uses what the workers on another task queue offer
#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "awkward.hpp"
#include "elsewhere.hpp"
#include "rondo/client.hpp"
#include "rondo/describe.hpp"
#include "rondo/worker.hpp"
#include "shop.hpp"

namespace {

namespace workflow = rondo::workflow;
using namespace std::chrono_literals;

/// Names that are keywords, or the same as others.
rondo::task<> calls_awkwardly() {
  const awkward::client value;
  co_await workflow::execute_activity<awkward::workflow_2>({.start_to_close_timeout = 10s}, value);
  const awkward::class_ other;
  auto child = co_await workflow::start_child<awkward::workflow>({}, other, rondo::bytes());
  co_await child.signal<&awkward::workflow::run_>(1, 2);
}

/// Calls an activity and a child of another language, and what the child understands.
rondo::task<elsewhere::item> calls_elsewhere(std::string task_queue, elsewhere::item value) {
  const rondo::activity_options there{.task_queue = task_queue, .start_to_close_timeout = 10s};
  const elsewhere::item advanced = co_await workflow::execute_activity<elsewhere::elsewhere_advance>(there, value);
  const rondo::child_workflow_options child_there{.task_queue = task_queue};
  const std::optional<std::int32_t> step = 10;
  auto child = co_await workflow::start_child<elsewhere::elsewhere_counter>(child_there, advanced, step);
  co_await child.signal<&elsewhere::elsewhere_counter::add>(2);
  co_await child.signal<&elsewhere::elsewhere_counter::stop>();
  const elsewhere::item counted = co_await child.result();
  co_return counted;
}

elsewhere::item full() {
  elsewhere::item inner;
  inner.item_ = "inner \"naïve\" 東京";
  elsewhere::item value;
  value.item_ = "outer";
  value.serial_number = (std::int64_t{1} << 53) + 1;
  value.for_ = {elsewhere::shade::light_grey, elsewhere::shade::class_};
  value.parts["in"] = inner;
  return value;
}

int failures = 0;

template <class T>
void expect(const char* what, const T& actual, const T& wanted) {
  if (rondo::json::dump(actual) == rondo::json::dump(wanted)) return;
  ++failures;
  std::cout << "FAILED  " << what << ": expected " << rondo::json::dump(wanted) << ", got " << rondo::json::dump(actual)
            << "\n";
}

void check(const rondo::client& client, const std::string& ours, const std::string& theirs) {
  using counter = elsewhere::elsewhere_counter;
  const elsewhere::item given = full();
  const std::string id = "elsewhere-" + theirs;
  const std::optional<std::int32_t> step;
  auto handle = client.start_workflow<counter>({.id = id, .task_queue = theirs}, given, step).get();
  handle.signal<&counter::add>(3).get();
  elsewhere::item wanted = given;
  wanted.serial_number += 3;
  expect("the answer to a query", handle.query<&counter::total>().get(), wanted.serial_number);
  wanted.note = "a note";
  expect("the result of an update", handle.execute_update<&counter::set_note>("a note").get(), std::string("was "));
  handle.signal<&counter::stop>().get();
  expect("the result of a workflow", handle.result().get(), wanted);

  elsewhere::item called = given;
  called.serial_number += 21;
  const std::string calling = "calls-" + theirs;
  expect(
      "what a C++ workflow called",
      client.start_workflow<calls_elsewhere>({.id = calling, .task_queue = ours}, theirs, given).get().result().get(),
      called);
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  const std::string_view how = words.empty() ? "" : std::string_view(words[0]);
  if (how == "describe" && count == 2) {
    std::cout << rondo::describe(shop::registry());
    return 0;
  }
  if (!(how == "worker" && count == 4) && !(how == "check" && count == 5)) {
    std::cerr << "usage: interop_stubs describe | worker ADDRESS TASK_QUEUE | check ADDRESS TASK_QUEUE OTHERS\n";
    return 2;
  }
  auto client = rondo::client::connect({.target = words[1]});
  if (how == "check") {
    check(client, words[2], words[3]);
    return failures == 0 ? 0 : 1;
  }
  rondo::worker worker(client, shop::registry().workflow<calls_elsewhere>().workflow<calls_awkwardly>(),
                       {.task_queue = words[2]});
  worker.run();
}
