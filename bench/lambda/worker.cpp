// A worker as a Lambda function: scripts/bench_lambda.sh measures what it costs, scripts/bench_serverless.sh how it
// bears load. bench/peers/lambda_worker is the same in Go. The task queue and the version come from the environment.
#include "lambda/workflows.hpp"
#include "rondo/serverless/lambda.hpp"

int main() {
  return rondo::lambda::run_worker([](auto& config) {
    config.registry.template workflow<rondo::bench::load>().template workflow<rondo::bench::hello>();
    config.registry.template activity<rondo::bench::greet>();
  });
}
