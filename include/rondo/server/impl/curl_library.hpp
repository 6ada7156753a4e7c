#pragma once

#include "rondo/server/curl_library.hpp"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace rondo::server {

namespace detail_curl_library {

/// libcurl has had this number since 2006.
#ifdef __APPLE__
inline constexpr const char* file = "libcurl.4.dylib";
#else
inline constexpr const char* file = "libcurl.so.4";
#endif

inline std::runtime_error failure() {
  const char* why = dlerror();
  return std::runtime_error("posting to a URL needs libcurl (package libcurl4), which cannot be loaded: " +
                            std::string(why == nullptr ? "it lacks a function" : why));
}

template <typename Function>
void find(void* library, const char* name, Function*& into) {
  into = reinterpret_cast<Function*>(dlsym(library, name));
  if (into == nullptr) throw failure();
}

}  // namespace detail_curl_library

RONDO_SERVER_FUNCTION curl_library::curl_library() {
  using detail_curl_library::find;
  void* library = dlopen(detail_curl_library::file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw detail_curl_library::failure();
  find(library, "curl_global_init", global_init);
  find(library, "curl_free", free);
  find(library, "curl_url", url);
  find(library, "curl_url_cleanup", url_cleanup);
  find(library, "curl_url_get", url_get);
  find(library, "curl_url_set", url_set);
  find(library, "curl_slist_append", slist_append);
  find(library, "curl_slist_free_all", slist_free_all);
  find(library, "curl_easy_init", easy_init);
  find(library, "curl_easy_cleanup", easy_cleanup);
  find(library, "curl_easy_setopt", easy_setopt);
  find(library, "curl_easy_getinfo", easy_getinfo);
  find(library, "curl_easy_strerror", easy_strerror);
  find(library, "curl_multi_init", multi_init);
  find(library, "curl_multi_cleanup", multi_cleanup);
  find(library, "curl_multi_add_handle", multi_add_handle);
  find(library, "curl_multi_remove_handle", multi_remove_handle);
  find(library, "curl_multi_perform", multi_perform);
  find(library, "curl_multi_info_read", multi_info_read);
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("rondo: libcurl cannot be used");
}

RONDO_SERVER_FUNCTION const curl_library& curl_library::get() {
  static const curl_library loaded;
  return loaded;
}

}  // namespace rondo::server
