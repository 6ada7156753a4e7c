#!/usr/bin/env bash
# bench_lambda.sh [RONDO]: what a worker of rondo_add_lambda() costs as a Lambda function: size of its zip file, time from
# exec to the first call of the Runtime API, time from the invocation to its answer, memory. With RONDO, the path of the
# command, each invocation runs a workflow on `RONDO server start-dev`. Lines with limit= say what it may cost.
set -euo pipefail
source "$(dirname "$0")/common.sh"
build=$project/build/lambda
cmake -S "$project" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=MinSizeRel -DBUILD_TESTING=OFF -DRONDO_BUILD_SERVER=OFF \
  -DRONDO_BUILD_BENCHMARKS=ON >/dev/null
cmake --build "$build" --target lambda_worker -- --quiet
python3 "$project/bench/lambda/measure.py" "$build/bench/lambda/lambda_worker.zip" "$@"
