#pragma once
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/interception.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/payload.hpp"

namespace rondo::detail::engine {

/// What goes out with the calls of a run: their arguments as interceptors leave them, and headers.
class outgoing_calls {
 public:
  /// Valid until the next call.
  struct outgoing {
    run::encoder input;
    /// Null: those of the call's options.
    const payload_map* headers = nullptr;
  };

  explicit outgoing_calls(machine_services& of) : run_(of) {}

  /// The run begins. `interceptors` lives as long as it; `own` are the headers that it came with.
  void begin(const run::interception& interceptors, const std::vector<std::string>* propagated,
             const payload_map& own) {
    interceptors_ = &interceptors;
    if (propagated == nullptr) return;
    for (const auto& name : *propagated) {
      if (const auto found = own.find(name); found != own.end()) propagated_.insert(*found);
    }
  }

  /// Throws what an interceptor throws.
  outgoing prepare(workflow_call_kind kind, std::string_view name, std::string_view workflow_id,
                   const run::encoder& input, payload_map_view own) {
    const bool seen = interceptors_ != nullptr && !interceptors_->empty();
    if (!seen && propagated_.empty()) return {input};
    headers_ = propagated_;
    if (own.get() != nullptr) {
      for (const auto& [key, value] : *own.get()) headers_.insert_or_assign(key, value);
    }
    if (!seen) return {input, &headers_};
    payload_collector collected;
    try {
      input(collected);
    } catch (...) {
      if (!run_.encoding_error) run_.encoding_error = std::current_exception();
    }
    arguments_ = collected.take();
    workflow_call call{
        .kind = kind, .name = name, .workflow_id = workflow_id, .arguments = arguments_, .headers = headers_};
    interceptors_->outbound(call);
    return {run::encoder(&arguments_,
                         [](const void* from, payload_sink& sink) {
                           for (const auto& each : *static_cast<const payload_list*>(from)) encode_payload(sink, each);
                         }),
            &headers_};
  }

 private:
  machine_services& run_;
  const run::interception* interceptors_ = nullptr;
  payload_map propagated_, headers_;
  payload_list arguments_;
};

}  // namespace rondo::detail::engine
