#pragma once

#include <curl/curl.h>

#include "rondo/server/config.hpp"

namespace rondo::server {

/// libcurl, loaded when the first URL is used: linked, it would bring some twenty-five libraries with it, which servers
/// that post nothing would load as well.
struct curl_library {
  /// Throws std::runtime_error, in words for the user, when it cannot be loaded.
  static const curl_library& get();

  decltype(&curl_global_init) global_init;
  decltype(&curl_free) free;
  decltype(&curl_url) url;
  decltype(&curl_url_cleanup) url_cleanup;
  decltype(&curl_url_get) url_get;
  decltype(&curl_url_set) url_set;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_multi_init) multi_init;
  decltype(&curl_multi_cleanup) multi_cleanup;
  decltype(&curl_multi_add_handle) multi_add_handle;
  decltype(&curl_multi_remove_handle) multi_remove_handle;
  decltype(&curl_multi_perform) multi_perform;
  decltype(&curl_multi_info_read) multi_info_read;

 private:
  curl_library();
};

}  // namespace rondo::server
