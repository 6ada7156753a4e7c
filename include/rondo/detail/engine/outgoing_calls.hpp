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
  /// Of a call that nobody sees: valid until the next one.
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

  /// Whether calls that nobody sees have headers besides those of their options.
  bool propagates() const noexcept { return kept_ != nullptr && !kept_->propagated.empty(); }
  /// A call that nobody sees: with the headers that are propagated. `own` are those of its options.
  outgoing prepare(const run::encoder& input, payload_map_view own) {
    if (!propagates()) return {input};
    kept_->headers = headers_with(own);
    return {input, &kept_->headers};
  }

  /// A call on its way through the interceptors, with all that it refers to. Each has its own: an interceptor that sees
  /// one may begin another.
  struct shown_call {
    shown_call(workflow_call_kind kind, std::string_view name, payload_map sent, std::uint64_t number)
        : headers(std::move(sent)),
          call{.kind = kind,
               .name = name,
               .arguments = arguments,
               .headers = headers,
               .nexus_headers = nexus_headers,
               .texts = texts,
               .number = number} {}
    shown_call(const shown_call&) = delete;
    shown_call& operator=(const shown_call&) = delete;

    payload_list arguments{};
    payload_map headers;
    nexus_header_map nexus_headers{};
    std::forward_list<std::string> texts{};
    workflow_call call;
  };
  /// A call, with the headers of its options and those that are propagated, to be shown with show().
  shown_call new_call(workflow_call_kind kind, std::string_view name, payload_map_view own) {
    return shown_call(kind, name, headers_with(own), ++last_);
  }
  /// Shows it to the interceptors, of which there are some. Throws what one of them throws. The answer refers to it.
  outgoing show(shown_call& what, const run::encoder& input) {
    what.arguments = collect(input);
    interceptors_->outbound(what.call);
    return {encoder_of(what.arguments), &what.headers, &what.nexus_headers};
  }

  /// The value of a side effect as the interceptors left it. Valid until the next one.
  payload_span keep_effect(payload_list values) {
    auto& effect = the_kept().effect;
    effect.values = std::move(values);
    effect.views.assign(effect.values.begin(), effect.values.end());
    return effect.views;
  }

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
    /// `headers` are those of the last call that nobody saw.
    payload_map propagated{}, headers{};
    run::kept_payloads effect{};
  };

  payload_map headers_with(payload_map_view own) const {
    payload_map all;
    if (kept_ != nullptr) all = kept_->propagated;
    if (own.get() == nullptr) return all;
    for (const auto& [key, value] : *own.get()) all.insert_or_assign(key, value);
    return all;
  }
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
