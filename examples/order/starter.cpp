// Starts orders, and does what else people do with them:
//   starter start [--count N] [--wait] [ID]     one order, or N orders ID-1 to ID-N; the ID is order-12345 if not given
//   starter status ID...                        shows where they stand
//   starter result ID...                        waits for their end; exit code 0 when all were completed
//   starter approve|reject ID REVIEWER          decides on an order in review
//   starter cancel ID
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "rondo/client.hpp"
#include "workflows.hpp"

namespace {

using texts = std::vector<std::string>;
using order_handle = rondo::workflow_handle<shop::order_workflow>;

order_handle find(rondo::client& client, const std::string& id) {
  return client.get_workflow_handle<shop::order_workflow>(id);
}

order_handle start(rondo::client& client, const shop::order& order) {
  shop::order_settings settings;
  settings.payment_task_queue = shop::setting("PAYMENT_TASK_QUEUE", "payment-task-queue");
  settings.first_payment_retry = std::chrono::milliseconds(std::stoi(shop::setting("PAYMENT_RETRY_MS", "1000")));
  const auto task_queue = shop::setting("ORDER_TASK_QUEUE", "order-task-queue");
  auto handle =
      client.start_workflow<shop::order_workflow>({.id = order.id, .task_queue = task_queue}, order, settings).get();
  std::cout << "workflow id " << handle.id() << ", run id " << handle.run_id() << "\n" << std::flush;
  return handle;
}

bool show_result(const order_handle& order) {
  try {
    const auto end = order.result().get();
    std::cout << order.id() << ": " << end.state << " after " << end.payment_attempts << " payment attempts, "
              << end.payment_id << "\n";
    return true;
  } catch (const rondo::workflow_failure& failure) {
    const auto* reason = failure.cause_as<rondo::application_failure>();
    std::cout << order.id() << ": " << (reason == nullptr ? failure.what() : reason->what()) << "\n";
    return false;
  }
}

int start_orders(rondo::client& client, const texts& arguments) {
  std::string id = "order-12345";
  int count = 0;
  bool wait = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--wait") {
      wait = true;
    } else if (arguments[i] == "--count") {
      count = std::stoi(arguments.at(++i));
    } else {
      id = arguments[i];
    }
  }
  std::vector<order_handle> started;
  if (count == 0) started.push_back(start(client, {.id = id, .item = "tea", .quantity = 2, .cents = 900}));
  for (int number = 1; number <= count; ++number) {
    started.push_back(start(client, {.id = id + "-" + std::to_string(number), .item = "tea", .cents = 450 * number}));
  }
  bool completed = true;
  for (const auto& order : started) {
    if (wait) completed = show_result(order) && completed;
  }
  return completed ? 0 : 1;
}

int show_status(rondo::client& client, const texts& ids) {
  std::printf("%-14s %-10s %8s  %-22s %s\n", "workflow", "state", "attempts", "payment", "reviewer");
  for (const auto& id : ids) {
    const auto order = find(client, id).query<&shop::order_workflow::status>().get();
    std::printf("%-14s %-10s %8d  %-22s %s\n", id.c_str(), order.state.c_str(), order.payment_attempts,
                order.payment_id.c_str(), order.reviewer.c_str());
  }
  return 0;
}

int show_results(rondo::client& client, const texts& ids) {
  bool completed = true;
  for (const auto& id : ids) completed = show_result(find(client, id)) && completed;
  return completed ? 0 : 1;
}

int run(const texts& arguments) {
  const std::string command = arguments.empty() ? "start" : arguments[0];
  const texts rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  auto client = rondo::client::connect({.target = shop::setting("TEMPORAL_ADDRESS", "localhost:7233"),
                                        .namespace_ = shop::setting("TEMPORAL_NAMESPACE", "default")});
  if (command == "start") return start_orders(client, rest);
  if (command == "status") return show_status(client, rest);
  if (command == "result") return show_results(client, rest);
  if (command == "approve" && rest.size() == 2) {
    find(client, rest[0]).signal<&shop::order_workflow::approve>(rest[1]).get();
  } else if (command == "reject" && rest.size() == 2) {
    find(client, rest[0]).signal<&shop::order_workflow::reject>(rest[1]).get();
  } else if (command == "cancel" && rest.size() == 1) {
    find(client, rest[0]).cancel().get();
  } else {
    std::cerr << "usage: see the first lines of starter.cpp\n";
    return 2;
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) try {
  return run(texts(arguments + 1, arguments + count));
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
