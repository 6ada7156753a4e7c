#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "rondo/converter.hpp"
#include "rondo/nlohmann.hpp"

namespace shapes {

class circle {
 public:
  circle() = default;
  explicit circle(int radius) : radius_(radius) {}
  int radius() const { return radius_; }

 private:
  int radius_ = 0;
};

inline void to_json(nlohmann::json& out, const circle& from) { out = {{"r", from.radius()}}; }
inline void from_json(const nlohmann::json& from, circle& out) { out = circle(from.at("r").get<int>()); }

struct drawing {
  std::string name{};
  std::vector<circle> circles{};
  nlohmann::json extra{};
};

}  // namespace shapes

namespace {
namespace json = rondo::json;

TEST(nlohmann, converts_types_that_rondo_does_not_know) {
  static_assert(json::convertible<shapes::circle> && !json::native<shapes::circle>);
  EXPECT_EQ(json::dump(shapes::circle(3)), R"({"r":3})");
  EXPECT_EQ(json::parse<shapes::circle>(R"({"r":4})").radius(), 4);
}

TEST(nlohmann, works_inside_of_other_types) {
  const shapes::drawing drawing{"a", {shapes::circle(1)}, {{"x", {1, nullptr}}}};
  const std::string text = R"({"name":"a","circles":[{"r":1}],"extra":{"x":[1,null]}})";
  EXPECT_EQ(json::dump(drawing), text);
  EXPECT_EQ(json::dump(json::parse<shapes::drawing>(text)), text);
}

TEST(nlohmann, documents_are_values) {
  rondo::payload_collector sink;
  rondo::encode(sink, nlohmann::json{{"a", 1}});
  const auto list = sink.take();
  EXPECT_EQ(list.at(0).encoding(), "json/plain");
  EXPECT_EQ(rondo::decode<nlohmann::json>(list.at(0)).at("a"), 1);
}

TEST(nlohmann, errors_become_ours) {
  try {
    (void)json::parse<shapes::drawing>(R"({"circles":[{"q":1}]})");
    FAIL();
  } catch (const json::error& failed) {
    EXPECT_NE(std::string(failed.what()).find("key 'r' not found"), std::string::npos) << failed.what();
    EXPECT_EQ(failed.path(), "drawing.circles[0]");
  }
  EXPECT_THROW((void)json::dump(nlohmann::json("\xff")), json::error);
}

}  // namespace
