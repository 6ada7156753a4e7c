#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rondo/log.hpp"
#include "rondo/server/time.hpp"

namespace rondo::server {

/// What the server allows; the defaults are those of production servers. Tests may change them while it runs.
struct limits {
  std::size_t id_length = 1000;
  std::size_t blob_size = 2U << 20U;
  std::size_t memo_size = 2U << 20U;
  std::size_t search_attributes_count = 100;
  std::size_t search_attribute_size = 2U << 10U;
  std::size_t search_attributes_size = 40U << 10U;
  std::size_t user_metadata_summary = 400;
  std::size_t user_metadata_details = 20'000;
  std::size_t request_size = 4U << 20U;
  std::int64_t history_events = 51'200;
  std::int64_t history_size = 50LL << 20U;
  std::int64_t suggest_events = 4'096;
  std::int64_t suggest_size = 4LL << 20U;
  int history_page = 256;
  int visibility_page = 1000;
  int pending_activities = 2000;
  int pending_children = 2000;
  int pending_signals = 2000;
  int pending_cancels = 2000;
  std::int64_t signals_per_run = 10'000;
  int updates_in_flight = 10;
  std::int64_t updates_per_run = 2000;
  int buffered_events = 100;
  std::int64_t buffered_bytes = 2LL << 20U;
  interval default_task_timeout = 10 * second;
  interval maximum_task_timeout = 120 * second;
  interval task_heartbeat_timeout = 30 * minute;
  interval history_long_poll = 20 * second;
  interval update_long_poll = 20 * second;
  /// A sticky queue without a poller for this long is passed over.
  interval sticky_poller_window = 10 * second;
  int eager_activities = 3;
  /// Workers that are known by their heartbeats.
  std::size_t workers = 1'000'000;
  /// A worker without a heartbeat for this long, in real time, is forgotten.
  interval worker_silence = 5 * minute;
  /// A worker that has not carried out a command by then, in real time, is asked again.
  interval worker_command_timeout = 10 * second;
  /// Requests that wait at the same time, long polls included.
  std::size_t calls_under_way = 20'000;
};

/// How a server is set up.
struct options {
  std::vector<std::string> namespaces{"default"};
  /// Name and type ("Keyword", "Int", ...) of search attributes that every one of `namespaces` gets.
  std::vector<std::pair<std::string, std::string>> search_attributes;
  /// Empty: everything is in memory.
  std::string db_filename;
  std::vector<std::string> sqlite_pragmas;
  /// How long closed runs are kept.
  interval retention = day;
  /// In memory, at most so many bytes of closed runs are kept; the oldest go first.
  std::size_t closed_runs_memory = 256U << 20U;
  bool time_skipping = false;
  /// Start of the virtual clock; 0: the present.
  instant start_time = 0;
  /// A poll of an empty task queue ends after this time.
  interval task_poll_expiration = 60 * second;
  std::string notify_url;
  std::string notify_secret;
  /// Ids and jitter come from it; 0: they differ in every run.
  std::uint64_t seed = 0;
  server::limits limits;
  logger log;
};

}  // namespace rondo::server
