#!/usr/bin/env bash
# with_server.sh COMMAND...: runs a command beside a Temporal server of its own, on a free local port.
# RONDO_TEST_SERVER chooses it: "real", the official development server (the default), or the path of a `rondo` program,
# whose server it then is. The command finds the server's address in RONDO_TEST_ADDRESS and its program in
# RONDO_TEMPORAL.
set -euo pipefail
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || die "no command given"

export RONDO_TEST_SERVER=${RONDO_TEST_SERVER:-real}
if [ "$RONDO_TEST_SERVER" = real ]; then
  RONDO_TEMPORAL=${RONDO_TEMPORAL:-$cache/bin/temporal}
  [ -x "$RONDO_TEMPORAL" ] || die "there is no $RONDO_TEMPORAL; run scripts/setup.sh"
else
  RONDO_TEMPORAL=$(realpath "$RONDO_TEST_SERVER")
  [ -x "$RONDO_TEMPORAL" ] || die "RONDO_TEST_SERVER is neither 'real' nor a program: $RONDO_TEST_SERVER"
fi
export RONDO_TEMPORAL

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

# Both programs take the same flags. The one says by an answer that it is up, the other by a line.
is_up() {
  if [ "$RONDO_TEST_SERVER" = real ]; then
    "$RONDO_TEMPORAL" operator namespace describe default --address "$RONDO_TEST_ADDRESS" >/dev/null 2>&1
  else
    grep -q '"address"' "$folder/server.log"
  fi
}

# Another program may take the port between the look and the start, so a start that fails is tried again.
start() {
  local port deadline output=text
  port=$(free_port)
  [ "$RONDO_TEST_SERVER" = real ] || output=json
  RONDO_TEST_ADDRESS=127.0.0.1:$port
  "$RONDO_TEMPORAL" server start-dev --headless --ip 127.0.0.1 --port "$port" --log-level error -o "$output" \
    >"$folder/server.log" 2>&1 &
  server=$!
  deadline=$((SECONDS + 60))
  while [ $SECONDS -lt $deadline ]; do
    kill -0 "$server" 2>/dev/null || return 1
    is_up && return 0
    sleep 0.05
  done
  return 1
}

start || start || { cat "$folder/server.log" >&2; die "the server does not start: $RONDO_TEMPORAL"; }
export RONDO_TEST_ADDRESS
"$@"
