#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rondo/json.hpp"
#include "support/program.hpp"

// `rondo server start-dev` under clients that only connect.
namespace rondo::test {
namespace connections_test {

/// Lowers what this process, and whoever it starts, may have open by default.
class lower_soft_limit {
 public:
  explicit lower_soft_limit(rlim_t most) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lower = before_;
    lower.rlim_cur = std::min(most, before_.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &lower);
  }
  lower_soft_limit(const lower_soft_limit&) = delete;
  lower_soft_limit& operator=(const lower_soft_limit&) = delete;
  ~lower_soft_limit() { setrlimit(RLIMIT_NOFILE, &before_); }

  rlim_t hard() const noexcept { return before_.rlim_max; }

 private:
  rlimit before_{};
};

/// Connections that say nothing, or stop in the middle of a word.
class idle_connections {
 public:
  idle_connections(std::uint16_t port, std::size_t count) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    constexpr std::string_view beginning = "PRI * HTTP/2.0\r\n\r\nSM";
    while (sockets_.size() < count) {
      const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (made < 0) break;
      sockets_.push_back(made);
      if (connect(made, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) break;
      if (sockets_.size() % 2 == 0) static_cast<void>(send(made, beginning.data(), beginning.size(), MSG_NOSIGNAL));
    }
  }
  idle_connections(const idle_connections&) = delete;
  idle_connections& operator=(const idle_connections&) = delete;
  ~idle_connections() {
    for (const int each : sockets_) close(each);
  }

  std::size_t size() const noexcept { return sockets_.size(); }

 private:
  std::vector<int> sockets_;
};

struct listening {
  std::string address{};
};

TEST(start_dev, serves_beside_more_idle_connections_than_programs_may_have_by_default) {
  constexpr rlim_t soft_limit = 128;
  constexpr std::size_t connections = 600;
  const lower_soft_limit lower(soft_limit);
  ASSERT_GE(lower.hard(), connections + soft_limit) << "raise the hard limit of open files (ulimit -Hn)";
  running_program server(rondo_command({"server", "start-dev", "--port", "0", "-o", "json"}));
  const auto address = json::parse<listening>(server.first_line()).address;
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  {
    rlimit enough{lower.hard(), lower.hard()};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &enough), 0);
    const idle_connections idle(port, connections);
    ASSERT_EQ(idle.size(), connections);
    const auto listed = run_program(rondo_command({"workflow", "list", "--address", address}));
    EXPECT_EQ(listed.code, 0) << listed.err;
  }
  const auto after = run_program(rondo_command({"workflow", "list", "--address", address}));
  EXPECT_EQ(after.code, 0) << after.err;
  server.send(SIGTERM);
  EXPECT_EQ(server.wait().code, 0);
}

}  // namespace connections_test
}  // namespace rondo::test
