#!/usr/bin/env python3
"""Finds coroutine code that gcc 12 miscompiles, with clang-query and the matchers of coroutines.query.

    lint_coroutines.py BUILD_DIR     look through the sources that the clang build in BUILD_DIR compiles
    lint_coroutines.py --self-test   show that the matchers find what they should in test/lint/coroutines.cpp
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
SAMPLE = PROJECT / "test/lint/coroutines.cpp"
TOOL = [os.environ.get("CLANG_QUERY", "clang-query-16"), "-f", str(PROJECT / "scripts/coroutines.query")]
MATCH = re.compile(r'^(/[^:]+):(\d+):\d+: note: "([a-z-]+)" binds here', re.MULTILINE)
FOLDERS = ("examples", "test", "bench", "include")


class LintError(Exception):
    """A file that cannot be looked through."""


def matches(source, *flags):
    """(file, line, name) of every match in the project's own files."""
    done = subprocess.run([*TOOL, str(source), *flags], capture_output=True, text=True, check=False)
    if done.returncode or re.search(r"^.*\berror: ", done.stdout + done.stderr, re.MULTILINE):
        raise LintError(f"{source}: clang-query fails:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    found = set()
    for path, line, name in MATCH.findall(done.stdout):
        path = pathlib.Path(os.path.normpath(path))
        if name != "function" and path.is_relative_to(PROJECT) and path.relative_to(PROJECT).parts[0] in FOLDERS:
            found.add((path.relative_to(PROJECT), int(line), name))
    return found


def members_of(source):
    """The tests of a batch that are compiled at once, see cmake/batches.cmake; any other source is its own."""
    if source.parent.name != "batches" or not source.name.startswith("test_"):
        return [source]
    included = re.findall(r'^#include "([^"]+)"', source.read_text(encoding="utf-8"), re.MULTILINE)
    return [PROJECT / "test" / path for path in included]


def awaits(source):
    """Whether a source, or a header of ours beside it, holds coroutines."""
    files = [source, *source.parent.glob("*.hpp")] if "examples" in source.parts else members_of(source)
    return any("co_await" in file.read_text(encoding="utf-8") for file in files)


def is_ours(source):
    return all(
        member.is_relative_to(PROJECT) and member.relative_to(PROJECT).parts[0] in FOLDERS
        for member in members_of(source)
    )


def sources_of(build):
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    files = {pathlib.Path(entry["directory"], entry["file"]).resolve() for entry in commands}
    return sorted(f for f in files if f.exists() and is_ours(f) and awaits(f))


def self_test():
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    marks = ((number, line.partition("// lint: ")[2]) for number, line in enumerate(lines, 1))
    expected = {(SAMPLE.relative_to(PROJECT), number, name.strip()) for number, name in marks if name}
    found = matches(SAMPLE, "--", "-std=c++20")
    for path, line, name in sorted(expected ^ found):
        print(f"{path}:{line}: {name} is {'not found' if (path, line, name) in expected else 'found, but not marked'}")
    print(f"{len(expected & found)} of {len(expected)} marked lines found")
    return 0 if expected and expected == found else 1


def lint(build):
    sources = sources_of(build)
    if not sources:
        raise LintError(f"{build}: no sources with coroutines")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = set().union(*pool.map(lambda source: matches(source, "-p", str(build)), sources))
    for path, line, name in sorted(found):
        print(f"{path}:{line}: gcc 12 miscompiles this: {name}")
    print(f"{len(sources)} sources, {len(found)} matches")
    return 1 if found else 0


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return self_test() if sys.argv[1] == "--self-test" else lint(pathlib.Path(sys.argv[1]))
    except LintError as error:
        print(f"lint_coroutines: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
