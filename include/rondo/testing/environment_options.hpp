#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "rondo/connection_options.hpp"
#include "rondo/log.hpp"
#include "rondo/server/options.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::testing {

/// How a workflow_environment is set up.
struct environment_options {
  std::string task_queue = "test";
  /// The time at which the environment begins; the default is the first second of 2020, UTC.
  std::chrono::sys_time<duration> start_time = std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
  /// Ids and jitter come from it. Not 0: then they would differ from run to run.
  std::uint64_t seed = 1;
  /// Blocking activities run on threads, as in production, instead of one after the other on the test's own thread.
  /// Needed when one of them waits for something that the test does meanwhile.
  bool activity_threads = false;
  /// How long a call of the environment waits, in real time, for activities that take their time.
  std::chrono::milliseconds patience = std::chrono::seconds(30);
  /// Of the client over which the test and the worker talk to the server: codecs, storage, interceptors, plugins, and
  /// the namespace. The identity is "test" unless it is set. There is no network, so what concerns it does not count.
  client_options client{};
  /// For the rest; task_queue and logger are those of here.
  rondo::worker_options worker{};
  /// The same for the server: search attributes, limits, and so on.
  server::options server{};
  /// Where server, worker, workflows and activities log.
  rondo::logger logger = rondo::logger::silent();
};

}  // namespace rondo::testing
