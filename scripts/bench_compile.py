#!/usr/bin/env python3
"""Compares the cost of compiling a workflow file with that of the standard headers it includes.

    bench_compile.py [COMPILER...] [--turns N]

Both files are compiled in turns; the last line of each compiler is the ratio of the median CPU times. What Rondo's
authoring headers include beyond the standard library is an error.
"""

import argparse
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent.parent
HEADERS = ("rondo/workflow.hpp", "rondo/activity.hpp")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def closure(header, seen, system):
    """Collects Rondo's own headers below `header`, and the others that they include."""
    if header in seen:
        return
    seen.add(header)
    for kind, name in INCLUDE.findall((PROJECT / "include" / header).read_text(encoding="utf-8")):
        if kind == '"':
            closure(name, seen, system)
        else:
            system.add(name)


def cpu_seconds(command):
    before = os.times()
    subprocess.run(command, check=True)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("compilers", nargs="*", default=["g++", "clang++-16"])
    arguments.add_argument("--turns", type=int, default=9)
    options = arguments.parse_args()

    own, system = set(), set()
    for header in HEADERS:
        closure(header, own, system)
    foreign = sorted(name for name in system if "." in name or "/" in name)
    if foreign:
        sys.exit(f"workflow files reach headers that are not standard ones: {', '.join(foreign)}")

    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = pathlib.Path(folder, "workflow.cpp"), pathlib.Path(folder, "standard.cpp")
        ours.write_text("".join(f'#include "{name}"\n' for name in HEADERS), encoding="utf-8")
        theirs.write_text("".join(f"#include <{name}>\n" for name in sorted(system)), encoding="utf-8")
        print(f"headers_of_rondo={len(own)}\nstandard_headers={len(system)}")
        for compiler in options.compilers:
            command = [compiler, "-std=c++20", "-O2", f"-I{PROJECT / 'include'}", "-c", "-o", os.devnull]
            times = {ours: [], theirs: []}
            for _ in range(options.turns):
                for source in times:
                    times[source].append(cpu_seconds([*command, str(source)]))
            median = {source: statistics.median(values) for source, values in times.items()}
            print(f"{compiler}: workflow={median[ours]:.2f}s standard={median[theirs]:.2f}s ratio={median[ours] / median[theirs]:.2f}")


if __name__ == "__main__":
    main()
