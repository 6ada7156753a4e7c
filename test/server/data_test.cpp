#include <gtest/gtest.h>
#include <temporal/api/history/v1/message.pb.h>

#include <chrono>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data_fixture.hpp"
#include "fixture.hpp"
#include "rondo/activity.hpp"
#include "rondo/codecs/encryption.hpp"
#include "rondo/codecs/history.hpp"
#include "rondo/data_options.hpp"
#include "rondo/payload_storage.hpp"
#include "support/full_storage.hpp"

// Codecs beside a server: what it keeps shows nothing, and everybody with the key reads it as it was.
namespace rondo::test::data_test {

using namespace std::chrono_literals;

// Every value of the tests holds this.
const std::string secret = "pa55word";

constexpr activity_options soon{
    .start_to_close_timeout = 10s, .heartbeat_timeout = 5s, .retry = retry_policy{.maximum_attempts = 1}};
constexpr local_activity_options here{.start_to_close_timeout = 10s};

std::string shout(std::string text) {
  activity::heartbeat(text + " beats");
  return text + "!";
}
std::string whisper(std::string text) { return text + "..."; }
std::string refuse(std::string text) {
  application_failure failure("no " + text, {.type = "Refused"});
  payload_collector details;
  encode(details, text + " details");
  failure.set_details(details.take());
  throw failure;
}

task<std::string> echo(std::string text) { co_return text + " from a child"; }

class vault {
 public:
  task<std::string> run(std::string text) {
    const std::string made = workflow::side_effect([&] { return text + " made"; });
    workflow::upsert_memo(workflow::memo_changes().set("changed", text).unset("gone"));
    std::string all = co_await workflow::execute_activity<shout>(soon, text);
    all += " " + co_await workflow::execute_local_activity<whisper>(here, text);
    all += " " + co_await workflow::execute_child<echo>({}, text);
    auto refused = co_await workflow::as_result(workflow::execute_activity<refuse>(soon, text));
    try {
      refused.rethrow();
    } catch (const activity_failure& failed) {
      const auto* cause = failed.cause_as<application_failure>();
      all += " " + cause->message() + " " + decode<std::string>(cause->details().at(0));
    }
    co_await workflow::wait_condition([this] { return !word_.empty(); });
    if (word_.ends_with("break")) throw application_failure("broken " + text, {.type = "Broken"});
    co_return all + " " + made + " " + word_;
  }
  void tell(std::string word) { word_ = std::move(word); }
  std::string ask(std::string question) const {
    if (question.starts_with("fail")) throw application_failure("cannot say " + question, {.type = "Silent"});
    return question + "?";
  }
  task<std::string> change(std::string to) { co_return to + " changed"; }
  void check_change(std::string to) const {
    if (to.starts_with("bad")) throw application_failure("rejected " + to, {.type = "Bad"});
  }
  static constexpr auto handlers =
      rondo::handlers(signal<&vault::tell>, query<&vault::ask>, update<&vault::change, &vault::check_change>);

 private:
  std::string word_;
};

registry app() {
  return registry().workflow<vault>().workflow<echo>().activity<shout>().activity<whisper>().activity<refuse>();
}

/// The events, whatever the order of their bytes is.
std::string text_of(const std::string& history) {
  temporal::api::history::v1::History events;
  EXPECT_TRUE(events.ParseFromString(history));
  return events.DebugString();
}

class data : public server_test {
 protected:
  rondo::client owner = connect_with(sealed());
  running_worker worker{app(), options(), connect_with(sealed())};

  auto begin() {
    const payload_map memo{{"note", text_payload(secret + " noted")}, {"gone", text_payload(secret)}};
    const std::string summary = secret + " summary";
    auto how = start();
    how.memo = memo;
    how.summary = summary;
    how.task_timeout = 1s;
    return owner.start_workflow<vault>(how, secret).get();
  }
  /// What the server has of it.
  std::string raw(const std::string& id) { return client.get_workflow_handle(id).history().get().bytes(); }
  std::string read(const std::string& id) { return owner.get_workflow_handle(id).history().get().bytes(); }
};

/// The message of the application failure that is the cause of what the function throws.
template <class Error, class Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const Error& failed) {
    try {
      std::rethrow_exception(failed.cause());
    } catch (const application_failure& cause) {
      return cause.message();
    }
  }
  return "none";
}

TEST_F(data, is_encrypted_wherever_it_travels) {
  const auto handle = begin();
  EXPECT_EQ(handle.query<&vault::ask>(secret).get(), secret + "?");
  EXPECT_EQ(handle.execute_update<&vault::change>(secret).get(), secret + " changed");
  EXPECT_EQ(error_of<update_failure>([&] { handle.execute_update<&vault::change>("bad " + secret).get(); }),
            "rejected bad " + secret);
  EXPECT_EQ(error_of<query_failed>([&] { static_cast<void>(handle.query<&vault::ask>("fail " + secret).get()); }),
            "cannot say fail " + secret);
  handle.signal<&vault::tell>(secret + " word").get();
  EXPECT_EQ(handle.result().get(), secret + "! " + secret + "... " + secret + " from a child no " + secret + " " +
                                       secret + " details " + secret + " made " + secret + " word");
  const std::string kept = raw(handle.id());
  EXPECT_EQ(kept.find(secret), std::string::npos);
  EXPECT_NE(kept.find("binary/encrypted"), std::string::npos);
  const std::string plain = read(handle.id());
  EXPECT_EQ(plain.find("binary/encrypted"), std::string::npos);
  for (const std::string part :
       {" noted", " summary", "!", "...", " from a child", " details", " made", " word", " changed"}) {
    EXPECT_NE(plain.find(secret + part), std::string::npos) << part;
  }
  const auto exported = client.get_workflow_handle(handle.id()).history().get();
  EXPECT_EQ(text_of(decode_history(exported, sealed()).bytes()), text_of(plain));
  const auto described = handle.describe().get();
  EXPECT_EQ(described.memo.at("note").data, "\"" + secret + " noted\"");
  EXPECT_EQ(described.memo.at("changed").data, "\"" + secret + "\"");
  EXPECT_FALSE(described.memo.contains("gone"));
  EXPECT_EQ(client.get_workflow_handle(handle.id()).describe().get().memo.at("note").encoding(), "binary/encrypted");
}

