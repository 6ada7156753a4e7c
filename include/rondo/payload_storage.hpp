#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/json.hpp"
#include "rondo/payload.hpp"

/// Large payloads outside of the server, which then holds references to them.
namespace rondo {

/// A payload could not be stored, or not be found again as it was.
class storage_error : public codec_error {
 public:
  using codec_error::codec_error;
};

/// What a driver needs to find a payload again: it lies in the history, where everybody can read it.
using storage_claim = std::map<std::string, std::string>;

/// A place for payloads. Used by several threads at a time, also for the payloads of one message: eight at most.
class storage_driver {
 public:
  storage_driver() = default;
  storage_driver(const storage_driver&) = delete;
  storage_driver& operator=(const storage_driver&) = delete;
  virtual ~storage_driver() = default;

  /// Stands in the references, so it must stay the same for as long as they do.
  virtual std::string name() const = 0;
  /// What kind of place it is, the same for all drivers of a kind: for lists of workers.
  virtual std::string type() const { return name(); }
  /// Keeps the bytes of a serialized payload. The same bytes may come again, as tasks are repeated. Throws
  /// storage_error.
  virtual storage_claim store(std::string_view serialized, const serialization_context& context) const = 0;
  /// The bytes again, exactly. Throws storage_error.
  virtual std::string retrieve(const storage_claim& claim, const serialization_context& context) const = 0;
};

namespace detail::data {

inline constexpr std::string_view reference_message = "temporal.api.sdk.v1.ExternalStorageReference";
inline constexpr std::string_view old_reference_encoding = "json/external-storage-reference";

/// The JSON in a payload that stands for one that lies elsewhere.
struct storage_reference {
  std::string driverName{};   // NOLINT(readability-identifier-naming): as in the JSON
  storage_claim claimData{};  // NOLINT(readability-identifier-naming): as in the JSON
};

inline bool is_reference(const payload& what) {
  return what.encoding() == old_reference_encoding ||
         (what.encoding() == encoding::json_protobuf && what.entry("messageType") == reference_message);
}

}  // namespace detail::data

/// Which payloads are stored, and where.
class payload_storage {
 public:
  /// The driver that stores a payload, as the codecs have left it; null: it stays where it is. `size`: of its
  /// serialized form, in bytes. Used like a driver.
  using selector =
      std::function<const storage_driver*(const payload& what, std::size_t size, const serialization_context& context)>;

  /// Payloads whose serialized form has at least `threshold` bytes are stored: by the first driver, unless `select`
  /// names another one. All drivers retrieve. Throws std::invalid_argument without drivers, or when two have one name.
  explicit payload_storage(std::vector<std::shared_ptr<const storage_driver>> drivers,
                           std::size_t threshold = 256 * 1024, selector select = nullptr)
      : drivers_(std::move(drivers)), threshold_(threshold), select_(std::move(select)) {
    if (drivers_.empty()) throw std::invalid_argument("rondo: external storage needs a driver");
    for (const auto& each : drivers_) {
      if (find(each->name()) != each.get()) {
        throw std::invalid_argument("rondo: two drivers of external storage are called '" + each->name() + "'");
      }
    }
  }

  /// Bytes; smaller payloads stay where they are.
  std::size_t threshold() const noexcept { return threshold_; }
  const std::vector<std::shared_ptr<const storage_driver>>& drivers() const noexcept { return drivers_; }

  /// Stores a payload if it is large: returns true and makes `what` the reference.
  bool store(payload& what, std::string_view serialized, const serialization_context& context) const {
    if (serialized.size() < threshold_ || detail::data::is_reference(what)) return false;
    const storage_driver* driver = select_ ? select_(what, serialized.size(), context) : drivers_.front().get();
    if (driver == nullptr) return false;
    const detail::data::storage_reference reference{.driverName = driver->name(),
                                                    .claimData = driver->store(serialized, context)};
    what = payload();
    what.metadata["encoding"] = encoding::json_protobuf;
    what.metadata["messageType"] = detail::data::reference_message;
    json::write(what.data, reference);
    return true;
  }

  /// The bytes of the payload that a reference stands for. Throws storage_error.
  std::string retrieve(const payload& reference, const serialization_context& context) const {
    detail::data::storage_reference read;
    try {
      read = json::parse<detail::data::storage_reference>(reference.data);
    } catch (const std::exception& failed) {
      throw storage_error(std::string("[TMPRL1105] a reference to external storage cannot be read: ") + failed.what());
    }
    const storage_driver* driver = find(read.driverName);
    if (driver == nullptr) {
      throw storage_error("[TMPRL1105] a payload lies in external storage '" + read.driverName +
                          "', for which there is no driver here");
    }
    return driver->retrieve(read.claimData, context);
  }

 private:
  const storage_driver* find(std::string_view name) const {
    for (const auto& each : drivers_) {
      if (each->name() == name) return each.get();
    }
    return nullptr;
  }

  std::vector<std::shared_ptr<const storage_driver>> drivers_;
  std::size_t threshold_;
  selector select_;
};

}  // namespace rondo
