#include <gtest/gtest.h>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "fixture.hpp"
#include "nexus_fixture.hpp"
#include "rondo/client/activities.hpp"
#include "rondo/nexus.hpp"
#include "rondo/workflow.hpp"

// Nexus operations that go on as updates and as activities beside a server that tells how those end.
namespace rondo::test::nexus_backing_test {

using namespace std::chrono_literals;

constexpr duration limit = 30s;

/// Takes what is put into it, but not at once, until it is told to stop.
class cart {
 public:
  task<int> run() {
    co_await workflow::wait_condition([this] { return closed_; });
    co_return pieces_;
  }
  task<int> add(int pieces) {
    if (pieces < 0) throw application_failure("too few", {.type = "Pieces"});
    co_await workflow::wait_condition([this] { return open_ || closed_; });
    if (closed_) throw application_failure("closed", {.type = "Closed"});
    co_return pieces_ += pieces;
  }
  void open() { open_ = true; }
  void close() { closed_ = true; }
  static constexpr auto handlers = rondo::handlers(update<&cart::add>, signal<&cart::open>, signal<&cart::close>);

 private:
  int pieces_ = 0;
  bool open_ = false, closed_ = false;
};

int pack(int pieces) { return 2 * pieces; }
int fail_to_pack(int /*pieces*/) { throw application_failure("no boxes", {.type = "Boxes", .non_retryable = true}); }
/// Goes on until it is told to stop, which it hears with a heartbeat.
asio::awaitable<int> pack_for_ever(int /*pieces*/) {
  asio::steady_timer beat(co_await asio::this_coro::executor);
  for (;;) {
    activity::heartbeat();
    beat.expires_after(50ms);
    co_await beat.async_wait(asio::use_awaitable);
  }
}

struct order {
  std::string id{};
  int pieces = 0;
};
struct shop {
  static constexpr std::string_view name = "shop";
  static constexpr nexus_operation<order, int> add{"add"};
  static constexpr nexus_operation<order, int> pack{"pack"};
  static constexpr nexus_operation<order, int> fail{"fail"};
  static constexpr nexus_operation<order, int> pack_for_ever{"pack_for_ever"};
};

task<std::string> calls(std::string endpoint, std::string operation, order what) {
  const nexus_operation_options soon{.schedule_to_close_timeout = 60s};
  auto made = co_await workflow::as_result(
      workflow::execute_nexus<int>({.endpoint = endpoint, .service = "shop", .operation = operation}, soon, what));
  co_return made ? std::to_string(*made) : nexus_texts_of(made.error());
}
task<std::string> cancels(std::string endpoint, std::string operation, order what) {
  const nexus_operation_options soon{.schedule_to_close_timeout = 60s};
  auto handle = co_await workflow::start_nexus<int>({.endpoint = endpoint, .service = "shop", .operation = operation},
                                                    soon, what);
  handle.cancel();
  auto made = co_await workflow::as_result(handle.result());
  co_return made ? std::to_string(*made) : nexus_texts_of(made.error());
}
class nexus_backing_operations : public nexus_server_test {
 protected:
  std::string id = "behind-" + detail::random_uuid();

  void SetUp() override {
    if (server_under_test() != server_kind::stock) {
      GTEST_SKIP() << "only the stock server tells callbacks how updates and standalone activities end";
    }
    make_endpoint();
  }
  static registry app() {
    registry all;
    all.nexus_service(
        nexus_handlers<shop>()
            .operation(shop::add,
                       [](nexus_context& context, const order& what) {
                         return context.start_update<&cart::add>({.workflow_id = what.id}, what.pieces);
                       })
            .on_cancel(shop::add,
                       [](nexus_context& context) {
                         const auto& what = *context.info().cancels;
                         context.client().get_workflow_handle<cart>(what.workflow_id).signal<&cart::close>().get();
                       })
            .operation(shop::pack,
                       [](nexus_context& context, const order& what) {
                         return context.start_activity<pack>({.id = what.id, .start_to_close_timeout = limit},
                                                             what.pieces);
                       })
            .operation(shop::fail,
                       [](nexus_context& context, const order& what) {
                         return context.start_activity<fail_to_pack>({.id = what.id, .start_to_close_timeout = limit},
                                                                     what.pieces);
                       })
            .operation(shop::pack_for_ever, [](nexus_context& context, const order& what) {
              return context.start_activity<pack_for_ever>(
                  {.id = what.id, .start_to_close_timeout = limit, .heartbeat_timeout = 5s}, what.pieces);
            }));
    all.workflow<cart>().workflow<calls>().workflow<cancels>();
    all.activity<pack>().activity<fail_to_pack>().activity<pack_for_ever>();
    return all;
  }
  template <auto Workflow>
  std::string end_of(const char* operation, int pieces) {
    const order what{.id = id, .pieces = pieces};
    return client.execute_workflow<Workflow>(start(), endpoint, operation, what).get();
  }
};

TEST_F(nexus_backing_operations, GoOnAsUpdates) {
  running_worker worker(app(), options());
  const auto behind = client.start_workflow<cart>({.id = id, .task_queue = queue}).get();
  const order what{.id = id, .pieces = 3};
  const auto caller = client.start_workflow<calls>(start(), endpoint, "add", what).get();
  // It has begun when its history says so, and ends when the update does.
  EXPECT_TRUE(eventually([&] { return has_event(caller.id(), enums::EVENT_TYPE_NEXUS_OPERATION_STARTED); }));
  behind.signal<&cart::open>().get();
  EXPECT_EQ(caller.result().get(), "3");
  // An update that has failed by the time its server answers ends the operation at once; Temporal wraps such an end.
  const auto failed = end_of<calls>("add", -1);
  EXPECT_TRUE(failed == "operation shop.add; application Pieces: too few" ||
              failed == "operation shop.add; application OperationError: too few; application Pieces: too few")
      << failed;
  behind.signal<&cart::close>().get();
  EXPECT_EQ(behind.result().get(), 3);
}

TEST_F(nexus_backing_operations, CancelUpdatesAsTheirServiceSays) {
  running_worker worker(app(), options());
  const auto behind = client.start_workflow<cart>({.id = id, .task_queue = queue}).get();
  EXPECT_EQ(end_of<cancels>("add", 3), "operation shop.add; application Closed: closed");
  EXPECT_EQ(behind.result().get(), 0);
}

TEST_F(nexus_backing_operations, GoOnAsActivities) {
  running_worker worker(app(), options());
  EXPECT_EQ(end_of<calls>("pack", 21), "42");
  const auto behind = activity_client(client).get(id).describe().get();
  EXPECT_EQ(behind.status, activity_status::completed);
  EXPECT_EQ(behind.type, "pack");
  id += "-2";
  EXPECT_EQ(end_of<calls>("fail", 1), "operation shop.fail; application Boxes: no boxes");
}

TEST_F(nexus_backing_operations, CancelTheirActivities) {
  running_worker worker(app(), options());
  EXPECT_EQ(end_of<cancels>("pack_for_ever", 1), "operation shop.pack_for_ever; cancelled");
  EXPECT_EQ(activity_client(client).get(id).describe().get().status, activity_status::cancelled);
}

}  // namespace rondo::test::nexus_backing_test
