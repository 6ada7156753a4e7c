#!/usr/bin/env bash
# beside.sh PROGRAM COMMAND...: runs a command beside `PROGRAM server start-dev` on a free local port, with the search
# attributes of the scenarios. The command finds the server's address in RONDO_TEST_ADDRESS. The official CLI (RONDO_TEMPORAL)
# says when the server is ready.
set -euo pipefail
source "$(dirname "$0")/../../../scripts/common.sh"
[ $# -gt 1 ] || die "usage: beside.sh PROGRAM COMMAND..."
program=$1
shift
[ -n "$(type -P "$program")" ] || die "there is no program $program"

export RONDO_TEMPORAL=${RONDO_TEMPORAL:-$cache/bin/temporal}
[ -x "$RONDO_TEMPORAL" ] || die "there is no $RONDO_TEMPORAL; run scripts/setup.sh"

attributes=()
for each in Keyword=Keyword Int=Int Double=Double Bool=Bool Text=Text Time=Datetime List=KeywordList; do
  attributes+=(--search-attribute "Interop$each")
done

source "$project/scripts/start_server.sh"
start_server "$program" server_answers "${attributes[@]}"
result=0
"$@" || result=$?
kill -0 "$server" 2>/dev/null || { tail -n 50 "$server_log" >&2; die "$program ended while it was used"; }
exit $result
