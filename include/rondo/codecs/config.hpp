#pragma once
#include <memory>

#include "rondo/codec.hpp"
#include "rondo/codecs/remote.hpp"
#include "rondo/config.hpp"
#include "rondo/detail/config/profile.hpp"

// Needs toml++ (package libtomlplusplus-dev) and what remote codecs need.
namespace rondo {

/// The codec server that a temporal.toml or the environment names: `endpoint` and `auth` of the profile's table
/// "codec", TEMPORAL_CODEC_ENDPOINT and TEMPORAL_CODEC_AUTH. Null: none is named. Throws std::invalid_argument like
/// load_client_options().
inline std::shared_ptr<const codec> load_remote_codec(const config_source& from = {}) {
  const auto profile = detail::config::load_profile(from);
  if (profile.codec_endpoint.empty()) return nullptr;
  remote_codec_options options;
  options.endpoint = profile.codec_endpoint;
  options.authorization = profile.codec_auth;
  return std::make_shared<const remote_codec>(options);
}

}  // namespace rondo
