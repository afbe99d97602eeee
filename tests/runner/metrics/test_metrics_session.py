"""Whole processes: the port, the mount on the web page, and the linger for a last scrape."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

pytestmark = pytest.mark.processes

LOCUSTFILE = """
from locust import User, constant, task

class Clicker(User):
    wait_time = constant(0.1)

    @task
    def click(self):
        self.environment.events.request.fire(
            request_type="GET", name="/", response_time=12, response_length=7, exception=None
        )
"""

Start = Callable[..., subprocess.Popen[bytes]]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    processes: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "katydid", "-f", "locustfile.py", "-u", "2", *arguments],
            cwd=tmp_path, start_new_session=True,
        )  # fmt: skip
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def text_of(port: int) -> str:
    """ "" while nobody listens."""
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5)
    except requests.ConnectionError:
        return ""
    assert answer.status_code == 200
    return answer.text


def ended(port: int) -> bool:
    return "\nkatydid_test_end_timestamp_seconds{" in text_of(port)


@pytest.mark.parametrize("more", [(), ("--processes", "2")], ids=["local", "master"])
def test_it_lingers_until_it_was_scraped_once_more(start, until, more) -> None:
    port = free_port()
    began = time.monotonic()
    process = start(
        "--headless", "-t", "2s", "--metrics-port", str(port), "--metrics-linger", "90s", *more
    )
    until(lambda: ended(port), 60)
    until(lambda: process.poll() is not None or not text_of(port), 30)
    process.wait(20)
    assert process.returncode == 0
    assert time.monotonic() - began < 80


def test_without_linger_it_ends_at_once_and_with_it_no_later_than_said(start, until) -> None:
    for linger, least, most in (("0", 0.0, 25.0), ("3s", 3.0, 28.0)):
        port = free_port()
        process = start(
            "--headless", "-t", "1s", "--metrics-port", str(port), "--metrics-linger", linger
        )
        until(lambda port=port: text_of(port), 30)
        began = time.monotonic()
        process.wait(60)
        assert least <= time.monotonic() - began < most


def test_the_web_page_has_them_too(start, until) -> None:
    port = free_port()
    process = start("--autostart", "--web-host", "127.0.0.1", "--web-port", str(port))
    until(lambda: 'katydid_requests_total{loadtest_namespace=""' in text_of(port), 40)
    assert 'loadtest="locustfile"' in text_of(port)
    process.send_signal(signal.SIGTERM)
    process.wait(20)


def test_a_taken_port_ends_the_run_before_it_begins(start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(
            "--headless", "-t", "1s", "--web-host", "127.0.0.1",
            "--metrics-port", str(taken.getsockname()[1]),
        )  # fmt: skip
        assert process.wait(30) != 0
