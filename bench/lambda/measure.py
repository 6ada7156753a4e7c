#!/usr/bin/env python3
"""What a worker costs as a Lambda function: measure.py FUNCTION.zip RONDO [--go PROGRAM] [--plain ZIP --rust PROGRAM]

RONDO is the command, whose development server the workers work for. Each line is one figure; those with limit= say what it
may be. The peers are bench/peers/lambda_worker and bench/peers/rust_worker; with them figures are measured in turns.
"""

import argparse
import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import uuid
import zipfile
from datetime import timezone

from runtime import Function
from temporalio.client import Client

STARTS = 40
COLD = 10
WARM = 6
WORKFLOWS = 200
RACES = 15
QUEUE = "lambda"
DEPLOYMENT = "lambda"
BUILD = "b1"
LIMITS = {"zip_bytes": 3_000_000, "first_call_ms": 5, "cold_first_poll_ms": 30, "warm_first_poll_ms": 5,
          "loaded_rss_kib": 12_000_000 // 1024, "first_workflow_ratio": 0.67}


def show(name, value):
    limit = LIMITS.get(name)
    print(f"{name}={value}" + ("" if limit is None else f" limit={limit} {'ok' if value <= limit else 'OVER'}"), flush=True)


def median(values):
    return round(statistics.median(values), 2)


def variables(address, notes=None):
    made = {"TEMPORAL_ADDRESS": address, "TEMPORAL_TASK_QUEUE": QUEUE, "TEMPORAL_DEPLOYMENT_NAME": DEPLOYMENT,
            "TEMPORAL_WORKER_BUILD_ID": BUILD, "TEMPORAL_SERVERLESS_IDLE_TIMEOUT": "1500ms"}
    return made | ({"LAMBDA_WORKER_STARTS": str(notes)} if notes else {})


def starts(programs):
    """From exec to the first call of the Runtime API, and the memory then."""
    times, used, memory = ({name: [] for name in programs} for _ in range(3))
    for _ in range(STARTS):
        for name, program in programs.items():
            with Function(program, variables("127.0.0.1:1")) as function:
                times[name].append(function.first_call_ms())
                function.wait_until_it_asks()
                used[name].append(function.cpu_ms())
                memory[name].append(function.memory_kib("VmRSS"))
    for name in programs:
        show(name + "first_call_ms", median(times[name]))
        show(name + "first_call_ms_at_best", round(min(times[name]), 2))
        show(name + "waiting_cpu_ms", median(used[name]))
        show(name + "waiting_rss_kib", median(memory[name]))


class Worker:
    """One of the functions, at the server."""

    def __init__(self, name, program, folder, address):
        self.name, self.program = name, program
        self.notes = pathlib.Path(folder) / (name + "starts")
        self.variables = variables(address, self.notes)
        # The peer works until 7 s before the deadline, whatever there is to do.
        self.seconds = 10 if name == "go_" else 60

    def function(self):
        return Function(self.program, self.variables)

    def first_poll_ms(self, answer):
        """From the event to the first poll. What Rondo reports is cut to whole milliseconds: it may have been one more."""
        if self.name == "go_":
            return float(self.notes.read_text().splitlines()[-1])
        return json.loads(answer)["firstPollMs"] + 1


def cold_polls(workers):
    """From exec to the first poll: the start of the process, and the event to the poll."""
    times = {each.name: [] for each in workers}
    for _ in range(COLD):
        for each in workers:
            with each.function() as function:
                function.invoke(each.seconds)
                ready = function.wait_until_it_asks()
                times[each.name].append(ready + each.first_poll_ms(function.answer()))
    for each in workers:
        show(each.name + "cold_first_poll_ms", median(times[each.name]))


async def warm_polls(workers, client):
    """From the event to the first poll in a process that has worked before, and the memory after all of it."""
    for each in workers:
        times = []
        with each.function() as function:
            for _ in range(WARM):
                function.wait_until_it_asks()
                function.invoke(each.seconds)
                await asyncio.gather(*(load(client) for _ in range(WORKFLOWS if each.name == "" else 20)))
                times.append(each.first_poll_ms(await asyncio.to_thread(function.answer)))
            function.wait_until_it_asks()
            show(each.name + "warm_first_poll_ms", median(times[1:]))
            show(each.name + "loaded_rss_kib", function.memory_kib("VmHWM"))


async def load(client):
    await client.execute_workflow("load", args=["you", 1], id=str(uuid.uuid4()), task_queue=QUEUE)


async def first_workflow_ms(client, queue, workflow, start):
    """From exec to the close of a workflow that waited for the worker."""
    handle = await client.start_workflow(workflow, args=["you"], id=str(uuid.uuid4()), task_queue=queue)
    began = time.time()
    with start():
        await handle.result()
        closed = (await handle.describe()).close_time
        return (closed.replace(tzinfo=timezone.utc).timestamp() - began) * 1000


class Process:
    """A worker that is no function."""

    def __init__(self, program, queue, address):
        environment = {"TEMPORAL_ADDRESS": address, "TEMPORAL_TASK_QUEUE": queue, "PATH": "/usr/bin:/bin"}
        self.process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


async def races(client, worker, plain, rust, address):
    """From exec to the first completed workflow: as a function, and as ordinary workers in turns."""

    def start():
        function = worker.function()
        function.invoke(worker.seconds)
        return function

    times, plain_times, rust_times = [], [], []
    for _ in range(RACES):
        times.append(await first_workflow_ms(client, QUEUE, "hello", start))
        if plain and rust:
            plain_times.append(await first_workflow_ms(client, "plain", "hello", lambda: Process(plain, "plain", address)))
            uri = "http://" + address
            rust_times.append(await first_workflow_ms(client, "rust", "Hello", lambda: Process(rust, "rust", uri)))
    show("function_first_workflow_ms", median(times))
    if plain and rust:
        show("first_workflow_ms", median(plain_times))
        show("rust_first_workflow_ms", median(rust_times))
        show("first_workflow_ratio", round(statistics.median(plain_times) / statistics.median(rust_times), 3))


def set_current(rondo, address):
    command = [rondo, "worker", "deployment", "set-current", "-d", DEPLOYMENT, "--build-id", BUILD, "--address", address]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


async def at_server(programs, plain, how, folder, address):
    client = await Client.connect(address)
    workers = [Worker(name, program, folder, address) for name, program in programs.items()]
    cold_polls(workers)
    set_current(how.rondo, address)
    await warm_polls(workers, client)
    await races(client, workers[0], plain, how.rust, address)


def unpacked(package, folder):
    with zipfile.ZipFile(package) as archive:
        program = archive.extract("bootstrap", folder)
    os.chmod(program, 0o755)
    return program


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package")
    parser.add_argument("rondo")
    parser.add_argument("--go", help="the peer in Go")
    parser.add_argument("--plain", help="zip file of an ordinary worker")
    parser.add_argument("--rust", help="its peer in Rust")
    how = parser.parse_args()
    show("zip_bytes", pathlib.Path(how.package).stat().st_size)
    with tempfile.TemporaryDirectory() as folder:
        program = unpacked(how.package, pathlib.Path(folder) / "function")
        plain = unpacked(how.plain, pathlib.Path(folder) / "plain") if how.plain else None
        show("program_bytes", os.stat(program).st_size)
        programs = {"": program} | ({"go_": how.go} if how.go else {})
        if how.go:
            show("go_program_bytes", os.stat(how.go).st_size)
        starts(programs)
        command = [how.rondo, "server", "start-dev", "--port", "0", "--output", "json"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            address = json.loads(server.stdout.readline())["address"]
            asyncio.run(at_server(programs, plain, how, folder, address))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
