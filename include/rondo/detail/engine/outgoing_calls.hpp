#pragma once
#include <cstdint>
#include <exception>
#include <forward_list>
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

  /// A call that nobody sees: with the headers that are propagated. `own` are those of its options.
  outgoing prepare(const run::encoder& input, payload_map_view own) {
    if (kept_ == nullptr) return {input};
    kept_->set_headers(own);
    return {input, &kept_->headers};
  }

  /// A call, with the headers of its options and those that are propagated, to be shown with show(). It refers to what
  /// is kept here until the next one.
  workflow_call new_call(workflow_call_kind kind, std::string_view name, payload_map_view own) {
    auto& all = the_kept();
    all.set_headers(own);
    all.nexus_headers.clear();
    all.texts.clear();
    return {.kind = kind,
            .name = name,
            .arguments = all.arguments,
            .headers = all.headers,
            .nexus_headers = all.nexus_headers,
            .texts = all.texts,
            .number = ++last_};
  }
  /// Shows it to the interceptors, of which there are some. Throws what one of them throws.
  outgoing show(workflow_call& call, const run::encoder& input) {
    call.arguments = collect(input);
    interceptors_->outbound(call);
    return {encoder_of(call.arguments), &call.headers, &call.nexus_headers};
  }

  /// For the value of a side effect as the interceptors leave it.
  run::kept_payloads& effect() { return the_kept().effect; }

  /// What an encoder writes. What it throws fails the workflow task.
  payload_list collect(const run::encoder& input) {
    payload_collector collected;
    try {
      input(collected);
    } catch (...) {
      if (!run_.encoding_error) run_.encoding_error = std::current_exception();
    }
    return collected.take();
  }
  /// Writes `values`, which must live until it is used.
  static run::encoder encoder_of(const payload_list& values) {
    return run::encoder(&values, [](const void* from, payload_sink& sink) {
      for (const auto& each : *static_cast<const payload_list*>(from)) encode_payload(sink, each);
    });
  }

 private:
  /// What only runs with interceptors or propagated headers have.
  struct kept {
    void set_headers(payload_map_view own) {
      headers = propagated;
      if (own.get() == nullptr) return;
      for (const auto& [key, value] : *own.get()) headers.insert_or_assign(key, value);
    }
    payload_map propagated{}, headers{};
    nexus_header_map nexus_headers{};
    payload_list arguments{};
    std::forward_list<std::string> texts{};
    run::kept_payloads effect{};
  };

  kept& the_kept() {
    if (kept_ == nullptr) kept_ = std::make_unique<kept>();
    return *kept_;
  }

  machine_services& run_;
  const run::interception* interceptors_ = nullptr;
  std::unique_ptr<kept> kept_;
  std::uint64_t last_ = 0;
};

}  // namespace rondo::detail::engine
