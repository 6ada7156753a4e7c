#pragma once
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/command_error.hpp"

namespace rondo::tools {

/// Writes a zip file whose bytes depend on its content alone: all its files bear the first day that zip can tell.
class zip_file {
 public:
  void add(std::string name, std::string_view content, std::uint32_t mode) {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max() / 2;
    if (content.size() > most || bytes_.size() > most)
      throw command_error("more than 2 GiB do not fit into the zip file");
    entry made;
    made.name = std::move(name);
    made.mode = mode;
    made.checksum = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
    made.size = static_cast<std::uint32_t>(content.size());
    made.offset = static_cast<std::uint32_t>(bytes_.size());
    const std::string packed = deflated(content);
    made.packed_size = static_cast<std::uint32_t>(packed.size());
    number(bytes_, 0x04034B50U);
    write_common(bytes_, made);
    bytes_ += made.name;
    bytes_ += packed;
    entries_.push_back(std::move(made));
  }

  /// The whole file.
  std::string finish() && {
    const auto directory = static_cast<std::uint32_t>(bytes_.size());
    for (const auto& each : entries_) {
      constexpr std::uint16_t made_on_unix = 3U << 8U | version;
      number(bytes_, 0x02014B50U);
      number(bytes_, made_on_unix);
      write_common(bytes_, each);
      number(bytes_, std::uint16_t{0});  // comment
      number(bytes_, std::uint16_t{0});  // disk
      number(bytes_, std::uint16_t{0});  // internal attributes
      constexpr std::uint32_t regular_file = 0100000;
      number(bytes_, (regular_file | each.mode) << 16U);
      number(bytes_, each.offset);
      bytes_ += each.name;
    }
    const auto size = static_cast<std::uint32_t>(bytes_.size()) - directory;
    const auto count = static_cast<std::uint16_t>(entries_.size());
    number(bytes_, 0x06054B50U);
    number(bytes_, std::uint32_t{0});  // disks
    number(bytes_, count);
    number(bytes_, count);
    number(bytes_, size);
    number(bytes_, directory);
    number(bytes_, std::uint16_t{0});  // comment
    return std::move(bytes_);
  }

 private:
  struct entry {
    std::string name;
    std::uint32_t mode = 0;
    std::uint32_t checksum = 0;
    std::uint32_t size = 0;
    std::uint32_t packed_size = 0;
    std::uint32_t offset = 0;
  };

  static constexpr std::uint16_t version = 20;

  template <class Number>
  static void number(std::string& to, Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i)
      to += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
  }

  /// What an entry says both before its content and in the directory.
  static void write_common(std::string& to, const entry& of) {
    constexpr std::uint16_t deflate_method = 8;
    constexpr std::uint16_t first_day = 1U << 5U | 1U;
    number(to, version);
    number(to, std::uint16_t{0});  // flags
    number(to, deflate_method);
    number(to, std::uint16_t{0});  // midnight
    number(to, first_day);
    number(to, of.checksum);
    number(to, of.packed_size);
    number(to, of.size);
    number(to, static_cast<std::uint16_t>(of.name.size()));
    number(to, std::uint16_t{0});  // extra fields
  }

  static std::string deflated(std::string_view content) {
    constexpr int without_header = -15;
    constexpr int most_memory = 9;
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, without_header, most_memory, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
      throw std::bad_alloc();
    }
    const auto end = [](z_stream* of) { deflateEnd(of); };
    const std::unique_ptr<z_stream, decltype(end)> owner(&stream, end);
    std::string packed(deflateBound(&stream, static_cast<uLong>(content.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw std::bad_alloc();
    packed.resize(packed.size() - stream.avail_out);
    return packed;
  }

  std::string bytes_;
  std::vector<entry> entries_;
};

}  // namespace rondo::tools
