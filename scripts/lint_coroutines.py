#!/usr/bin/env python3
"""Finds coroutine code that gcc 12 miscompiles, with clang-query and the matchers of coroutines.query.

    lint_coroutines.py BUILD_DIR     look through the sources that the clang build in BUILD_DIR compiles
    lint_coroutines.py --self-test   show that the matchers find what they should in test/lint/coroutines.cpp
"""

import pathlib
import sys

from query_lint import Lint, LintError, members_of

LINT = Lint("coroutines.query", "coroutines.cpp", folders=("examples", "test", "bench", "include"))


def awaits(source):
    """Whether a source, or a header of ours beside it, holds coroutines."""
    files = [source, *source.parent.glob("*.hpp")] if "examples" in source.parts else members_of(source)
    return any("co_await" in file.read_text(encoding="utf-8") for file in files)


def lint(build):
    return LINT.report(build, LINT.sources(build, awaits), lambda path, line, name: f"gcc 12 miscompiles this: {name}")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return LINT.self_test() if sys.argv[1] == "--self-test" else lint(pathlib.Path(sys.argv[1]))
    except LintError as error:
        print(f"lint_coroutines: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
