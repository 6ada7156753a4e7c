#!/usr/bin/env bash
# with_server.sh COMMAND...: runs a command beside a Temporal server of its own, on a free local port.
# RONDO_TEST_SERVER chooses it: "real", the official development server (the default), "stock", the server that people
# run themselves, or the path of a `rondo` program, whose server it then is. The command finds the server's address in
# RONDO_TEST_ADDRESS and a program that talks to it in RONDO_TEMPORAL.
set -euo pipefail
source "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || die "no command given"

export RONDO_TEST_SERVER=${RONDO_TEST_SERVER:-real}
if [ "$RONDO_TEST_SERVER" = real ] || [ "$RONDO_TEST_SERVER" = stock ]; then
  RONDO_TEMPORAL=${RONDO_TEMPORAL:-$cache/bin/temporal}
  [ -x "$RONDO_TEMPORAL" ] || die "there is no $RONDO_TEMPORAL; run scripts/setup.sh"
  # Tests at once have more batches than the default allows.
  how=(server_answers -o text --dynamic-config-value frontend.MaxConcurrentBatchOperationPerNamespace=100
    --dynamic-config-value frontend.workflowRulesAPIsEnabled=true
    --dynamic-config-value frontend.ListWorkersEnabled=true
    --dynamic-config-value frontend.WorkerHeartbeatsEnabled=true)
else
  [ -f "$RONDO_TEST_SERVER" ] && [ -x "$RONDO_TEST_SERVER" ] ||
    die "RONDO_TEST_SERVER is neither 'real' nor 'stock' nor a program: $RONDO_TEST_SERVER"
  RONDO_TEMPORAL=$(realpath "$RONDO_TEST_SERVER")
  how=(server_says_address -o json)
fi
export RONDO_TEMPORAL

source "$project/scripts/start_server.sh"
if [ "$RONDO_TEST_SERVER" = stock ]; then
  [ -x "$cache/bin/temporal-server" ] || die "there is no $cache/bin/temporal-server; run scripts/setup.sh"
  source "$project/scripts/start_stock_server.sh"
  start_stock_server
else
  start_server "$RONDO_TEMPORAL" "${how[@]}"
fi
"$@"
