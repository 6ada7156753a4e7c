"""A Lambda environment for one function: its Runtime API, and the process in it."""

import http.server
import pathlib
import queue
import subprocess
import threading
import time


class RuntimeApi(http.server.ThreadingHTTPServer):
    """Answers `next` when there is an event, and notes when it was asked for what."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.first_call = 0.0
        self.called = threading.Event()
        self.asked_at = 0.0
        self.asked = threading.Semaphore(0)
        self.events = queue.Queue()
        self.answers = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Functions that were killed do not read their answers."""

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"

    def note_call(self):
        if not self.called.is_set():
            self.first_call = time.perf_counter()
            self.called.set()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self):
        self.server.note_call()
        if self.path.endswith("/extension/event/next"):
            threading.Event().wait()
        self.server.asked_at = time.perf_counter()
        self.server.asked.release()
        seconds = self.server.events.get()
        self.reply(200, b"{}", {"Lambda-Runtime-Aws-Request-Id": "1",
                                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
                                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + seconds) * 1000))})

    def do_POST(self):
        self.server.note_call()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/extension/register"):
            self.reply(200, b"{}", {"Lambda-Extension-Identifier": "extension"})
            return
        self.reply(202, b"{}", {})
        self.server.answers.put((self.path.rsplit("/", 1)[1], body))

    def reply(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Function:
    """A function's process, from exec on."""

    def __init__(self, program, variables):
        self.api = RuntimeApi()
        environment = {"AWS_LAMBDA_RUNTIME_API": self.api.address, "PATH": "/usr/bin:/bin", "AWS_LAMBDA_LOG_LEVEL": "ERROR"}
        self.started = time.perf_counter()
        self.process = subprocess.Popen([program], env=environment | variables, close_fds=False, stdout=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.api.shutdown()
        self.api.server_close()

    def invoke(self, seconds):
        """Gives it an event, now or as soon as it asks for one, and this long to answer it."""
        self.api.events.put(seconds)

    def first_call_ms(self):
        if not self.api.called.wait(10):
            raise RuntimeError("the function called nothing")
        return (self.api.first_call - self.started) * 1000

    def wait_until_it_asks(self):
        if not self.api.asked.acquire(timeout=30):
            raise RuntimeError("the function did not ask for an event")
        return (self.api.asked_at - self.started) * 1000

    def answer(self):
        kind, body = self.api.answers.get(timeout=60)
        if kind != "response":
            raise RuntimeError("the function failed: " + body.decode())
        return body

    def cpu_ms(self):
        return int(pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e6

    def memory_kib(self, field):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
        raise RuntimeError("no " + field)
