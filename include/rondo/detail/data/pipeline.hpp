#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/data_options.hpp"
#include "rondo/detail/data/payload_fields.hpp"
#include "rondo/detail/data/payload_sizes.hpp"
#include "rondo/detail/data/payload_walk.hpp"
#include "rondo/detail/data/side_by_side.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/log.hpp"
#include "rondo/payload_storage.hpp"

namespace rondo::detail::data {

/// What the payloads of every message go through: codecs, external storage and the check of sizes on the way out,
/// storage and codecs on the way in. Encoding and decoding may happen on several threads.
class pipeline {
 public:
  explicit pipeline(data_options options) : options_(std::move(options)) {
    changes_ = !options_.codecs.empty() || options_.storage != nullptr || options_.encode_failure_texts;
    slow_ = options_.storage != nullptr || std::any_of(options_.codecs.begin(), options_.codecs.end(),
                                                       [](const auto& each) { return each->is_slow(); });
    set_limits(0, 0);
  }

  /// False for messages that pass as they are. The only thing that happens to small ones without codecs.
  bool concerns(std::size_t message_size) const noexcept { return changes_ || message_size > smallest_limit_; }
  bool changes_payloads() const noexcept { return changes_; }
  /// Whether it may wait, so that it must not be done on the thread of the event loop.
  bool is_slow() const noexcept { return slow_; }

  /// What the server takes, in bytes; zero: unknown. On the loop's thread.
  void set_limits(std::size_t payloads, std::size_t memo) {
    const bool errors = !options_.disable_payload_error_limit;
    limits_ = {.payloads_error = errors ? payloads : 0,
               .memo_error = errors ? memo : 0,
               .payloads_warning = options_.payload_warning_size,
               .memo_warning = options_.memo_warning_size};
    smallest_limit_ = limits_.smallest();
  }
  const size_limits& limits() const noexcept { return limits_; }
  /// Takes the warnings, unless the options name somebody.
  void set_log(const logger& log) {
    if (!options_.log.enabled(log_level::warn)) options_.log = log;
  }

  /// The message as it is sent. `context` says what is known besides the message, and then also what it says itself.
  /// Throws codec_error or what a codec throws.
  std::string encode(node message, std::string_view bytes, serialization_context& context) const {
    payload_walk walk(message, bytes, {options_.encode_headers, options_.encode_failure_texts}, context);
    auto found = walk.collect();
    context = found.whole;
    if (found.payloads.empty()) return std::string(bytes);
    each_context(found, [this](std::span<payload> these, const serialization_context& of, bool /*optional*/) {
      encode_with(options_.codecs, these, of);
    });
    std::vector<std::string> changed(found.payloads.size());
    std::vector<std::size_t> large;
    for (std::size_t i = 0; i < changed.size(); ++i) {
      changed[i] = payload_bytes(found.payloads[i]) + found.others[i];
      if (options_.storage != nullptr && changed[i].size() >= options_.storage->threshold()) large.push_back(i);
    }
    side_by_side(large.size(), most_at_storage, [&](std::size_t number) {
      const std::size_t i = large[number];
      const std::size_t size = changed[i].size();
      payload& what = found.payloads[i];
      if (!options_.storage->store(what, changed[i], found.contexts[found.place_of[i]])) return;
      changed[i] = payload_bytes(what) + external_size(size);
    });
    return walk.replaced(changed);
  }

  /// What a message that was received means. Throws codec_error or what a codec throws.
  std::string decode(node message, std::string_view bytes, const serialization_context& context) const {
    payload_walk walk(message, bytes, {options_.encode_headers, false}, context);
    auto found = walk.collect();
    if (found.payloads.empty()) return std::string(bytes);
    std::vector<std::size_t> elsewhere;
    for (std::size_t i = 0; i < found.payloads.size(); ++i) {
      if (is_reference(found.payloads[i])) elsewhere.push_back(i);
    }
    if (!elsewhere.empty() && options_.storage == nullptr) {
      throw storage_error("[TMPRL1105] a payload lies in external storage, but no storage is configured here");
    }
    side_by_side(elsewhere.size(), most_at_storage, [&](std::size_t number) {
      const std::size_t i = elsewhere[number];
      payload& what = found.payloads[i];
      const std::string stored = options_.storage->retrieve(what, found.contexts[found.place_of[i]]);
      found.others[i].clear();
      what = read_payload(stored, &found.others[i]);
    });
    each_context(found, [this](std::span<payload> these, const serialization_context& of, bool optional) {
      const payload before = optional ? these.front() : payload();
      try {
        decode_with(options_.codecs, these, of);
      } catch (const codec_error&) {
        if (!optional) throw;
        these.front() = before;
      }
    });
    std::vector<std::string> changed(found.payloads.size());
    for (std::size_t i = 0; i < changed.size(); ++i) changed[i] = payload_bytes(found.payloads[i]) + found.others[i];
    return walk.replaced(changed);
  }

  /// Throws payload_too_large; writes a warning for what is merely large.
  void check_sizes(node message, std::string_view bytes) const {
    if (bytes.size() <= smallest_limit_) return;
    const size_check check(limits_, [this](const std::string& text) { options_.log.warn(text); });
    check.look(message, bytes);
  }

 private:
  /// Payloads of one message that are stored or fetched at the same time, as in Temporal's Go SDK 1.50 (1.44 had
  /// 3 for a workflow task). With the threads of a connection that makes 32 in all, where that SDK allows 64.
  static constexpr std::size_t most_at_storage = 8;

  /// Payloads of the same owner that follow one another go through the codecs together, optional ones alone.
  template <class Function>
  static void each_context(found_payloads& found, const Function& function) {
    const auto all = std::span(found.payloads);
    for (std::size_t begin = 0; begin < all.size();) {
      std::size_t end = begin + 1;
      const bool optional = found.optional[begin];
      while (end < all.size() && !optional && !found.optional[end] &&
             found.contexts[found.context_of[end]] == found.contexts[found.context_of[begin]])
        ++end;
      function(all.subspan(begin, end - begin), found.contexts[found.context_of[begin]], optional);
      begin = end;
    }
  }

  /// Payload.external_payloads with the size.
  static std::string external_size(std::size_t size) {
    std::string details;
    append_varint(details, 1U << 3U);
    append_varint(details, size);
    std::string out;
    append_field(out, 3, details);
    return out;
  }

  data_options options_;
  size_limits limits_;
  std::size_t smallest_limit_ = std::numeric_limits<std::size_t>::max();
  bool changes_ = false;
  bool slow_ = false;
};

}  // namespace rondo::detail::data
