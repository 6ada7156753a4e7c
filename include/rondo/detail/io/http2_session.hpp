#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/io/grpc_wire.hpp"
#include "rondo/detail/io/http2_call.hpp"

namespace rondo::detail::io {

/// What the requests of a connection have in common.
struct http2_request_head {
  std::string scheme;
  std::string authority;
  std::string user_agent;
};

/// The client's side of one HTTP/2 connection: calls in, bytes out, and the reverse. Knows no sockets.
class http2_session final : private http2_call_place {
 public:
  /// What happens while bytes are received. The session is used again only when receive() has returned.
  class events {
   public:
    /// The server's first settings are there, so it speaks HTTP/2.
    virtual void on_settings() = 0;
    /// No calls are taken any more.
    virtual void on_goaway(std::uint32_t h2_error, std::string_view text) = 0;
    /// The server has not looked at the call.
    virtual void on_unprocessed(std::shared_ptr<http2_call> call) = 0;

   protected:
    ~events() = default;
  };

  http2_session(events& to, http2_request_head head) : events_(&to), head_(std::move(head)), session_(make(this)) {
    constexpr std::uint32_t stream_window = 4 << 20;
    constexpr std::int32_t connection_window = 16 << 20;
    constexpr std::uint32_t header_list = 64 << 10;
    const std::array settings{nghttp2_settings_entry{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                              nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
                              nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, header_list}};
    nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_.get(), NGHTTP2_FLAG_NONE, 0, connection_window);
  }
  http2_session(const http2_session&) = delete;
  http2_session& operator=(const http2_session&) = delete;
  ~http2_session() {
    for (auto& [id, call] : streams_) call->is_at(nullptr);
  }

  /// False when this connection takes no more calls. Calls over the server's limit of streams wait inside.
  bool submit(const std::shared_ptr<http2_call>& call);

