#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "rondo/detail/run/definition.hpp"
#include "rondo/detail/run/event_groups.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/scope.hpp"
#include "rondo/task.hpp"
#include "rondo/workflow/update_info.hpp"

namespace rondo::detail::run {

/// The handler of one signal or update, from its arrival to its end.
class running_handler final : public update_answer {
 public:
  /// Of a signal, which came with this event; 0: not known.
  running_handler(host& to, scope& root, bool may_be_abandoned, std::int64_t event)
      : host_(to), area_(&root), may_be_abandoned_(may_be_abandoned) {
    area_.set_groups(event_groups::of_signal(event));
  }
  /// Of an update.
  running_handler(host& to, scope& root, update_info about) : host_(to), area_(&root), about_(std::move(about)) {
    area_.set_update(&*about_);
    area_.set_groups(event_groups::of_update(about_->id));
  }
  running_handler(const running_handler&) = delete;
  running_handler& operator=(const running_handler&) = delete;

  void begin(task<void> body, scheduler& in) {
    body_.emplace(std::move(body));
    body_->schedule(in, area_);
  }
  bool done() const noexcept { return body_ && body_->done(); }
  const update_info& about() const noexcept { return *about_; }
  bool may_be_abandoned() const noexcept { return may_be_abandoned_; }
  void allow_abandonment() noexcept { may_be_abandoned_ = true; }

  void complete(encoder result) override { host_.complete_update(about_->id, result); }

 private:
  host& host_;
  scope area_;
  std::optional<update_info> about_;
  bool may_be_abandoned_ = false;
  // Last: it is destroyed before the scope that its operations have joined.
  std::optional<task<void>> body_;
};

}  // namespace rondo::detail::run
