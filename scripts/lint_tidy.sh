#!/usr/bin/env bash
# Checks names and common bugs with clang-tidy, by the flags of a clang build: lint_tidy.sh BUILD_DIR
# A few sources reach all headers: those that only include one, made by the build, and the examples.
set -euo pipefail
source "$(dirname "$0")/common.sh"
build=$(cd "$1" && pwd)
cd "$project"

sources=()
for header in workflow activity client worker; do
  [ ! -f "include/rondo/$header.hpp" ] || sources+=("$build/rondo_verify_interface_header_sets/rondo/$header.hpp.cxx")
done
mapfile -t -O ${#sources[@]} sources < <(git ls-files 'examples/*.cpp')
[ ${#sources[@]} -gt 0 ] || die "no sources"

printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" \
  clang-tidy-16 -p "$build" --config-file=.clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option
