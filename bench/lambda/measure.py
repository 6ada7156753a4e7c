#!/usr/bin/env python3
"""Runs a zipped Lambda function against a Runtime API of its own and prints what it costs.

    measure.py FUNCTION.zip [RONDO]

RONDO is the command `rondo`: with it, the function is invoked and has a server to work for.
"""

import http.server
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

STARTS = 40
INVOCATIONS = 5
WORKFLOWS = 200
LIMITS = {"zip_bytes": 3 << 20, "first_call_ms": 5, "loaded_rss_kib": 12 << 10}


class RuntimeApi(http.server.ThreadingHTTPServer):
    """Answers `next` when there is an invocation, and notes when it was asked."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        """Functions that were killed do not read their answers."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = threading.Semaphore(0)
        self.asked_at = 0.0
        self.invoked = threading.Semaphore(0)
        self.answered = threading.Semaphore(0)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked_at = time.perf_counter()
        self.server.asked.release()
        self.server.invoked.acquire()
        self.reply(200, b"{}", {"Lambda-Runtime-Aws-Request-Id": "1",
                                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000)})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.reply(202, b"{}", {})
        self.server.answered.release()

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def rss(process, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise RuntimeError("no " + field)


def show(name, value):
    limit = LIMITS.get(name)
    verdict = "" if limit is None else f" limit={limit} ratio={value / limit:.2f} {'ok' if value <= limit else 'OVER'}"
    print(f"{name}={value}{verdict}")


def start(program, api, address):
    environment = {"AWS_LAMBDA_RUNTIME_API": api.address, "TEMPORAL_ADDRESS": address, "WORKFLOWS": str(WORKFLOWS)}
    begin = time.perf_counter()
    process = subprocess.Popen([program], env=environment, close_fds=False, stdout=subprocess.DEVNULL)
    if not api.asked.acquire(timeout=10):
        raise RuntimeError("the function did not ask for an invocation")
    return process, (api.asked_at - begin) * 1000


def measure(program, rondo):
    api = RuntimeApi()
    times, used, memory = [], [], []
    for _ in range(STARTS):
        process, taken = start(program, api, "127.0.0.1:1")
        times.append(taken)
        used.append(int(pathlib.Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e6)
        memory.append(rss(process))
        process.kill()
        process.wait()
        api.invoked.release()  # ends the thread that waits to answer
    show("first_call_ms", round(statistics.median(times), 2))
    show("first_call_ms_at_best", round(min(times), 2))
    show("first_call_cpu_ms", round(statistics.median(used), 2))
    show("waiting_rss_kib", statistics.median(memory))
    if not rondo:
        return
    server = subprocess.Popen([rondo, "server", "start-dev", "--port", "0", "--output", "json"], stdout=subprocess.PIPE)
    try:
        address = json.loads(server.stdout.readline())["address"]
        time.sleep(0.2)
        while api.invoked.acquire(blocking=False):
            pass
        process, _ = start(program, api, address)
        for _ in range(INVOCATIONS):
            begin = time.perf_counter()
            api.invoked.release()
            if not api.answered.acquire(timeout=30) or not api.asked.acquire(timeout=10):
                raise RuntimeError("the function did not answer")
        show("invocation_ms", round((time.perf_counter() - begin) * 1000, 1))
        show("loaded_rss_kib", rss(process, "VmHWM"))
        process.kill()
    finally:
        server.terminate()
        server.wait()


def main():
    package = pathlib.Path(sys.argv[1])
    show("zip_bytes", package.stat().st_size)
    folder = tempfile.mkdtemp()
    try:
        with zipfile.ZipFile(package) as archive:
            program = archive.extract("bootstrap", folder)
        os.chmod(program, 0o755)
        show("program_bytes", os.stat(program).st_size)
        measure(program, sys.argv[2] if len(sys.argv) > 2 else None)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
