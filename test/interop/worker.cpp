// Runs workflows and activities that programs in other languages call, and that call theirs.
//   interop_worker ADDRESS TASK_QUEUE [KEY]    with a key of 32 bytes everything that travels is encrypted
#include <chrono>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/activity.hpp"
#include "rondo/client.hpp"
#include "rondo/client/activity_client.hpp"
#include "rondo/client/stream.hpp"
#include "rondo/codecs/encryption.hpp"
#include "rondo/nexus.hpp"
#include "rondo/registry.hpp"
#include "rondo/worker.hpp"
#include "rondo/workflow.hpp"
#include "rondo/workflow/stream.hpp"

namespace interop {

namespace workflow = rondo::workflow;
using namespace std::chrono_literals;

struct line {
  std::string sku{};
  int quantity = 0;
};

/// The same fields as in client.py and in the Go worker.
struct record {
  std::string id{};
  std::int64_t serial = 0;
  double weight = 0;
  bool urgent = false;
  std::optional<std::string> note{};
  std::vector<line> lines{};
  std::map<std::string, std::string> labels{};
  std::vector<std::vector<std::int64_t>> history{};
};

constexpr rondo::activity_options soon{.start_to_close_timeout = 10s};

// On another task queue: that of a worker in another language.
rondo::activity_options elsewhere(std::string_view task_queue) {
  return {.task_queue = task_queue, .start_to_close_timeout = 10s};
}

template <class... Values>
rondo::payload_list details_of(const Values&... values) {
  rondo::payload_collector collected;
  rondo::encode_all(collected, values...);
  return collected.take();
}

record cpp_count_up(record value) {
  ++value.serial;
  return value;
}

void cpp_refuse(record value) {
  rondo::application_failure refusal("C++ refuses " + value.id, {.type = "CppRefused", .non_retryable = true});
  refusal.set_details(details_of(value.serial, value));
  throw refusal;
}

void cpp_break(record /*value*/) { throw std::out_of_range("broken"); }

rondo::task<record> round_trip(record value) {
  co_return co_await workflow::execute_activity<cpp_count_up>(soon, value);
}

rondo::task<std::optional<record>> same_or_nothing(std::optional<record> value) { co_return value; }

rondo::task<rondo::bytes> reverse_in_go(std::string task_queue, rondo::bytes value) {
  co_return co_await workflow::execute_activity<rondo::bytes>("GoReverse", elsewhere(task_queue), value);
}

rondo::task<record> count_up_elsewhere(std::string task_queue, std::string activity, record value) {
  co_return co_await workflow::execute_activity<record>(activity, elsewhere(task_queue), value);
}

struct refusal_report {
  std::string message{}, type{};
  bool non_retryable = false;
  std::int64_t serial = 0;
  record about{};
};

/// Calls an activity in another language that refuses, and reports what arrived of its failure.
rondo::task<refusal_report> ask_in_vain(std::string task_queue, std::string activity, record value) {
  auto asked = co_await workflow::as_result(workflow::execute_activity<void>(activity, elsewhere(task_queue), value));
  const auto* failed = asked.failed_with<rondo::activity_failure>();
  const auto* reason = failed == nullptr ? nullptr : failed->cause_as<rondo::application_failure>();
  if (reason == nullptr) throw rondo::application_failure("the activity did not refuse", {.type = "Unexpected"});
  refusal_report report;
  report.message = reason->message();
  report.type = reason->type();
  report.non_retryable = reason->non_retryable();
  report.serial = rondo::decode<std::int64_t>(reason->details().at(0));
  report.about = rondo::decode<record>(reason->details().at(1));
  co_return report;
}

rondo::task<> fail(record value) {
  cpp_refuse(std::move(value));
  co_return;
}

rondo::task<> fail_in_activity(record value) { co_await workflow::execute_activity<cpp_refuse>(soon, value); }

rondo::task<> break_down(record value) {
  constexpr rondo::activity_options once{.start_to_close_timeout = 10s,
                                         .retry = rondo::retry_policy{.maximum_attempts = 1}};
  co_await workflow::execute_activity<cpp_break>(once, value);
}

/// Reads records from a stream in another language and publishes there what they become.
void cpp_count_up_stream(std::string workflow_id, int count) {
  const auto client = rondo::activity::client();
  rondo::stream_client stream(client, std::move(workflow_id));
  auto given = stream.read({.topics = {"given"}, .limit = static_cast<std::size_t>(count)});
  for (auto& each : given) stream.publish("counted", cpp_count_up(each.as<record>()));
  stream.flush().get();
}

/// Hears records until it is told to stop; its stream has them too.
class conversation {
 public:
  rondo::task<std::vector<record>> run() {
    co_await workflow::wait_condition([this] { return stopped_; });
    co_return heard_;
  }
  void say(record value) {
    stream_.publish("heard", value);
    heard_.push_back(std::move(value));
  }
  void stop() { stopped_ = true; }
  std::vector<record> heard() const { return heard_; }
  record heard_at(int index) const { return heard_.at(static_cast<std::size_t>(index)); }

  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&conversation::say>, rondo::signal<&conversation::stop>,
                      rondo::query<&conversation::heard>, rondo::query<&conversation::heard_at>("heard-at"));

 private:
  workflow::stream stream_;
  std::vector<record> heard_;
  bool stopped_ = false;
};

/// The Nexus service that the workers in all languages serve.
struct counting {
  static constexpr std::string_view name = "counting";
  static constexpr rondo::nexus_operation<record, record> count_up{"count_up"};
  /// Goes on as a workflow.
  static constexpr rondo::nexus_operation<record, record> count_up_later{"count_up_later"};
};

rondo::task<record> count_up_by_nexus(std::string endpoint, record value) {
  const workflow::nexus_service<counting> service(endpoint);
  const record once = co_await service.execute(counting::count_up, {}, value);
  co_return co_await service.execute(counting::count_up_later, {}, once);
}

rondo::registry app() {
  return rondo::registry{}
      .workflow<round_trip>()
      .workflow<same_or_nothing>()
      .workflow<reverse_in_go>()
      .workflow<count_up_elsewhere>()
      .workflow<ask_in_vain>()
      .workflow<fail>()
      .workflow<fail_in_activity>()
      .workflow<break_down>()
      .workflow<conversation>()
      .workflow<count_up_by_nexus>()
      .nexus_service(rondo::nexus_handlers<counting>()
                         .operation(counting::count_up, cpp_count_up)
                         .operation(counting::count_up_later,
                                    [](rondo::nexus_context& context, const record& value) {
                                      return context.start_workflow<round_trip>({}, value);
                                    }))
      .activity<cpp_count_up>()
      .activity<cpp_count_up_stream>()
      .activity<cpp_refuse>()
      .activity<cpp_break>();
}

}  // namespace interop

int main(int count, char** arguments) {
  if (count != 3 && count != 4) {
    std::cerr << "usage: interop_worker ADDRESS TASK_QUEUE [KEY]\n";
    return 2;
  }
  rondo::data_options data;
  if (count == 4) {
    const rondo::encryption_key key{.id = "interop", .bytes = arguments[3]};
    data.codecs.push_back(std::make_shared<rondo::encryption_codec>(std::make_shared<rondo::key_ring>(key)));
  }
  auto client = rondo::client::connect({.target = arguments[1], .data = std::move(data)});
  rondo::worker worker(client, interop::app(), {.task_queue = arguments[2]});
  worker.run();
}
