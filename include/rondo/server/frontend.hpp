#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "rondo/server/call.hpp"
#include "rondo/server/config.hpp"
#include "rondo/server/core.hpp"
#include "rondo/server/refusal.hpp"

namespace rondo::server {

/// Where requests enter: finds the handler of a method, parses the request, handles it as one turn of the core, and
/// turns refusals into answers.
class frontend {
 public:
  explicit frontend(core& owner);
  frontend(const frontend&) = delete;
  frontend& operator=(const frontend&) = delete;

  /// Handler that answers at once: response handler(core&, Request&).
  template <class Request, class Function>
  void on(std::string_view method, Function handler) {
    on_call<Request>(
        method, [handler](core& in, Request& request, const call_ptr& call) { in.answer(call, handler(in, request)); });
  }
  /// Handler that answers when it can: void handler(core&, Request&, const call_ptr&).
  template <class Request, class Function>
  void on_call(std::string_view method, Function handler) {
    on_bytes(method, [handler = std::move(handler)](core& in, std::string_view bytes, const call_ptr& call) {
      Request request;
      parse(request, bytes);
      handler(in, request, call);
    });
  }
  using method_handler = std::function<void(core&, std::string_view, const call_ptr&)>;
  /// `method` is "Method" of the WorkflowService, or "package.Service/Method".
  void on_bytes(std::string_view method, method_handler function);

  /// A request from a transport. Unknown methods and services are UNIMPLEMENTED, in words that name them.
  void handle(const call_ptr& call);

  core& owner() noexcept { return *core_; }
  /// Calls that are not answered yet.
  std::size_t under_way() const noexcept { return *under_way_; }
  bool knows_service(std::string_view name) const noexcept;

 private:
  static void parse(google::protobuf::Message& into, std::string_view bytes);
  rpc_status unknown(std::string_view path) const;

  core* core_;
  std::unordered_map<std::string, method_handler> handlers_;
  std::set<std::string, std::less<>> services_;
  /// Outlives the frontend in calls that are still held.
  std::shared_ptr<std::size_t> under_way_ = std::make_shared<std::size_t>(0);
};

}  // namespace rondo::server
