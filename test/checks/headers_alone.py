#!/usr/bin/env python3
"""Checks that every header compiles alone: it includes what it uses.

    headers_alone.py BUILD_DIR [COMPILER]     a build whose wire protocol is generated; clang++-16 without a compiler

Nearly all of the time goes into what the headers include, so that is precompiled in some combinations. A header is read after
one of them only when it includes all that is in it anyway: by itself, or through headers that are checked alone too. So
nothing is there that the header would not have had.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
ROOT = PROJECT / "include"
sys.path.insert(0, str(PROJECT / "scripts"))

from clean_results import CleanResults, files_in_rule, version_of  # noqa: E402

# Compiled bodies are headers of their own here. With them left in, a header would lean on what its body includes.
FLAGS = ["-std=c++20", "-DASIO_STANDALONE", "-DASIO_HAS_CO_AWAIT=1", "-DRONDO_COMPILED", "-DRONDO_SERVER_COMPILED",
         "-pthread", f"-I{ROOT}"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
# Compiled with the server, and not each alone; or in need of the messages of Temporal Cloud.
ELSEWHERE = re.compile(r"/server/(impl/|bodies\.hpp)|/testing/|/client/cloud|/cloud_rpcs")
# clang 16 refuses these calls once it has std::source_location from a precompiled header. (It crashes on precompiled headers
# that build on others, so each is whole.)
CALL = re.compile("__builtin_source_location|source_location::current")
# About how long it takes to read a header, in seconds. Wrong figures make the check slower, not weaker.
SECONDS = ((re.compile(r"^grpcpp/"), 1.5), (re.compile(r"request_response\.pb\.h$"), 1.5), (re.compile(r"^nlohmann/"), 1),
           (re.compile(r"^rondo/"), 0.1), (re.compile(r"/"), 0.1), (re.compile(""), 0.03))

DIRECTIVE = re.compile(r'^[ \t]*#[ \t]*(if|ifdef|ifndef|endif|include)\b[ \t]*(?:[<"]([^>"]+)[>"])?', re.MULTILINE)


def includes_in(text):
    """What a header includes whatever the macros say."""
    depth = 0
    for directive, path in DIRECTIVE.findall(text):
        if directive == "include" and depth == 0 and path:
            yield path
        elif directive == "endif":
            depth -= 1
        elif directive != "include":
            depth += 1


def all_includes(headers):
    """For each of headers, a dict from path to text, all that it certainly includes, the headers of others too."""
    direct = {path: list(includes_in(text)) for path, text in headers.items()}

    def visit(path, seen):
        for included in direct.get(path, ()):
            # Bodies come after the header that they belong to, which therefore cannot rely on what they include.
            if included not in seen and ("/impl/" in path or "/impl/" not in included):
                seen.add(included)
                visit(included, seen)
        return seen

    return {path: frozenset(visit(path, set()) - {path}) for path in headers}


def combinations_for(includes, callers):
    """For each path of includes a set of headers to precompile, a part of what it includes; the empty set for none. Callers
    are the headers that ask for their own place."""
    def fits(names, path):
        return names <= includes[path] and ("source_location" not in names or callers & (includes[path] | {path}) <= names)

    def seconds(names):
        return sum(next(cost for pattern, cost in SECONDS if pattern.search(name)) for name in names)

    candidates = {includes[path] | {path} for path in includes if "/impl/" not in path} | set(includes.values())
    users = {names: [path for path in includes if fits(names, path)] for names in candidates}
    costs = {names: seconds(names) for names in candidates}
    chosen, saved = dict.fromkeys(includes, frozenset()), dict.fromkeys(includes, 0)

    def gain(names):
        return sum(max(0, costs[names] - saved[path]) for path in users[names]) - costs[names]

    while True:
        best = max(sorted(candidates, key=sorted), key=gain)
        if gain(best) <= 0:
            return chosen
        for path in users[best]:
            if costs[best] > saved[path]:
                chosen[path], saved[path] = best, costs[best]


def main(build, program="clang++-16"):
    compiler = [program, *FLAGS, "-isystem", str(pathlib.Path(build).resolve() / "generated")]
    clean = CleanResults(version_of(program), pathlib.Path(__file__).read_text(encoding="utf-8"), *compiler, *WARNINGS)
    headers = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.rglob("*.hpp")}
    includes = {path: names for path, names in all_includes(headers).items() if not ELSEWHERE.search("/" + path)}
    changed = {path: names for path, names in includes.items() if not clean.known(path)}
    chosen = combinations_for(changed, {path for path, text in headers.items() if CALL.search(text)}) if changed else {}
    combinations = sorted(set(chosen.values()) - {frozenset()}, key=lambda names: (-len(names), sorted(names)))
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        def precompile(names):
            source = pathlib.Path(name) / f"combination_{combinations.index(names)}.hpp"
            source.write_text("".join(f"#include <{included}>\n" for included in sorted(names)), encoding="utf-8")
            command = [*compiler, "-fpch-instantiate-templates", "-x", "c++-header", str(source), "-o", f"{source}.pch"]
            # What is wrong in it is told of the header that it is wrong in.
            failed = subprocess.run(command, capture_output=True, check=False).returncode != 0
            return [] if failed else ["-include-pch", f"{source}.pch"]

        flags = dict(zip(combinations, pool.map(precompile, combinations)))

        def check(path):
            rule = pathlib.Path(name) / (path.replace("/", ".") + ".d")
            command = [*compiler, *WARNINGS, *flags.get(chosen[path], []), "-fsyntax-only", "-MD", "-MF", str(rule),
                       "-x", "c++", "-"]
            text = f"#include <{path}>\n#include <{path}>\n"
            result = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
            if result.returncode == 0:
                clean.remember([file for file in files_in_rule(rule.read_text(encoding="utf-8"))
                                if not file.startswith(name)], path)
            return path, result

        faults = 0
        for path, result in pool.map(check, sorted(chosen, key=lambda path: (len(chosen[path]), path))):
            if result.returncode != 0:
                faults += 1
                print(f"{path} does not compile alone:\n{result.stderr}", file=sys.stderr)
    print(f"{len(includes)} headers, {len(changed)} of them changed, {len(combinations)} combinations precompiled, "
          f"{faults} that do not compile alone")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
