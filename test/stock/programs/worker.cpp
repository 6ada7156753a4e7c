// A serverless worker of a version, for the tests of who invokes it. Its surroundings say by what: Lambda, HTTP, or the
// start of the program.
#include <cstdlib>

#include "rondo/serverless/environment.hpp"
#include "rondo/serverless/http.hpp"
#include "rondo/serverless/lambda.hpp"
#include "rondo/serverless/runner.hpp"
#include "stock/programs/visit.hpp"

int main() {
  const auto configure = [](auto& config) {
    config.registry.template workflow<rondo::test::visit>().template activity<rondo::test::greet>();
  };
  if (std::getenv("AWS_LAMBDA_RUNTIME_API") != nullptr) return rondo::lambda::run_worker(configure);
  if (std::getenv("PORT") != nullptr) {
    return rondo::http::run_worker([&](auto& config) {
      configure(config);
      config.host = "127.0.0.1";
    });
  }
  using namespace rondo::serverless;
  const auto done = run_once(prepare(profile::http, configure, /*needs_version=*/true));
  return done.error.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}
