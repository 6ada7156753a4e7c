#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "rondo/client/activity_client.hpp"
#include "rondo/testing.hpp"
#include "rondo/testing/activity_environment.hpp"
#include "rondo/workflow.hpp"
#include "support/owned_text.hpp"

// Whose values are, as their codecs are told on every way that they go: reading one as another's fails.
namespace payload_owner_test {

using namespace std::chrono_literals;
namespace workflow = rondo::workflow;
using rondo::test::owned_text;
using rondo::testing::workflow_environment;

constexpr rondo::activity_options quickly{.start_to_close_timeout = 10s};

std::string seen(const owned_text& value) { return value.text + " for " + value.owner; }

owned_text shout(owned_text what) { return {seen(what) + "!"}; }
asio::awaitable<owned_text> whisper(std::optional<owned_text> what) { co_return owned_text{seen(*what) + "..."}; }
owned_text goes_on(owned_text from) {
  const auto progress = rondo::activity::heartbeat_details<owned_text>();
  if (progress) return {seen(*progress)};
  rondo::activity::heartbeat(owned_text{from.text + " beaten"});
  throw rondo::application_failure("again");
}
/// Completes itself as somebody else would.
asio::awaitable<owned_text> given_elsewhere(bool by_token) {
  const auto& about = rondo::activity::info();
  const auto client = rondo::activity::client();
  const owned_text value{"done"};
  if (by_token) {
    const auto handle = client.activity_handle(about.task_token);
    co_await handle.complete(value);
  } else {
    const auto handle = client.activity_handle(about.workflow_id, about.run_id, about.activity_id);
    co_await handle.complete(value);
  }
  rondo::activity::complete_async();
}

class child {
 public:
  rondo::task<owned_text> run(std::optional<owned_text> what) {
    co_await workflow::wait_condition([this] { return !told_.empty(); });
    co_return owned_text{seen(*what) + "; " + told_};
  }
  void tell(owned_text what) { told_ = seen(what); }
  static constexpr auto handlers = rondo::handlers(rondo::signal<&child::tell>);

 private:
  std::string told_;
};

class keeper {
 public:
  rondo::task<owned_text> run(owned_text what) {
    log_ = seen(what);
    co_await workflow::wait_condition([this] { return told_; });
    co_return owned_text{log_};
  }
  void tell(owned_text what) {
    log_ += "; " + seen(what);
    told_ = true;
  }
  owned_text ask(owned_text what) const { return {seen(what) + "?"}; }
  rondo::task<owned_text> change(owned_text what) {
    co_await workflow::sleep(1s);
    co_return owned_text{seen(what) + " changed"};
  }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&keeper::tell>, rondo::query<&keeper::ask>, rondo::update<&keeper::change>);

 private:
  std::string log_;
  bool told_ = false;
};

rondo::task<std::string> calls_activities(std::string) {
  const owned_text word{"word"};
  const owned_text loud = co_await workflow::execute_activity<shout>(quickly, word);
  const std::optional<owned_text> perhaps(word);
  const owned_text low = co_await workflow::execute_activity<whisper>(quickly, perhaps);
  const rondo::local_activity_options here{.start_to_close_timeout = 10s};
  const owned_text local = co_await workflow::execute_local_activity<shout>(here, word);
  const owned_text again = co_await workflow::execute_activity<goes_on>(quickly, word);
  co_return loud.text + "\n" + low.text + "\n" + local.text + "\n" + again.text + "\n" + loud.owner;
}

rondo::task<std::string> calls_children(std::string other) {
  const owned_text word{"word"};
  const std::optional<owned_text> perhaps(word);
  auto begun = co_await workflow::start_child<child>({}, perhaps);
  co_await begun.signal<&child::tell>(word);
  const std::string id = begun.id();
  const owned_text unnamed = co_await begun.result();
  auto named = co_await workflow::start_child<child>({.id = "named"}, perhaps);
  co_await workflow::external<child>("named").signal<&child::tell>(word);
  const owned_text by_name = co_await named.result();
  co_await workflow::external<keeper>(other).signal<&keeper::tell>(word);
  co_return id + "\n" + unnamed.text + "\n" + unnamed.owner + "\n" + by_name.text;
}

