#!/usr/bin/env bash
# run.sh BUILD_FOLDER: checks Rondo against the Python and Go SDKs on the server at RONDO_TEST_ADDRESS.
set -euo pipefail
source "$(dirname "$0")/../../scripts/common.sh"

build=${1:-build/dev}
[ -n "${RONDO_TEST_ADDRESS:-}" ] || die "RONDO_TEST_ADDRESS names no server; run it by scripts/with_server.sh"
program=$build/test/interop_worker
[ -x "$program" ] || die "there is no $program; build it first"
go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"

mkdir -p "$cache/bin"
(cd "$project/test/interop/go_worker" && "$go" build -o "$cache/bin/rondo-interop-go-worker" .)

logs=$(mktemp -d)
workers=()
stop() {
  local result=$? worker
  for worker in ${workers[@]+"${workers[@]}"}; do kill "$worker" 2>/dev/null || true; done
  for worker in ${workers[@]+"${workers[@]}"}; do wait "$worker" 2>/dev/null || true; done
  [ "$result" = 0 ] || tail -n 50 "$logs"/*.log >&2
  rm -rf "$logs"
}
trap stop EXIT

cpp_queue=interop-cpp-$$ go_queue=interop-go-$$ sealed_queue=interop-sealed-$$
key="a key of exactly 32 bytes, or so"
"$program" "$RONDO_TEST_ADDRESS" "$cpp_queue" >"$logs/cpp.log" 2>&1 &
workers+=($!)
"$program" "$RONDO_TEST_ADDRESS" "$sealed_queue" "$key" >"$logs/sealed.log" 2>&1 &
workers+=($!)
"$cache/bin/rondo-interop-go-worker" "$RONDO_TEST_ADDRESS" "$go_queue" >"$logs/go.log" 2>&1 &
workers+=($!)
"$venv/bin/python" "$project/test/interop/client.py" "$RONDO_TEST_ADDRESS" "$cpp_queue" "$go_queue" "$sealed_queue" "$key"

kill "${workers[0]}"
wait "${workers[0]}" || die "the C++ worker did not stop cleanly"

"$project/test/interop/stubs/run.sh" "$build"
