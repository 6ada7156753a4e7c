#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/detail/run/scheduler.hpp"

namespace rondo::detail::run {

/// The event groups that commands belong to, shared by all scopes and machines that have the same: as wide as a
/// pointer, and null when there are none. It tells the innermost group, which knows those around it.
class event_groups {
 public:
  /// Of a group: made by workflow code, or by the handler of a signal or of an update.
  enum class kind : std::uint8_t { label, signal, update };

  event_groups() noexcept = default;
  inline event_groups(const event_groups& other) noexcept;
  event_groups(event_groups&& other) noexcept : innermost_(std::exchange(other.innermost_, nullptr)) {}
  event_groups& operator=(event_groups other) noexcept {
    std::swap(innermost_, other.innermost_);
    return *this;
  }
  inline ~event_groups();

  /// One of workflow code, inside of these; an empty label is none.
  inline event_groups with(std::string_view id, std::string_view label) const;
  /// What the handler of a signal does; no group when the event is not known.
  static inline event_groups of_signal(std::int64_t event);
  static inline event_groups of_update(std::string_view id);

  bool empty() const noexcept { return innermost_ == nullptr; }
  // Of the innermost group, when there is one.
  inline kind what() const noexcept;
  inline std::int64_t event() const noexcept;
  inline const std::string& id() const noexcept;
  inline const std::string& label() const noexcept;
  inline const event_groups& outer() const noexcept;

 private:
  struct group;
  explicit event_groups(group* made) noexcept : innermost_(made) {}

  group* innermost_ = nullptr;
};

struct event_groups::group : in_run_memory {
  group(event_groups around, kind is, std::int64_t of_event, std::string_view named, std::string_view shown)
      : outer(std::move(around)), event(of_event), id(named), label(shown), what(is) {}

  event_groups outer;
  std::int64_t event;
  std::string id, label;
  std::uint32_t users = 1;
  kind what;
};

inline event_groups::event_groups(const event_groups& other) noexcept : innermost_(other.innermost_) {
  if (innermost_ != nullptr) ++innermost_->users;
}
inline event_groups::~event_groups() {
  if (innermost_ != nullptr && --innermost_->users == 0) delete innermost_;
}
inline event_groups event_groups::with(std::string_view id, std::string_view label) const {
  return event_groups(new group(*this, kind::label, 0, id, label));
}
inline event_groups event_groups::of_signal(std::int64_t event) {
  return event < 1 ? event_groups() : event_groups(new group({}, kind::signal, event, {}, {}));
}
inline event_groups event_groups::of_update(std::string_view id) {
  return event_groups(new group({}, kind::update, 0, id, {}));
}
inline event_groups::kind event_groups::what() const noexcept { return innermost_->what; }
inline std::int64_t event_groups::event() const noexcept { return innermost_->event; }
inline const std::string& event_groups::id() const noexcept { return innermost_->id; }
inline const std::string& event_groups::label() const noexcept { return innermost_->label; }
inline const event_groups& event_groups::outer() const noexcept { return innermost_->outer; }

}  // namespace rondo::detail::run
