#!/usr/bin/env bash
# Installs a build of Rondo and builds the small projects beside this file against it, each as its users would.
#   run.sh cmake|meson BUILD_DIR WORK_DIR [COMPILER]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
builder=$1 build=$2 work=$3
export CXX=${4:-g++}
unset DESTDIR
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi

rm -rf "$work"
mkdir -p "$work"
work=$(cd "$work" && pwd)
prefix=$work/prefix

run() {
  printf '+ %s\n' "$*"
  "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}

# The prefix differs from the configured one, as for a package that is moved.
case $builder in
  cmake) run cmake --install "$build" --prefix "$prefix" ;;
  meson) DESTDIR=$work/staged run meson install -C "$build" --no-rebuild
         mv "$work/staged$(meson introspect --buildoptions "$build" | python3 -c '
import json, sys
print(next(option["value"] for option in json.load(sys.stdin) if option["name"] == "prefix"))')" "$prefix" ;;
  *) echo "unknown builder $builder" >&2; exit 2 ;;
esac

run cmake -S "$here/cmake" -B "$work/cmake" -G Ninja -DCMAKE_PREFIX_PATH="$prefix"
run cmake --build "$work/cmake"
"$work/cmake/consumer"
"$work/cmake/parts"
if [ -x "$work/cmake/static-consumer" ]; then
  "$work/cmake/static-consumer"
  if readelf -d "$work/cmake/static-consumer" | grep -E 'NEEDED.*(grpc|proto|absl|stdc)'; then exit 1; fi
fi
if [ -f "$work/cmake/lambda.zip" ]; then
  cmake -E make_directory "$work/lambda"
  (cd "$work/lambda" && cmake -E tar xf "$work/cmake/lambda.zip" && ./bootstrap && [ -f CMakeLists.txt ])
fi
[ ! -x "$work/cmake/server" ] || "$work/cmake/server"

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name rondo.pc)")
export PKG_CONFIG_PATH
run meson setup "$work/meson" "$here/meson"
run meson compile -C "$work/meson"
"$work/meson/consumer"

# The installed lint finds what is marked in the sample, copied to a project that has nothing of the sources but that.
lint=$prefix/share/rondo/lint_workflows.py
[ -x "$lint" ] || { echo "lint_workflows.py is not installed" >&2; exit 1; }
if command -v "${CLANG_QUERY:-clang-query-16}" >/dev/null; then
  mkdir -p "$work/lint/build"
  cp "$here/../lint/workflows.cpp" "$work/lint"
  wanted="1 sources, $(grep -c '// lint: [^i]' "$work/lint/workflows.cpp") matches"
  # Some generators name sources relative to the folder of the build.
  for source in "$work/lint/workflows.cpp" ../workflows.cpp; do
    printf '[{"directory": "%s", "file": "%s", "command": "clang++ -std=c++20 -I%s -c %s"}]' \
      "$work/lint/build" "$source" "$prefix/include" "$source" >"$work/lint/build/compile_commands.json"
    status=0
    (cd "$work/lint" && python3 -B "$lint" build) >"$work/log" 2>&1 || status=$?
    if [ "$status" != 1 ] || [ "$(tail -n 1 "$work/log")" != "$wanted" ]; then
      cat "$work/log"
      echo "the installed lint ended with $status for $source; wanted 1, and: $wanted" >&2
      exit 1
    fi
  done
fi

# The project inside another one: built from source, so once is enough.
if [ "$builder" = cmake ]; then
  run cmake -S "$here/subdirectory" -B "$work/subdirectory" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O1 -DNDEBUG"
  run cmake --build "$work/subdirectory" --target consumer
  "$work/subdirectory/consumer"
fi
