"""What the lints that use clang-query share: looking through sources, and the check of a lint by a sample of its own.

A query file names its matches; the sample says in comments (`// lint: NAME`) which lines must be found.
"""

import json
import os
import pathlib
import re
import subprocess

from clean_results import CleanResults, version_of

# These files lie together in scripts/, and in share/rondo/ of an installed Rondo, where there is no sample.
HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent
BOUND = re.compile(r'^([^\s:][^:\n]*):(\d+):(\d+): note: "([a-z-]+)" binds here', re.MULTILINE)


class LintError(Exception):
    """A file that cannot be looked through."""


class Lint:
    """One query file over the sources of `project` that lie in `folders`; all of the project when there are none."""

    def __init__(self, query, sample, project=PROJECT, folders=()):
        self.tool = [os.environ.get("CLANG_QUERY", "clang-query-16"), "-f", str(HERE / query)]
        self.sample = PROJECT / "test/lint" / sample
        # What decides what is found, beside the sources.
        self.rules = [HERE / query, pathlib.Path(__file__)]
        self.project = project
        self.folders = folders
        # Where the compiler of each source starts: a command with relative paths has matches with relative ones.
        self.directories = {}
        # For each source all that a build says of it.
        self.entries = {}

    def has(self, path):
        if not path.is_relative_to(self.project):
            return False
        return not self.folders or path.relative_to(self.project).parts[0] in self.folders

    def matches(self, source, *flags):
        """(file, line, name) of every match in the project's own files."""
        bound = (each for match in self.bound(source, *flags) for each in match.items())
        return {(path.relative_to(self.project), line, name) for name, (path, line, _) in bound
                if name != "function" and self.has(path)}

    def bound(self, source, *flags):
        """For every match what each of its names stands for: (path, line, column)."""
        done = subprocess.run([*self.tool, str(source), *flags], capture_output=True, text=True, check=False)
        if done.returncode or re.search(r"^.*\berror: ", done.stdout + done.stderr, re.MULTILINE):
            raise LintError(f"{source}: clang-query fails:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        directory = self.directories.get(source, pathlib.Path())
        for match in re.split(r"^Match #\d+:$", done.stdout, flags=re.MULTILINE)[1:]:
            yield {name: (pathlib.Path(os.path.normpath(directory / path)), int(line), int(column))
                   for path, line, column, name in BOUND.findall(match)}

    def sources(self, build, wanted):
        """What the build in a folder compiles, of the project's own files, and `wanted` says yes to."""
        try:
            commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise LintError(f"{build}: no readable compile_commands.json ({error}): configure it with CMake and "
                            "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON") from error
        for entry in commands:
            directory = pathlib.Path(build, entry["directory"]).resolve()
            source = (directory / entry["file"]).resolve()
            self.directories[source], self.entries[source] = directory, entry
        files = (file for file in self.directories if file.exists())
        return sorted(f for f in files if all(self.has(m) for m in members_of(f)) and wanted(f))

    def look_through(self, sources, build):
        rules = (rule.read_text(encoding="utf-8") for rule in self.rules)
        clean = CleanResults(version_of(self.tool[0]), *rules, self.project, *self.folders)
        found = clean.look_through(build, {source: self.entries[source] for source in sources},
                                   lambda source: self.matches(source, "-p", str(build)))
        return sorted(set().union(*filter(None, found)))

    def report(self, build, sources, explain):
        """Prints a line for every match, with what `explain` makes of it; 1 when there are any."""
        if not sources:
            raise LintError(f"{build}: compiles nothing of {self.project} that is to be looked through")
        found = self.look_through(sources, build)
        for match in found:
            print(f"{match[0]}:{match[1]}: {explain(*match)}")
        print(f"{len(sources)} sources, {len(found)} matches")
        return 1 if found else 0

    def self_test(self, *flags):
        """Looks through the sample; 0 when exactly the marked lines are found."""
        if not self.sample.exists():
            raise LintError(f"{self.sample}: not found; the self-test runs in the sources of Rondo only")
        lines = self.sample.read_text(encoding="utf-8").splitlines()
        marks = ((number, line.partition("// lint: ")[2]) for number, line in enumerate(lines, 1))
        expected = {(self.sample.relative_to(PROJECT), number, name.strip()) for number, name in marks
                    if name and not name.startswith("ignore ")}
        found = type(self)(self.rules[0].name, self.sample.name).matches(self.sample, "--", "-std=c++20", *flags)
        for path, line, name in sorted(expected ^ found):
            told = "not found" if (path, line, name) in expected else "found, but not marked"
            print(f"{path}:{line}: {name} is {told}")
        print(f"{len(expected & found)} of {len(expected)} marked lines found")
        return 0 if expected and expected == found else 1


def members_of(source):
    """The tests of a batch that are compiled at once, see cmake/batches.cmake; any other source is its own."""
    if source.parent.name != "batches" or not source.name.startswith("test_"):
        return [source]
    included = re.findall(r'^#include "([^"]+)"', source.read_text(encoding="utf-8"), re.MULTILINE)
    return [PROJECT / "test" / path for path in included]
