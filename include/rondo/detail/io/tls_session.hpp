#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "rondo/connection_options.hpp"
#include "rondo/detail/crypto/last_error.hpp"
#include "rondo/detail/io/trust_store.hpp"

namespace rondo::detail::io {

using crypto::last_error;

/// What the TLS sessions of a transport share: whom they trust and who they are.
class tls_context {
 public:
  /// Throws std::runtime_error when the material cannot be used.
  explicit tls_context(const tls_options& options, const trust_places& system = trust_places::of_system())
      : context_(SSL_CTX_new(TLS_client_method())) {
    // As when OpenSSL is to use approved algorithms only, and has no provider of them.
    if (!context_) throw std::runtime_error("TLS cannot be used: " + last_error());
    SSL_CTX* const ctx = context_.get();
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(ctx, options.verify_server ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    // Nobody is asked for a password.
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    if (SSL_CTX_set_alpn_protos(ctx, alpn.data(), static_cast<unsigned>(alpn.size())) != 0) throw std::bad_alloc();
    if (!options.verify_server) {
      // Nobody is trusted, and OpenSSL goes on all the same.
    } else if (options.server_root_ca_certificate.empty()) {
      bundle_ = trust_system(*SSL_CTX_get_cert_store(ctx), system);
      if (!bundle_.empty()) SSL_CTX_set_cert_verify_callback(ctx, verify_with_bundle, this);
    } else {
      trust(options.server_root_ca_certificate);
    }
    if (!options.client_certificate.empty()) show(options.client_certificate, options.client_private_key);
  }
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  SSL_CTX* get() const noexcept { return context_.get(); }

 private:
  static constexpr std::array<unsigned char, 3> alpn{2, 'h', '2'};
  using bio_ptr = openssl_ptr<BIO, &BIO_free>;

  static int no_password(char*, int, int, void*) { return -1; }

  static bio_ptr text_of(std::string_view pem) {
    bio_ptr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!bio) throw std::bad_alloc();
    return bio;
  }
  static x509_ptr next_certificate(BIO& from) {
    return x509_ptr(PEM_read_bio_X509(&from, nullptr, no_password, nullptr));
  }

  void trust(std::string_view pem) {
    const bio_ptr text = text_of(pem);
    bool any = false;
    while (const x509_ptr authority = next_certificate(*text)) {
      any = X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), authority.get()) == 1 || any;
    }
    if (!any) throw std::runtime_error("tls.server_root_ca_certificate: " + last_error());
    ERR_clear_error();  // the end of the text
  }

  void show(std::string_view certificates, std::string_view private_key) {
    SSL_CTX* const ctx = context_.get();
    const bio_ptr text = text_of(certificates);
    const x509_ptr own = next_certificate(*text);
    if (!own || SSL_CTX_use_certificate(ctx, own.get()) != 1) {
      throw std::runtime_error("tls.client_certificate: " + last_error());
    }
    while (const x509_ptr issuer = next_certificate(*text)) SSL_CTX_add1_chain_cert(ctx, issuer.get());
    ERR_clear_error();  // the end of the text
    const bio_ptr key_text = text_of(private_key);
    const openssl_ptr<EVP_PKEY, &EVP_PKEY_free> key(
        PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_password, nullptr));
    if (!key) throw std::runtime_error("tls.client_private_key: " + last_error());
    if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
      ERR_clear_error();
      throw std::runtime_error("tls.client_private_key does not belong to tls.client_certificate");
    }
  }

  /// Gives the store the authorities that the server's certificates name, then lets OpenSSL verify.
  static int verify_with_bundle(X509_STORE_CTX* verification, void* self) noexcept {
    try {
      const auto& bundle = static_cast<const tls_context*>(self)->bundle_;
      X509_STORE* const store = X509_STORE_CTX_get0_store(verification);
      const auto trust_issuer_of = [&](const X509* certificate) {
        for (const auto& each : bundle.find(*X509_get_issuer_name(certificate))) X509_STORE_add_cert(store, each.get());
      };
      if (const X509* own = X509_STORE_CTX_get0_cert(verification)) trust_issuer_of(own);
      const STACK_OF(X509)* others = X509_STORE_CTX_get0_untrusted(verification);
      constexpr int most = 16;
      for (int i = 0; i < std::min(sk_X509_num(others), most); ++i) trust_issuer_of(sk_X509_value(others, i));
      return X509_verify_cert(verification);
    } catch (...) {
      X509_STORE_CTX_set_error(verification, X509_V_ERR_OUT_OF_MEM);
      return 0;
    }
  }

  openssl_ptr<SSL_CTX, &SSL_CTX_free> context_;
  certificate_bundle bundle_{{}};
};

