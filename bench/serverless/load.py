#!/usr/bin/env python3
"""Lets a Temporal server start a Lambda worker by itself while workflows come in, and counts what went wrong.

Run by scripts/with_server.sh beside the stock server, which gives RONDO_TEST_ADDRESS and RONDO_TEST_PROVIDER. The function
runs in `rondo emulate`. Prints one line of JSON.
"""

import argparse
import asyncio
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from temporalio.api.enums.v1 import EventType, TimeoutType
from temporalio.client import Client

BUILD = "b1"


class Emulator:
    """`rondo emulate` with the function."""

    def __init__(self, how, environment, output):
        command = [how.rondo, "emulate", "--lambda", how.worker, "--timeout", f"{how.timeout}s", "-o", "json"]
        command += ["--max-concurrency", str(how.environments), "--program-output", output, "--no-event-retries"]
        command += ["--kill-fraction", str(how.kill_fraction), "--kill-within", f"{how.kill_within}s"]
        command += ["--seed", str(how.seed), "--log-level", "error"]
        command += ["--port", os.environ["RONDO_TEST_PROVIDER"].rsplit(":", 1)[1]]
        for name, value in environment.items():
            command += ["-e", f"{name}={value}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        said = json.loads(self.process.stdout.readline())
        self.url, self.arn = said["url"], said["functionArn"]

    def stats(self):
        with urllib.request.urlopen(self.url + "/stats", timeout=10) as answer:
            return json.load(answer)

    def rest(self, seconds):
        """Waits until no invocation is under way."""
        end = time.monotonic() + seconds
        while self.stats()["atWork"] and time.monotonic() < end:
            time.sleep(0.1)
        return self.stats()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def deployment(how, command, *more):
    words = [how.rondo, "worker", "deployment", command, "-d", how.queue, "--build-id", BUILD, "--address", how.address]
    return subprocess.run([*words, *more], capture_output=True, text=True, timeout=60)


def make_current(how, emulator):
    """Makes the version known, which invokes it, and waits until its worker has brought the task queue."""
    made = deployment(how, "create-version", "--aws-lambda-function-arn", emulator.arn,
                      "--aws-lambda-skip-role-and-external-id")
    if made.returncode != 0:
        raise SystemExit("create-version: " + made.stderr)
    end = time.monotonic() + 60
    while True:
        seen = deployment(how, "set-current")
        if seen.returncode == 0:
            return
        if time.monotonic() > end:
            raise SystemExit("set-current: " + seen.stderr + pathlib.Path(how.output).read_text()[-2000:])
        time.sleep(0.5)


async def start_all(client, how):
    """Starts the workflows at a steady pace, whatever becomes of them."""
    begin = time.monotonic()
    started = []

    async def start(number):
        arguments = [f"number {number}", how.pause][: 1 if how.pause < 0 else 2]
        started.append(await client.start_workflow(how.workflow, args=arguments, id=f"load-{number}", task_queue=how.queue))

    tasks = []
    for number in range(how.workflows):
        await asyncio.sleep(max(0.0, begin + number * how.over / how.workflows - time.monotonic()))
        tasks.append(asyncio.create_task(start(number)))
    await asyncio.gather(*tasks)
    return started


async def count(handle, into):
    """Adds what the history of one workflow tells."""
    opened = closed = None
    async for event in handle.fetch_history_events():
        kind = event.event_type
        at = event.event_time.ToNanoseconds()
        if kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            opened = at
        elif kind == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            closed = at
        elif kind == EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
            why = event.workflow_task_timed_out_event_attributes.timeout_type
            sticky = why == TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START
            into["sticky_timeouts" if sticky else "task_timeouts"] += 1
        elif kind == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED:
            into["task_failures"] += 1
        elif kind == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            into["repeated_activities"] += event.activity_task_started_event_attributes.attempt > 1
    if closed:
        into["latencies"].append((closed - opened) / 1e9)


def percentile(sorted_values, part):
    return round(sorted_values[min(len(sorted_values) - 1, int(len(sorted_values) * part))], 2)


async def completed(client, workflow):
    return (await client.count_workflows(f"ExecutionStatus='Completed' AND WorkflowType='{workflow}'")).count


async def run(how, emulator):
    client = await Client.connect(how.address)
    make_current(how, emulator)
    if how.rest:
        emulator.rest(how.timeout + 5)
    before = emulator.stats()
    handles = await start_all(client, how)
    end = time.monotonic() + how.patience
    while time.monotonic() < end and await completed(client, how.workflow) < how.workflows:
        await asyncio.sleep(0.5)
    after = emulator.rest(how.timeout + 5)
    found = dict.fromkeys(("task_timeouts", "sticky_timeouts", "repeated_activities", "task_failures"), 0)
    found["latencies"] = []
    for handle in handles:
        await count(handle, found)
    if how.histories:
        folder = pathlib.Path(how.histories)
        folder.mkdir(parents=True, exist_ok=True)
        for handle in handles:
            (folder / f"{handle.id}.json").write_text((await handle.fetch_history()).to_json())
    times = sorted(found.pop("latencies"))
    result = {"name": how.name, "workflows": how.workflows, "completed": len(times), **found}
    if times:
        result |= {"p50": percentile(times, 0.5), "p99": percentile(times, 0.99), "max": round(times[-1], 2)}
    for name in ("invocations", "coldStarts", "throttles", "errors", "timeouts", "kills"):
        result[name] = after[name] - before[name]
    result["billed_s"] = round((after["billedMs"] - before["billedMs"]) / 1000, 1)
    return result


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rondo", required=True, help="the command")
    parser.add_argument("--worker", required=True, help="the function's bootstrap")
    parser.add_argument("--name", default="worker")
    parser.add_argument("--workflow", default="load", help="its type: it takes a text and milliseconds to pause")
    parser.add_argument("--queue", default="load", help="the task queue and the name of the deployment")
    parser.add_argument("--workflows", type=int, default=296)
    parser.add_argument("--over", type=float, default=10, help="seconds in which they start")
    parser.add_argument("--pause", type=int, default=5000, help="milliseconds, the second argument; -1: it has none")
    parser.add_argument("--timeout", type=int, default=10, help="of the function, seconds")
    parser.add_argument("--environments", type=int, default=10)
    parser.add_argument("--kill-fraction", type=float, default=0)
    parser.add_argument("--kill-within", type=float, default=3, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--patience", type=float, default=240, help="seconds until all must be complete")
    parser.add_argument("--rest", action="store_true", help="begin when the invocation that made the version known is over")
    parser.add_argument("--output", help="where the function prints to")
    parser.add_argument("--histories", help="folder to keep them in")
    parser.add_argument("--complete", action="store_true", help="fail when a workflow is not complete")
    parser.add_argument("--clean", action="store_true", help="fail when anything timed out or was repeated")
    how = parser.parse_args()
    how.address = os.environ["RONDO_TEST_ADDRESS"]
    how.worker = str(pathlib.Path(how.worker).resolve())
    how.output_is_ours = not how.output
    how.output = how.output or tempfile.mkstemp(prefix="rondo-load-", suffix=".log")[1]
    return how


def main():
    how = parse()
    environment = {"TEMPORAL_ADDRESS": how.address, "TEMPORAL_TASK_QUEUE": how.queue,
                   "TEMPORAL_DEPLOYMENT_NAME": how.queue, "TEMPORAL_WORKER_BUILD_ID": BUILD}
    emulator = Emulator(how, environment, how.output)
    try:
        result = asyncio.run(run(how, emulator))
    finally:
        emulator.stop()
    print(json.dumps(result), flush=True)
    if how.output_is_ours:
        os.unlink(how.output)
    if how.complete and result["completed"] != how.workflows:
        raise SystemExit("not all workflows are complete")
    troubles = {name: result[name] for name in ("task_timeouts", "sticky_timeouts", "repeated_activities") if result[name]}
    if how.clean and troubles:
        raise SystemExit(f"there should be none: {troubles}")


if __name__ == "__main__":
    main()
