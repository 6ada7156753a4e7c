#!/usr/bin/env python3
"""Runs the serverless examples as their documentation says, beside development servers: run.py BUILD_FOLDER [NAME...]

Each scenario has a server, workers and ports of its own; all run at the same time.
"""

import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
import zipfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 75  # seconds, only what hangs reaches them
SECRET = "the secret of the examples"


def free_port():
    """A port of 127.0.0.1 below those that the system gives to clients, so that nobody else takes it meanwhile."""
    while True:
        port = random.randrange(15000, 30000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited for {PATIENCE} s: {what}")


class Scenario:
    """Starts programs, and ends them all when it is left."""

    def __init__(self, build, folder):
        self.examples = build / "examples"
        self.rondo = build / "tools" / "rondo"
        self.folder = folder
        self.started = []
        self.address = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.started):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def environment(self, more):
        own = {name: value for name, value in os.environ.items()
               if not name.startswith(("TEMPORAL_", "RONDO_", "AWS_", "PORT"))}
        return {**own, "TEMPORAL_ADDRESS": self.address or "", "TEMPORAL_CONFIG_FILE": os.devnull, **more}

    def start(self, name, *command, **environment):
        """The program writes to <name>.log."""
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen([str(each) for each in command], stdout=log, stderr=log, cwd=self.folder,
                                       stdin=subprocess.DEVNULL, env=self.environment(environment))
        self.started.append(process)
        return process

    def run(self, *command, code=0):
        done = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=PATIENCE,
                              cwd=self.folder, env=self.environment({}), check=False)
        assert done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def log(self, name):
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def count(self, name, text):
        return self.log(name).count(text)

    def server(self, *flags):
        self.start("server", self.rondo, "server", "start-dev", "--port", "0", "-o", "json", *flags)
        said = wait_for("the server's address", lambda: re.search(r'"address":"([^"]+)"', self.log("server")))
        self.address = said[1]

    def http_worker(self, folder, port, **environment):
        before = self.count("worker", "worker listens")
        worker = self.start("worker", self.examples / folder / "worker", PORT=str(port), **environment)
        wait_for("the worker listens", lambda: self.count("worker", "worker listens") > before)
        return worker

    def greet(self):
        """Starts the workflow of serverless_http; its id."""
        said = self.run(self.examples / "serverless_http" / "starter", "test")
        return re.match(r"workflow id ([^,]+), run id", said)[1]

    def status(self, workflow_id):
        shown = self.run(self.rondo, "workflow", "describe", "--address", self.address, "--workflow-id", workflow_id,
                         "-o", "json")
        return re.search(r"WORKFLOW_EXECUTION_STATUS_(\w+)", shown)[1]

    def wait_until_completed(self, workflow_id):
        wait_for(f"{workflow_id} completes", lambda: self.status(workflow_id) == "COMPLETED")

    def ended_runs(self):
        return self.count("worker", '"invocation ended"')