/// TLS of one connection, between the bytes of its socket and those of HTTP/2. Knows no sockets.
class tls_session {
 public:
  /// The server's certificate must bear the name, a host's or an address, if the context wants it checked.
  tls_session(const tls_context& context, const std::string& name) : ssl_(SSL_new(context.get())) {
    BIO* const incoming = BIO_new(BIO_s_mem());
    BIO* const outgoing = BIO_new(BIO_s_mem());
    if (!ssl_ || !incoming || !outgoing) throw std::bad_alloc();
    SSL_set_bio(ssl_.get(), incoming, outgoing);
    SSL_set_connect_state(ssl_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str()) == 1) return;
    ERR_clear_error();
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(ssl_.get(), name.c_str()) != 1) throw std::bad_alloc();
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
  }

  /// The handshake is done.
  bool established() const noexcept { return established_; }
  /// The server has said that it will send no more.
  bool closed() const noexcept { return closed_; }
  /// Why receive() or send() returned false.
  const std::string& fault() const noexcept { return fault_; }

  /// Takes bytes of the socket, and appends to `plain` what they say. The first call, without bytes, begins the
  /// handshake. False when the connection cannot go on.
  bool receive(std::string_view bytes, std::string& plain) {
    if (!bytes.empty()) BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), size(bytes));
    if (!established_ && !shake_hands()) return fault_.empty();
    std::array<char, 16 * 1024> chunk;
    for (;;) {
      ERR_clear_error();
      const int count = SSL_read(ssl_.get(), chunk.data(), static_cast<int>(chunk.size()));
      if (count > 0) {
        plain.append(chunk.data(), static_cast<std::size_t>(count));
        continue;
      }
      const int why = SSL_get_error(ssl_.get(), count);
      if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return true;
      if (why == SSL_ERROR_ZERO_RETURN) return closed_ = true;
      return fail("TLS: " + last_error());
    }
  }

  /// Takes what HTTP/2 says; only when established(). False when the connection cannot go on.
  bool send(std::string_view plain) {
    while (!plain.empty()) {
      ERR_clear_error();
      const int count = SSL_write(ssl_.get(), plain.data(), size(plain));
      if (count <= 0) return fail("TLS: " + last_error());
      plain.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Appends what the socket is to send.
  void take_output(std::string& to) {
    BIO* const outgoing = SSL_get_wbio(ssl_.get());
    const std::size_t pending = BIO_ctrl_pending(outgoing);
    const std::size_t before = to.size();
    to.resize(before + pending);
    if (pending > 0) BIO_read(outgoing, to.data() + before, static_cast<int>(pending));
  }

 private:
  static int size(std::string_view bytes) noexcept {
    return static_cast<int>(std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max()));
  }

  bool fail(std::string why) {
    fault_ = std::move(why);
    return false;
  }

  /// True when it is done.
  bool shake_hands() {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) {
      const unsigned char* protocol = nullptr;
      unsigned protocol_size = 0;
      SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_size);
      if (std::string_view(reinterpret_cast<const char*>(protocol), protocol_size) != "h2") {
        return fail("TLS handshake failed: the server does not offer HTTP/2 (ALPN h2)");
      }
      return established_ = true;
    }
    const int why = SSL_get_error(ssl_.get(), done);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return false;
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK && SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
      ERR_clear_error();
      return fail(std::string("TLS handshake failed: certificate verify failed: ") +
                  X509_verify_cert_error_string(verified));
    }
    return fail("TLS handshake failed: " + last_error());
  }

  openssl_ptr<SSL, &SSL_free> ssl_;
  bool established_ = false;
  bool closed_ = false;
  std::string fault_;
};

}  // namespace rondo::detail::io
