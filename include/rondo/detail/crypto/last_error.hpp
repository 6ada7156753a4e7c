#pragma once

#include <openssl/err.h>

#include <string>

namespace rondo::detail::crypto {

/// What went wrong last in OpenSSL, and forgets it.
inline std::string last_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "no reason given" : reason;
}

}  // namespace rondo::detail::crypto
