"""`katydid run` on a terminal: the live view, colours or none, and the verdict as the last word."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import gevent.os
import pytest

from katydid.cli.terminal import columns_of, is_terminal, wants_colour

COLOURS = re.compile(r"\x1b\[(3[0-9]|[12])m")
LOADTEST = """
apiVersion: katydid.dev/v1alpha1
kind: LoadTest
metadata: {name: seen}
spec:
  target: {host: http://127.0.0.1:9}
  load: {users: 2, spawnRate: 50, runTime: 3s}
  source:
    inline:
      locustfile.py: |
        from locust import HttpUser, constant, task

        class Visitor(HttpUser):
            wait_time = constant(0.1)

            @task
            def home(self):
                self.client.get("/")
                print("said by a worker")
"""


def on_a_terminal(folder, *argv, **environ):
    """What a person of 70 columns and 20 lines gets to see, escape sequences included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 70, 0, 0))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "KATYDID_"))}
    kept |= {"TERM": "xterm", **environ}
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        if name not in environ:
            kept.pop(name, None)
    process = subprocess.Popen(
        [sys.executable, "-m", "katydid", *argv], cwd=folder, env=kept,
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    try:
        while chunk := _read(ours):
            seen += chunk
        assert process.wait(timeout=40) == 0, seen.decode()
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return seen.decode()


def _read(terminal):
    """The next text; nothing once nobody holds the other side any more."""
    try:
        return gevent.os.tp_read(terminal, 65536)
    except OSError:  # EIO: that is how Linux says so
        return b""


@pytest.mark.processes
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}], ids=["colours", "NO_COLOR"])
def test_a_run(tmp_path, shop, environ):
    (tmp_path / "t.yaml").write_text(LOADTEST)
    seen = on_a_terminal(
        tmp_path, "run", "t.yaml", "--host", shop.url, "--headless", "--workers", "1",
        "--results", "out", **environ,
    )  # fmt: skip
    assert bool(COLOURS.search(seen)) == (not environ)
    assert re.search(r"\x1b\[1;\d+r", seen), "the view has a region of its own"
    assert "● Running" in COLOURS.sub("", seen)
    assert seen.count("said by a worker") == shop.total, "what others print is never lost"
    left = seen.rpartition("\x1b[r")[2]  # the whole terminal scrolls again
    lines = [line for line in COLOURS.sub("", left).splitlines() if line.strip()]
    assert lines[-1] == "More: katydid report out/run.json"
    assert next(line for line in lines if line.startswith("✓ Passed"))
    assert not any(line.startswith("[20") for line in lines[-10:]), "no log after the verdict"


class Stream:
    def __init__(self, terminal):
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(
    ("terminal", "environ", "cursor", "colour"),
    [
        (True, {"TERM": "xterm"}, True, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True, True),
        (True, {"TERM": "dumb"}, False, False),
        (True, {}, True, True),
        (False, {"TERM": "xterm"}, False, False),
    ],
)
def test_what_a_stream_takes(terminal, environ, cursor, colour):
    stream = Stream(terminal)
    assert (is_terminal(stream, environ), wants_colour(stream, environ)) == (cursor, colour)


def test_tables_in_a_pipe_are_as_wide_as_they_are_everywhere(monkeypatch):
    monkeypatch.setenv("COLUMNS", "44")
    assert (columns_of(Stream(False)), columns_of(Stream(True))) == (120, 44)