  /// False when the connection cannot go on.
  bool receive(std::string_view bytes) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    return nghttp2_session_mem_recv(session_.get(), data, bytes.size()) == static_cast<ssize_t>(bytes.size());
  }

  /// Appends what is to be sent until there are about `enough` bytes. False when the connection cannot go on.
  bool pull(std::string& to, std::size_t enough) {
    while (to.size() < enough) {
      const std::uint8_t* data = nullptr;
      const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
      if (size < 0) return false;
      if (size == 0) return true;
      to.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }
    return true;
  }

  void ping() { nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr); }

  std::size_t streams() const noexcept { return streams_.size(); }

  /// Nothing will be read or sent any more.
  bool over() const noexcept {
    return nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0;
  }

  /// Ends all calls.
  void fail(const rpc_status& status) {
    for (auto& [id, call] : std::exchange(streams_, {})) {
      call->is_at(nullptr);
      call->end_later(rpc_result(status));
    }
  }

 private:
  struct deleter {
    void operator()(nghttp2_session* session) const noexcept { nghttp2_session_del(session); }
    void operator()(nghttp2_session_callbacks* callbacks) const noexcept { nghttp2_session_callbacks_del(callbacks); }
  };
  using handle = std::unique_ptr<nghttp2_session, deleter>;

  static handle make(http2_session* self);

  void let_go(http2_call& call) noexcept override {
    const std::int32_t id = call.stream();
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    streams_.erase(id);
  }

  http2_call* find(std::int32_t stream) const noexcept {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? nullptr : found->second.get();
  }

  std::shared_ptr<http2_call> take(std::int32_t stream) {
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return nullptr;
    auto call = std::move(found->second);
    streams_.erase(found);
    call->is_at(nullptr);
    return call;
  }

  void on_frame(const nghttp2_frame& frame);
  void on_answered(std::int32_t stream);
  void end(std::shared_ptr<http2_call> call);
  void on_closed(std::int32_t stream, std::uint32_t h2_error);
  void on_not_sent(std::int32_t stream, int error);
  void reset_if_refused(http2_call& call);
  ssize_t read_request(std::int32_t stream, std::uint8_t* to, std::size_t size, std::uint32_t* flags);

  /// Nothing may be thrown through nghttp2.
  template <class Function>
  static int guarded(Function&& function) noexcept {
    try {
      function();
      return 0;
    } catch (...) {
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
  static http2_session& of(void* user) noexcept { return *static_cast<http2_session*>(user); }
  static std::string_view text(const std::uint8_t* data, std::size_t size) noexcept {
    return {reinterpret_cast<const char*>(data), size};
  }

  events* events_;
  http2_request_head head_;
  std::unordered_map<std::int32_t, std::shared_ptr<http2_call>> streams_;
  bool settings_seen_ = false;
  bool going_away_ = false;
  handle session_;
};

inline http2_session::handle http2_session::make(http2_session* self) {
  nghttp2_session_callbacks* made = nullptr;
  if (nghttp2_session_callbacks_new(&made) != 0) throw std::bad_alloc();
  const std::unique_ptr<nghttp2_session_callbacks, deleter> callbacks(made);
  nghttp2_session_callbacks_set_on_header_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
               const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* user) {
        return guarded([&] {
          auto* call = of(user).find(frame->hd.stream_id);
          if (!call) return;
          call->response.on_header(text(name, name_size), text(value, value_size));
          of(user).reset_if_refused(*call);
        });
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      made,
      [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data, std::size_t size, void* user) {
        return guarded([&] {
          auto* call = of(user).find(stream);
          if (!call) return;
          call->response.on_data(text(data, size));
          of(user).reset_if_refused(*call);
        });
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(made,
                                                       [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
                                                         return guarded([&] { of(user).on_frame(*frame); });
                                                       });
  nghttp2_session_callbacks_set_on_frame_not_send_callback(
      made, [](nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
        return guarded([&] {
          if (frame->hd.type == NGHTTP2_HEADERS) of(user).on_not_sent(frame->hd.stream_id, error);
        });
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      made, [](nghttp2_session*, std::int32_t stream, std::uint32_t h2_error, void* user) {
        return guarded([&] { of(user).on_closed(stream, h2_error); });
      });
  nghttp2_session* session = nullptr;
  if (nghttp2_session_client_new(&session, made, self) != 0) throw std::bad_alloc();
  return handle(session);
}

inline bool http2_session::submit(const std::shared_ptr<http2_call>& call) {
  if (going_away_) return false;
  std::vector<nghttp2_nv> fields;
  const auto add = [&fields](std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view of) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(of.data()));
    };
    fields.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  };
  const unary_call& caller = call->caller();
  std::string timeout;
  // Encoded values stay where they are when others are added.
  std::vector<std::unique_ptr<const std::string>> encoded;
  add(":method", "POST");
  add(":scheme", head_.scheme);
  add(":path", caller.path());
  add(":authority", head_.authority);
  add("te", "trailers");
  add("content-type", "application/grpc");
  add("user-agent", head_.user_agent);
  add("grpc-accept-encoding", call->uses_gzip() ? "identity,gzip" : "identity");
  // Also when this message is not packed: servers pack their answers when they see it.
  if (call->uses_gzip()) add("grpc-encoding", "gzip");
  if (caller.deadline() != time_point::max()) {
    timeout = grpc_timeout(caller.deadline() - steady_clock::now());
    add("grpc-timeout", timeout);
  }
  caller.each_header([&](const std::string& name, const std::string& value) {
    if (!name.ends_with("-bin")) return add(name, value);
    std::string text = base64_encode(value);
    while (text.ends_with('=')) text.pop_back();
    encoded.push_back(std::make_unique<const std::string>(std::move(text)));
    add(name, *encoded.back());
  });
  nghttp2_data_provider body{};
  body.read_callback = [](nghttp2_session*, std::int32_t stream, std::uint8_t* to, std::size_t size,
                          std::uint32_t* flags, nghttp2_data_source*,
                          void* user) { return of(user).read_request(stream, to, size, flags); };
  const std::int32_t id = nghttp2_submit_request(session_.get(), nullptr, fields.data(), fields.size(), &body, nullptr);
  if (id < 0) return false;
  call->is_at(this, id);
  streams_.emplace(id, call);
  return true;
}

