#!/usr/bin/env bash
# beside.sh PROGRAM COMMAND...: runs a command beside `PROGRAM server start-dev` on a free local port, with the search
# attributes of the scenarios. The command finds the server's address in RONDO_TEST_ADDRESS. The official CLI (RONDO_TEMPORAL)
# says when the server is ready.
set -euo pipefail
source "$(dirname "$0")/../../../scripts/common.sh"
[ $# -gt 1 ] || die "usage: beside.sh PROGRAM COMMAND..."
program=$1
shift

export RONDO_TEMPORAL=${RONDO_TEMPORAL:-$cache/bin/temporal}
[ -x "$RONDO_TEMPORAL" ] || die "there is no $RONDO_TEMPORAL; run scripts/setup.sh"

attributes=()
for each in Keyword=Keyword Int=Int Double=Double Bool=Bool Text=Text Time=Datetime List=KeywordList; do
  attributes+=(--search-attribute "Interop$each")
done

folder=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Another program may take the port between the look and the start, so a start that fails is tried again.
start() {
  local deadline port
  port=$(free_port)
  export RONDO_TEST_ADDRESS=127.0.0.1:$port
  "$program" server start-dev --headless --ip 127.0.0.1 --port "$port" --log-level error "${attributes[@]}" \
    >"$folder/server.log" 2>&1 &
  server=$!
  deadline=$((SECONDS + 60))
  while [ $SECONDS -lt $deadline ]; do
    kill -0 "$server" 2>/dev/null || return 1
    "$RONDO_TEMPORAL" operator namespace describe default --address "$RONDO_TEST_ADDRESS" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  return 1
}

start || start || { cat "$folder/server.log" >&2; die "$program does not start"; }
result=0
"$@" || result=$?
kill -0 "$server" 2>/dev/null || { tail -n 50 "$folder/server.log" >&2; die "$program ended while it was used"; }
exit $result
