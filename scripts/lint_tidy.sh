#!/usr/bin/env bash
# Checks names and common bugs with clang-tidy, by the flags of a clang build: lint_tidy.sh BUILD_DIR
# Workers of all kinds, a client and a service reach all headers that users do.
set -euo pipefail
source "$(dirname "$0")/common.sh"
build=$(cd "$1" && pwd)
cd "$project"

sources=(examples/order/order_worker.cpp examples/order/starter.cpp examples/lambda/worker.cpp
  examples/async_http_jobs/worker.cpp examples/async_http_jobs/http_api.cpp)

printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" \
  clang-tidy-16 -p "$build" --config-file=.clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option
