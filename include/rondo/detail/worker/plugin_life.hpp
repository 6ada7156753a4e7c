#pragma once
#include <exception>
#include <memory>
#include <string_view>
#include <vector>

#include "rondo/connection_options.hpp"
#include "rondo/log.hpp"
#include "rondo/plugin.hpp"
#include "rondo/worker_options.hpp"

namespace rondo::detail::worker {

/// The life of a worker as its plugins see it: begins and ends with this object.
class plugin_life {
 public:
  /// `options` must outlive it. Throws what a plugin throws; those that have begun before it end then.
  plugin_life(const client_options& of, const worker_options& options) : options_(options) {
    const auto all = plugins_of(of, options);
    begun_.reserve(all.size());
    try {
      for (const auto& each : all) {
        each->begin(options_);
        begun_.push_back(each);
      }
    } catch (...) {
      end_all();
      throw;
    }
  }
  plugin_life(const plugin_life&) = delete;
  plugin_life& operator=(const plugin_life&) = delete;
  ~plugin_life() { end_all(); }

 private:
  void end_all() noexcept {
    for (; !begun_.empty(); begun_.pop_back()) {
      try {
        begun_.back()->end(options_);
      } catch (const std::exception& error) {
        complain(error.what());
      } catch (...) {
        complain("an exception without a text");
      }
    }
  }
  void complain(std::string_view error) noexcept {
    options_.logger.error("a plugin failed at the end of its worker",
                          {{"plugin", begun_.back()->name()}, {"error", error}});
  }

  const worker_options& options_;
  std::vector<std::shared_ptr<plugin>> begun_;
};

}  // namespace rondo::detail::worker
