#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "rondo/connection_options.hpp"
#include "rondo/detail/base/base64.hpp"

namespace rondo::detail::io {

/// Size of the DER object at the beginning of the bytes, with its header; nothing when there is no such object.
inline std::optional<std::size_t> der_size(std::string_view bytes) {
  constexpr unsigned sequence_tag = 0x30;
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  if (bytes.size() < 2 || at(0) != sequence_tag) return std::nullopt;
  if (at(1) < 0x80) return at(1) + 2;
  const std::size_t digits = at(1) & 0x7FU;
  if (digits == 0 || digits > 4 || bytes.size() < 2 + digits) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < digits; ++i) size = size << 8U | at(2 + i);
  return size + 2 + digits;
}

/// The text of the first PEM block at or after `position`, which moves behind it; nothing when there is none.
struct pem_block {
  std::string_view label;
  std::string_view body;
  bool closed = false;
};

inline std::optional<pem_block> next_pem_block(std::string_view text, std::size_t& position) {
  constexpr std::string_view begin = "-----BEGIN ";
  constexpr std::string_view dashes = "-----";
  const std::size_t start = text.find(begin, position);
  if (start == text.npos) return std::nullopt;
  const std::size_t label = start + begin.size();
  const std::size_t label_end = text.find(dashes, label);
  position = text.size();
  if (label_end == text.npos) return pem_block{};
  pem_block block{text.substr(label, label_end - label), {}, false};
  const std::size_t body = label_end + dashes.size();
  const std::string end = "-----END " + std::string(block.label) + "-----";
  const std::size_t body_end = text.find(end, body);
  if (body_end == text.npos) return block;
  block.body = text.substr(body, body_end - body);
  block.closed = true;
  position = body_end + end.size();
  return block;
}

/// Why the block cannot be what its label says; empty when it looks well.
inline std::string pem_fault(const pem_block& block) {
  const std::string label(block.label);
  if (!block.closed) return "the block '" + label + "' has no end line";
  if (block.body.find("Proc-Type: 4,ENCRYPTED") != block.body.npos) return "the key is encrypted, decrypt it first";
  std::string digits;
  for (const char c : block.body) {
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') digits += c;
  }
  const auto bytes = base64_decode(digits);
  if (!bytes) return "the block '" + label + "' is not base64";
  if (der_size(*bytes) != bytes->size()) return "the content of the block '" + label + "' is damaged";
  return {};
}

enum class pem_kind { certificate, private_key };

/// Throws std::invalid_argument that names the option when the text is not PEM of that kind.
inline void check_pem(std::string_view text, std::string_view option, pem_kind kind) {
  const std::string what = kind == pem_kind::certificate ? "certificate" : "private key";
  const auto fail = [&](const std::string& why) {
    throw std::invalid_argument("rondo: " + std::string(option) + " is not a PEM " + what + ": " + why);
  };
  std::size_t position = 0;
  std::string seen;
  while (const auto block = next_pem_block(text, position)) {
    if (block->label == "ENCRYPTED PRIVATE KEY") fail("the key is encrypted, decrypt it first");
    const bool fits =
        kind == pem_kind::certificate ? block->label.ends_with("CERTIFICATE") : block->label.ends_with("PRIVATE KEY");
    if (fits) {
      if (const auto fault = pem_fault(*block); !fault.empty()) fail(fault);
      return;
    }
    seen = block->label;
  }
  if (!seen.empty()) fail("it holds '" + seen + "'");
  if (text.find('\n') == text.npos && text.find("-----") == text.npos)
    fail("pass the content of the file, not its name");
  fail("there is no '-----BEGIN ...-----' line");
}

/// Throws std::invalid_argument when the options cannot work.
inline void check_tls(const tls_options& tls) {
  if (!tls.server_root_ca_certificate.empty()) {
    check_pem(tls.server_root_ca_certificate, "tls.server_root_ca_certificate", pem_kind::certificate);
  }
  if (tls.client_certificate.empty() != tls.client_private_key.empty()) {
    throw std::invalid_argument("rondo: tls.client_certificate and tls.client_private_key go together, one is missing");
  }
  if (!tls.client_certificate.empty()) {
    check_pem(tls.client_certificate, "tls.client_certificate", pem_kind::certificate);
    check_pem(tls.client_private_key, "tls.client_private_key", pem_kind::private_key);
  }
}

/// Whether the connection is encrypted.
inline bool uses_tls(const client_options& options) noexcept {
  switch (options.tls_usage) {
    case tls_mode::off:
      return false;
    case tls_mode::on:
      return true;
    case tls_mode::automatic:
      break;
  }
  return options.tls.has_value() || !options.api_key.empty() || options.api_key_provider != nullptr;
}

/// Whether requests are packed.
inline bool uses_gzip(const client_options& options) noexcept {
  if (options.compression == rpc_compression::automatic) return uses_tls(options);
  return options.compression == rpc_compression::gzip;
}

}  // namespace rondo::detail::io