def ask(url, body=None, method=None, headers=None):
    """Status and text of the answer."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def equal(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def invoke(port):
    status, body = ask(f"http://127.0.0.1:{port}")
    equal(status, 200)
    return json.loads(body)


def two_requests(at):
    """3 s: one request before the timer, one after it."""
    port = free_port()
    at.server("--task-poll-expiration", "3s")
    at.http_worker("serverless_http", port)
    workflow_id = at.greet()
    first = invoke(port)
    equal((first["reason"], first["activities"], first["lostPolls"]), ("idle", 1, 0))
    equal(at.status(workflow_id), "RUNNING")
    second = invoke(port)
    equal((second["reason"], second["activities"], second["lostPolls"]), ("idle", 1, 0))
    equal(at.status(workflow_id), "COMPLETED")


def notified_with_secret(at):
    """3 s and the notify URL: two runs, nobody but the server asks for them."""
    port = free_port()
    at.server("--task-poll-expiration", "3s", "--task-notify-url", f"http://127.0.0.1:{port}",
              "--notify-secret", SECRET)
    at.http_worker("serverless_http", port, RONDO_HTTP_SECRET=SECRET)
    equal(ask(f"http://127.0.0.1:{port}")[0], 401)
    body, now = b"{}", str(int(time.time()))
    signature = hmac.digest(b"a guess", now.encode() + b"." + body, hashlib.sha256).hex()
    forged = {"X-Rondo-Timestamp": now, "X-Rondo-Signature": signature}
    equal(ask(f"http://127.0.0.1:{port}", body, headers=forged)[0], 401)
    at.wait_until_completed(at.greet())
    wait_for("two runs", lambda: at.ended_runs() == 2)
    equal(at.count("worker", '"invocation began"'), 2)
    assert SECRET not in at.log("worker") + at.log("server"), "the secret is in a log"


def notified_once(at):
    """10 s: the timer fires while the first run still polls."""
    port = free_port()
    at.server("--task-poll-expiration", "10s", "--task-notify-url", f"http://127.0.0.1:{port}")
    at.http_worker("serverless_http", port)
    at.wait_until_completed(at.greet())
    wait_for("the run ends", lambda: at.ended_runs() == 1)
    equal(at.count("worker", '"invocation began"'), 1)


def start_many(at, *flags):
    port = free_port()
    at.server("--task-poll-expiration", "3s", "--task-notify-url", f"http://127.0.0.1:{port}")
    worker = at.http_worker("serverless_http", port)
    return port, worker, at.start("multistarter", at.examples / "serverless_http" / "multistarter", *flags)


def check_summary(at, many, count):
    equal((many.wait(PATIENCE), at.log("multistarter").splitlines()[-1] if many.returncode else ""), (0, ""))
    summary = at.log("multistarter")
    for line in (f"started    {count}", f"completed  {count}", "failed     0"):
        assert line in summary.splitlines(), summary
    assert re.search(r"^latency    p50 \d+\.\d\d s, p90 .*, p99 .*, max ", summary, re.MULTILINE), summary


def many_workflows(at):
    """One every 20 ms for 10 s."""
    _, _, many = start_many(at, "-interval", "20ms", "-duration", "10s")
    check_summary(at, many, 500)


def many_workflows_and_a_crash(at):
    """kill -9 in the middle: what the worker had in work is repeated by the next one."""
    port, worker, many = start_many(at, "--interval", "40ms", "--duration", "6s")
    wait_for("some progress", lambda: at.count("worker", "greeted for the first time") >= 40)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert many.poll() is None, "the workflows had ended before the crash"
    at.http_worker("serverless_http", port)
    check_summary(at, many, 150)


def function_of_zip(at):
    """The program of the zip as Lambda unpacks it, where the build made one; otherwise the one that went in."""
    made = at.examples / "lambda" / "worker.zip"
    if not made.exists():
        return at.examples / "lambda" / "worker"
    with zipfile.ZipFile(made) as archive:
        equal(sorted(archive.namelist()), ["bootstrap", "temporal.toml"])
        archive.extractall(at.folder)
    program = at.folder / "bootstrap"
    program.chmod(0o755)
    return program


def orders_on_lambda(at):
    """The server notifies the emulator, which starts and freezes the function as Lambda does."""
    port = free_port()
    at.server("--task-notify-url", f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations")
    emulator = at.start("emulator", at.rondo, "emulate", "--port", port, "--lambda", function_of_zip(at), "-o", "json",
                        "--program-output", at.folder / "function.log", "-e", f"TEMPORAL_ADDRESS={at.address}")
    wait_for("the emulator listens", lambda: '"functionArn"' in at.log("emulator"))
    for command in ("create-version", "set-current"):
        at.run(at.rondo, "worker", "deployment", command, "--address", at.address, "-d", "orders", "--build-id", "v1")
    starter = at.examples / "lambda" / "starter"
    assert "order-1: completed, payment-of-order-1" in at.run(starter, "order-1")
    assert "order-2: there are no unicorns" in at.run(starter, "order-2", "unicorn", code=1)
    assert "order-3: the card is refused" in at.run(starter, "order-3", "tea", "200000", code=1)
    wait_for("the stock is given back", lambda: '"stock released"' in at.log("function"))
    wait_for("the flush", lambda: "flushed metrics: " in at.log("function"))
    emulator.terminate()
    equal(emulator.wait(PATIENCE), 0)
    counted = json.loads(at.log("emulator").splitlines()[-1])
    equal((counted["errors"], counted["timeouts"], counted["initFailures"]), (0, 0, 0))
    assert counted["invocations"] >= 1, counted


def jobs_by_http(at):
    port, api_port = free_port(), free_port()
    at.server("--task-poll-expiration", "3s", "--task-notify-url", f"http://127.0.0.1:{port}")
    at.http_worker("async_http_jobs", port)
    at.start("api", at.examples / "async_http_jobs" / "http_api", JOBS_PORT=str(api_port))
    wait_for("the interface listens", lambda: '"service listens"' in at.log("api"))

    def start(parameters, body):
        status, text = ask(f"http://127.0.0.1:{api_port}/start?{parameters}", body.encode(), "POST")
        return status, json.loads(text)

    def describe(parameters):
        status, text = ask(f"http://127.0.0.1:{api_port}/describe?{parameters}")
        return status, json.loads(text)

    def outcome(name):
        def ended():
            status, found = describe(f"flowName=PublishPage&executionName={name}")
            equal(status, 200)
            equal((found["flowName"], found["executionName"]), ("PublishPage", name))
            assert found["startedTime"], found
            return found if found["status"] != "RUNNING" else None
        return wait_for(f"{name} ends", ended)

    status, made = start("flowName=PublishPage", '{"page":"news","text":"It works."}')
    equal(status, 200)
    equal(start("flowName=PublishPage&executionName=retried", '{"page":"a","announcements_fail":2}')[0], 200)
    equal(start("flowName=PublishPage&executionName=undone", '{"page":"b","announcements_fail":9}')[0], 200)
    equal(start("flowName=RemovePage&executionName=removed", '{"key":"value"}')[0], 200)

    plain = outcome(made["executionName"])
    equal(plain["status"], "COMPLETED")
    equal(plain["output"], {"url": "https://example.org/news", "announcement_attempts": 1})
    assert plain["stoppedTime"] >= plain["startedTime"], plain
    retried = outcome("retried")
    equal((retried["status"], retried["output"]["announcement_attempts"]), ("COMPLETED", 3))
    undone = outcome("undone")
    equal((undone["status"], undone.get("output")), ("FAILED", None))
    equal(undone["error"], "the mail server is out of order")
    assert re.search(r'"page taken down".*"workflow_id":"undone".*"page":"b"', at.log("worker")), "no compensation"

    equal(start("flowName=PublishPage&executionName=undone", "{}")[0], 409)
    wrong = [("", "{}"), ("flowName=", "{}"), ("flowName=%", "{}"), ("flowName=PublishPage&flowName=RemovePage", "{}"),
             ("flowName=PublishPage", ""), ("flowName=PublishPage", "{"), ("flowName=PublishPage", "[]"),
             ("flowName=PublishPage", '{"page":1}'), ("flowName=PublishPage&executionName=a%20b", "{}"),
             ("flowName=PublishPage&executionName=" + "x" * 101, "{}")]
    for parameters, body in wrong:
        status, said = start(parameters, body)
        equal((parameters, body, status), (parameters, body, 400))
        assert said["error"], said
    equal(start("flowName=Other", "{}")[0], 404)
    for parameters, status in [("flowName=PublishPage", 400), ("executionName=undone", 400),
                               ("flowName=Other&executionName=undone", 404),
                               ("flowName=PublishPage&executionName=none", 404),
                               ("flowName=RemovePage&executionName=undone", 404)]:
        equal((parameters, describe(parameters)[0]), (parameters, status))
    equal(ask(f"http://127.0.0.1:{api_port}/start?flowName=PublishPage")[0], 405)
    equal(ask(f"http://127.0.0.1:{api_port}/describe", b"{}", "POST")[0], 405)
    equal(ask(f"http://127.0.0.1:{api_port}/")[0], 404)


SCENARIOS = [two_requests, notified_with_secret, notified_once, many_workflows, many_workflows_and_a_crash,
             orders_on_lambda, jobs_by_http]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    chosen = [each for each in SCENARIOS if not sys.argv[2:] or each.__name__ in sys.argv[2:]]
    failed = []

    def run(scenario, folder):
        since = time.monotonic()
        try:
            with Scenario(build, folder) as at:
                scenario(at)
            print(f"{scenario.__name__}: passed ({time.monotonic() - since:.0f} s)", flush=True)
        except Exception:  # pylint: disable=broad-exception-caught
            failed.append(scenario.__name__)
            logs = ""
            for file in sorted(folder.glob("*.log")):
                logs += f"--- {file.name}\n" + "".join(file.read_text(errors="replace").splitlines(True)[-40:])
            print(f"{scenario.__name__}: FAILED\n{traceback.format_exc()}{logs}", flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        threads = []
        for scenario in chosen:
            folder = pathlib.Path(scratch) / scenario.__name__
            folder.mkdir()
            threads.append(threading.Thread(target=run, args=(scenario, folder)))
            threads[-1].start()
        for thread in threads:
            thread.join()
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
