#pragma once
#include <cstddef>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace rondo::detail::worker {

/// Runs kept between their tasks, the least recently used first to go. A run that is in work is never dropped; it does
/// not count until it is put back.
template <class Run>
class sticky_cache {
 public:
  explicit sticky_cache(std::size_t limit) : limit_(limit) {}

  /// Takes a run out; empty when it is not here.
  Run take(std::string_view run_id) {
    const auto found = places_.find(run_id);
    if (found == places_.end()) return {};
    Run run = std::move(found->second->second);
    runs_.erase(found->second);
    places_.erase(found);
    return run;
  }
  /// Puts a run in as the most recently used; drops the oldest when there are too many.
  void put(std::string run_id, Run run) {
    if (limit_ == 0) return;
    runs_.emplace_back(run_id, std::move(run));
    places_.insert_or_assign(std::move(run_id), std::prev(runs_.end()));
    while (runs_.size() > limit_) {
      places_.erase(runs_.front().first);
      runs_.pop_front();
    }
  }
  /// Drops those of which the predicate holds.
  template <class Predicate>
  void drop_if(Predicate drops) {
    for (auto each = runs_.begin(); each != runs_.end();) {
      if (!drops(each->second)) {
        ++each;
        continue;
      }
      places_.erase(each->first);
      each = runs_.erase(each);
    }
  }
  void clear() {
    places_.clear();
    runs_.clear();
  }
  /// Calls the function with id and run of each, the least recently used first.
  template <class Function>
  void each(Function function) const {
    for (const auto& [run_id, run] : runs_) function(run_id, run);
  }
  std::size_t size() const noexcept { return runs_.size(); }

 private:
  using entries = std::list<std::pair<std::string, Run>>;

  std::size_t limit_;
  entries runs_;
  std::map<std::string, typename entries::iterator, std::less<>> places_;
};

}  // namespace rondo::detail::worker
