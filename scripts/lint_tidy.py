#!/usr/bin/env python3
"""Checks names and common bugs with clang-tidy, by the flags of a clang build: lint_tidy.py BUILD_DIR"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

from clean_results import PROJECT, CleanResults, files_of, files_read, version_of

TOOL = "clang-tidy-16"
# Workers of all kinds, a client and a service reach all headers that users do.
SOURCES = ("examples/order/order_worker.cpp", "examples/order/starter.cpp", "examples/lambda/worker.cpp",
           "examples/async_http_jobs/worker.cpp", "examples/async_http_jobs/http_api.cpp")


def main(build):
    clean = CleanResults(version_of(TOOL), (PROJECT / ".clang-tidy").read_text(encoding="utf-8"))
    built = files_read(build) if clean.folder else {}
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        entries[os.path.relpath(entry["file"], PROJECT)] = entry

    def is_well(source):
        if source not in entries:
            print(f"lint_tidy: {build} does not compile {source}", file=sys.stderr)
            return False
        how = entries[source]["command"]
        if clean.known(source, how):
            return True
        done = subprocess.run([TOOL, "-p", str(build), f"--config-file={PROJECT / '.clang-tidy'}", "--quiet",
                               "--extra-arg=-Wno-unknown-warning-option", str(PROJECT / source)],
                              capture_output=True, text=True, check=False)
        print(done.stdout, end="")
        if done.returncode:
            print(done.stderr, file=sys.stderr, end="")
            return False
        if not done.stdout and clean.folder:
            clean.remember(files_of(entries[source], built), source, how)
        return True

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return 0 if all(list(pool.map(is_well, SOURCES))) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
