#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <climits>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/detail/crypto/aes_gcm.hpp"
#include "rondo/detail/crypto/last_error.hpp"

namespace rondo::detail::crypto {

/// A private RSA key that signs.
class rsa_key {
 public:
  /// Throws std::invalid_argument when the text is no such key in PEM. what() holds nothing of it.
  explicit rsa_key(std::string_view pem) : key_(read(pem), &EVP_PKEY_free) {
    ERR_clear_error();
    if (!key_) throw std::invalid_argument("it is not a private key in PEM");
    if (EVP_PKEY_base_id(key_.get()) != EVP_PKEY_RSA) throw std::invalid_argument("it is not an RSA key");
  }

  /// RSASSA-PKCS1-v1_5 with SHA-256: RS256. Throws std::runtime_error. From several threads.
  std::string sign_sha256(std::string_view text) const {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    std::size_t size = 0;
    const bool begun = context != nullptr &&
                       EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                       EVP_DigestSign(context.get(), nullptr, &size, as_bytes(text), text.size()) == 1;
    std::string signature(size, '\0');
    if (!begun || EVP_DigestSign(context.get(), as_bytes(signature), &size, as_bytes(text), text.size()) != 1) {
      throw std::runtime_error("OpenSSL could not sign: " + last_error());
    }
    signature.resize(size);
    return signature;
  }

 private:
  /// Nobody is asked for a password.
  static int no_password(char*, int, int, void*) { return -1; }

  static EVP_PKEY* read(std::string_view pem) {
    if (pem.size() > INT_MAX) return nullptr;
    const std::unique_ptr<BIO, int (*)(BIO*)> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                   &BIO_free);
    if (!text) throw std::bad_alloc();
    return PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr);
  }

  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace rondo::detail::crypto
