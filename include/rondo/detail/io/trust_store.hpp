#pragma once

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/io/pem.hpp"

// The authorities that the system trusts. OpenSSL takes tens of milliseconds to read all of a system's bundle, which a
// program that starts for one call cannot spend: only those are read that a server's certificate asks for.
namespace rondo::detail::io {

/// Frees what OpenSSL made.
template <auto Function>
struct openssl_deleter {
  template <class T>
  void operator()(T* made) const noexcept {
    Function(made);
  }
};
template <class T, auto Function>
using openssl_ptr = std::unique_ptr<T, openssl_deleter<Function>>;
using x509_ptr = openssl_ptr<X509, &X509_free>;
using x509_name_ptr = openssl_ptr<X509_NAME, &X509_NAME_free>;

/// The DER object at the position, which moves behind it; nothing when there is no whole object.
inline std::optional<std::string_view> next_der(std::string_view bytes, std::size_t& position) {
  if (position + 2 > bytes.size()) return std::nullopt;
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t header = 2;
  std::size_t size = at(position + 1);
  if (size >= 0x80) {
    const std::size_t digits = size & 0x7FU;
    if (digits == 0 || digits > 4 || position + header + digits > bytes.size()) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < digits; ++i) size = size << 8U | at(position + header + i);
    header += digits;
  }
  if (size > bytes.size() - position - header) return std::nullopt;
  const auto found = bytes.substr(position, header + size);
  position += header + size;
  return found;
}

/// The content of a DER object.
inline std::string_view der_content(std::string_view object) {
  const auto first = static_cast<unsigned char>(object[1]);
  return object.substr(first < 0x80 ? 2 : 2 + (first & 0x7FU));
}

/// The subject of a certificate, both DER; empty when it is none.
inline std::string_view subject_of_certificate(std::string_view certificate) {
  std::size_t position = 0;
  const auto outer = next_der(certificate, position);
  if (!outer) return {};
  position = 0;
  const auto signed_part = next_der(der_content(*outer), position);
  if (!signed_part) return {};
  const std::string_view fields = der_content(*signed_part);
  constexpr char explicit_version = '\xA0';
  position = 0;
  auto field = next_der(fields, position);
  if (field && field->front() == explicit_version) field = next_der(fields, position);
  // Behind the serial number: algorithm, issuer, validity, subject.
  for (int i = 0; i < 4 && field; ++i) field = next_der(fields, position);
  return field.value_or(std::string_view());
}

/// The certificates of a bundle of PEM blocks, found by their subjects.
class certificate_bundle {
 public:
  explicit certificate_bundle(std::string_view pem) {
    std::size_t position = 0;
    while (const auto block = next_pem_block(pem, position)) {
      if (!block->closed || block->label != "CERTIFICATE") continue;
      std::string digits;
      digits.reserve(block->body.size());
      std::copy_if(block->body.begin(), block->body.end(), std::back_inserter(digits),
                   [](char c) { return c != '\n' && c != '\r'; });
      if (auto der = base64_decode(digits)) certificates_.push_back(std::move(*der));
    }
  }

  bool empty() const noexcept { return certificates_.empty(); }

  /// The certificates with this subject.
  std::vector<x509_ptr> find(const X509_NAME& subject) const {
    std::vector<x509_ptr> found;
    for (const auto& each : certificates_) {
      const auto name = subject_of_certificate(each);
      const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
      const x509_name_ptr parsed(d2i_X509_NAME(nullptr, &bytes, static_cast<long>(name.size())));
      if (!parsed || X509_NAME_cmp(parsed.get(), &subject) != 0) continue;
      const auto* whole = reinterpret_cast<const unsigned char*>(each.data());
      if (x509_ptr certificate{d2i_X509(nullptr, &whole, static_cast<long>(each.size()))}) {
        found.push_back(std::move(certificate));
      }
    }
    ERR_clear_error();
    return found;
  }

 private:
  std::vector<std::string> certificates_;
};

/// Where systems keep the authorities that they trust.
struct trust_places {
  /// Folders with a file for each authority, named after the hash of its subject.
  std::vector<std::string> folders{"/etc/ssl/certs", "/etc/pki/ca-trust/extracted/pem/directory-hash",
                                   "/etc/pki/tls/certs"};
  /// Files with all of them.
  std::vector<std::string> bundles{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
                                   "/etc/ssl/cert.pem"};

  /// What the environment names comes alone, as with every program that uses OpenSSL.
  static trust_places of_system() {
    trust_places places;
    const char* file = std::getenv("SSL_CERT_FILE");
    const char* folder = std::getenv("SSL_CERT_DIR");
    const bool named = (file && *file) || (folder && *folder);
    if (!named) return places;
    places.folders.clear();
    places.bundles.clear();
    if (folder && *folder) places.folders.emplace_back(folder);
    if (file && *file) places.bundles.emplace_back(file);
    return places;
  }
};

/// Whether the folder holds files named after hashes: 4a6481c9.0
inline bool is_hashed_folder(const std::string& folder) {
  std::error_code failed;
  for (std::filesystem::directory_iterator each(folder, failed), end; !failed && each != end; each.increment(failed)) {
    const std::string name = each->path().filename().string();
    constexpr std::size_t hash_digits = 8;
    if (name.size() == hash_digits + 2 && name.ends_with(".0") &&
        name.find_first_not_of("0123456789abcdef") == hash_digits) {
      return true;
    }
  }
  return false;
}

/// Makes the store trust a folder of the places, or gives the bundle that holds what it is to trust.
/// Throws std::runtime_error when there is neither.
inline certificate_bundle trust_system(X509_STORE& store, const trust_places& places) {
  for (const auto& folder : places.folders) {
    if (!is_hashed_folder(folder)) continue;
    X509_LOOKUP* lookup = X509_STORE_add_lookup(&store, X509_LOOKUP_hash_dir());
    if (lookup && X509_LOOKUP_add_dir(lookup, folder.c_str(), X509_FILETYPE_PEM) == 1) return certificate_bundle({});
  }
  for (const auto& file : places.bundles) {
    std::ifstream stream(file, std::ios::binary);
    const std::string pem{std::istreambuf_iterator<char>(stream), {}};
    if (certificate_bundle bundle(pem); !bundle.empty()) return bundle;
  }
  throw std::runtime_error(
      "the system's certificate authorities were not found; give them in tls.server_root_ca_certificate, or name their "
      "file in the environment variable SSL_CERT_FILE");
}

}  // namespace rondo::detail::io
