#!/usr/bin/env bash
# bench_lambda.sh RONDO: what a worker of rondo_add_lambda() costs as a Lambda function: size of its zip file, time from exec
# to the first call of the Runtime API, from exec and from an event to the first poll, memory, and the time from exec to a
# workflow that is completed on `RONDO server start-dev`. Beside it workers with the Go SDK and, where cargo can build it,
# the Rust SDK. Lines with limit= say what Rondo's may cost.
set -euo pipefail
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || die "usage: bench_lambda.sh RONDO"
rondo=$(command -v "$1") || die "there is no $1"
build_lambda_workers
peers=()
mkdir -p "$cache/bin"
if go=$(find_go); then
  (cd "$project/bench/peers/lambda_worker" && "$go" build -trimpath -ldflags '-s -w' -o "$cache/bin/rondo-lambda-worker" .)
  peers+=(--go "$cache/bin/rondo-lambda-worker")
fi
if have cargo; then
  CARGO_TARGET_DIR=$cache/rust-worker cargo build --release --locked --quiet \
    --manifest-path "$project/bench/peers/rust_worker/Cargo.toml" ${JOBS:+-j "$JOBS"}
  peers+=(--plain "$plain_zip" --rust "$cache/rust-worker/release/rondo-rust-worker")
fi
"$venv/bin/python" "$project/bench/lambda/measure.py" "$lambda_zip" "$rondo" "${peers[@]}"
