// Asynchronous jobs by HTTP, on 127.0.0.1:9234 or the port that JOBS_PORT names:
//   POST /start?flowName=PublishPage[&executionName=E]         with the flow's input as JSON: starts it and answers at
//                                                              once with {"executionName": ...}
//   GET  /describe?flowName=PublishPage&executionName=E        what has become of it
// 400: a parameter is missing or the body is wrong, 404: no such flow or execution, 405: another method,
// 409: the name has been given to an execution already, 503: the Temporal server cannot be reached.
#include <algorithm>
#include <asio/awaitable.hpp>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/config.hpp"
#include "rondo/json.hpp"
#include "rondo/serverless/http_service.hpp"
#include "workflows.hpp"

namespace {

using rondo::http::problem;
using rondo::http::request;
using rondo::http::response;

std::string required(const request& what, std::string_view name) {
  auto value = rondo::http::parameter(what, name);
  if (!value || value->empty()) throw problem(400, "the parameter " + std::string(name) + " is missing");
  return *value;
}

/// Letters, digits and "-_.", so that a name is the same in every URL and log.
const std::string& checked(const std::string& name) {
  const auto fits = [](char each) {
    return (each >= '0' && each <= '9') || (each >= 'A' && each <= 'Z') || (each >= 'a' && each <= 'z') ||
           each == '-' || each == '_' || each == '.';
  };
  if (name.size() <= 100 && std::all_of(name.begin(), name.end(), fits)) return name;
  throw problem(400, "an executionName has at most 100 letters, digits, '-', '_' and '.'");
}

/// What is wrong with the JSON of an input; each flow checks its own type.
using check_input = std::function<void(std::string_view)>;

template <class Input>
void check_as(std::string_view json) {
  rondo::json::parse<Input>(json);
}

const std::map<std::string, check_input, std::less<>> flows{
    {std::string(site::publish_page::name), check_as<site::article>},
    {std::string(site::remove_page::name), check_as<site::article>},
};

const check_input& find_flow(const std::string& name) {
  const auto found = flows.find(name);
  if (found == flows.end()) throw problem(404, "there is no flow '" + name + "'");
  return found->second;
}

struct started {
  std::string executionName{};  // NOLINT(readability-identifier-naming): a name on the wire
};

// NOLINTBEGIN(readability-identifier-naming): names on the wire
struct described {
  std::string flowName{}, executionName{}, status{};
  std::optional<rondo::server_time> startedTime{}, stoppedTime{};
  /// JSON as the flow returned it; not there until it has.
  std::optional<rondo::json::raw> output{};
  std::optional<std::string> error{};
};
// NOLINTEND(readability-identifier-naming)

std::string text_of(rondo::workflow_status status) {
  switch (status) {
    case rondo::workflow_status::completed:
      return "COMPLETED";
    case rondo::workflow_status::failed:
      return "FAILED";
    case rondo::workflow_status::cancelled:
      return "CANCELED";
    case rondo::workflow_status::terminated:
      return "TERMINATED";
    case rondo::workflow_status::timed_out:
      return "TIMED_OUT";
    default:
      return "RUNNING";
  }
}

class jobs {
 public:
  explicit jobs(const rondo::client& client) : client_(client) {}

  asio::awaitable<response> start(request what) const {
    const auto flow = required(what, "flowName");
    const auto& check = find_flow(flow);
    try {
      check(what.body);
    } catch (const rondo::json::error& wrong) {
      throw problem(400, std::string("the body is no input of this flow: ") + wrong.what());
    }
    const auto name = checked(rondo::http::parameter(what, "executionName").value_or(""));
    const rondo::json::raw input{what.body};
    try {
      const auto handle = co_await client_.start_workflow(
          flow, {.id = name, .task_queue = site::task_queue, .reuse = rondo::id_reuse_policy::reject_duplicate}, input);
      const started answer{handle.id()};
      co_return response(200, rondo::json::dump(answer));
    } catch (const rondo::workflow_already_started&) {
      throw problem(409, "there is an execution '" + name + "' already");
    } catch (const rondo::rpc_error& failed) {
      throw problem(503, failed.what());
    }
  }

  asio::awaitable<response> describe(request what) const {
    described answer;
    answer.flowName = required(what, "flowName");
    find_flow(answer.flowName);
    answer.executionName = checked(required(what, "executionName"));
    const auto handle = client_.get_workflow_handle(answer.executionName);
    try {
      const auto found = co_await handle.describe();
      if (found.type != answer.flowName) throw unknown(answer);
      answer.status = text_of(found.status);
      answer.startedTime = found.start_time;
      answer.stoppedTime = found.close_time;
      if (answer.status != "RUNNING") co_await add_result(handle, answer);
      co_return response(200, rondo::json::dump(answer));
    } catch (const rondo::not_found&) {
      throw unknown(answer);
    } catch (const rondo::rpc_error& failed) {
      throw problem(503, failed.what());
    }
  }

 private:
  static problem unknown(const described& what) {
    return {404, "the flow " + what.flowName + " has no execution '" + what.executionName + "'"};
  }

  /// The flow has ended, so this does not wait.
  static asio::awaitable<void> add_result(rondo::workflow_handle<> handle, described& answer) {
    try {
      const auto result = co_await handle.result<rondo::payload>();
      if (result.encoding() == rondo::encoding::json) answer.output = rondo::json::raw{result.data};
    } catch (const rondo::workflow_failure& failed) {
      const auto* reason = failed.cause_as<rondo::application_failure>();
      answer.error = reason == nullptr ? failed.what() : reason->what();
    }
  }

  const rondo::client& client_;
};

}  // namespace

int main() try {
  const char* port = std::getenv("JOBS_PORT");
  auto client = rondo::client::connect(rondo::load_client_options());
  const jobs all(client);
  rondo::http::service service(
      client.loop(), {.port = port == nullptr ? std::uint16_t{9234} : static_cast<std::uint16_t>(std::stoi(port))});
  service.on("POST", "/start", [&all](request what) { return all.start(std::move(what)); });
  service.on("GET", "/describe", [&all](request what) { return all.describe(std::move(what)); });
  service.run();  // until Ctrl-C
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
