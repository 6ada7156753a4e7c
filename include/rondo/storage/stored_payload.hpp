#pragma once
#include <initializer_list>
#include <string>
#include <string_view>

#include "rondo/codec.hpp"
#include "rondo/detail/crypto/hmac.hpp"
#include "rondo/detail/http/url.hpp"
#include "rondo/payload_storage.hpp"

// What drivers of external storage have in common. Needs OpenSSL (package libssl-dev, link libcrypto).
namespace rondo::detail::storage {

/// An entry of a claim. Throws storage_error when there is none.
inline const std::string& entry(const storage_claim& of, const std::string& name) {
  const auto found = of.find(name);
  if (found == of.end()) throw storage_error("a reference to external storage has no '" + name + "'");
  return found->second;
}

/// The same where drivers do not agree on the name: the first one that is there.
inline const std::string& entry(const storage_claim& of, std::initializer_list<const char*> names) {
  for (const char* each : names) {
    if (const auto found = of.find(each); found != of.end()) return found->second;
  }
  return entry(of, *names.begin());
}

inline void add_hash(storage_claim& to, std::string_view serialized) {
  to["hash_algorithm"] = "sha256";
  to["hash_value"] = crypto::hex(crypto::sha256(serialized));
}

/// The hash that a claim names: 64 hexadecimal digits. Throws storage_error.
inline const std::string& hash_of(const storage_claim& claim) {
  // The drivers for TypeScript have the other names.
  if (entry(claim, {"hash_algorithm", "hashAlgorithm"}) != "sha256") {
    throw storage_error("a reference to external storage has a hash of an unknown kind");
  }
  const std::string& hash = entry(claim, {"hash_value", "hashValue"});
  if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw storage_error("a reference to external storage has a hash that is none");
  }
  return hash;
}

/// Throws storage_error unless these are the bytes that were stored.
inline void check_hash(const storage_claim& claim, std::string_view serialized) {
  if (crypto::hex(crypto::sha256(serialized)) != hash_of(claim)) {
    throw storage_error("a payload in external storage is not the one that was stored");
  }
}

/// One part of the name of an object; what is not known is "null".
inline std::string encoded_segment(std::string_view text) {
  if (text.empty()) return "null";
  if (text == ".") return "%2E";
  if (text == "..") return "%2E%2E";
  return http::percent_encoded(text);
}

/// The name that Temporal's drivers give to an object: whose it is, and its hash, so the same bytes have one name.
/// `segment`: makes one part of it.
inline std::string object_key(const serialization_context& context, const std::string& hash,
                              std::string (*segment)(std::string_view) = encoded_segment) {
  std::string key = "v0";
  if (!context.workflow_id.empty()) {
    key += "/ns/" + segment(context.namespace_) + "/wt/" + segment(context.workflow_type) + "/wi/" +
           segment(context.workflow_id) + "/ri/" + segment(context.run_id);
  } else if (!context.activity_id.empty()) {
    key += "/ns/" + segment(context.namespace_) + "/at/" + segment(context.activity_type) + "/ai/" +
           segment(context.activity_id) + "/ri/" + segment(context.run_id);
  }
  return key + "/d/sha256/" + hash;
}

}  // namespace rondo::detail::storage
