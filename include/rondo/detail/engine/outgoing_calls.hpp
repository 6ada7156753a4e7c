#pragma once
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/detail/engine/machine.hpp"
#include "rondo/detail/run/host.hpp"
#include "rondo/detail/run/interception.hpp"
#include "rondo/interceptor.hpp"
#include "rondo/nexus_info.hpp"
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
    const nexus_header_map* nexus_headers = nullptr;
  };

  explicit outgoing_calls(machine_services& of) : run_(of) {}

  /// The run begins. `interceptors` lives as long as it; `own` are the headers that it came with.
  void begin(const run::interception& interceptors, const std::vector<std::string>* propagated,
             const payload_map& own) {
    interceptors_ = &interceptors;
    if (propagated == nullptr) return;
    for (const auto& name : *propagated) {
      if (const auto found = own.find(name); found != own.end()) the_kept().propagated.insert(*found);
    }
  }

  /// Null: nobody sees what goes out.
  const run::interception* interceptors() const noexcept {
    return interceptors_ == nullptr || interceptors_->empty() ? nullptr : interceptors_;
  }

  /// Throws what an interceptor throws.
  outgoing prepare(workflow_call_kind kind, std::string_view name, std::string_view workflow_id,
                   const run::encoder& input, payload_map_view own) {
    if (!seen() && kept_ == nullptr) return {input};
    return add_headers(kind, name, workflow_id, input, own);
  }
  /// The same for a Nexus operation.
  outgoing prepare(const run::nexus_call& of) {
    if (!seen()) return {of.input};
    auto& own = the_kept();
    own.headers.clear();
    own.nexus_headers.clear();
    for (const auto& [name, value] : of.options.headers) own.nexus_headers.insert_or_assign(std::string(name), value);
    const auto input = intercept({.kind = workflow_call_kind::nexus_operation,
                                  .name = of.operation,
                                  .nexus_endpoint = of.endpoint,
                                  .nexus_service = of.service,
                                  .arguments = own.arguments,
                                  .headers = own.headers,
                                  .nexus_headers = own.nexus_headers},
                                 of.input);
    return {input, nullptr, &own.nexus_headers};
  }

 private:
  /// What only runs with interceptors or propagated headers have.
  struct kept {
    payload_map propagated{}, headers{};
    nexus_header_map nexus_headers{};
    payload_list arguments{};
  };

  bool seen() const noexcept { return interceptors_ != nullptr && !interceptors_->empty(); }
  outgoing add_headers(workflow_call_kind kind, std::string_view name, std::string_view workflow_id,
                       const run::encoder& input, payload_map_view own) {
    auto& headers = the_kept().headers;
    headers = kept_->propagated;
    if (own.get() != nullptr) {
      for (const auto& [key, value] : *own.get()) headers.insert_or_assign(key, value);
    }
    if (!seen()) return {input, &headers};
    return {intercept({.kind = kind,
                       .name = name,
                       .workflow_id = workflow_id,
                       .arguments = kept_->arguments,
                       .headers = headers,
                       .nexus_headers = kept_->nexus_headers},
                      input),
            &headers};
  }
  /// Shows the call to the interceptors; gives the arguments that they leave.
  run::encoder intercept(workflow_call call, const run::encoder& input) {
    payload_collector collected;
    try {
      input(collected);
    } catch (...) {
      if (!run_.encoding_error) run_.encoding_error = std::current_exception();
    }
    call.arguments = collected.take();
    interceptors_->outbound(call);
    return run::encoder(&kept_->arguments, [](const void* from, payload_sink& sink) {
      for (const auto& each : *static_cast<const payload_list*>(from)) encode_payload(sink, each);
    });
  }
  kept& the_kept() {
    if (kept_ == nullptr) kept_ = std::make_unique<kept>();
    return *kept_;
  }

  machine_services& run_;
  const run::interception* interceptors_ = nullptr;
  std::unique_ptr<kept> kept_;
};

}  // namespace rondo::detail::engine
