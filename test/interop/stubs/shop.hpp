#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"

// What a worker in C++ offers to programs in other languages, which know it from its description only.
namespace shop {

namespace workflow = rondo::workflow;

enum class color { red, blue };
enum class grade : std::uint8_t {};

struct line {
  std::string sku{};
  std::uint8_t count = 0;
  std::optional<color> tint{};
};
struct tree {
  std::string name{};
  std::vector<tree> branches{};
};
/// Names that are keywords elsewhere, or no names at all.
struct odd {
  std::string kind{};
  int from = 0;
  bool dashed = false;
};
/// All forms of values.
struct record {
  std::string id{};
  std::int64_t serial = 0;
  double weight = 0;
  bool urgent = false;
  std::optional<std::string> note{};
  std::vector<line> lines{};
  std::map<std::string, std::string> labels{};
  std::map<int, bool> numbered{};
  std::map<color, int> tints{};
  std::vector<std::vector<std::int64_t>> history{};
  std::pair<std::string, int> pair{};
  std::array<int, 2> both{};
  rondo::bytes raw{};
  std::vector<std::uint8_t> octets{};
  std::chrono::milliseconds age{};
  std::chrono::sys_time<std::chrono::microseconds> at{};
  color tint = color::red;
  grade mark{};
  tree family{};
  odd strange{};
  rondo::json::raw extra{};
};

/// Gives the record back with its serial number raised by one.
inline record advance(record value) {
  ++value.serial;
  return value;
}
inline rondo::bytes join(rondo::bytes first, std::optional<rondo::bytes> second) {
  if (second) first.insert(first.end(), second->begin(), second->end());
  return first;
}
inline void idle() {}

/// Counts until it is told to stop.
class counter {
 public:
  rondo::task<record> run(record start, std::optional<int> step) {
    value_ = std::move(start);
    step_ = step.value_or(1);
    co_await workflow::wait_condition([this] { return stopped_; });
    value_.serial = total();
    co_return value_;
  }
  /// May come before run() has begun.
  void add(int times) { added_ += times; }
  void stop() { stopped_ = true; }
  std::int64_t total() const { return value_.serial + std::int64_t{step_} * added_; }
  std::optional<line> line_at(int index) const {
    const auto at = static_cast<std::size_t>(index);
    return at < value_.lines.size() ? std::optional<line>(value_.lines[at]) : std::nullopt;
  }
  std::optional<std::string> set_note(std::string note) { return std::exchange(value_.note, std::move(note)); }

  static constexpr auto handlers = rondo::handlers(
      rondo::signal<&counter::add>({.description = "Counts \"some\" steps at once.\nThey have the size of the start."}),
      rondo::signal<&counter::stop>, rondo::query<&counter::total>, rondo::query<&counter::line_at>("line-at"),
      rondo::update<&counter::set_note>("setNote"));

 private:
  record value_;
  int step_ = 1, added_ = 0;
  bool stopped_ = false;
};

inline rondo::registry registry() {
  return rondo::registry{}.workflow<counter>().activity<advance>().activity<join>().activity<idle>();
}

}  // namespace shop

template <>
inline constexpr auto rondo::json::names<shop::color> =
    rondo::json::enumerators<shop::color>({{shop::color::red, "red"}, {shop::color::blue, "deep-blue"}});
template <>
inline constexpr auto rondo::json::names<shop::odd> =
    rondo::json::renamed({{"kind", "class"}, {"dashed", "is-dashed"}});
