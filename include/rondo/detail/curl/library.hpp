#pragma once

#include <curl/curl.h>
#include <dlfcn.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace rondo::detail::curl {

/// libcurl, loaded when the first URL is used: linked, it would bring some twenty-five libraries with it, which
/// programs that use no URL would load as well.
struct library {
  /// Throws std::runtime_error, in words for the user, when it cannot be loaded.
  static const library& get() {
    static const library loaded;
    return loaded;
  }

  decltype(&curl_global_init) global_init{};
  decltype(&curl_free) free{};
  decltype(&curl_url) url{};
  decltype(&curl_url_cleanup) url_cleanup{};
  decltype(&curl_url_get) url_get{};
  decltype(&curl_url_set) url_set{};
  decltype(&curl_slist_append) slist_append{};
  decltype(&curl_slist_free_all) slist_free_all{};
  decltype(&curl_easy_init) easy_init{};
  decltype(&curl_easy_cleanup) easy_cleanup{};
  decltype(&curl_easy_setopt) easy_setopt{};
  decltype(&curl_easy_getinfo) easy_getinfo{};
  decltype(&curl_easy_strerror) easy_strerror{};
  decltype(&curl_multi_init) multi_init{};
  decltype(&curl_multi_cleanup) multi_cleanup{};
  decltype(&curl_multi_add_handle) multi_add_handle{};
  decltype(&curl_multi_remove_handle) multi_remove_handle{};
  decltype(&curl_multi_perform) multi_perform{};
  decltype(&curl_multi_info_read) multi_info_read{};

 private:
  library() {
    // libcurl has had this number since 2006.
#ifdef __APPLE__
    constexpr const char* file = "libcurl.4.dylib";
#else
    constexpr const char* file = "libcurl.so.4";
#endif
    void* opened = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (opened == nullptr) throw failure();
    find(opened, "curl_global_init", global_init);
    find(opened, "curl_free", free);
    find(opened, "curl_url", url);
    find(opened, "curl_url_cleanup", url_cleanup);
    find(opened, "curl_url_get", url_get);
    find(opened, "curl_url_set", url_set);
    find(opened, "curl_slist_append", slist_append);
    find(opened, "curl_slist_free_all", slist_free_all);
    find(opened, "curl_easy_init", easy_init);
    find(opened, "curl_easy_cleanup", easy_cleanup);
    find(opened, "curl_easy_setopt", easy_setopt);
    find(opened, "curl_easy_getinfo", easy_getinfo);
    find(opened, "curl_easy_strerror", easy_strerror);
    find(opened, "curl_multi_init", multi_init);
    find(opened, "curl_multi_cleanup", multi_cleanup);
    find(opened, "curl_multi_add_handle", multi_add_handle);
    find(opened, "curl_multi_remove_handle", multi_remove_handle);
    find(opened, "curl_multi_perform", multi_perform);
    find(opened, "curl_multi_info_read", multi_info_read);
    if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("rondo: libcurl cannot be used");
  }

  static std::runtime_error failure() {
    const char* why = dlerror();
    return std::runtime_error("using a URL needs libcurl (package libcurl4), which cannot be loaded: " +
                              std::string(why == nullptr ? "it lacks a function" : why));
  }
  template <typename Function>
  static void find(void* opened, const char* name, Function*& into) {
    into = reinterpret_cast<Function*>(dlsym(opened, name));
    if (into == nullptr) throw failure();
  }
};

struct url_deleter {
  void operator()(CURLU* which) const noexcept { library::get().url_cleanup(which); }
};
struct easy_deleter {
  void operator()(CURL* which) const noexcept { library::get().easy_cleanup(which); }
};
struct multi_deleter {
  void operator()(CURLM* which) const noexcept { library::get().multi_cleanup(which); }
};
struct list_deleter {
  void operator()(curl_slist* which) const noexcept { library::get().slist_free_all(which); }
};

using url_ptr = std::unique_ptr<CURLU, url_deleter>;
using easy_ptr = std::unique_ptr<CURL, easy_deleter>;
using multi_ptr = std::unique_ptr<CURLM, multi_deleter>;
using list_ptr = std::unique_ptr<curl_slist, list_deleter>;

}  // namespace rondo::detail::curl
