#!/usr/bin/env bash
# run.sh BUILD_FOLDER: generates Go, Python and C++ of descriptions and lets the three languages call each other by it, on
# the server at RONDO_TEST_ADDRESS.
set -euo pipefail
source "$(dirname "$0")/../../../scripts/common.sh"

build=${1:-build/dev}
here=$project/test/interop/stubs
[ -n "${RONDO_TEST_ADDRESS:-}" ] || die "RONDO_TEST_ADDRESS names no server; run it by scripts/with_server.sh"
program=$build/test/interop_stubs stubs=$build/tools/rondo-stubs
for each in "$program" "$stubs"; do [ -x "$each" ] || die "there is no $each; build it first"; done
go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"

work=$(mktemp -d)
workers=()
stop() {
  local result=$? worker
  for worker in ${workers[@]+"${workers[@]}"}; do kill "$worker" 2>/dev/null || true; done
  for worker in ${workers[@]+"${workers[@]}"}; do wait "$worker" 2>/dev/null || true; done
  [ "$result" = 0 ] || tail -n 50 "$work"/*.log >&2
  rm -rf "$work"
}
trap stop EXIT

"$program" describe >"$work/shop.json"
cp "$here"/*.json "$here/program.py" "$work/"
cp -r "$here/go" "$work/go"
for package in shop elsewhere awkward; do
  mkdir "$work/go/$package"
  "$stubs" --language go --package "$package" --output "$work/go/$package/$package.go" "$work/$package.json"
  "$stubs" --language python --output "$work/$package.py" "$work/$package.json"
done

gofmt=$("$go" env GOROOT)/bin/gofmt
if [ -x "$gofmt" ]; then
  unformatted=$("$gofmt" -l "$work/go")
  [ -z "$unformatted" ] || die "gofmt would change $unformatted"
fi
(cd "$work/go" && "$go" vet ./... && "$go" build -o "$work/stubs" .)
"$venv/bin/python" -m py_compile "$work/shop.py" "$work/elsewhere.py" "$work/awkward.py" "$work/program.py"
if [ -x "$venv/bin/mypy" ]; then
  (cd "$work" && "$venv/bin/mypy" --strict shop.py elsewhere.py awkward.py program.py)
fi
(cd "$work" && "$venv/bin/python" -c "import awkward")
echo "passed  generated Go and Python compile"

cpp_queue=stubs-cpp-$$ go_queue=stubs-go-$$ python_queue=stubs-python-$$
"$program" worker "$RONDO_TEST_ADDRESS" "$cpp_queue" >"$work/cpp.log" 2>&1 &
workers+=($!)
"$work/stubs" worker "$RONDO_TEST_ADDRESS" "$go_queue" >"$work/go.log" 2>&1 &
workers+=($!)
"$venv/bin/python" "$work/program.py" worker "$RONDO_TEST_ADDRESS" "$python_queue" >"$work/python.log" 2>&1 &
workers+=($!)

"$work/stubs" check "$RONDO_TEST_ADDRESS" "$go_queue" "$cpp_queue"
echo "passed  Go calls C++"
"$venv/bin/python" "$work/program.py" check "$RONDO_TEST_ADDRESS" "$python_queue" "$cpp_queue"
echo "passed  Python calls C++"
"$program" check "$RONDO_TEST_ADDRESS" "$cpp_queue" "$go_queue"
echo "passed  C++ calls Go"
"$program" check "$RONDO_TEST_ADDRESS" "$cpp_queue" "$python_queue"
echo "passed  C++ calls Python"

kill "${workers[0]}"
wait "${workers[0]}" || die "the C++ worker did not stop cleanly"
