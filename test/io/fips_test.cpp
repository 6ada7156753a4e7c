#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "rondo/codec.hpp"
#include "rondo/codecs/encryption.hpp"
#include "rondo/detail/crypto/aes_gcm.hpp"
#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/detail/crypto/rsa.hpp"
#include "rondo/detail/io/tls_session.hpp"
#include "rondo/payload.hpp"

namespace rondo::test::fips_test {

namespace crypto = rondo::detail::crypto;

/// An OpenSSL of this thread's own, which has the providers that a test loads and uses approved algorithms only.
class approved_only {
 public:
  explicit approved_only(const char* configuration = nullptr)
      : own_(OSSL_LIB_CTX_new()), before_(OSSL_LIB_CTX_set0_default(own_)) {
    if (configuration != nullptr) OSSL_LIB_CTX_load_config(own_, configuration);
    EVP_set_default_properties(nullptr, "fips=yes");
  }
  approved_only(const approved_only&) = delete;
  approved_only& operator=(const approved_only&) = delete;
  ~approved_only() {
    OSSL_LIB_CTX_set0_default(before_);
    for (auto* each : loaded_) OSSL_PROVIDER_unload(each);
    OSSL_LIB_CTX_free(own_);
    ERR_clear_error();
  }

  /// False when there is no such provider, or it does not pass its tests.
  bool load(const char* name) {
    OSSL_PROVIDER* found = OSSL_PROVIDER_load(own_, name);
    if (found != nullptr) loaded_.push_back(found);
    return found != nullptr;
  }

 private:
  OSSL_LIB_CTX* own_;
  OSSL_LIB_CTX* before_;
  std::vector<OSSL_PROVIDER*> loaded_;
};

std::string key_in_pem() {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

const std::string key(32, 'k');

/// Everything that Rondo does with OpenSSL, but for the handshake.
void use_everything(const std::string& pem) {
  EXPECT_EQ(crypto::hex(crypto::sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(crypto::hmac_sha256("a key of 14 bytes or more", "text").size(), 32U);
  EXPECT_EQ(crypto::aes_gcm_open(key, crypto::aes_gcm_seal(key, "text")), "text");
  EXPECT_EQ(crypto::rsa_key(pem).sign_sha256("text").size(), 256U);
  tls_options options;
  options.verify_server = false;
  const detail::io::tls_context tls(options);
  EXPECT_NE(tls.get(), nullptr);
}

// The default provider is there and could do all of this. What asks for an algorithm past the properties would get it.
TEST(fips, nothing_is_done_by_algorithms_that_are_not_approved) {
  const std::string pem = key_in_pem();
  use_everything(pem);
  const std::string sealed = crypto::aes_gcm_seal(key, "text");
  approved_only scope;
  ASSERT_TRUE(scope.load("default"));
  EXPECT_THROW(crypto::sha256("abc"), std::runtime_error);
  EXPECT_THROW(crypto::hmac_sha256("a key of 14 bytes or more", "text"), std::runtime_error);
  EXPECT_THROW(crypto::aes_gcm_seal(key, "text"), std::runtime_error);
  EXPECT_THROW(crypto::aes_gcm_open(key, sealed), std::runtime_error);
  EXPECT_ANY_THROW(crypto::rsa_key(pem).sign_sha256("text"));
  tls_options options;
  options.verify_server = false;
  EXPECT_THROW(detail::io::tls_context{options}, std::runtime_error);
  const encryption_codec codec(std::make_shared<key_ring>(encryption_key{.id = "one", .bytes = key}));
  payload what;
  what.data = "secret";
  EXPECT_THROW(codec.encode(std::span(&what, 1), {}), codec_error);
  EXPECT_EQ(what.data, "secret");
}

TEST(fips, everything_works_with_the_fips_provider) {
  const std::string pem = key_in_pem();
  approved_only scope(std::getenv("OPENSSL_CONF"));
  if (!scope.load("fips") || !scope.load("base")) GTEST_SKIP() << "OpenSSL has no FIPS provider that is set up here";
  use_everything(pem);
}

}  // namespace rondo::test::fips_test
