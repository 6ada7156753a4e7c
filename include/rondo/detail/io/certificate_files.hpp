#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "rondo/connection_options.hpp"
#include "rondo/detail/io/pem.hpp"
#include "rondo/detail/io/timer_heap.hpp"

namespace rondo::detail::io {

/// What tells whether a file is the same as before.
struct file_stamp {
  std::filesystem::file_time_type written{};
  std::uintmax_t size = 0;
  friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

/// The files with a client's certificate and key, which others replace while the program runs.
class certificate_files {
 public:
  /// Nothing when the options name no files; otherwise their content is in the options then. Throws
  /// std::invalid_argument when that cannot be used.
  static std::optional<certificate_files> open(tls_options& options) {
    if (options.client_certificate_file.empty() && options.client_private_key_file.empty()) return std::nullopt;
    if (options.client_certificate_file.empty() || options.client_private_key_file.empty()) {
      throw std::invalid_argument(
          "rondo: tls.client_certificate_file and tls.client_private_key_file go together, one is missing");
    }
    if (!options.client_certificate.empty() || !options.client_private_key.empty()) {
      throw std::invalid_argument("rondo: tls has the client's certificate both as text and as files");
    }
    certificate_files made(options);
    made.used_ = made.seen_ = made.look();
    options.client_certificate = read(made.certificate_);
    options.client_private_key = read(made.key_);
    check_tls(options);
    return made;
  }

  /// True when there is a new pair, which is in the options then. Looks at most once in the interval. Whoever replaces
  /// the files writes one after the other, so they count when two looks have found the same.
  bool renew(tls_options& options, time_point now) {
    if (now < next_look_) return false;
    next_look_ = later(now, interval_);
    const state found = look();
    if (found == used_ || std::exchange(seen_, found) != found) return false;
    tls_options changed = options;
    try {
      changed.client_certificate = read(certificate_);
      changed.client_private_key = read(key_);
      check_tls(changed);
    } catch (const std::invalid_argument&) {
      return false;  // the one in use goes on; the next look tries again
    }
    used_ = found;
    options = std::move(changed);
    return true;
  }

 private:
  using state = std::pair<file_stamp, file_stamp>;

  explicit certificate_files(const tls_options& options)
      : certificate_(options.client_certificate_file),
        key_(options.client_private_key_file),
        interval_(options.file_check_interval),
        next_look_(later(steady_clock::now(), interval_)) {}

  static file_stamp stamp_of(const std::string& file) {
    std::error_code missing;
    file_stamp found;
    found.written = std::filesystem::last_write_time(file, missing);
    found.size = std::filesystem::file_size(file, missing);
    return found;
  }
  state look() const { return {stamp_of(certificate_), stamp_of(key_)}; }

  static std::string read(const std::string& file) {
    std::ifstream from(file, std::ios::binary);
    if (!from) throw std::invalid_argument("rondo: cannot read the file '" + file + "' of tls");
    return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
  }

  std::string certificate_;
  std::string key_;
  duration interval_;
  time_point next_look_;
  state used_;
  /// What the last look found.
  state seen_;
};

}  // namespace rondo::detail::io
