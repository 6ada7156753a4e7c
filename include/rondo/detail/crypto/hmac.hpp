#pragma once

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/detail/crypto/last_error.hpp"

// Algorithms are fetched from the providers of OpenSSL's default library context, with its default properties: so
// "fips=yes" in OPENSSL_CONF holds here.
namespace rondo::detail::crypto {

/// Two lower-case digits for each byte.
inline std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char each : bytes) {
    text += digits[static_cast<unsigned char>(each) >> 4U];
    text += digits[static_cast<unsigned char>(each) & 15U];
  }
  return text;
}

/// SHA-256, as its 32 bytes. Throws std::runtime_error.
inline std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL could not compute SHA-256: " + last_error());
  }
  return {digest.begin(), digest.begin() + size};
}

/// HMAC-SHA256, as its 32 bytes. Throws std::runtime_error, as with a key that is too short for the FIPS provider.
inline std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  // Without a result nobody may go on: it would be equal to an empty signature.
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
           text.size(), digest.data(), &size) == nullptr) {
    throw std::runtime_error("OpenSSL could not compute HMAC-SHA256: " + last_error());
  }
  return {digest.begin(), digest.begin() + size};
}

/// What a notification is signed with: hexadecimal HMAC-SHA256 of "<timestamp>.<body>".
inline std::string request_signature(std::string_view secret, std::string_view timestamp, std::string_view body) {
  return hex(hmac_sha256(secret, std::string(timestamp).append(".").append(body)));
}

/// Compares in a time that does not depend on where the texts differ.
inline bool equal_secrets(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace rondo::detail::crypto
