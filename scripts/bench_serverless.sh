#!/usr/bin/env bash
# bench_serverless.sh RONDO: Lambda workers under load. A stock Temporal server starts them by itself, in environments that
# `RONDO emulate` makes: Rondo's and the Go SDK's in turns, then Rondo's with one invocation in ten killed, then what one
# short workflow costs. Each line is one run as JSON; options after RONDO go to bench/serverless/load.py.
set -euo pipefail
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || die "usage: bench_serverless.sh RONDO [OPTION...]"
rondo=$(command -v "$1") || die "there is no $1"
shift
go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"
build_lambda_workers
mkdir -p "$cache/bin"
(cd "$project/bench/peers/lambda_worker" && "$go" build -trimpath -ldflags '-s -w' -o "$cache/bin/rondo-lambda-worker" .)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract("bootstrap", sys.argv[2])' "$lambda_zip" "$folder"
chmod +x "$folder/bootstrap"
load() {
  RONDO_TEST_SERVER=stock "$project/scripts/with_server.sh" "$venv/bin/python" "$project/bench/serverless/load.py" \
    --rondo "$rondo" "$@"
}
say "Load: 296 workflows, functions of 10 s, 10 environments"
load --name rondo --worker "$folder/bootstrap" --complete --clean "$@"
load --name go --worker "$cache/bin/rondo-lambda-worker" "$@"
say "Load, and one invocation in ten is killed"
load --name rondo-killed --worker "$folder/bootstrap" --kill-fraction 0.1 --complete "$@"
say "Costs: one short workflow in a function of 60 s"
for each in rondo:$folder/bootstrap go:$cache/bin/rondo-lambda-worker; do
  load --name "${each%%:*}-one" --worker "${each#*:}" --rest --workflow hello --pause -1 --workflows 1 --over 0 --timeout 60 "$@"
done