inline ssize_t http2_session::read_request(std::int32_t stream, std::uint8_t* to, std::size_t size,
                                           std::uint32_t* flags) {
  http2_call* call = find(stream);
  if (!call) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  const std::string& request = call->message();
  const auto prefix = message_prefix(static_cast<std::uint32_t>(request.size()), call->is_packed());
  std::size_t written = 0;
  if (call->sent < prefix.size()) {
    written = std::min(size, prefix.size() - call->sent);
    std::memcpy(to, prefix.data() + call->sent, written);
    call->sent += written;
  }
  if (call->sent >= prefix.size()) {
    const std::size_t at = call->sent - prefix.size();
    const std::size_t taken = std::min(size - written, request.size() - at);
    std::memcpy(to + written, request.data() + at, taken);
    call->sent += taken;
    written += taken;
  }
  if (call->sent == prefix.size() + request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(written);
}

inline void http2_session::reset_if_refused(http2_call& call) {
  if (!call.response.refused()) return;
  const auto ended = take(call.stream());
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, ended->stream(), NGHTTP2_CANCEL);
  ended->end_later(ended->response.take());
}

inline void http2_session::on_frame(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_SETTINGS:
      if ((frame.hd.flags & NGHTTP2_FLAG_ACK) == 0 && !std::exchange(settings_seen_, true)) events_->on_settings();
      break;
    case NGHTTP2_GOAWAY:
      going_away_ = true;
      events_->on_goaway(frame.goaway.error_code, text(frame.goaway.opaque_data, frame.goaway.opaque_data_len));
      break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) on_answered(frame.hd.stream_id);
      break;
    default:
      break;
  }
}

inline void http2_session::on_answered(std::int32_t stream) {
  auto call = take(stream);
  if (!call) return;
  // A server may answer before it has read the request; the rest of it is not sent then.
  if (nghttp2_session_get_stream_local_close(session_.get(), stream) != 1) {
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  }
  end(std::move(call));
}

inline void http2_session::end(std::shared_ptr<http2_call> call) {
  rpc_result result = call->response.take();
  call->gzip_was_refused = call->uses_gzip() && refuses_gzip(result.status);
  if (call->gzip_was_refused) return events_->on_unprocessed(std::move(call));
  call->end_later(std::move(result));
}

inline void http2_session::on_not_sent(std::int32_t stream, int error) {
  auto call = take(stream);
  if (!call) return;
  const bool is_closing = error == NGHTTP2_ERR_START_STREAM_NOT_ALLOWED || error == NGHTTP2_ERR_SESSION_CLOSING ||
                          error == NGHTTP2_ERR_STREAM_CLOSING;
  if (is_closing) return events_->on_unprocessed(std::move(call));
  rpc_status status(rpc_code::internal, std::string("the headers cannot be sent: ") + nghttp2_strerror(error), true);
  call->end_later(rpc_result(std::move(status)));
}

inline void http2_session::on_closed(std::int32_t stream, std::uint32_t h2_error) {
  auto call = take(stream);
  if (!call) return;
  if (h2_error == NGHTTP2_REFUSED_STREAM) return events_->on_unprocessed(std::move(call));
  if (call->response.has_status()) return end(std::move(call));
  rpc_status status(code_of_reset(h2_error),
                    std::string("the server reset the stream: ") + nghttp2_http2_strerror(h2_error), true);
  call->end_later(rpc_result(std::move(status)));
}

}  // namespace rondo::detail::io
