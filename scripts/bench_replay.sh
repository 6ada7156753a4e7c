#!/usr/bin/env bash
# Compares how fast Rondo and the Go SDK replay 1,000 activities in sequence, each from its own recording, taking turns.
# Prints every measurement, the medians in events per second, and their ratio in the last line.
#   bench_replay.sh [TURNS]
set -euo pipefail
source "$(dirname "$0")/common.sh"
cd "$project"
turns=${1:-7}

scripts/setup.sh
say "Building"
cmake --preset release >/dev/null
cmake --build --preset release --target replay_history
go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"
mkdir -p build/peers
(cd bench/peers/go_replay && "$go" build -o "$project/build/peers/go_replay" .)

say "Replaying, $turns turns"
rate() { sed -n 's/.*events_per_second=//p'; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
ours=() theirs=()
for ((turn = 1; turn <= turns; turn++)); do
  ours+=("$(build/release/bench/history/replay_history bench/data/rondo_1000_activities.history.gz 200 | rate)")
  theirs+=("$(build/peers/go_replay replay bench/data/go_1000_activities.history.gz 20 | rate)")
  printf '  rondo %9d   go %9d\n' "${ours[-1]}" "${theirs[-1]}"
done

ours_median=$(median "${ours[@]}") theirs_median=$(median "${theirs[@]}")
printf 'rondo=%d\ngo=%d\n' "$ours_median" "$theirs_median"
awk -v ours="$ours_median" -v theirs="$theirs_median" 'BEGIN { printf "ratio=%.1f\n", ours / theirs }'
