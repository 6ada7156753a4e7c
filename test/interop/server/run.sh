#!/usr/bin/env bash
# run.sh RONDO [PATTERN]: judges `RONDO server start-dev` by unmodified SDKs of other languages and the official CLI.
# Every scenario runs against the real development server first, then against RONDO; what differs and is not listed in
# differences.json fails, and so does a history of RONDO that the Go or Python replayer does not accept.
# The documents are kept in RONDO_INTEROP_OUTPUT if that is set. RONDO may be the real server itself: a check of the scenarios.
set -euo pipefail
source "$(dirname "$0")/../../../scripts/common.sh"
[ $# -gt 0 ] || die "usage: run.sh RONDO [PATTERN]"
rondo=$(command -v "$1") || die "there is no $1"
pattern=${2:-}
here=$project/test/interop/server
real=${RONDO_TEMPORAL:-$cache/bin/temporal}

installed=$("$here/install.sh")
eval "$installed"

output=${RONDO_INTEROP_OUTPUT:-}
if [ -z "$output" ]; then
  output=$(mktemp -d)
  trap 'rm -rf "$output"' EXIT
fi
mkdir -p "$output/real" "$output/ours"

# Node looks for packages beside the program that asks for them, so the program is copied there.
typescript=$(dirname "$modules")
cp "$here"/typescript/*.js "$typescript/"

# Runs the four programs one after the other beside one server: run_all PROGRAM FOLDER [AGAIN], where AGAIN names the
# scenarios to run once more.
run_all() {
  local failed=0
  # shellcheck disable=SC2016 # the inner shell knows the address
  AGAIN=${3:-} OUTPUT=$2 PATTERN=$pattern GO=$go_scenarios PYTHON=$venv/bin/python NODE=$node HERE=$here TYPESCRIPT=$typescript \
    "$here/beside.sh" "$1" bash -c '
      result=0
      run() {
        local name=$1 pattern=$PATTERN
        shift
        if [ -n "$AGAIN" ]; then
          pattern=$(sed -n "s/^$name //p" "$AGAIN")
          [ -n "$pattern" ] || return 0
        fi
        echo "-- $name"
        "$@" "$RONDO_TEST_ADDRESS" "$pattern" >"$OUTPUT/$name.json${AGAIN:+.again}" || result=1
        if [ -n "$AGAIN" ]; then "$HERE/merge.py" "$OUTPUT/$name.json" "$OUTPUT/$name.json.again" || result=1; fi
      }
      run go "$GO"
      run python "$PYTHON" "$HERE/python/scenarios.py"
      run typescript "$NODE" "$TYPESCRIPT/scenarios.js"
      run cli "$PYTHON" "$HERE/cli/scenarios.py"
      exit $result' 2>&1 | grep -v '  ok$' || failed=${PIPESTATUS[0]}
  return "$failed"
}

say "The real server"
run_all "$real" "$output/real" || die "the scenarios do not run on the real server"
say "Rondo"
run_all "$rondo" "$output/ours" || echo "a program failed on Rondo's server"

pairs=() result=0
for name in go python typescript cli; do pairs+=("$output/real/$name.json" "$output/ours/$name.json"); done

# On a busy machine a signal may come after a timeout and not before it: what differs is run again, with less beside it.
for attempt in 1 2; do
  "$venv/bin/python" "$here/compare.py" --allow "$here/differences.json" --names "${pairs[@]}" >"$output/again"
  [ -s "$output/again" ] || break
  say "Once more ($attempt)"
  cat "$output/again"
  run_all "$real" "$output/real" "$output/again" || true
  run_all "$rondo" "$output/ours" "$output/again" || true
done

say "Differences"
"$venv/bin/python" "$here/compare.py" --allow "$here/differences.json" ${pattern:+--part} "${pairs[@]}" || result=1

say "Histories of Rondo's server in the replayers"
"$go_scenarios" replay "$output/ours/go.json" || result=1
"$venv/bin/python" "$here/python/scenarios.py" replay "$output/ours/python.json" "$output/ours/cli.json" || result=1
exit $result
