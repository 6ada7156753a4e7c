#pragma once

#include "rondo/server/gzip.hpp"

#include "rondo/detail/io/inflate.hpp"

namespace rondo::server {

RONDO_SERVER_FUNCTION bool gunzip(std::string_view packed, std::size_t most, std::string& into) {
  using namespace rondo::detail::io;
  return inflate_at_most(packed, gzip_form, most, into) == inflated::complete;
}

}  // namespace rondo::server
