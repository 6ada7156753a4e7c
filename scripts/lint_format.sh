#!/usr/bin/env bash
# Checks the layout of all C++ sources; with --fix, mends it.
set -euo pipefail
source "$(dirname "$0")/common.sh"
cd "$project"

how=(--dry-run --Werror)
[ "${1:-}" != --fix ] || how=(-i)
git ls-files -z '*.hpp' '*.cpp' | xargs -0 -r clang-format-16 "${how[@]}"
