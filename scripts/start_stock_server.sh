# Read after start_server.sh: starts the stock server of install_server.sh, which can start serverless workers. All its
# services are one process with a database in memory.

# Prints as many free local ports, all different.
free_ports() {
  python3 - "$1" <<'END'
import socket, sys
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
for each in sockets:
    each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in sockets))
END
}

# Both databases are the same one in memory.
write_stock_datastore() {
  cat <<END
    $1:
      sql:
        pluginName: sqlite
        databaseName: rondo
        connectAddr: localhost
        connectProtocol: tcp
        connectAttributes: {mode: memory, cache: private}
        maxConns: 1
        maxIdleConns: 1
        maxConnLifetime: 1h
END
}
write_stock_service() { printf '  %s:\n    rpc: {grpcPort: %s, membershipPort: %s%s, bindOnLocalHost: true}\n' "$@"; }

# write_stock_config FRONTEND SEVEN OTHER PORTS, HTTP
# Requests of Nexus callers, and the ends of their operations, go to the frontend's HTTP port.
write_stock_config() {
  cat <<END
log: {stdout: true, level: error}
persistence:
  defaultStore: default
  visibilityStore: visibility
  numHistoryShards: 1
  datastores:
$(write_stock_datastore default)
$(write_stock_datastore visibility)
global:
  membership: {maxJoinDuration: 30s, broadcastAddress: 127.0.0.1}
services:
$(write_stock_service frontend "$1" "$2" ", httpPort: $9")
$(write_stock_service matching "$3" "$4" "")
$(write_stock_service history "$5" "$6" "")
$(write_stock_service worker "$7" "$8" "")
clusterMetadata:
  enableGlobalNamespace: false
  failoverVersionIncrement: 10
  masterClusterName: active
  currentClusterName: active
  clusterInformation:
    active: {enabled: true, initialFailoverVersion: 1, rpcName: frontend, rpcAddress: "127.0.0.1:$1", httpAddress: "127.0.0.1:$9"}
dcRedirectionPolicy: {policy: noop}
archival:
  history: {state: disabled}
  visibility: {state: disabled}
dynamicConfigClient: {filepath: $server_folder/dynamic.yaml, pollInterval: 10s}
END
}
write_stock_dynamic_config() {
  cat <<'END'
workercontroller.enabled: [{value: true}]
workercontroller.compute_providers.enabled: [{value: [aws-lambda, aws-agentcore, aws-ecs, test-invoke, test-worker-set]}]
workercontroller.compute_providers.aws.require_role_and_external_id: [{value: false}]
system.forceSearchAttributesCacheRefreshOnRead: [{value: true}]
# What the defaults leave out, and tests at once have more batches than they allow.
frontend.WorkflowPauseEnabled: [{value: true}]
frontend.MaxConcurrentBatchOperationPerNamespace: [{value: 100}]
frontend.enableBatchOperationsForStandaloneActivities: [{value: true}]
frontend.workflowRulesAPIsEnabled: [{value: true}]
frontend.ListWorkersEnabled: [{value: true}]
frontend.WorkerHeartbeatsEnabled: [{value: true}]
frontend.WorkerCommandsEnabled: [{value: true}]
system.enableCancelActivityWorkerCommand: [{value: true}]
history.enableChasm: [{value: true}]
history.enableSignalWithStartFromWorkflow: [{value: true}]
history.enableStandaloneActivityOperatorCommands: [{value: true}]
activity.enableStandalone: [{value: true}]
activity.enableCallbacks: [{value: true}]
history.enableUpdateCallbacks: [{value: true}]
nexusoperation.enableStandalone: [{value: true}]
# Otherwise calls to a new endpoint fail for a second.
system.forceNexusEndpointRefreshOnRead: [{value: true}]
matching.enableFairness: [{value: true}]
# A query invokes a worker when nobody has polled for this long, 5s unless given.
matching.workerControllerNoPollerHookWindow: [{value: 1s}]
END
}

stock_cli() { "$RONDO_TEMPORAL" "$@" --address "$RONDO_TEST_ADDRESS" >/dev/null 2>&1; }
# Each of the services learns of the namespace for itself.
stock_server_answers() {
  stock_cli operator namespace describe -n default || { stock_cli operator namespace create -n default && false; } || return
  stock_cli task-queue describe -t rondo-is-up && stock_cli worker deployment list && stock_cli workflow count
}

try_to_start_stock() {
  local ports deadline
  read -r -a ports <<<"$(free_ports 10)"
  export RONDO_TEST_ADDRESS=127.0.0.1:${ports[0]} RONDO_TEST_PROVIDER=127.0.0.1:${ports[9]}
  write_stock_config "${ports[@]:0:9}" >"$server_folder/config.yaml"
  write_stock_dynamic_config >"$server_folder/dynamic.yaml"
  local url=http://$RONDO_TEST_PROVIDER
  # What the server takes for the services of a cloud is whatever listens there; it needs credentials to sign its requests.
  AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true \
    AWS_ENDPOINT_URL_LAMBDA=$url AWS_ENDPOINT_URL_ECS=$url AWS_ENDPOINT_URL_STS=$url \
    AWS_ENDPOINT_URL_BEDROCK_AGENTCORE=$url AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL=$url \
    "$cache/bin/temporal-server" --config-file "$server_folder/config.yaml" --allow-no-auth start >"$server_log" 2>&1 &
  server=$!
  deadline=$((SECONDS + 120))
  while [ $SECONDS -lt $deadline ]; do
    kill -0 "$server" 2>/dev/null || return 1
    stock_server_answers && return 0
    sleep 0.1
  done
  kill "$server"
  return 1
}

# Starts the server, waits until it has its namespace, and sets RONDO_TEST_ADDRESS, where it listens, and
# RONDO_TEST_PROVIDER, where it looks for the services of clouds: a test that listens there is Lambda, AgentCore, ...
start_stock_server() {
  try_to_start_stock || try_to_start_stock || { cat "$server_log" >&2; die "the stock server does not start"; }
}
