# Read by the other scripts: folders, caches and small helpers. Changes nothing on disk.
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${RONDO_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/rondo}
venv=$cache/venv
go_venv=$cache/go-venv

# Programs that setup.sh installs for this project only come before others of the same name.
PATH=$cache/bin:$PATH
export PATH

# One compiler cache for all build folders, wherever the project lies.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$project}
export CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Prints a Go toolchain that is new enough for the development server and the Go peers, or fails.
find_go() {
  local candidate
  for candidate in "$cache/bin/go" "$(command -v go || true)"; do
    [ -x "$candidate" ] || continue
    local version
    version=$("$candidate" env GOVERSION 2>/dev/null) || continue
    version=${version#go}
    if [ "$(printf '%s\n' 1.26 "$version" | sort -V | head -n 1)" = 1.26 ]; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# Builds the workers of bench/lambda, and sets lambda_zip and plain_zip.
build_lambda_workers() {
  local build=$project/build/lambda
  cmake -S "$project" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=MinSizeRel -DBUILD_TESTING=OFF -DRONDO_BUILD_SERVER=OFF \
    -DRONDO_BUILD_BENCHMARKS=ON >/dev/null
  cmake --build "$build" --target lambda_function plain_worker ${JOBS:+-j "$JOBS"} -- --quiet
  lambda_zip=$build/bench/lambda/lambda_function.zip
  plain_zip=$build/bench/lambda/plain_worker.zip
}
