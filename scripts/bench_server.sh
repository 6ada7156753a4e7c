#!/usr/bin/env bash
# bench_server.sh RONDO: `RONDO server start-dev` against the real development server, under the same Go worker and starter,
# in memory and on a database file. Options after it go to the program, for instance -workflows 500 -real-workflows 50 -rounds 1 -open 0.
# The lines with ratio= say how many times as many workflows Rondo's server finishes per second.
set -euo pipefail
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || die "usage: bench_server.sh RONDO [OPTION...]"
rondo=$(command -v "$1") || die "there is no $1"
shift
real=${RONDO_TEMPORAL:-$cache/bin/temporal}
[ -x "$real" ] || die "there is no $real; run scripts/setup.sh"
go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"

mkdir -p "$cache/bin"
(cd "$project/bench/peers/server_load" && "$go" build -o "$cache/bin/rondo-server-load" .)
load=("$cache/bin/rondo-server-load" -real "$real" -ours "$rondo")
say "In memory"
"${load[@]}" -open 100000 "$@"
say "On a file"
"${load[@]}" -file "$@"
say "In memory, with a worker that costs less than an SDK's"
"${load[@]}" -raw "$@"
