#pragma once

#include "rondo/server/time_zone.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace rondo::server {

/// Reads the binary files of the database (RFC 8536) and the rules of the POSIX TZ variable at their end.
class time_zone::reader {
 public:
  explicit reader(std::string_view bytes) : bytes_(bytes) {}

  bool read(time_zone& into) {
    head first;
    if (!read_head(first)) return false;
    if (first.version == 0) return read_block(first, 4, into);
    skip(block_size(first, 4));
    head newer;
    if (!read_head(newer) || !read_block(newer, 8, into)) return false;
    skip(newer.chars + newer.leaps * 12 + newer.standard_flags + newer.utc_flags);
    if (!bytes_.empty() && bytes_.front() == '\n') bytes_.remove_prefix(1);
    const auto end = bytes_.find('\n');
    if (end == std::string_view::npos || end == 0) return true;
    text_ = bytes_.substr(0, end);
    return read_rule(into.rule_);
  }

 private:
  struct head {
    char version = 0;
    std::size_t utc_flags = 0;
    std::size_t standard_flags = 0;
    std::size_t leaps = 0;
    std::size_t times = 0;
    std::size_t types = 0;
    std::size_t chars = 0;
  };

  static constexpr std::size_t largest_count = 1U << 20U;

  static std::size_t block_size(const head& of, std::size_t time_size) noexcept {
    return of.times * (time_size + 1) + of.types * 6 + of.chars + of.leaps * (time_size + 4) + of.standard_flags +
           of.utc_flags;
  }

  void skip(std::size_t count) noexcept { bytes_.remove_prefix(std::min(count, bytes_.size())); }

