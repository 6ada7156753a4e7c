#pragma once

#include <openssl/evp.h>

#include <array>
#include <climits>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/detail/crypto/last_error.hpp"

namespace rondo::detail::crypto {

/// Bytes of a key, of the number that must not be used twice with a key, and of the proof that nothing was changed.
inline constexpr std::size_t aes_key_size = 32, aes_nonce_size = 12, aes_tag_size = 16;

using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)>;

inline const unsigned char* as_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* as_bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

/// What AES-256-GCM makes of a text: the nonce, the encrypted text and the tag. The nonce is made by the provider that
/// encrypts, which FIPS 140-3 asks for. Throws std::runtime_error.
inline std::string aes_gcm_seal(std::string_view key, std::string_view text) {
  if (key.size() != aes_key_size) throw std::runtime_error("a key of 32 bytes is needed");
  if (text.size() > INT_MAX - aes_nonce_size - aes_tag_size)
    throw std::runtime_error("more than 2 GiB cannot be encrypted");
  const cipher_context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string out(aes_nonce_size + text.size() + aes_tag_size, '\0');
  auto* const nonce = as_bytes(out);
  auto* const sealed = nonce + aes_nonce_size;
  int size = 0, last = 0;
  const bool done =
      context != nullptr &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, as_bytes(key), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), sealed, &size, as_bytes(text), static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), sealed + size, &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(aes_tag_size), sealed + text.size()) ==
          1 &&
      EVP_CIPHER_CTX_get_original_iv(context.get(), nonce, aes_nonce_size) == 1;
  if (!done) throw std::runtime_error("OpenSSL could not encrypt: " + last_error());
  return out;
}

/// The text again, of what aes_gcm_seal() makes; nothing when the key is another one or a bit was changed. Throws
/// std::runtime_error when OpenSSL has no AES.
inline std::optional<std::string> aes_gcm_open(std::string_view key, std::string_view sealed) {
  if (key.size() != aes_key_size || sealed.size() < aes_nonce_size + aes_tag_size) return std::nullopt;
  if (sealed.size() > INT_MAX) return std::nullopt;
  const std::string_view nonce = sealed.substr(0, aes_nonce_size);
  sealed.remove_prefix(aes_nonce_size);
  const std::string_view text = sealed.substr(0, sealed.size() - aes_tag_size);
  std::array<unsigned char, aes_tag_size> tag{};
  for (std::size_t i = 0; i < aes_tag_size; ++i) tag[i] = static_cast<unsigned char>(sealed[text.size() + i]);
  const cipher_context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  std::string out(text.size(), '\0');
  int size = 0, last = 0;
  const bool begun = context != nullptr &&
                     EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, as_bytes(key), as_bytes(nonce)) == 1;
  if (!begun) throw std::runtime_error("OpenSSL could not decrypt: " + last_error());
  const bool done =
      EVP_DecryptUpdate(context.get(), as_bytes(out), &size, as_bytes(text), static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(aes_tag_size), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), as_bytes(out) + size, &last) == 1;
  if (!done) return std::nullopt;
  return out;
}

}  // namespace rondo::detail::crypto
