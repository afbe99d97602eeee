"""The command line as its users start it: real processes, a real server on loopback."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import termios
import textwrap
import time
from collections import Counter

import gevent
import pytest
from gevent.pywsgi import WSGIServer

PATIENCE_SECONDS = 40
"""Far more than anything here takes; a loaded machine is no failure."""

LOCUSTFILE = """
    from locust import HttpUser, constant, events, tag, task

    class Visitor(HttpUser):
        wait_time = constant(0.05)

        @tag("read")
        @task(3)
        def home(self):
            self.client.get("/")

        @tag("read", "search")
        @task
        def search(self):
            self.client.get("/search")
"""


class Shop:
    """Answers /…; /fail with 500; /slow after `slow_seconds`. Counts (path, X-Worker) answered."""

    def __init__(self) -> None:
        self.paths: Counter[str] = Counter()
        self.arrived: Counter[str] = Counter()
        self.slow_seconds = 0.5
        self._server = WSGIServer(("127.0.0.1", 0), self._answer, log=None)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def total(self) -> int:
        return self.paths.total()

    def _answer(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.arrived[path] += 1
        if path == "/slow":
            gevent.sleep(self.slow_seconds)  # what a slow target does
        failed = path == "/fail"
        start_response("500 Oops" if failed else "200 OK", [("Content-Length", "5")])
        self.paths[path] += 1
        return [b"hello"]

    def stop(self) -> None:
        self._server.stop(timeout=0)


@pytest.fixture
def shop():
    server = Shop()
    yield server
    server.stop()


def _own_terminal() -> None:
    """Make standard input the terminal of a new session, as a shell does."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Process:
    """A katydid process. `err` and `out` are what it has written so far."""

    def __init__(self, folder, argv, env, stdin) -> None:
        self.folder = folder
        number = len(list(folder.glob(".err*")))
        self._out, self._err = folder / f".out{number}", folder / f".err{number}"
        terminal = stdin != subprocess.DEVNULL
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "katydid", *argv], cwd=folder, env=env, stdin=stdin,
                stdout=out, stderr=err, start_new_session=not terminal,
                preexec_fn=_own_terminal if terminal else None,
            )  # fmt: skip

    @property
    def out(self) -> str:
        return self._out.read_text()

    @property
    def err(self) -> str:
        return self._err.read_text()

    def until(self, condition) -> None:
        """Wait until `condition()`, or a text on stderr; fail when the process ends first."""
        told = (lambda: condition in self.err) if isinstance(condition, str) else condition
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not told():
            ended = self._process.poll() is not None
            assert time.monotonic() < deadline, f"{condition!r} did not come\n{self.err}"
            assert not ended or told(), f"it ended before {condition!r}\n{self.err}"
            time.sleep(0.02)  # polls a file

    def send(self, name: str) -> None:
        self._process.send_signal(getattr(signal, name))

    def wait(self) -> int:
        """The exit code; no process of its group may outlive it."""
        code = self._process.wait(timeout=PATIENCE_SECONDS)
        deadline = time.monotonic() + 5
        while self.group_lives():
            assert time.monotonic() < deadline, f"a worker process is left\n{self.err}"
            time.sleep(0.02)  # polled: nobody tells when a grandchild has gone
        return code

    def group_lives(self) -> bool:
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait()

    @property
    def web(self) -> str:
        """Where its web page is."""
        self.until("Starting web interface at ")
        found = re.search(r"Starting web interface at http://[\w.]+:(\d+)", self.err)
        assert found
        return f"http://127.0.0.1:{found[1]}"


@pytest.fixture
def start(tmp_path):
    """start("--headless", …, files={…}, env={…}) → Process, in a folder with a locustfile."""
    started = []

    def start(*argv, files=None, env=None, stdin=subprocess.DEVNULL, folder=tmp_path):
        default = {"locustfile.py": LOCUSTFILE} if folder == tmp_path else {}
        for name, text in (default | (files or {})).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "KATYDID_"))}
        variables = kept | {"HOME": str(tmp_path)} | (env or {})
        process = Process(folder, argv, variables, stdin)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def katydid(start):
    """Like `start`, and waits for the end: the Process with its `code`."""

    def run(*argv, **kwargs):
        process = start(*argv, **kwargs)
        process.code = process.wait()
        return process

    return run


@pytest.fixture
def headless(katydid, shop):
    """katydid --headless against the shop, for a second unless options say otherwise."""

    def run(*argv, **kwargs):
        return katydid("--headless", "--host", shop.url, "-t", "1", *argv, **kwargs)

    return run
