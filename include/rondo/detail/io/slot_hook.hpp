#pragma once

#include <asio/associated_cancellation_slot.hpp>
#include <asio/cancellation_type.hpp>
#include <memory>
#include <utility>

namespace rondo::detail::io {

/// Lets the cancellation slot of an asio handler end an operation of the event loop. When the loop is destroyed with
/// the operation under way, the slot may be gone already, or be emitted to later: neither touches the other then.
class slot_hook {
 public:
  /// `cancel` is called when the slot's signal is emitted, unless the hook is gone.
  template <class Handler, class Cancel>
  void attach(const Handler& handler, Cancel cancel) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (!slot.is_connected()) return;
    alive_ = std::make_shared<bool>(true);
    slot.assign([alive = std::weak_ptr(alive_), cancel = std::move(cancel)](asio::cancellation_type type) mutable {
      if (type != asio::cancellation_type::none && !alive.expired()) cancel();
    });
  }
  /// Before the handler is called.
  template <class Handler>
  void detach(const Handler& handler) {
    if (!std::exchange(alive_, nullptr)) return;
    asio::get_associated_cancellation_slot(handler).clear();
  }

 private:
  std::shared_ptr<bool> alive_;
};

}  // namespace rondo::detail::io