  std::int64_t number(std::string_view from) const noexcept {
    std::uint64_t value = (static_cast<unsigned char>(from.front()) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (const char c : from) value = value << 8U | static_cast<unsigned char>(c);
    return static_cast<std::int64_t>(value);
  }

  bool read_head(head& into) {
    constexpr std::size_t size = 44;
    if (bytes_.size() < size || bytes_.substr(0, 4) != "TZif") return false;
    into.version = bytes_[4];
    std::size_t* const counts[] = {&into.utc_flags, &into.standard_flags, &into.leaps,
                                   &into.times,     &into.types,          &into.chars};
    for (std::size_t index = 0; index < std::size(counts); ++index) {
      *counts[index] = static_cast<std::size_t>(number(bytes_.substr(20 + 4 * index, 4)));
    }
    skip(size);
    return into.types > 0 && std::all_of(std::begin(counts), std::end(counts),
                                         [](const std::size_t* each) { return *each < largest_count; });
  }

  /// Leaves the names and what follows them.
  bool read_block(const head& of, std::size_t time_size, time_zone& into) {
    if (bytes_.size() < block_size(of, time_size)) return false;
    const auto times = bytes_.substr(0, of.times * time_size);
    skip(times.size());
    const auto kinds = bytes_.substr(0, of.times);
    skip(kinds.size());
    std::vector<std::int64_t> offsets;
    for (std::size_t index = 0; index < of.types; ++index) offsets.push_back(number(bytes_.substr(index * 6, 4)));
    skip(of.types * 6);
    into.before_ = offsets.front();
    for (std::size_t index = 0; index < of.times; ++index) {
      const auto kind = static_cast<unsigned char>(kinds[index]);
      if (kind >= offsets.size()) return false;
      into.transitions_.push_back({number(times.substr(index * time_size, time_size)), offsets[kind]});
    }
    into.rule_.standard = into.transitions_.empty() ? into.before_ : into.transitions_.back().offset;
    return true;
  }

  bool take(char wanted) noexcept {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool read_name() noexcept {
    if (take('<')) {
      const auto end = text_.find('>');
      if (end == std::string_view::npos) return false;
      text_.remove_prefix(end + 1);
      return true;
    }
    std::size_t size = 0;
    while (size < text_.size() && std::isalpha(static_cast<unsigned char>(text_[size])) != 0) ++size;
    text_.remove_prefix(size);
    return size >= 3;
  }

  bool read_digits(int& into) noexcept {
    std::size_t size = 0;
    into = 0;
    while (size < text_.size() && size < 4 && text_[size] >= '0' && text_[size] <= '9') {
      into = into * 10 + (text_[size++] - '0');
    }
    text_.remove_prefix(size);
    return size > 0;
  }

  /// [+-]hh[:mm[:ss]] in seconds.
  bool read_time(std::int64_t& into) noexcept {
    const bool negative = take('-');
    if (!negative) take('+');
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (!read_digits(hours)) return false;
    if (take(':') && (!read_digits(minutes) || (take(':') && !read_digits(seconds)))) return false;
    into = hours * 3600 + minutes * 60 + seconds;
    if (negative) into = -into;
    return true;
  }

  bool read_day(rule_day& into) noexcept {
    if (!take(',')) return false;
    if (take('M')) {
      into.kind = rule_day::form::month_week_day;
      if (!read_digits(into.month) || !take('.') || !read_digits(into.week) || !take('.') || !read_digits(into.day)) {
        return false;
      }
    } else {
      into.kind = take('J') ? rule_day::form::julian : rule_day::form::zero_based;
      if (!read_digits(into.day)) return false;
    }
    return !take('/') || read_time(into.time);
  }

  bool read_rule(rule& into) noexcept {
    std::int64_t west = 0;
    if (!read_name() || !read_time(west)) return false;
    into.standard = -west;
    if (text_.empty()) return true;
    into.has_summer = true;
    into.summer = into.standard + 3600;
    if (!read_name()) return false;
    if (!text_.empty() && text_.front() != ',') {
      if (!read_time(west)) return false;
      into.summer = -west;
    }
    return read_day(into.begin) && read_day(into.end);
  }

  std::string_view bytes_;
  std::string_view text_;
};

RONDO_SERVER_FUNCTION std::shared_ptr<const time_zone> time_zone::find(std::string_view name) {
  auto made = std::make_shared<time_zone>();
  if (name == "UTC" || name == "Etc/UTC") return made;
  if (name.empty() || name.front() == '/' || name.find("..") != std::string_view::npos) return nullptr;
  const char* const folder = std::getenv("TZDIR");
  std::ifstream file(std::string(folder != nullptr ? folder : "/usr/share/zoneinfo").append("/").append(name),
                     std::ios::binary);
  if (!file) return nullptr;
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!reader(bytes).read(*made)) return nullptr;
  return made;
}

RONDO_SERVER_FUNCTION std::int64_t time_zone::seconds_of(const rule_day& which, int year) noexcept {
  using namespace std::chrono;
  const sys_days first = std::chrono::year(year) / January / 1;
  sys_days found = first;
  switch (which.kind) {
    case rule_day::form::zero_based:
      found = first + days(which.day);
      break;
    case rule_day::form::julian:
      found = first + days(which.day - 1 + (std::chrono::year(year).is_leap() && which.day >= 60 ? 1 : 0));
      break;
    case rule_day::form::month_week_day: {
      const auto in = std::chrono::year(year) / month(static_cast<unsigned>(which.month));
      const weekday wanted(static_cast<unsigned>(which.day));
      found = which.week == 5 ? sys_days(in / wanted[last]) : sys_days(in / wanted[static_cast<unsigned>(which.week)]);
      break;
    }
  }
  return duration_cast<seconds>(found.time_since_epoch()).count() + which.time;
}

RONDO_SERVER_FUNCTION std::int64_t time_zone::by_rule(std::int64_t utc) const noexcept {
  if (!rule_.has_summer) return rule_.standard;
  using namespace std::chrono;
  const year_month_day today(floor<days>(sys_seconds(seconds(utc + rule_.standard))));
  const int year = static_cast<int>(today.year());
  const std::int64_t begin = seconds_of(rule_.begin, year) - rule_.standard;
  const std::int64_t end = seconds_of(rule_.end, year) - rule_.summer;
  const bool summer = begin < end ? utc >= begin && utc < end : utc >= begin || utc < end;
  return summer ? rule_.summer : rule_.standard;
}

RONDO_SERVER_FUNCTION std::int64_t time_zone::offset(std::int64_t utc) const noexcept {
  if (transitions_.empty() || utc >= transitions_.back().when) return by_rule(utc);
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), utc,
                                     [](std::int64_t time, const transition& each) { return time < each.when; });
  return next == transitions_.begin() ? before_ : std::prev(next)->offset;
}

}  // namespace rondo::server
