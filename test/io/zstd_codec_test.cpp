#include "rondo/codecs/zstd.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace rondo::test::zstd_codec_test {

payload text(std::string data) {
  payload made;
  made.metadata["encoding"] = "json/plain";
  made.metadata["kept"] = "yes";
  made.data = std::move(data);
  return made;
}

payload encoded(const codec& by, payload one) {
  by.encode({&one, 1}, {});
  return one;
}

payload decoded(const codec& by, payload one) {
  by.decode({&one, 1}, {});
  return one;
}

std::string error_of(const codec& by, const payload& packed) {
  try {
    decoded(by, packed);
    return "none";
  } catch (const codec_error& error) {
    return error.what();
  }
}

TEST(zstd_codec, compresses_what_gets_smaller) {
  const zstd_codec codec;
  const auto large = text(std::string(100'000, 'x'));
  const auto packed = encoded(codec, large);
  EXPECT_EQ(packed.encoding(), "binary/zstd");
  EXPECT_EQ(packed.metadata.size(), 1U);
  EXPECT_LT(packed.data.size(), 200U);
  EXPECT_EQ(decoded(codec, packed), large);
  const auto small = text("1");
  EXPECT_EQ(encoded(codec, small), small);
  EXPECT_EQ(decoded(codec, small), small);
  const zstd_codec always({.level = 19, .always = true});
  EXPECT_EQ(encoded(always, small).encoding(), "binary/zstd");
  EXPECT_EQ(decoded(codec, encoded(always, small)), small);
}

TEST(zstd_codec, packs_as_well_as_its_level_says) {
  std::string numbers;
  for (unsigned i = 0, value = 1; i < 20'000; ++i, value = value * 1'103'515'245 + 12'345) {
    numbers += std::to_string(value % 1'000) + ' ';
  }
  const auto size_at = [&](int level) { return encoded(zstd_codec({.level = level}), text(numbers)).data.size(); };
  EXPECT_LT(size_at(19), size_at(3));
  EXPECT_LT(size_at(3), size_at(-5));
}

TEST(zstd_codec, a_payload_that_grows_too_much_is_an_error) {
  const auto large = text(std::string(100'000, 'x'));
  const auto packed = encoded(zstd_codec(), large);
  EXPECT_EQ(error_of(zstd_codec({.max_size = 50'000}), packed), "a compressed payload has more than 50000 bytes");
  const std::size_t exact = detail::data::payload_bytes(large).size();
  EXPECT_EQ(error_of(zstd_codec({.max_size = exact}), packed), "none");
  EXPECT_NE(error_of(zstd_codec({.max_size = exact - 1}), packed), "none");
}

TEST(zstd_codec, damaged_bytes_are_an_error) {
  const auto whole = encoded(zstd_codec(), text(std::string(1'000, 'x')));
  auto packed = whole;
  packed.data.resize(packed.data.size() - 3);
  EXPECT_EQ(error_of(zstd_codec(), packed), "a compressed payload is damaged");
  packed.data = whole.data + "more";
  EXPECT_EQ(error_of(zstd_codec(), packed), "a compressed payload is damaged");
  for (const char* nothing : {"nothing", ""}) {
    packed.data = nothing;
    EXPECT_EQ(error_of(zstd_codec(), packed), "a compressed payload is damaged");
  }
}

}  // namespace rondo::test::zstd_codec_test
