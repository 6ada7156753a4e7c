#!/usr/bin/env python3
"""Finds what workflow code must not do, since it has another outcome when the workflow is replayed.

    lint_workflows.py BUILD_DIR [PROJECT_DIR]   look through the sources of a project, by default the one in the current
                                                folder, that the clang build in BUILD_DIR compiles (CMake,
                                                -DCMAKE_EXPORT_COMPILE_COMMANDS=ON)
    lint_workflows.py --self-test               show that the matchers find what they should in test/lint/workflows.cpp

An installed Rondo has it in share/rondo/. Workflow code is what returns rondo::task, and all functions of a class whose
run() does; also the lambdas in them, but for those of side effects. What it calls of the project's own functions is
looked through too, when the same source defines it, and what those call; the calls on the way are told. A line is left
alone when it, or a comment of its own above it, says so, and why; at a call that counts for what is called:

    // lint: ignore clock - measures how long this takes, for the log alone

Needs clang-query 16, or another that CLANG_QUERY names. Exits with 1 when something was found.
"""

import collections
import functools
import pathlib
import re
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

IGNORED = re.compile(r"//\s*lint: ignore ([a-z, -]+?) - \S")
THROUGH = " through "


class WorkflowLint(Lint):
    """Matches of workflow code are as they are. Others count when calls lead to them from workflow code; their names
    tell the way: "clock through total, price_of"."""

    def __init__(self, *how):
        super().__init__(*how)
        self.rules.append(pathlib.Path(__file__))
        # The calls that lead to a match, for people.
        self.ways = {}

    def matches(self, source, *flags):
        found, elsewhere, calls, bodies = set(), [], [], collections.defaultdict(set)
        for match in self.bound(source, *flags):
            if "definition" in match:
                bodies[name_of(match["definition"]), match.get("class")].add(match["definition"])
            elif "call" in match:
                calls.append(match)
            else:
                function = match.pop("function", None)
                elsewhere.extend((name, at, function) for name, at in match.items() if self.has(at[0]))
        for name in {name for name, _, _ in elsewhere}:
            ways = ways_to_functions(name, calls, bodies)
            for _, at, function in (each for each in elsewhere if each[0] == name):
                if function in ways and not is_ignored(name, at):
                    found.add(self.told(name, at, ways[function]))
        return found

    def told(self, name, at, way):
        """What is said of a match. `way`: the calls from workflow code to its function."""
        functions = ", ".join(function for function, _ in way)
        match = at[0].relative_to(self.project), at[1], name + (THROUGH + functions if way else "")
        lines = (f"{self.within(call[0])}:{call[1]} calls {function}()" for function, call in way)
        self.ways[match] = ", ".join(lines)
        return match

    def within(self, path):
        return path.relative_to(self.project) if path.is_relative_to(self.project) else path

    def explain(self, *match):
        name = match[2].partition(THROUGH)[0]
        way = self.ways.get(match)
        return f"{name}: {ADVICE[name]}" + (f" (workflow code runs this: {way})" if way else "")


def ways_to_functions(name, calls, bodies):
    """The functions that workflow code runs, each with the calls that lead to it, as few as there can be. None is workflow
    code itself, to which no call leads. Calls in lines that are left alone count for nothing."""
    called = collections.defaultdict(list)
    for call in calls:
        if not is_ignored(name, call["call"]):
            called[call.get("function")].append(call)
    ways, later = {None: []}, collections.deque([None])
    while later:
        caller = later.popleft()
        for call in called[caller]:
            declared = call.get("declared")
            known_as = name_of(declared or call["defined"])
            # One that is only declared where it is called may be defined further down; overloads cannot be told apart.
            for body in sorted(bodies[known_as, call.get("class")]) if declared else [call["defined"]]:
                if body not in ways:
                    ways[body] = [*ways[caller], (known_as, call["call"])]
                    later.append(body)
    return ways


@functools.cache
def lines_of(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def is_ignored(name, at):
    path, line, _ = at
    lines = lines_of(path)
    above = lines[line - 2] if line > 1 else ""
    notes = [lines[line - 1], above if above.lstrip().startswith("//") else ""]
    return any(name in re.split(r"[\s,]+", note[1]) for note in map(IGNORED.search, notes) if note)


@functools.cache
def name_of(at):
    """The name of the function that begins at a place: what stands before its first parenthesis, outside of templates'
    arguments."""
    path, line, column = at
    text = "\n".join([lines_of(path)[line - 1][column - 1:], *lines_of(path)[line:line + 20]])
    depth = 0
    for place, character in enumerate(text):
        depth += {"<": 1, ">": -1}.get(character, 0)
        word = re.search(r"(~?\w+|operator\s*\W+)\s*$", text[:place]) if character == "(" and depth <= 0 else None
        if word and word[1] not in ("decltype", "noexcept", "alignas", "explicit", "requires"):
            return word[1].strip()
    return "?"


def holds_workflows(source):
    files = [source, *source.parent.glob("*.hpp"), *source.parent.glob("*.h")]
    return any("rondo" in file.read_text(encoding="utf-8", errors="replace") for file in files)


def lint(build, project):
    of_project = WorkflowLint("workflows.query", "workflows.cpp", project)
    sources = of_project.sources(build, holds_workflows)
    return of_project.report(build, sources, of_project.explain)


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        if sys.argv[1] == "--self-test":
            return WorkflowLint("workflows.query", "workflows.cpp").self_test("-I", str(PROJECT / "include"))
        return lint(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else ".").resolve())
    except LintError as error:
        print(f"lint_workflows: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
