#pragma once
#include <cstddef>
#include <iterator>
#include <list>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rondo::detail::worker {

/// Runs kept between their tasks, the least recently used first to go. A run that is in work is never dropped; it does
/// not count until it is put back.
template <class Run>
class sticky_cache {
 public:
  /// `most_bytes`: 0 for no limit.
  explicit sticky_cache(std::size_t limit, std::size_t most_bytes = 0) : limit_(limit), most_bytes_(most_bytes) {}

  /// Takes a run out; empty when it is not here.
  Run take(std::string_view run_id) {
    const auto found = places_.find(run_id);
    if (found == places_.end()) return {};
    const auto place = found->second;
    Run run = std::move(place->run);
    bytes_ -= place->bytes;
    places_.erase(found);
    runs_.erase(place);
    return run;
  }
  /// Puts a run in as the most recently used; drops the oldest while there are too many, or they take too much memory:
  /// in the end itself. The text of the id must live as long as the run, which had better hold it.
  void put(std::string_view run_id, Run run, std::size_t bytes = 0) {
    if (limit_ == 0) return;
    if (const auto before = places_.find(run_id); before != places_.end()) drop(before->second);
    runs_.push_back({run_id, std::move(run), bytes});
    bytes_ += bytes;
    places_.emplace(run_id, std::prev(runs_.end()));
    while (runs_.size() > limit_ || (most_bytes_ != 0 && bytes_ > most_bytes_)) drop(runs_.begin());
  }
  /// Drops those of which the predicate holds.
  template <class Predicate>
  void drop_if(Predicate drops) {
    for (auto each = runs_.begin(); each != runs_.end();) {
      const auto here = each++;
      if (drops(here->run)) drop(here);
    }
  }
  void clear() {
    places_.clear();
    runs_.clear();
    bytes_ = 0;
  }
  /// Calls the function with id and run of each, the least recently used first.
  template <class Function>
  void each(Function function) const {
    for (const auto& each : runs_) function(each.id, each.run);
  }
  std::size_t size() const noexcept { return runs_.size(); }
  /// Memory of all of them.
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct entry {
    std::string_view id;
    Run run;
    std::size_t bytes;
  };
  using entries = std::list<entry>;

  void drop(typename entries::iterator which) {
    bytes_ -= which->bytes;
    places_.erase(which->id);
    runs_.erase(which);
  }

  std::size_t limit_, most_bytes_, bytes_ = 0;
  entries runs_;
  std::unordered_map<std::string_view, typename entries::iterator> places_;
};

}  // namespace rondo::detail::worker
