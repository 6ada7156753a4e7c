#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include <asio/awaitable.hpp>

#include "rondo/describe.hpp"
#include "rondo/nlohmann.hpp"
#include "rondo/protobuf.hpp"
#include "rondo/registry.hpp"

namespace description_test {

asio::awaitable<int> fetches(std::string /*address*/) { co_return 0; }
google::protobuf::Duration measures(const nlohmann::json& /*what*/) { return {}; }

TEST(describe_activities, looks_into_coroutines) {
  EXPECT_EQ(rondo::describe(rondo::registry{}.activity<fetches>()), R"({
  "rondo": 1,
  "workflows": [],
  "activities": [
    {
      "name": "fetches",
      "arguments": [{"type": "string"}],
      "result": {"type": "integer", "format": "int32", "minimum": -2147483648, "maximum": 2147483647}
    }
  ],
  "$defs": {}
}
)");
}

TEST(describe_activities, names_types_of_other_libraries) {
  const std::string text = rondo::describe(rondo::registry{}.activity<measures>());
  EXPECT_NE(text.find(R"("result": {"x-rondo-type": "google::protobuf::Duration", "x-rondo-payload": true})"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("arguments": [{"x-rondo-type": "nlohmann::)"), std::string::npos) << text;
}

}  // namespace description_test
