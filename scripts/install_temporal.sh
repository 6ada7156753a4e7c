#!/usr/bin/env bash
# Builds the Temporal development server once and keeps it in the user's cache folder, as bin/temporal.
set -euo pipefail
source "$(dirname "$0")/common.sh"

version=v1.5.1
stamp=$cache/bin/temporal.version
[ -x "$cache/bin/temporal" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$version" ] && exit 0

go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"
say "Building the Temporal development server $version (some minutes, once)"
mkdir -p "$cache/bin"
GOBIN=$cache/bin "$go" install "github.com/temporalio/cli/cmd/temporal@$version"
printf '%s\n' "$version" > "$stamp"
