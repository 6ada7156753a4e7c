#pragma once
#include <algorithm>
#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/execution/blocking.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "rondo/detail/io/headers.hpp"
#include "rondo/detail/io/sleep.hpp"
#include "rondo/detail/io/transport.hpp"
#include "rondo/options.hpp"

// What one call of a client was given beside its request. It travels with the executor of the call's coroutine, so that
// every request of the call finds it, however deep inside it is sent.
namespace rondo::detail::calls {

class call_settings {
 public:
  /// When all of it has to be done.
  io::time_point deadline = io::time_point::max();
  io::metadata_list metadata;
};

/// The executor of the coroutine that a call was awaited in, with settings.
class settings_executor {
 public:
  settings_executor(asio::any_io_executor on, std::shared_ptr<const call_settings> with) noexcept
      : on_(std::move(on)), settings_(std::move(with)) {}

  const call_settings& settings() const noexcept { return *settings_; }

  asio::execution_context& query(asio::execution::context_t /*property*/) const noexcept {
    return asio::query(on_, asio::execution::context);
  }
  settings_executor require(asio::execution::blocking_t::never_t property) const {
    return {asio::require(on_, property), settings_};
  }
  settings_executor require(asio::execution::blocking_t::possibly_t property) const {
    return {asio::prefer(on_, property), settings_};
  }
  template <class Function>
  void execute(Function&& function) const {
    on_.execute(std::forward<Function>(function));
  }

  friend bool operator==(const settings_executor&, const settings_executor&) noexcept = default;

 private:
  asio::any_io_executor on_;
  std::shared_ptr<const call_settings> settings_;
};

/// Null: none were given.
inline const call_settings* settings_of(const asio::any_io_executor& executor) noexcept {
  // Older versions of asio do not look at the type when they give the target.
  if (executor.target_type() != typeid(settings_executor)) return nullptr;
  return &executor.target<settings_executor>()->settings();
}

/// What a call is given before it is awaited, when its time begins to count.
class call_wishes {
 public:
  std::optional<duration> timeout{};
  std::optional<std::pair<std::string, std::string>> header{};

  /// With those that the coroutine around it has; the earlier deadline holds, and the outer header of one name.
  call_settings added_to(const call_settings* outer) const {
    call_settings made;
    if (outer != nullptr) made = *outer;
    if (timeout) made.deadline = std::min(made.deadline, io::later(io::steady_clock::now(), *timeout));
    if (header) io::add_default_header(made.metadata, header->first, header->second);
    return made;
  }
};

/// The work of a call as a coroutine of its own, which asio would cancel in one of three ways only. Those that are
/// meant for it come through the coroutine around the call, which says itself which of them it wants.
template <class Result>
asio::awaitable<void> keep_result(asio::awaitable<Result> work, std::shared_ptr<std::optional<Result>> to) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  to->emplace(co_await std::move(work));
}
/// The same for work without a result.
template <std::same_as<void> Result>
asio::awaitable<void> keep_nothing(asio::awaitable<Result> work) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await std::move(work);
}

/// The work of a call, with settings.
template <class Result>
asio::awaitable<Result> with_settings(asio::awaitable<Result> work, call_wishes wishes) {
  const asio::any_io_executor outer = co_await asio::this_coro::executor;
  const settings_executor inner(outer, std::make_shared<const call_settings>(wishes.added_to(settings_of(outer))));
  if constexpr (std::is_void_v<Result>) {
    auto kept = keep_nothing(std::move(work));
    co_await asio::co_spawn(inner, std::move(kept), asio::use_awaitable);
  } else {
    // asio would make an empty result when an exception ends the work.
    auto result = std::make_shared<std::optional<Result>>();
    auto kept = keep_result(std::move(work), result);
    co_await asio::co_spawn(inner, std::move(kept), asio::use_awaitable);
    co_return std::move(**result);
  }
}

}  // namespace rondo::detail::calls
