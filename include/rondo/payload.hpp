#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo {

/// The standard values of the `encoding` metadata entry of a payload.
namespace encoding {
inline constexpr std::string_view null = "binary/null";
inline constexpr std::string_view binary = "binary/plain";
inline constexpr std::string_view json = "json/plain";
inline constexpr std::string_view json_protobuf = "json/protobuf";
inline constexpr std::string_view binary_protobuf = "binary/protobuf";
}  // namespace encoding

/// One value as it travels: bytes, and metadata that says how to read them. A parameter or result of this type passes
/// through the converter as it is.
struct payload {
  std::map<std::string, std::string, std::less<>> metadata{};
  std::string data{};

  /// The `encoding` entry; empty when there is none.
  std::string_view encoding() const { return entry("encoding"); }
  /// An entry of the metadata; empty when there is none.
  std::string_view entry(std::string_view key) const {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string_view{} : std::string_view{found->second};
  }
  friend bool operator==(const payload&, const payload&) = default;
};

/// Several payloads in order: the arguments of a call, the details of a failure.
using payload_list = std::vector<payload>;

/// Named payloads: a memo, search attributes.
using payload_map = std::map<std::string, payload, std::less<>>;

/// Points to a `payload_map`, or to none.
class payload_map_view {
 public:
  constexpr payload_map_view() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): an option takes the map itself
  constexpr payload_map_view(const payload_map& map) : map_(&map) {}
  constexpr const payload_map* get() const noexcept { return map_; }

 private:
  const payload_map* map_ = nullptr;
};

/// A payload that lies elsewhere (in a message, in a `payload`), valid while that does. Cheap to copy.
class payload_view {
 public:
  using copy_function = void (*)(const void* source, payload& out);

  payload_view() = default;
  /// A payload with no further metadata than its encoding.
  payload_view(std::string_view encoding, std::string_view data) : encoding_(encoding), data_(data) {}
  /// `copier` is asked for the full metadata of `source` when somebody wants an owning copy.
  payload_view(std::string_view encoding, std::string_view message_type, std::string_view data, const void* source,
               copy_function copier)
      : encoding_(encoding), message_type_(message_type), data_(data), source_(source), copy_(copier) {}
  payload_view(const payload& source)  // NOLINT(google-explicit-constructor): a payload is readable as a view
      : payload_view(source.encoding(), source.entry("messageType"), source.data, &source,
                     [](const void* from, payload& out) { out = *static_cast<const payload*>(from); }) {}

  std::string_view encoding() const { return encoding_; }
  /// Full name of the protobuf message for the two protobuf encodings, else empty.
  std::string_view message_type() const { return message_type_; }
  std::string_view data() const { return data_; }

  /// An owning copy with all metadata.
  payload copy() const {
    payload out;
    if (copy_ != nullptr) {
      copy_(source_, out);
    } else {
      if (!encoding_.empty()) out.metadata["encoding"] = encoding_;
      out.data = data_;
    }
    return out;
  }

 private:
  std::string_view encoding_{}, message_type_{}, data_{};
  const void* source_ = nullptr;
  copy_function copy_ = nullptr;
};

/// Several payloads that lie elsewhere.
using payload_span = std::span<const payload_view>;

/// Where encoded values go: a message that is about to be sent, or a `payload_list`.
class payload_sink {
 public:
  virtual ~payload_sink() = default;
  /// Adds a payload with this encoding (without one when it is empty); returns the string that takes its bytes, valid
  /// until the next call.
  virtual std::string& add(std::string_view encoding) = 0;
  /// Sets a further metadata entry of the payload that was added last.
  virtual void set_metadata(std::string_view key, std::string_view value) = 0;
};

/// Collects payloads into a list.
class payload_collector final : public payload_sink {
 public:
  std::string& add(std::string_view encoding) override {
    auto& added = list_.emplace_back();
    if (!encoding.empty()) added.metadata["encoding"] = encoding;
    return added.data;
  }
  void set_metadata(std::string_view key, std::string_view value) override {
    list_.back().metadata[std::string(key)] = value;
  }
  payload_list take() { return std::move(list_); }

 private:
  payload_list list_;
};

}  // namespace rondo
