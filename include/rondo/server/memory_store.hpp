#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

#include "rondo/server/store.hpp"

namespace rondo::server {

/// Keeps closed runs until there are too many bytes of them; everything is gone with the process.
class memory_store final : public store {
 public:
  explicit memory_store(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  bool durable() const noexcept override { return false; }

  void write(store_batch batch, std::function<void(rpc_status)> written) override {
    for (auto& change : batch.runs) take(std::move(change));
    for (auto& [name, value] : batch.values) {
      if (value.empty()) {
        values_.erase(name);
      } else {
        values_[name] = std::move(value);
      }
    }
    written(rpc_status());
  }

  std::optional<stored_run> load(std::string_view namespace_id, std::string_view run_id) override {
    const auto found = runs_.find(std::string(run_id));
    if (found == runs_.end() || found->second.key.namespace_id != namespace_id) return std::nullopt;
    return stored_run{found->second.state, found->second.events};
  }

  std::optional<stored_key> latest(std::string_view namespace_id, std::string_view workflow_id) override {
    const auto found = workflows_.find(workflow_key(namespace_id, workflow_id));
    if (found == workflows_.end()) return std::nullopt;
    return runs_.at(found->second.rbegin()->second).key;
  }

  void each_closed(std::string_view namespace_id, instant latest,
                   const std::function<bool(std::string_view state)>& visit) override {
    const auto first = by_close_.upper_bound({latest, std::numeric_limits<std::uint64_t>::max()});
    for (auto each = std::make_reverse_iterator(first); each != by_close_.rend(); ++each) {
      const kept& run = runs_.at(each->second);
      if (run.key.namespace_id == namespace_id && !visit(run.state)) return;
    }
  }

  void each_open(const std::function<void(stored_run)>&) override {}

  void each_value(std::string_view prefix,
                  const std::function<void(std::string_view name, std::string_view value)>& visit) override {
    for (auto each = values_.lower_bound(std::string(prefix)); each != values_.end(); ++each) {
      if (!std::string_view(each->first).starts_with(prefix)) return;
      visit(each->first, each->second);
    }
  }

  std::size_t expire(std::string_view namespace_id, instant closed_before) override {
    std::size_t removed = 0;
    for (auto each = by_close_.begin(); each != by_close_.end() && each->first.first < closed_before;) {
      const std::string run_id = (each++)->second;
      if (runs_.at(run_id).key.namespace_id != namespace_id) continue;
      remove(run_id);
      ++removed;
    }
    return removed;
  }

  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct kept {
    stored_key key;
    instant start_time = 0;
    std::pair<instant, std::uint64_t> closed;
    std::string state;
    std::string events;

    /// With what the indexes cost, about.
    std::size_t bytes() const noexcept { return state.size() + events.size() + 3 * key.run_id.size() + 400; }
  };

  static std::string workflow_key(std::string_view namespace_id, std::string_view workflow_id) {
    return std::string(namespace_id).append(1, '\0').append(workflow_id);
  }

  void take(stored_change change) {
    if (change.state.empty()) return remove(change.key.run_id);
    kept& run = runs_[change.key.run_id];
    if (run.state.empty()) {
      run.key = change.key;
      run.start_time = change.start_time;
      run.closed = {change.close_time, ++sequence_};
      by_close_[run.closed] = change.key.run_id;
      workflows_[workflow_key(change.key.namespace_id, change.key.workflow_id)][{change.start_time, sequence_}] =
          change.key.run_id;
    } else {
      bytes_ -= run.bytes();
    }
    run.state = std::move(change.state);
    run.events.append(change.events);
    bytes_ += run.bytes();
    while (bytes_ > most_bytes_ && runs_.size() > 1) remove(std::string(by_close_.begin()->second));
  }

  void remove(const std::string& run_id) {
    const auto found = runs_.find(run_id);
    if (found == runs_.end()) return;
    const kept& run = found->second;
    bytes_ -= run.bytes();
    by_close_.erase(run.closed);
    const auto workflow = workflows_.find(workflow_key(run.key.namespace_id, run.key.workflow_id));
    workflow->second.erase({run.start_time, run.closed.second});
    if (workflow->second.empty()) workflows_.erase(workflow);
    runs_.erase(found);
  }

  std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::uint64_t sequence_ = 0;
  std::unordered_map<std::string, kept> runs_;
  /// Both by time and, for equal times, by order.
  std::map<std::pair<instant, std::uint64_t>, std::string> by_close_;
  std::unordered_map<std::string, std::map<std::pair<instant, std::uint64_t>, std::string>> workflows_;
  std::map<std::string, std::string> values_;
};

}  // namespace rondo::server
