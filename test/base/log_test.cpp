#include "rondo/log.hpp"
#include "rondo/log_sinks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "rondo/json.hpp"

namespace {
using namespace std::chrono_literals;
using rondo::log_field;
using rondo::log_level;
using rondo::logger;

const auto moment =
    std::chrono::system_clock::time_point(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + 14h + 1ms + 999us);

std::string text_line(std::string_view message, const std::vector<log_field>& fields = {}) {
  return rondo::detail::log_text_line(moment, log_level::info, message, fields);
}

class recorder final : public rondo::log_sink {
 public:
  void write(log_level level, std::string_view message, std::span<const log_field> fields) override {
    const std::lock_guard lock(mutex_);
    const auto line = rondo::detail::log_text_line(moment, level, message, fields);
    lines.push_back(line.substr(25, line.size() - 26));
  }
  std::vector<std::string> lines{};

 private:
  std::mutex mutex_;
};

TEST(log, text_lines) {
  EXPECT_EQ(text_line("hello"), "2026-11-21T14:00:00.001Z INFO hello\n");
  const std::string id = "o-1";
  EXPECT_EQ(
      text_line("m",
                {{"order_id", id}, {"attempt", 3}, {"rate", 0.5}, {"ok", true}, {"big", ~std::uint64_t{0}}, {"n", -1}}),
      "2026-11-21T14:00:00.001Z INFO m order_id=o-1 attempt=3 rate=0.5 ok=true big=18446744073709551615 n=-1\n");
  EXPECT_EQ(text_line("m", {{"a", "two words"}, {"b", ""}, {"c", "x=y"}, {"d", "q\"\\"}}),
            "2026-11-21T14:00:00.001Z INFO m a=\"two words\" b=\"\" c=\"x=y\" d=\"q\\\"\\\\\"\n");
  EXPECT_EQ(text_line("two\nlines\x01\xff", {{"k\n", "a\nb"}}),
            "2026-11-21T14:00:00.001Z INFO two\\nlines\\u0001\xEF\xBF\xBD k\\n=a\\nb\n");
}

TEST(log, json_lines_are_json) {
  const std::vector<log_field> fields = {{"text", "a\"\\\n\x01\xff\xc3\xa9"},
                                         {"i", -3},
                                         {"u", 3U},
                                         {"d", 1.5},
                                         {"b", false},
                                         {"nan", std::numeric_limits<double>::quiet_NaN()}};
  const auto line = rondo::detail::log_json_line(moment, log_level::error, "mes\"sage", fields);
  EXPECT_EQ(
      line,
      "{\"time\":\"2026-11-21T14:00:00.001Z\",\"level\":\"ERROR\",\"message\":\"mes\\\"sage\","
      "\"text\":\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\xc3\xa9\",\"i\":-3,\"u\":3,\"d\":1.5,\"b\":false,\"nan\":null}\n");
  EXPECT_NO_THROW(rondo::json::check(line));
}

TEST(log, levels) {
  auto sink = std::make_shared<recorder>();
  const logger log(sink, log_level::info);
  log.trace("a");
  log.debug("b");
  log.info("c");
  log.warn("d");
  log.error("e");
  log.log(log_level::error, "f");
  EXPECT_EQ(sink->lines, (std::vector<std::string>{"INFO c", "WARN d", "ERROR e", "ERROR f"}));
  EXPECT_FALSE(log.enabled(log_level::debug));
  const auto verbose = log.with_level(log_level::trace);
  EXPECT_TRUE(verbose.enabled(log_level::trace));
  sink->lines.clear();
  verbose.trace("a");
  verbose.debug("b");
  EXPECT_EQ(sink->lines, (std::vector<std::string>{"TRACE a", "DEBUG b"}));
}

TEST(log, context_is_copied_and_comes_first) {
  auto sink = std::make_shared<recorder>();
  const logger plain(sink);
  logger inner = logger::silent();
  {
    const std::string run = "a run id that is longer than any short string";
    inner = plain.with({{"run", run}, {"attempt", 1}}).with({{"queue", std::string("q")}});
  }
  inner.info("m", {{"extra", true}});
  inner.info("n");
  plain.info("o", {{"x", 1}});
  EXPECT_EQ(sink->lines,
            (std::vector<std::string>{
                "INFO m run=\"a run id that is longer than any short string\" attempt=1 queue=q extra=true",
                "INFO n run=\"a run id that is longer than any short string\" attempt=1 queue=q", "INFO o x=1"}));
}

TEST(log, silent_writes_nothing) {
  const auto quiet = logger::silent().with({{"a", 1}});
  EXPECT_FALSE(quiet.enabled(log_level::error));
  quiet.error("nobody hears it");
}

TEST(log, a_failing_sink_harms_nobody) {
  struct failing final : rondo::log_sink {
    void write(log_level, std::string_view, std::span<const log_field>) override {
      throw std::runtime_error("disk full");
    }
  };
  EXPECT_NO_THROW(logger(std::make_shared<failing>()).error("lost"));
}

std::string content_of(std::FILE* file) {
  std::rewind(file);
  std::string text;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

TEST(log, sinks_write_whole_lines_from_several_threads) {
  for (const bool as_json : {false, true}) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
    ASSERT_NE(file, nullptr);
    std::shared_ptr<rondo::log_sink> sink;
    if (as_json) {
      sink = std::make_shared<rondo::json_log_sink>(file.get());
    } else {
      sink = std::make_shared<rondo::text_log_sink>(file.get());
    }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([log = logger(sink).with({{"thread", t}})] {
        for (int i = 0; i < 200; ++i) log.info("message", {{"i", i}});
      });
    }
    for (auto& thread : threads) thread.join();
    const std::string text = content_of(file.get());
    std::size_t lines = 0;
    for (std::size_t from = 0; from < text.size(); ++lines) {
      const std::size_t end = text.find('\n', from);
      const std::string_view line = std::string_view(text).substr(from, end - from);
      EXPECT_NE(line.find(as_json ? "\"message\":\"message\",\"thread\":" : "INFO message thread="),
                std::string_view::npos);
      if (as_json) {
        EXPECT_NO_THROW(rondo::json::check(line));
      }
      from = end + 1;
    }
    EXPECT_EQ(lines, 800U);
  }
}

}  // namespace
