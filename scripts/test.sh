#!/usr/bin/env bash
# Installs what is missing, builds everything with both compilers and runs all tests. Exits 0 only when all is well.
#   test.sh            all of it, as the gate runs it
#   test.sh --quick    gcc debug build and its tests
# Build folders are build/<preset>. The last line counts the stages.
set -uo pipefail
source "$(dirname "$0")/common.sh"
cd "$project" || exit 1

quick=
case ${1:-} in
  "") ;;
  --quick) quick=1 ;;
  *) die "unknown option $1" ;;
esac

jobs=${JOBS:-$(nproc)}
passed=0 failed=() durations=() started=$SECONDS
# Checks look again only at what has changed since they found nothing.
export RONDO_CLEAN_RESULTS=$cache/clean
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# stage NAME COMMAND...: runs one part, notes how it ended, goes on with the next.
stage() {
  local name=$1 since=$SECONDS
  shift
  say "$name"
  if "$@" 2>&1 | tee "$logs/$name"; then
    passed=$((passed + 1))
    durations+=("$((SECONDS - since)) s, $name")
    printf -- '-- %s: passed (%d s)\n' "$name" $((SECONDS - since))
  else
    failed+=("$name")
    durations+=("$((SECONDS - since)) s, $name, FAILED")
    printf -- '-- %s: FAILED (%d s)\n' "$name" $((SECONDS - since))
  fi
}

# ahead COMMAND...: begins what later stages need, at the lowest priority, while tests wait for servers. Says nothing: the
# stage itself does it again, and finds done what could be done. One at a time.
ahead() {
  [ -z "$quick" ] || return 0
  exec 9>"$logs/.ahead"
  flock 9
  (
    renice -n 19 "$BASHPID"
    "$@"
  ) >/dev/null 2>&1 &
  # The lock goes on in the background.
  exec 9>&-
}
wait_ahead() {
  flock "$logs/.ahead" true
}

configure() { cmake --preset "$1" >/dev/null; }
compile() {
  local preset=$1
  shift
  cmake --build --preset "$preset" -j "$jobs" -- -k 0 --quiet "$@"
}
build() { configure "$1" && compile "$@"; }

# What of a preset is built; nothing stands for all. The examples run as gcc makes them, and clang's lints read them.
targets_of() { [ "$1" != clang-asan ] || echo test/all tools/all; }

