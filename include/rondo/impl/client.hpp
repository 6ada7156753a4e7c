#pragma once
#include <memory>
#include <utility>

#include "rondo/client.hpp"
#include "rondo/connection_options.hpp"
#include "rondo/detail/base/compiled.hpp"
#include "rondo/detail/io/connect.hpp"
#include "rondo/plugin.hpp"

namespace rondo {

RONDO_FUNCTION client client::connect(std::shared_ptr<detail::calls::loop_owner> owner, client_options options) {
  apply_plugins(options);
  auto& loop = owner->loop();
  auto made =
      options.lazy ? detail::io::make_connection(loop, options) : loop.block_on(detail::io::connect(loop, options));
  return client(std::move(owner), std::move(made));
}

}  // namespace rondo
