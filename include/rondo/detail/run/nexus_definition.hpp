#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rondo/payload.hpp"

// Declared here so that Nexus operations that are coroutines can be registered without their library.
namespace asio {
class any_io_executor;
template <class, class>
class awaitable;
}  // namespace asio
namespace rondo {
class nexus_context;
}  // namespace rondo

namespace rondo::detail::run {

struct call_shape;

/// A handler of an operation that is a function; it runs on a thread of the pool.
class blocking_nexus_handler {
 public:
  virtual ~blocking_nexus_handler() = default;
  virtual void run(nexus_context& context, payload_span input, payload_sink& result) const = 0;
};

/// A handler that is a coroutine on the event loop. The input is read before the call returns; `context` and `result`
/// must outlive the coroutine.
class async_nexus_handler {
 public:
  using coroutine = asio::awaitable<void, asio::any_io_executor>;
  virtual ~async_nexus_handler() = default;
  virtual coroutine run(nexus_context& context, payload_span input, payload_sink& result) const = 0;
};

/// A handler as a registry holds it: one of the two.
struct nexus_code {
  std::shared_ptr<const blocking_nexus_handler> blocking{};
  std::shared_ptr<const async_nexus_handler> async{};
};

/// An operation as a registry holds it.
struct nexus_operation_definition {
  nexus_code start{};
  /// What it takes and gives.
  const call_shape* shape = nullptr;
  /// Unset: what is behind the operation is cancelled.
  std::optional<nexus_code> cancel{};
};

/// A service as a registry holds it.
struct nexus_service_definition {
  std::string name;
  std::map<std::string, nexus_operation_definition, std::less<>> operations;

  /// Null when there is none of that name.
  const nexus_operation_definition* find(std::string_view operation) const {
    const auto found = operations.find(operation);
    return found == operations.end() ? nullptr : &found->second;
  }
};

}  // namespace rondo::detail::run