# Builds one preset and runs its tests beside a server, the official one or the preset's own. What else is said is to be
# begun meanwhile.
build_and_test() {
  local preset=$1 server=$2
  shift 2
  wait_ahead
  # shellcheck disable=SC2046
  build "$preset" $(targets_of "$preset") || return 1
  [ $# = 0 ] || ahead "$@"
  [ "$server" = real ] || server=build/$preset/tools/rondo
  RONDO_TEST_SERVER=$server scripts/with_server.sh \
    ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --progress -j "$jobs"
}

sanitized=(test_base test_workflow test_engine test_io)
build_with_sanitizers() {
  build asan "${sanitized[@]}"
  # shellcheck disable=SC2046
  build clang-asan $(targets_of clang-asan)
}

# Each header alone: one compiler is enough, both have the same standard library. The last line says how it ended.
look_at_headers() {
  "$venv/bin/python" test/checks/headers_alone.py build/clang-asan >"$logs/.headers" 2>&1
  echo $? >>"$logs/.headers"
}
# What runs beside the tests of a preset must not configure it: for a moment the lists of tests that ctest reads are not
# whole.
prepare_the_rest() {
  build release bench/all
  look_at_headers
}

# gcc makes coroutines otherwise than clang does: the engine, workflows and what moves bytes run with its sanitizers too.
# Clang's run all.
check_gcc_sanitizers() {
  wait_ahead
  build asan "${sanitized[@]}" &&
    ctest --test-dir build/asan --output-on-failure --no-tests=error --progress -j "$jobs" \
      -L '^(base|workflow|engine|io)$'
}

# The tests that need a server, beside Rondo's own. The clang build runs all of its tests so.
check_own_server() {
  RONDO_TEST_SERVER=build/dev/tools/rondo scripts/with_server.sh \
    ctest --test-dir build/dev --output-on-failure --no-tests=error --progress -j "$jobs" -L '^server$'
}

# The tests that need a server, beside the one that people run themselves, and those of workers that it starts.
check_stock_server() {
  RONDO_TEST_SERVER=stock scripts/with_server.sh \
    ctest --test-dir build/dev --output-on-failure --no-tests=error --progress -j "$jobs" -L '^(server|stock)$'
}

# A server starts Lambda workers that are all the time near the end of their time: no task is lost. With some of them killed
# every workflow still comes to its end.
check_serverless_load() {
  local how=(--rondo build/dev/tools/rondo --worker build/dev/test/lambda_worker --workflow greeting --queue greetings
    --workflows 60 --over 3 --pause 1000 --patience 120 --complete)
  RONDO_TEST_SERVER=stock scripts/with_server.sh "$venv/bin/python" bench/serverless/load.py "${how[@]}" --clean &&
    RONDO_TEST_SERVER=stock scripts/with_server.sh "$venv/bin/python" bench/serverless/load.py "${how[@]}" \
      --kill-fraction 0.5 --kill-within 1 --seed "$RANDOM"
}

# Each kill has another moment, as each run has another seed.
check_crashes() {
  build/dev/test/crash build/dev/tools/rondo --kills 200 --seed "$RANDOM"
}

check_protos() {
  "$venv/bin/python" test/checks/sync_protos_test.py && "$venv/bin/python" scripts/sync_protos.py --check
}

# What is installed, one example, the zip file of a function and two groups of tests; CMake builds the rest.
check_meson() {
  local folder=build/meson options=(-Dcommand=false --buildtype=debug)
  if [ -d "$folder" ]; then
    meson setup --reconfigure "$folder" "${options[@]}" >/dev/null || return 1
  else
    CXX="$(have ccache && echo ccache) g++" meson setup "$folder" "${options[@]}" >/dev/null || return 1
  fi
  local targets
  targets=$(meson introspect --targets "$folder" | python3 -c '
import json, os, sys
for target in json.load(sys.stdin):
    if target["installed"] or target["name"] in ("example_hello_main", "worker.zip", "test_base", "test_http"):
        print(os.path.relpath(target["filename"][0], sys.argv[1]))' "$PWD/$folder") || return 1
  # shellcheck disable=SC2086
  ninja -C "$folder" --quiet -j "$jobs" $targets &&
    meson test -C "$folder" --no-rebuild --print-errorlogs base http checks.layers checks.self &&
    test/consumer/run.sh meson "$folder" build/consumer-meson
}

check_headers() {
  wait_ahead
  [ -e "$logs/.headers" ] || look_at_headers
  head -n -1 "$logs/.headers"
  return "$(tail -n 1 "$logs/.headers")"
}

# Every benchmark runs for a moment: shows that it works, measures nothing. The size of a Lambda function is as README says.
check_benchmarks() {
  wait_ahead
  build release bench/all || return 1
  local program size
  size=$(stat -c %s build/release/bench/lambda/lambda_function.zip) || return 1
  if [ "$size" -ge 3000000 ]; then
    echo "the zip file of a Lambda function has $size bytes, and must have less than 3,000,000"
    return 1
  fi
  for program in build/release/bench/*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    "$program" --benchmark_min_time=0.01 || return 1
  done
}

check_coroutines() {
  scripts/lint_coroutines.py --self-test && scripts/lint_coroutines.py build/clang-asan
}

check_workflow_lint() {
  scripts/lint_workflows.py --self-test && scripts/lint_workflows.py build/clang-asan examples
}

check_interop() {
  scripts/with_server.sh test/interop/run.sh build/dev
}

check_examples() {
  "$venv/bin/python" test/examples/run.py build/dev
}

# Official SDKs and tools use both servers, and must see the same.
check_server_interop() {
  test/interop/server/run.sh build/dev/tools/rondo
}

scripts/setup.sh || { echo "setup failed" >&2; exit 1; }

# Many made-up programs once; sanitizers try fewer.
export RONDO_RANDOM_SEEDS=10000
stage "gcc, debug" build_and_test dev real build_with_sanitizers
unset RONDO_RANDOM_SEEDS
stage "own server" check_own_server
if [ -z "$quick" ]; then
  stage "stock server" check_stock_server
  stage "wire protocol" check_protos
  stage "gcc, address and undefined behaviour sanitizers" check_gcc_sanitizers
  stage "clang, address and undefined behaviour sanitizers" build_and_test clang-asan own prepare_the_rest
  stage "headers alone" check_headers
  # Nothing is built beside it from here on.
  stage "serverless workers under load" check_serverless_load
  stage "format" scripts/lint_format.sh
  stage "names and bugs" scripts/lint_tidy.py build/clang-asan
  stage "coroutines that gcc 12 gets wrong" check_coroutines
  stage "workflows that would not replay" check_workflow_lint
  stage "meson" check_meson
  stage "crashes" check_crashes
  stage "examples" check_examples
  stage "benchmarks" check_benchmarks
  if [ -x test/interop/run.sh ]; then
    stage "other languages" check_interop
  fi
  stage "other languages on both servers" check_server_interop
fi

find "$RONDO_CLEAN_RESULTS" -type f -mtime +30 -delete 2>/dev/null
printf '\nstages, after %d minutes:\n' $(((SECONDS - started) / 60))
# Also for who sees nothing of this run but that it passed.
printf '%s\n' "${durations[@]}" | tee "$cache/stages"
for name in ${failed[@]+"${failed[@]}"}; do
  printf 'FAILED: %s\n' "$name"
  # The whole text may be out of sight by now.
  grep -aE '\*\*\*|\(Failed\)|\(Timeout\)|Failure$|FAILED|[Ee]rror:|ERROR' "$logs/$name" | head -n 20 | cut -c 1-240 | sed 's/^/  /'
  tail -n 10 "$logs/$name" | cut -c 1-240 | sed 's/^/  | /'
done
printf '%d passed, %d failed\n' "$passed" "${#failed[@]}"
[ ${#failed[@]} -eq 0 ]