TEST_F(data, of_a_failed_workflow_is_read_by_its_owner_alone) {
  const auto handle = begin();
  handle.signal<&vault::tell>(secret + " break").get();
  EXPECT_EQ(error_of<workflow_failure>([&] { static_cast<void>(handle.result().get()); }), "broken " + secret);
  EXPECT_EQ(raw(handle.id()).find(secret), std::string::npos);
  const auto stranger = client.get_workflow_handle<vault>(handle.id());
  EXPECT_EQ(error_of<workflow_failure>([&] { static_cast<void>(stranger.result().get()); }), "Encoded failure");
}

TEST_F(data, without_the_key_fails_the_task_and_goes_on_with_it) {
  const auto handle = begin();
  handle.signal<&vault::tell>(secret).get();
  static_cast<void>(handle.result().get());
  worker.stop();
  // Starts again in a worker that knows another key: its tasks fail until one with the key comes.
  auto other = sealed();
  other.codecs = {std::make_shared<encryption_codec>(
      std::make_shared<key_ring>(encryption_key{.id = "second", .bytes = std::string(32, 'x')}))};
  const auto later = begin();
  later.signal<&vault::tell>(secret).get();
  {
    running_worker keyless(app(), options(), connect_with(other));
    ASSERT_TRUE(eventually([&] { return keyless.log().contains("the key 'first', which is not known here"); }));
  }
  running_worker keyed(app(), options(), connect_with(sealed()));
  EXPECT_TRUE(later.result().get().ends_with(secret));
}

// ---- what cannot be encoded

/// Refuses values that hold this word.
const std::string fragile_word = "explode";

class fragile_codec final : public codec {
 public:
  void encode(std::span<payload> payloads, const serialization_context& context) const override {
    for (const auto& each : payloads) {
      if (each.data.find(fragile_word) != std::string::npos) throw codec_error("no codec for " + context.workflow_type);
    }
  }
  void decode(std::span<payload> /*payloads*/, const serialization_context& /*context*/) const override {}
};

std::string explodes() { return fragile_word; }
task<std::string> survives() {
  auto result = co_await workflow::as_result(workflow::execute_activity<explodes>(soon));
  try {
    result.rethrow();
  } catch (const activity_failure& failed) {
    const auto* cause = failed.cause_as<application_failure>();
    co_return cause->type() + ": " + cause->message();
  }
  co_return "no failure";
}
task<std::string> ends_badly(int size) { co_return fragile_word + std::string(static_cast<std::size_t>(size), 'x'); }

class unsent : public server_test {
 protected:
  static registry fragile_app() { return registry().workflow<survives>().workflow<ends_badly>().activity<explodes>(); }
  /// The history of a workflow whose task has failed.
  std::string failed_history(data_options how, int size) {
    running_worker worker(fragile_app(), options(), connect_with(std::move(how)));
    const auto handle = client.start_workflow<ends_badly>(start(), size).get();
    std::string json;
    EXPECT_TRUE(eventually([&] {
      json = handle.history().get().to_json();
      return json.find("EVENT_TYPE_WORKFLOW_TASK_FAILED") != std::string::npos;
    }));
    handle.terminate().get();
    return json;
  }
};

TEST_F(unsent, results_of_activities_are_failures_of_the_activity) {
  data_options how;
  how.codecs = {std::make_shared<fragile_codec>()};
  running_worker worker(fragile_app(), options(), connect_with(how));
  EXPECT_EQ(client.execute_workflow<survives>(start()).get(),
            "PayloadCodecError: payloads could not be encoded: no codec for survives");
}

TEST_F(unsent, results_of_workflows_are_failures_of_the_task) {
  data_options how;
  how.codecs = {std::make_shared<fragile_codec>()};
  const std::string codec_failed = failed_history(how, 0);
  EXPECT_NE(codec_failed.find("payloads could not be encoded: no codec for ends_badly"), std::string::npos);
  EXPECT_NE(codec_failed.find("WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE"), std::string::npos);
  data_options stored;
  stored.storage = std::make_shared<payload_storage>(
      std::vector<std::shared_ptr<const storage_driver>>{std::make_shared<full_storage>()}, 500);
  const std::string storage_failed = failed_history(stored, 1000);
  EXPECT_NE(storage_failed.find("payloads could not be stored: no room"), std::string::npos);
  EXPECT_NE(storage_failed.find("WORKFLOW_TASK_FAILED_CAUSE_EXTERNAL_STORAGE_FAILURE"), std::string::npos);
}

}  // namespace rondo::test::data_test
