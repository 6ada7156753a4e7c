#!/usr/bin/env bash
# Compares the memory of workflows that wait for a signal in the cache of a worker, of Rondo and of the Go SDK, beside the
# same server, taking turns. Prints every measurement, the medians in bytes per workflow, and the ratio in the last line.
#   bench_memory.sh [TURNS] [WORKFLOWS]
set -euo pipefail
source "$(dirname "$0")/common.sh"
cd "$project"
turns=${1:-3} workflows=${2:-2000}

scripts/setup.sh
say "Building"
cmake --preset release >/dev/null
cmake --build --preset release --target idle_workflows
go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"
mkdir -p build/peers
(cd bench/peers/go_idle && "$go" build -o "$project/build/peers/go_idle" .)

say "The engine alone"
build/release/bench/memory/idle_workflows engine

say "A worker, $turns turns of $workflows workflows"
# shellcheck disable=SC2016
RONDO_TEST_SERVER=${RONDO_TEST_SERVER:-real} scripts/with_server.sh bash -c '
set -euo pipefail
turns=$1 workflows=$2
resident() { sed -n "s/^resident_bytes_per_workflow=//p"; }
median() { printf "%s\n" "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
ours=() theirs=()
for ((turn = 1; turn <= turns; turn++)); do
  ours+=("$(build/release/bench/memory/idle_workflows worker "$RONDO_TEST_ADDRESS" "$workflows" | resident)")
  theirs+=("$(build/peers/go_idle "$RONDO_TEST_ADDRESS" "$workflows" | resident)")
  printf "  rondo %7d   go %7d\n" "${ours[-1]}" "${theirs[-1]}"
done
ours_median=$(median "${ours[@]}") theirs_median=$(median "${theirs[@]}")
printf "rondo=%d\ngo=%d\n" "$ours_median" "$theirs_median"
awk -v ours="$ours_median" -v theirs="$theirs_median" "BEGIN { printf \"ratio=%.3f\n\", ours / theirs }"
' memory "$turns" "$workflows"
