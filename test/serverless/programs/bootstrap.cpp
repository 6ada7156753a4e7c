// A Lambda function for the tests of the emulator: does what the payload, or BOOTSTRAP in the environment, says.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "rondo/detail/http/waiting.hpp"
#include "rondo/detail/io/loop.hpp"
#include "rondo/detail/worker/stop_signals.hpp"
#include "rondo/json.hpp"
#include "rondo/serverless/lambda_host.hpp"

namespace {

namespace serverless = rondo::serverless;
namespace io = rondo::detail::io;

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

void note(const std::string& line) {
  const auto file = variable("BOOTSTRAP_NOTES");
  if (file) std::ofstream(*file, std::ios::app) << line + "\n";
}

struct program {
  explicit program(io::event_loop& on) : loop(on) {}

  asio::awaitable<serverless::report> run(serverless::invocation of) {
    serverless::report made;
    if (of.payload == "\"exit\"") std::_Exit(3);
    if (of.payload == "\"hang\"") std::this_thread::sleep_for(std::chrono::hours(1));
    if (of.payload == "\"throw\"") throw std::runtime_error("thrown \xff");
    if (of.payload == "\"fail\"") {
      made.error = "it failed";
      made.error_type = "Function.Failed";
    }
    if (of.payload == "\"wait\"") {
      // Until a file is there, or the environment ends.
      while (!std::filesystem::exists(variable("BOOTSTRAP_GATE").value_or("")) && !of.stop.stop_requested()) {
        co_await rondo::detail::io::sleep_for(loop, std::chrono::milliseconds(2));
      }
    }
    made.request_id = of.request_id;
    made.cold = of.cold;
    made.activities = of.sequence;
    if (of.payload == "\"large\"") made.error_type = std::string(7 * 1024 * 1024, 'x');
    co_return made;
  }

  static std::string answer(const serverless::report& of) {
    if (of.error.empty() && !of.error_type.empty()) return "\"" + of.error_type + "\"";
    return "{\"pid\":" + std::to_string(::getpid()) + ",\"cold\":" + (of.cold ? "true" : "false") +
           ",\"sequence\":" + std::to_string(of.activities) + ",\"id\":\"" + of.request_id + "\",\"trace\":\"" +
           variable("_X_AMZN_TRACE_ID").value_or("") + "\"}";
  }

  io::event_loop& loop;
};

}  // namespace

int main() {
  const auto environment = serverless::lambda_environment_of(variable);
  const std::string behaviour = variable("BOOTSTRAP").value_or("");
  note("start");
  if (behaviour == "init exit") return 7;
  if (behaviour == "init hang") std::this_thread::sleep_for(std::chrono::hours(1));
  if (behaviour == "init hang once") {
    const std::string mark = variable("BOOTSTRAP_NOTES").value_or("") + ".once";
    if (!std::filesystem::exists(mark)) {
      std::ofstream(mark) << "x";
      std::this_thread::sleep_for(std::chrono::hours(1));
    }
  }
  io::event_loop loop;
  if (behaviour == "init error") {
    serverless::lambda_error error{"Runtime.InvalidConfig", "no task queue", {}};
    loop.block_on(serverless::report_init_error(loop, environment, std::move(error), {}));
    return 1;
  }
  program self(loop);
  serverless::lambda_parts parts;
  parts.run = [&self](serverless::invocation of) { return self.run(std::move(of)); };
  parts.answer = program::answer;
  parts.before_snapshot.emplace_back([] { note("before snapshot"); });
  parts.after_restore.emplace_back([] { note("after restore"); });
  parts.extension = behaviour != "no extension";
  serverless::lambda_host host(loop, environment, std::move(parts));
  const rondo::detail::worker::stop_signals stop([&](int) {
    note("SIGTERM");
    if (behaviour == "ignore SIGTERM") return;
    loop.post([&host] { host.stop(); });
  });
  const int code = loop.block_on(host.run());
  note("end " + std::to_string(code));
  return code;
}
