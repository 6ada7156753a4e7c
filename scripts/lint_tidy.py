#!/usr/bin/env python3
"""Checks names and common bugs with clang-tidy, by the flags of a clang build: lint_tidy.py BUILD_DIR"""

import json
import os
import pathlib
import subprocess
import sys

from clean_results import PROJECT, CleanResults, version_of

TOOL = "clang-tidy-16"
# What decides what is found, beside the sources.
RULES = (PROJECT / ".clang-tidy", pathlib.Path(__file__))
# Workers of all kinds, a client and a service reach all headers that users do.
SOURCES = ("examples/order/order_worker.cpp", "examples/order/starter.cpp", "examples/lambda/worker.cpp",
           "examples/async_http_jobs/worker.cpp", "examples/async_http_jobs/http_api.cpp")


def faults_in(source, build):
    """What clang-tidy says of a source, and of why it ended otherwise than well; empty when all is well."""
    done = subprocess.run([TOOL, "-p", str(build), f"--config-file={PROJECT / '.clang-tidy'}", "--quiet",
                           "--extra-arg=-Wno-unknown-warning-option", str(PROJECT / source)],
                          capture_output=True, text=True, check=False)
    return done.stdout + (done.stderr or f"{TOOL} fails\n" if done.returncode else "")


def main(build):
    clean = CleanResults(version_of(TOOL), *(file.read_text(encoding="utf-8") for file in RULES))
    entries = {os.path.relpath(each["file"], PROJECT): each
               for each in json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))}
    missing = [source for source in SOURCES if source not in entries]
    if missing:
        print(f"lint_tidy: {build} does not compile {', '.join(missing)}", file=sys.stderr)
        return 1
    faults = clean.look_through(build, {source: entries[source] for source in SOURCES},
                                lambda source: faults_in(source, build))
    for text in filter(None, faults):
        print(text)
    return 1 if any(faults) else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
