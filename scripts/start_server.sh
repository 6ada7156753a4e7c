# Read by the scripts that run something beside a server of their own, after common.sh. The server ends with the script.
server_folder=$(mktemp -d)
server_log=$server_folder/server.log
server=

stop_server() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$server_folder"
}
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# What is_up may be below. The official CLI, RONDO_TEMPORAL, gets an answer from any server.
server_answers() {
  "$RONDO_TEMPORAL" operator namespace describe default --address "$RONDO_TEST_ADDRESS" >/dev/null 2>&1
}
# Rondo's server, with `-o json`, prints where it listens.
server_says_address() { grep -q '"address"' "$server_log"; }

try_to_start() {
  local program=$1 is_up=$2 port deadline
  shift 2
  port=$(free_port)
  export RONDO_TEST_ADDRESS=127.0.0.1:$port
  "$program" server start-dev --headless --ip 127.0.0.1 --port "$port" --log-level error "$@" >"$server_log" 2>&1 &
  server=$!
  deadline=$((SECONDS + 60))
  while [ $SECONDS -lt $deadline ]; do
    kill -0 "$server" 2>/dev/null || return 1
    "$is_up" && return 0
    sleep 0.05
  done
  return 1
}

# start_server PROGRAM IS_UP FLAGS...: starts `PROGRAM server start-dev` on a free local port, waits until the function
# IS_UP says so, and sets RONDO_TEST_ADDRESS.
# Another program may take the port between the look and the start, so a start that fails is tried again.
start_server() {
  try_to_start "$@" || try_to_start "$@" || { cat "$server_log" >&2; die "the server does not start: $1"; }
}
