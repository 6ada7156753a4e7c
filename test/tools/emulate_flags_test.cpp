#include "tools/emulate_flags.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "rondo/json.hpp"
#include "tools/command_error.hpp"

namespace rondo::tools {
namespace emulate_flags_test {

using namespace std::chrono_literals;

std::string error_of(const emulate_flags& flags) {
  try {
    emulator_options_of(flags);
  } catch (const command_error& wrong) {
    return wrong.what();
  }
  return "accepted";
}

emulate_flags working() {
  emulate_flags flags;
  flags.program = "/bin/sh";
  return flags;
}

TEST(emulate_flags, become_options) {
  auto flags = working();
  flags.ip = "::1";
  flags.port = 9001;
  flags.arguments = {"-c", "true"};
  flags.environment = {"A=b=c"};
  flags.timeout = "1m30s";
  flags.init_timeout = "500ms";
  flags.max_concurrency = 3;
  flags.concurrency_per_environment = 2;
  flags.no_freeze = true;
  flags.event_retries = {"1s", "0"};
  flags.kill_fraction = 0.25;
  const auto made = emulator_options_of(flags);
  EXPECT_EQ(made.address, "[::1]:9001");
  EXPECT_EQ(made.command, (std::vector<std::string>{"/bin/sh", "-c", "true"}));
  EXPECT_EQ(made.environment, (std::vector<std::string>{"A=b=c"}));
  EXPECT_EQ(made.timeout, 90s);
  EXPECT_EQ(made.init_timeout, 500ms);
  EXPECT_EQ(made.max_concurrency, 3U);
  EXPECT_EQ(made.concurrency_per_environment, 2U);
  EXPECT_FALSE(made.freeze);
  EXPECT_EQ(made.event_retry_delays, (std::vector<duration>{1s, 0s}));
  EXPECT_EQ(made.kill_fraction, 0.25);
}

TEST(emulate_flags, have_the_defaults_of_lambda) {
  const auto made = emulator_options_of(working());
  EXPECT_EQ(made.address, "127.0.0.1:0");
  EXPECT_EQ(made.timeout, 60s);
  EXPECT_EQ(made.init_timeout, 10s);
  EXPECT_TRUE(made.freeze);
  EXPECT_EQ(made.event_retry_delays, (std::vector<duration>{1min, 2min}));
  auto none = working();
  none.no_event_retries = true;
  EXPECT_TRUE(emulator_options_of(none).event_retry_delays.empty());
}

TEST(emulate_flags, that_make_no_sense_are_named) {
  EXPECT_EQ(error_of({}), "--lambda is missing: the program to run, such as ./bootstrap");
  auto flags = working();
  flags.program = "/etc/passwd";
  EXPECT_EQ(error_of(flags), "--lambda: '/etc/passwd' is no program that can be run");
  flags = working();
  flags.port = 70'000;
  EXPECT_EQ(error_of(flags), "--port must be from 0 to 65535");
  flags = working();
  flags.timeout = "0s";
  EXPECT_EQ(error_of(flags), "--timeout must be longer than 0");
  flags = working();
  flags.init_timeout = "soon";
  EXPECT_NE(error_of(flags).find("--init-timeout"), std::string::npos);
  flags = working();
  flags.kill_fraction = 2;
  EXPECT_NE(error_of(flags).find("kill_fraction must be from 0 to 1"), std::string::npos);
  flags = working();
  flags.environment = {"no value"};
  EXPECT_NE(error_of(flags).find("NAME=value"), std::string::npos);
  flags = working();
  flags.event_retries = {"1s"};
  flags.no_event_retries = true;
  EXPECT_NE(error_of(flags).find("exclude each other"), std::string::npos);
}

TEST(emulate_output, tells_where_it_listens) {
  const std::string text = emulating_json("127.0.0.1:9", "arn:aws:lambda:r:a:function:f");
  EXPECT_EQ(text,
            R"({"address":"127.0.0.1:9","url":"http://127.0.0.1:9","functionArn":"arn:aws:lambda:r:a:function:f"})");
  EXPECT_NE(emulating_text("127.0.0.1:9", "arn:aws:lambda:r:a:function:f").find("/functions/f/invocations"),
            std::string::npos);
  serverless::emulator_stats counted;
  counted.throttles = 16;
  EXPECT_NE(stats_text(counted).find("Throttles         16\n"), std::string::npos) << stats_text(counted);
}

}  // namespace emulate_flags_test
}  // namespace rondo::tools
