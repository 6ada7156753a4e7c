#!/usr/bin/env python3
"""Finds what workflow code must not do, since it has another outcome when the workflow is replayed.

    lint_workflows.py BUILD_DIR [PROJECT_DIR]   look through the sources of a project, by default the one in the current
                                                folder, that the clang build in BUILD_DIR compiles (CMake,
                                                -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
    lint_workflows.py --self-test               show that the matchers find what they should in test/lint/workflows.cpp

An installed Rondo has it in share/rondo/. Workflow code is what returns rondo::task, and all functions of a class whose
run() does; also the lambdas in them. Needs clang-query 16, or another that CLANG_QUERY names. Exits with 1 when
something was found.
"""

import pathlib
import sys

from query_lint import PROJECT, Lint, LintError

ADVICE = {
    "clock": "the time of this machine: use workflow::now(), and timers of workflow::sleep()",
    "random": "random numbers that a replay does not repeat: use workflow::random() or workflow::uuid4()",
    "thread": "threads and waiting stop the worker: use coroutines, workflow::sleep() and activities",
    "outside": "files, processes and the environment differ where the workflow is replayed: use an activity",
    "static": "what outlives the call is shared between workflows and not replayed: use members of the workflow",
    "global": "a variable of the program is shared between workflows and not replayed: use members of the workflow",
    "unordered": "the order of this container differs between programs: use std::map or a sorted std::vector",
    "pointer-order": "pointers have another order at every replay: order by what they point to",
}


def holds_workflows(source):
    files = [source, *source.parent.glob("*.hpp"), *source.parent.glob("*.h")]
    return any("rondo" in file.read_text(encoding="utf-8", errors="replace") for file in files)


def lint(build, project):
    of_project = Lint("workflows.query", "workflows.cpp", project)
    sources = of_project.sources(build, holds_workflows)
    return of_project.report(build, sources, lambda name: f"{name}: {ADVICE[name]}")


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if sys.argv[1] == "--self-test":
            return Lint("workflows.query", "workflows.cpp").self_test("-I", str(PROJECT / "include"))
        return lint(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else ".").resolve())
    except LintError as error:
        print(f"lint_workflows: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
