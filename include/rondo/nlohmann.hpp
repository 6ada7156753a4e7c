#pragma once
#include <concepts>
#include <nlohmann/json.hpp>
#include <string>

#include "rondo/json.hpp"

/// Types that nlohmann/json converts (by to_json and from_json, or its macros), and nlohmann::json itself, have a JSON
/// form in Rondo too once this header is included, unless they have one without it.
namespace rondo::json::detail {

template <class T>
concept nlohmann_convertible =
    std::constructible_from<nlohmann::json, const T&> && requires(const nlohmann::json& from) {
      { from.template get<T>() } -> std::same_as<T>;
    };

}  // namespace rondo::json::detail

template <class T>
  requires(!rondo::json::native<T> && rondo::json::detail::nlohmann_convertible<T>)
struct rondo::json::codec<T> {
  static void write(writer& out, const T& value) {
    try {
      out.write(raw{nlohmann::json(value).dump()});
    } catch (const nlohmann::json::exception& failed) {
      throw error(failed.what());
    }
  }
  static T read(reader& in) {
    const auto text = in.read_raw();
    try {
      return nlohmann::json::parse(text).template get<T>();
    } catch (const nlohmann::json::exception& failed) {
      in.fail(failed.what());
    }
  }
};
