#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/base/utf8.hpp"

namespace {
using rondo::detail::append_utf8;
using rondo::detail::base64_decode;
using rondo::detail::base64_encode;
using rondo::detail::find_invalid_utf8;
constexpr auto npos = std::string_view::npos;

TEST(base64, known_values) {
  for (auto [plain, encoded] :
       {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}}) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
  EXPECT_EQ(base64_decode("Zm8"), "fo") << "padding may be missing";
  EXPECT_EQ(base64_decode("-_-_"), base64_decode("+/+/")) << "the URL alphabet";
}

TEST(base64, refuses_what_is_not_base64) {
  for (const char* bad : {"Z", "Zm9vY", "Zm 8", "Zm8=Zm8=", "====", "=", "Z===", "Zm\xc3\xa9", "Zm9v="}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(base64, random_round_trips) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(random() % 70, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    ASSERT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(utf8, accepts_every_scalar_value) {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point < 0xE000) continue;
    std::string text;
    append_utf8(text, point);
    ASSERT_EQ(find_invalid_utf8(text), npos) << static_cast<unsigned>(point);
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      ASSERT_EQ(find_invalid_utf8(std::string_view(text).substr(0, cut)), 0U);
    }
  }
}

TEST(utf8, refuses_malformed_sequences) {
  for (const std::string_view bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "\xc3(", "\xe2\x82(", "\xf0\x9f\x98("}) {
    EXPECT_EQ(find_invalid_utf8(bad), 0U);
    EXPECT_EQ(find_invalid_utf8("ab" + std::string(bad)), 2U);
  }
  EXPECT_EQ(find_invalid_utf8(std::string_view("a\0b", 3)), npos);
}

}  // namespace
