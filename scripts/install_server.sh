#!/usr/bin/env bash
# Builds the stock Temporal server once and keeps it in the user's cache folder, as bin/temporal-server. It is what
# people run themselves: unlike the development server of install_temporal.sh it can start serverless workers.
#   JOBS=N   so many packages at once
set -euo pipefail
source "$(dirname "$0")/common.sh"

version=v1.32.0
stamp=$cache/bin/temporal-server.version
[ -x "$cache/bin/temporal-server" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$version" ] && exit 0

go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"
say "Building the Temporal server $version (some minutes, once)"
mkdir -p "$cache/bin"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# As it is released: the tag leaves out the providers that are for experiments, and the Kubernetes client with them.
GOBIN=$folder "$go" install ${JOBS:+-p "$JOBS"} -tags release "go.temporal.io/server/cmd/server@$version"
mv "$folder/server" "$cache/bin/temporal-server"
printf '%s\n' "$version" > "$stamp"
