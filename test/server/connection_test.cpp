#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "fixture.hpp"

namespace rondo::test {
namespace connection_test {

task<std::string> twice(std::string text) { co_return text + text; }

class connection : public server_test {};

TEST_F(connection, PacksWithGzip) {
  client_options how;
  how.target = server_address();
  how.compression = rpc_compression::gzip;
  const auto packed = rondo::client::connect(std::move(how));
  running_worker worker(registry().workflow<twice>(), options(), packed);
  const std::string text(100'000, 'x');
  EXPECT_EQ(packed.execute_workflow<twice>(start(), text).get(), text + text);
}

}  // namespace connection_test
}  // namespace rondo::test
