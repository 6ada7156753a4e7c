#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "rondo/detail/base/random.hpp"
#include "rondo/detail/base/run_arena.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/message_handlers.hpp"
#include "rondo/detail/run/random_numbers.hpp"
#include "rondo/detail/run/scheduler.hpp"
#include "rondo/detail/run/scope.hpp"

namespace rondo::detail::run {

/// What workflow code can reach of its run: the scheduler, the engine, the root scope, the random numbers, the
/// handlers.
class run_context : public scheduler {
 public:
  scope& root() noexcept { return root_; }
  random_numbers& random() noexcept { return random_; }
  /// A sequence of its own for each name.
  random_numbers& random(std::string_view name) {
    if (named_ == nullptr) named_ = std::make_unique<sequences>();
    const auto found = named_->find(name);
    if (found != named_->end()) return found->second;
    std::uint64_t seed = seed_ ^ seed_from(name);
    return named_->emplace(std::string(name), random_numbers(*this, splitmix64(seed))).first->second;
  }
  /// After a reset of the workflow: random numbers come from a new seed from here on.
  void reseed(std::uint64_t seed) {
    seed_ = seed;
    random_ = random_numbers(*this, seed);
    named_ = nullptr;
  }

  message_handlers& handlers() noexcept { return handlers_; }
  const message_handlers& handlers() const noexcept { return handlers_; }
  /// A handler for signals was set: those that came before it are delivered.
  virtual void deliver_kept_signals() = 0;
  /// True while a handler of a signal or an update has begun and not ended.
  virtual bool handlers_running() const noexcept = 0;

  /// What the workflow says about its state to people.
  const std::string& details() const noexcept { return details_; }
  void set_details(std::string text) { details_ = std::move(text); }

 protected:
  run_context(const workflow_definition& definition, host& to, run_arena* memory)
      : scheduler(to, memory), seed_(to.random_seed()), random_(*this, seed_), handlers_(definition) {}
  ~run_context() = default;

 private:
  std::uint64_t seed_;
  random_numbers random_;
  using sequences = std::map<std::string, random_numbers, std::less<>>;
  std::unique_ptr<sequences> named_;
  scope root_;
  message_handlers handlers_;
  std::string details_;
};

/// The run whose code executes; throws std::logic_error elsewhere. Every scheduler is part of a run.
inline run_context& require_run(const char* what) { return static_cast<run_context&>(require_current(what)); }

}  // namespace rondo::detail::run
