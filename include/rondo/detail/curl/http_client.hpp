#pragma once

#include <algorithm>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/use_awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "rondo/detail/curl/library.hpp"
#include "rondo/detail/curl/transfer.hpp"
#include "rondo/detail/io/loop.hpp"

namespace rondo::detail::curl {

/// Sends HTTP requests on the event loop. Redirects are not followed.
class http_client {
 public:
  explicit http_client(io::event_loop& loop) : loop_(loop), multi_(curl_.multi_init()) {
    if (!multi_) throw std::runtime_error("rondo: libcurl has no memory");
    look_.owner = this;
  }
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;
  /// Breaks off what is under way; nobody is told.
  ~http_client() {
    loop_.disarm(look_);
    for (auto& [handle, each] : transfers_) curl_.multi_remove_handle(multi_.get(), handle);
  }

  using id = void*;

  /// Calls the function on the loop when the request has ended, not before this returns. Throws std::invalid_argument
  /// when the request cannot be sent.
  id send(const http_request& what, std::function<void(http_response)> then) {
    auto made = std::make_unique<transfer>(what, std::move(then));
    CURL* handle = made->handle.get();
    curl_.multi_add_handle(multi_.get(), handle);
    transfers_[handle] = std::move(made);
    pause_ = first_look;
    loop_.arm(look_, io::steady_clock::now());
    return handle;
  }

  /// Breaks a request off; its function is destroyed and not called.
  void drop(id which) {
    const auto found = transfers_.find(which);
    if (found == transfers_.end()) return;
    curl_.multi_remove_handle(multi_.get(), which);
    const auto dropped = std::move(found->second);
    transfers_.erase(found);
  }

  /// The request as an asio operation; it ends with operation_aborted when its cancellation slot says so.
  template <class CompletionToken>
  auto async_send(const http_request& what, CompletionToken&& completion) {
    return asio::async_initiate<CompletionToken, void(asio::error_code, http_response)>(
        [this](auto&& handler, const http_request* request) {
          this->begin(*request,
                      std::make_shared<std::decay_t<decltype(handler)>>(std::forward<decltype(handler)>(handler)));
        },
        completion, &what);
  }

  std::size_t under_way() const noexcept { return transfers_.size(); }

 private:
  /// The sockets are looked at after this time, and then after growing ones: answers may take minutes.
  static constexpr std::chrono::milliseconds first_look{1};
  static constexpr std::chrono::milliseconds last_look{20};

  struct look_timer final : io::timer_node {
    http_client* owner = nullptr;
    void on_timer() override { owner->on_look(); }
  };

  template <class Handler>
  void begin(const http_request& what, const std::shared_ptr<Handler>& handler) {
    auto slot = asio::get_associated_cancellation_slot(*handler);
    auto finish = [handler, slot, &loop = loop_](asio::error_code error, http_response response) mutable {
      if (slot.is_connected()) slot.clear();
      const auto executor = asio::get_associated_executor(*handler, loop.executor());
      asio::dispatch(executor, [handler, error, response = std::move(response)]() mutable {
        std::move (*handler)(error, std::move(response));
      });
    };
    id which = nullptr;
    try {
      which = send(what, [finish](http_response response) mutable { finish(asio::error_code(), std::move(response)); });
    } catch (const std::exception& failed) {
      http_response none;
      none.why = no_answer::broken_off;
      none.error = failed.what();
      loop_.post([finish, none]() mutable { finish(asio::error_code(), std::move(none)); });
      return;
    }
    if (!slot.is_connected()) return;
    slot.assign([this, which, finish](asio::cancellation_type type) {
      if (type == asio::cancellation_type::none) return;
      // The handler must not run inside the caller that cancels.
      loop_.post([finish]() mutable { finish(asio::error::operation_aborted, {}); });
      drop(which);
    });
  }

  void on_look() {
    int running = 0;
    curl_.multi_perform(multi_.get(), &running);
    finish_ended();
    if (transfers_.empty()) return;
    pause_ = std::min<io::duration>(pause_ * 2, last_look);
    loop_.arm(look_, io::steady_clock::now() + pause_);
  }

  void finish_ended() {
    int left = 0;
    while (CURLMsg* message = curl_.multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* handle = message->easy_handle;
      const CURLcode result = message->data.result;
      curl_.multi_remove_handle(multi_.get(), handle);
      const auto found = transfers_.find(handle);
      const auto ended = std::move(found->second);
      transfers_.erase(found);
      ended->then(ended->take_response(result));
    }
  }

  io::event_loop& loop_;
  const library& curl_ = library::get();
  multi_ptr multi_;
  std::map<void*, std::unique_ptr<transfer>> transfers_;
  look_timer look_;
  io::duration pause_ = first_look;
};

/// Sends the request and waits for its end. Throws asio::system_error(operation_aborted) when it is cancelled.
inline asio::awaitable<http_response> send(http_client& through, http_request what) {
  auto response = co_await through.async_send(what, asio::use_awaitable);
  co_return response;
}

}  // namespace rondo::detail::curl