rondo::task<owned_text> keeps_values(owned_text what) {
  if (what.text == "again") co_return owned_text{seen(what)};
  const owned_text made = workflow::side_effect([] { return owned_text{"made"}; });
  const owned_text changing = workflow::mutable_side_effect(
      "it", [] { return owned_text{"changing"}; },
      [](const owned_text& a, const owned_text& b) { return a.text == b.text; });
  workflow::upsert_memo(workflow::memo_changes().set("note", owned_text{"noted"}));
  const auto whose = workflow::payload_context();
  const auto noted = rondo::decode<owned_text>(workflow::info().memo.at("note"), &whose);
  if (made.owner != changing.owner || made.owner != noted.owner) co_return owned_text{"not the same"};
  workflow::continue_as_new<keeps_values>({}, owned_text{"again"});
}

/// As it is, since no two sides know the same of it.
rondo::task<std::string> waits_for_others() {
  const auto by_ids = co_await workflow::execute_activity<rondo::payload>("given_elsewhere", quickly, false);
  const auto by_token = co_await workflow::execute_activity<rondo::payload>("given_elsewhere", quickly, true);
  co_return by_ids.data + ", " + by_token.data;
}

rondo::registry app() {
  rondo::registry made;
  made.workflow<child>().workflow<keeper>().workflow<calls_activities>().workflow<calls_children>();
  made.workflow<keeps_values>().workflow<waits_for_others>();
  return made.activity<shout>().activity<whisper>().activity<goes_on>().activity<given_elsewhere>();
}
rondo::testing::environment_options options() {
  rondo::testing::environment_options how;
  how.task_queue = "work";
  return how;
}

TEST(payload_owner, of_a_workflow_and_its_messages_is_the_workflow) {
  workflow_environment env(app(), options());
  const auto run = env.start_with<keeper>({.id = "k"}, owned_text{"start"});
  EXPECT_EQ(run.query<&keeper::ask>(owned_text{"query"}).text, "query for default/k?");
  EXPECT_EQ(run.execute_update<&keeper::change>(owned_text{"update"}).text, "update for default/k changed");
  run.signal<&keeper::tell>(owned_text{"signal"});
  const owned_text result = run.result();
  EXPECT_EQ(result.text, "start for default/k; signal for default/k");
  EXPECT_EQ(result.owner, "default/k");
}

TEST(payload_owner, of_an_activity_is_known_to_both_sides) {
  workflow_environment env(app(), options());
  const auto run = env.start_with<calls_activities>({.id = "w"}, std::string());
  const std::string prefix = "default/w calls_activities.";
  EXPECT_EQ(run.result(), "word for " + prefix + "shout@work!\nword for " + prefix + "whisper@work...\nword for " +
                              prefix + "shout@work local!\nword beaten for " + prefix + "goes_on@work\n" + prefix +
                              "shout@work");
}

TEST(payload_owner, of_what_others_are_sent_is_the_other) {
  workflow_environment env(app(), options());
  const auto other = env.start_with<keeper>({.id = "k"}, owned_text{"start"});
  const std::string said = env.start_with<calls_children>({.id = "w"}, std::string("k")).result();
  const std::string id = said.substr(0, said.find('\n')), made = "default/" + id;
  EXPECT_EQ(said, id + "\nword for " + made + "; word for " + made + "\n" + made +
                      "\nword for default/named; word for default/named");
  EXPECT_EQ(other.result().text, "start for default/k; word for default/k");
}

TEST(payload_owner, of_kept_values_and_the_next_run_is_the_workflow) {
  workflow_environment env(app(), options());
  EXPECT_EQ(env.start_with<keeps_values>({.id = "w"}, owned_text{"first"}).result().text, "again for default/w");
}

TEST(payload_owner, of_an_activity_completed_elsewhere_is_what_its_name_tells) {
  workflow_environment env(app(), options());
  EXPECT_EQ(env.start_with<waits_for_others>({.id = "w"}).result(), "done for default/w, done for nobody");
}

TEST(payload_owner, is_told_to_activities_that_run_without_a_worker) {
  rondo::testing::activity_environment env;
  env.info.workflow_id = env.info.workflow_type = "";
  const owned_text result = env.run<shout>(owned_text{"word"});
  EXPECT_EQ(result.text, "word for default/ .shout1@test!");
  EXPECT_THROW(env.run<goes_on>(owned_text{"word"}), rondo::application_failure);
  EXPECT_EQ(env.heartbeat<owned_text>(0)->owner, "default/ .goes_on1@test");
}

}  // namespace payload_owner_test
