#!/usr/bin/env python3
"""Compares the benchmarks of two revisions: builds both, runs them in turns, prints the ratios of their CPU time.

    bench_compare.py REVISION             this tree against REVISION, with the release preset
    bench_compare.py REVISION --turns 9   more turns; what counts is the quickest of each benchmark
    bench_compare.py REVISION --most 1.05 exit 1 when a benchmark takes more than that times its former CPU time

Benchmarks that only one of the two has are named and not compared. Those of other people's code show how far the machine
itself varies; they do not count as the worst.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ("_asio", "_nlohmann")
PROGRAMS = ("coroutine_bench", "engine_bench", "payload_bench", "worker_bench")


def run(*command, where=PROJECT, **how):
    return subprocess.run(command, cwd=where, check=True, **how)


def build(where):
    run("cmake", "--preset", "release", where=where, stdout=subprocess.DEVNULL)
    targets = [f"bench/{each}" for each in PROGRAMS]
    run("cmake", "--build", "--preset", "release", "--target", *targets, where=where)
    return where / "build" / "release" / "bench"


def measure(program):
    """CPU time in nanoseconds of each benchmark of a program."""
    units = {"ns": 1, "us": 1e3, "ms": 1e6}
    made = run(program, "--benchmark_format=json", "--benchmark_min_time=0.2", stdout=subprocess.PIPE,
               stderr=subprocess.DEVNULL, where=program.parents[3])  # its project, where its data lies
    return {each["name"]: each["cpu_time"] * units[each["time_unit"]] for each in json.loads(made.stdout)["benchmarks"]}


def keep_quickest(kept, measured):
    for name, time in measured.items():
        kept[name] = min(time, kept.get(name, time))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("revision")
    arguments.add_argument("--turns", type=int, default=5)
    arguments.add_argument("--most", type=float, default=None)
    chosen = arguments.parse_args()

    former = PROJECT / "build" / "former"
    if former.exists():
        run("git", "worktree", "remove", "--force", str(former))
    run("git", "worktree", "add", "--detach", "--quiet", str(former), chosen.revision)
    try:
        then, now = build(former), build(PROJECT)
        before, after = {}, {}
        for turn in range(chosen.turns):
            for program in PROGRAMS:
                sides = [(before, then), (after, now)]
                for kept, folder in sides if turn % 2 == 0 else reversed(sides):
                    if (folder / program).exists():
                        keep_quickest(kept, measure(folder / program))
    finally:
        run("git", "worktree", "remove", "--force", str(former))
        shutil.rmtree(former, ignore_errors=True)

    worst = 0.0
    print(f"{'benchmark':<28}{'before, ns':>14}{'now, ns':>14}{'ratio':>8}")
    for name in sorted(before.keys() & after.keys()):
        ratio = after[name] / before[name]
        if not name.split("/")[0].endswith(PEERS):
            worst = max(worst, ratio)
        print(f"{name:<28}{before[name]:>14.0f}{after[name]:>14.0f}{ratio:>8.2f}")
    for name in sorted(before.keys() ^ after.keys()):
        print(f"{name:<28}only {'before' if name in before else 'now'}")
    print(f"worst={worst:.2f}")
    return 1 if chosen.most is not None and worst > chosen.most else 0


if __name__ == "__main__":
    sys.exit(main())
