#!/usr/bin/env python3
"""Compares the benchmarks of two revisions: builds both, runs them in turns, prints the ratios of their CPU time.

    bench_compare.py REVISION               this tree against REVISION, as release builds
    bench_compare.py REVISION --layouts 20  more layouts of each program
    bench_compare.py REVISION --turns 9     more turns of each layout
    bench_compare.py REVISION --most 1.05   exit 1 when a benchmark takes more than that times its former CPU time

Where the linker happens to put functions makes the same code several percent quicker or slower. So each program is linked
several times with its functions in random orders; what counts is the quickest turn of each layout, and of the layouts the
median. Benchmarks that only one of the two has are named and not compared. Those of other
people's code show how far the machine itself varies; they do not count as the worst.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ("_asio", "_nlohmann")
PROGRAMS = ("coroutine_bench", "engine_bench", "payload_bench", "worker_bench")


def run(*command, where=PROJECT, **how):
    return subprocess.run(command, cwd=where, check=True, **how)


def functions_in(files):
    """The sections of functions in object files and archives, sorted."""
    listed = run("readelf", "--section-headers", "--wide", *files, stdout=subprocess.PIPE, text=True).stdout
    return sorted(set(re.findall(r"\s(\.text\.\S+)", listed)))


def build_layouts(where, layouts):
    """Builds the programs of a tree; returns the folder with a folder for each layout. They are linked by gold, which
    takes an order of functions."""
    build = where / "build" / "compare"
    order = build / "order"
    build.mkdir(parents=True, exist_ok=True)
    order.touch()
    run("cmake", "--preset", "release", "-B", build, "-DCMAKE_CXX_FLAGS=-ffunction-sections",
        f"-DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=gold -Wl,--section-ordering-file={order}", where=where,
        stdout=subprocess.DEVNULL)
    make = ["cmake", "--build", build, "--target", *(f"bench/{each}" for each in PROGRAMS)]
    run(*make)
    functions = functions_in([*build.glob("bench/CMakeFiles/*.dir/*.o"), *build.glob("**/*.a")])
    shutil.rmtree(build / "layouts", ignore_errors=True)
    for layout in range(layouts):
        random.Random(layout).shuffle(functions)
        order.write_text("\n".join(functions) + "\n")
        for each in PROGRAMS:
            (build / "bench" / each).unlink(missing_ok=True)
        run(*make, stdout=subprocess.DEVNULL)
        folder = build / "layouts" / str(layout)
        folder.mkdir(parents=True)
        for each in PROGRAMS:
            if (build / "bench" / each).exists():
                shutil.copy2(build / "bench" / each, folder)
    return build / "layouts"


def measure(program, where):
    """CPU time in nanoseconds of each benchmark of a program, which finds its data in the tree `where`."""
    units = {"ns": 1, "us": 1e3, "ms": 1e6}
    made = run(program, "--benchmark_format=json", "--benchmark_min_time=0.2", stdout=subprocess.PIPE,
               stderr=subprocess.DEVNULL, where=where)
    return {each["name"]: each["cpu_time"] * units[each["time_unit"]] for each in json.loads(made.stdout)["benchmarks"]}


class times:
    """Of one tree: the quickest time of each benchmark in each layout."""

    def __init__(self):
        self.of = collections.defaultdict(dict)

    def add(self, layout, measured):
        for name, time in measured.items():
            self.of[name][layout] = min(time, self.of[name].get(layout, time))

    def median(self, name):
        return statistics.median(self.of[name].values())


def print_table(before, after):
    """Returns the worst ratio."""
    worst = 0.0
    print(f"{'benchmark':<28}{'before, ns':>14}{'now, ns':>14}{'ratio':>8}   now, by layout")
    for name in sorted(before.of.keys() & after.of.keys()):
        ratio = after.median(name) / before.median(name)
        if not name.split("/")[0].endswith(PEERS):
            worst = max(worst, ratio)
        each = after.of[name].values()
        print(f"{name:<28}{before.median(name):>14.0f}{after.median(name):>14.0f}{ratio:>8.2f}"
              f"   {min(each):.0f} to {max(each):.0f}")
    for name in sorted(before.of.keys() ^ after.of.keys()):
        print(f"{name:<28}only {'before' if name in before.of else 'now'}")
    print(f"worst={worst:.2f}")
    return worst


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("revision")
    arguments.add_argument("--layouts", type=int, default=8)
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--most", type=float, default=None)
    chosen = arguments.parse_args()

    former = PROJECT / "build" / "former"
    if former.exists():
        run("git", "worktree", "remove", "--force", str(former))
    run("git", "worktree", "add", "--detach", "--quiet", str(former), chosen.revision)
    try:
        sides = [(times(), build_layouts(tree, chosen.layouts), tree) for tree in (former, PROJECT)]
        for turn in range(chosen.turns):
            for layout in range(chosen.layouts):
                for program in PROGRAMS:
                    for kept, layouts, tree in sides if (turn + layout) % 2 == 0 else reversed(sides):
                        if (layouts / str(layout) / program).exists():
                            kept.add(layout, measure(layouts / str(layout) / program, tree))
    finally:
        run("git", "worktree", "remove", "--force", str(former))
        shutil.rmtree(former, ignore_errors=True)
    worst = print_table(sides[0][0], sides[1][0])
    return 1 if chosen.most is not None and worst > chosen.most else 0


if __name__ == "__main__":
    sys.exit(main())
