#pragma once
#include <string>
#include <utility>

#include "rondo/detail/base/intrusive_list.hpp"
#include "rondo/detail/run/event_groups.hpp"
#include "rondo/detail/run/scheduler.hpp"

namespace rondo {
struct update_info;
}

namespace rondo::detail::run {

/// Something that is told when its scope is cancelled.
class cancel_node : public list_hook<cancel_node> {
 public:
  using scope_hook = list_hook<cancel_node>;
  virtual void on_cancel(const std::string& reason) = 0;

 protected:
  ~cancel_node() = default;
};

/// A node of the cancellation tree. Cancelling it tells operations and inner scopes in the order in which they joined;
/// who joins a cancelled scope finds it cancelled.
class scope final : public cancel_node, public in_run_memory {
 public:
  /// Without a parent the scope is shielded: only its own cancel() reaches it.
  explicit scope(scope* parent = nullptr) {
    if (parent == nullptr) return;
    update_ = parent->update_;
    groups_ = parent->groups_;
    cancelled_ = parent->cancelled_;
    reason_ = parent->reason_;
    parent->join(*this);
  }
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

  /// The update whose handler works in this scope; null when none does.
  const update_info* update() const noexcept { return update_; }
  void set_update(const update_info* of) noexcept { update_ = of; }

  /// The event groups of what is begun in this scope.
  const event_groups& groups() const noexcept { return groups_; }
  void set_groups(event_groups of) noexcept { groups_ = std::move(of); }

  bool cancelled() const noexcept { return cancelled_; }
  const std::string& reason() const noexcept { return reason_; }

  void cancel(const std::string& reason) {
    if (cancelled_) return;
    cancelled_ = true;
    reason_ = reason;
    while (cancel_node* member = members_.front()) {
      member->unlink();
      member->on_cancel(reason_);
    }
  }
  void join(cancel_node& member) noexcept {
    if (!cancelled_) members_.push_back(member);
  }

 private:
  void on_cancel(const std::string& reason) override { cancel(reason); }

  bool cancelled_ = false;
  const update_info* update_ = nullptr;
  event_groups groups_;
  std::string reason_;
  intrusive_list<cancel_node, cancel_node> members_;
};

}  // namespace rondo::detail::run
