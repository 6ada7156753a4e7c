#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/codec.hpp"
#include "rondo/detail/crypto/aes_gcm.hpp"
#include "rondo/detail/data/wire.hpp"
#include "rondo/payload.hpp"

// Needs OpenSSL (package libssl-dev, link libcrypto).
namespace rondo {

/// A key of 32 bytes and the name under which payloads ask for it; everybody can read the name.
struct encryption_key {
  std::string id{};
  std::string bytes{};
};

/// Gives keys to an encryption_codec. Called from several threads at a time.
class key_provider {
 public:
  key_provider() = default;
  key_provider(const key_provider&) = delete;
  key_provider& operator=(const key_provider&) = delete;
  virtual ~key_provider() = default;

  /// The key to encrypt with now. May choose it by the context. Throws what it likes.
  virtual encryption_key current(const serialization_context& context) const = 0;
  /// The bytes of the key of this name, for as long as there may be payloads that it has encrypted; nothing: unknown.
  virtual std::optional<std::string> find(std::string_view id, const serialization_context& context) const = 0;
  /// True when asking may take long, as with a service for keys.
  virtual bool is_slow() const { return false; }
};

/// Keys in memory. The one that was added last encrypts, all decrypt.
class key_ring final : public key_provider {
 public:
  /// Throws std::invalid_argument for a key without a name or of another length than 32 bytes.
  explicit key_ring(encryption_key first) { rotate(std::move(first)); }

  /// Encrypts with this key from now on.
  void rotate(encryption_key next) {
    if (next.id.empty()) throw std::invalid_argument("rondo: an encryption key needs a name");
    if (next.bytes.size() != detail::crypto::aes_key_size) {
      throw std::invalid_argument("rondo: the encryption key '" + next.id + "' must have 32 bytes, it has " +
                                  std::to_string(next.bytes.size()));
    }
    const std::unique_lock lock(mutex_);
    current_ = next.id;
    keys_[next.id] = std::move(next.bytes);
  }
  /// For payloads that were encrypted with it earlier.
  void add_old(encryption_key old) {
    if (old.bytes.size() != detail::crypto::aes_key_size) {
      throw std::invalid_argument("rondo: the encryption key '" + old.id + "' must have 32 bytes");
    }
    const std::unique_lock lock(mutex_);
    keys_.try_emplace(std::move(old.id), std::move(old.bytes));
  }

  encryption_key current(const serialization_context& /*context*/) const override {
    const std::shared_lock lock(mutex_);
    return {.id = current_, .bytes = keys_.at(current_)};
  }
  std::optional<std::string> find(std::string_view id, const serialization_context& /*context*/) const override {
    const std::shared_lock lock(mutex_);
    const auto found = keys_.find(id);
    if (found == keys_.end()) return std::nullopt;
    return found->second;
  }

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::string, std::less<>> keys_;
  std::string current_;
};

/// Encrypts whole payloads with AES-256-GCM, so that the server sees neither values nor their types. The form is that
/// of Temporal's samples in Go, Python and TypeScript: encoding binary/encrypted, the name of the key in the metadata,
/// and a nonce of 12 bytes, the encrypted payload and a tag of 16 bytes as data.
class encryption_codec final : public codec {
 public:
  static constexpr std::string_view encoding = "binary/encrypted";
  static constexpr std::string_view key_entry = "encryption-key-id";

  /// Throws std::invalid_argument without a provider.
  explicit encryption_codec(std::shared_ptr<const key_provider> keys) : keys_(std::move(keys)) {
    if (keys_ == nullptr) throw std::invalid_argument("rondo: encryption needs a provider of keys");
  }

  void encode(std::span<payload> payloads, const serialization_context& context) const override {
    if (payloads.empty()) return;
    const encryption_key key = keys_->current(context);
    for (auto& each : payloads) {
      std::string data;
      try {
        data = detail::crypto::aes_gcm_seal(key.bytes, detail::data::payload_bytes(each));
      } catch (const std::runtime_error& failed) {
        throw codec_error("a payload cannot be encrypted with the key '" + key.id + "': " + failed.what());
      }
      each = payload();
      each.metadata["encoding"] = encoding;
      each.metadata[std::string(key_entry)] = key.id;
      each.data = std::move(data);
    }
  }

  void decode(std::span<payload> payloads, const serialization_context& context) const override {
    for (auto& each : payloads) {
      if (each.encoding() == encoding) open(each, context);
    }
  }

  bool is_slow() const override { return keys_->is_slow(); }

 private:
  void open(payload& sealed, const serialization_context& context) const {
    const std::string id(sealed.entry(key_entry));
    const auto key = keys_->find(id, context);
    if (!key) throw codec_error("a payload is encrypted with the key '" + id + "', which is not known here");
    std::optional<std::string> opened;
    try {
      opened = detail::crypto::aes_gcm_open(*key, sealed.data);
    } catch (const std::runtime_error& failed) {
      throw codec_error("a payload cannot be decrypted with the key '" + id + "': " + failed.what());
    }
    if (!opened) {
      throw codec_error("a payload cannot be decrypted: it was changed, or '" + id + "' is another key here");
    }
    sealed = detail::data::read_payload(*opened);
  }

  std::shared_ptr<const key_provider> keys_;
};

}  // namespace rondo
