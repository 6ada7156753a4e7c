#!/usr/bin/env bash
# with_server.sh COMMAND...: runs a command beside a Temporal development server of its own, on a free local port.
# The command finds the server's address in RONDO_TEST_ADDRESS and the server program in RONDO_TEMPORAL.
set -euo pipefail
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || die "no command given"

export RONDO_TEMPORAL=${RONDO_TEMPORAL:-$cache/bin/temporal}
[ -x "$RONDO_TEMPORAL" ] || die "there is no $RONDO_TEMPORAL; run scripts/setup.sh"

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
  local port deadline
  port=$(free_port)
  RONDO_TEST_ADDRESS=127.0.0.1:$port
  "$RONDO_TEMPORAL" server start-dev --headless --ip 127.0.0.1 --port "$port" --log-level error \
    >"$folder/server.log" 2>&1 &
  server=$!
  deadline=$((SECONDS + 60))
  while [ $SECONDS -lt $deadline ]; do
    kill -0 "$server" 2>/dev/null || return 1
    if "$RONDO_TEMPORAL" operator namespace describe default --address "$RONDO_TEST_ADDRESS" >/dev/null 2>&1; then
      return 0
    fi
    sleep 0.2
  done
  return 1
}

start || start || { cat "$folder/server.log" >&2; die "the Temporal server does not start"; }
export RONDO_TEST_ADDRESS
"$@"
