"""Ctrl-C, SIGTERM and the keyboard: a stopped run is a whole run."""

from __future__ import annotations

import json
import os
import pty

import pytest

pytestmark = pytest.mark.processes

OUTPUTS = ("--csv", "csv", "--html", "r.html", "--json-file", "all", "--junit", "j.xml",
           "--results", "out")  # fmt: skip
FILES = {
    "csv_stats.csv", "csv_stats_history.csv", "csv_failures.csv", "csv_exceptions.csv", "r.html",
    "all.json", "j.xml",
}  # fmt: skip
SLOW = """
    from locust import HttpUser, constant, task

    class Patient(HttpUser):
        wait_time = constant(0.01)

        @task
        def wait(self):
            self.client.get("/slow")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("more", [(), ("--processes", "2")], ids=["local", "processes"])
def test_every_report_is_written(start, shop, name, more):
    run = start("--headless", "--host", shop.url, "-u", "3", "-r", "20", "-s", "2", *OUTPUTS, *more)
    run.until(lambda: shop.total > 10)
    run.send(name)
    assert run.wait() == 0, run.err
    assert {path.name for path in run.folder.iterdir()} >= FILES
    entries = json.loads((run.folder / "all.json").read_text())
    assert sum(entry["num_requests"] for entry in entries) == shop.total
    status = json.loads((run.folder / "out/run.json").read_text())["status"]
    assert (status["verdict"], status["message"]) == ("Stopped", f"The test was stopped by {name}.")
    assert f"Got {name}, shutting down" in run.err
    assert "Shutting down (exit code 0)" in run.err


def test_a_second_signal_ends_at_once(start, shop):
    shop.slow_seconds = 60
    run = start("--headless", "--host", shop.url, "-s", "60", files={"locustfile.py": SLOW})
    run.until(lambda: shop.arrived["/slow"] > 0)
    run.send("SIGINT")
    run.until("Got SIGINT, shutting down")
    run.send("SIGINT")
    assert run.wait() == 130
    assert "Got a second signal (SIGINT): ending at once" in run.err


def test_ctrl_c_while_the_locustfile_is_imported(start):
    slow = "import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(60)\n"
    run = start("--headless", files={"locustfile.py": slow})
    run.until("importing")
    run.send("SIGINT")
    assert run.wait() == 130
    assert "Traceback" not in run.err


def test_a_signal_before_any_load(start, shop):
    run = start("--host", shop.url, "-P", "0", "--web-host", "127.0.0.1")
    run.until("Starting Locust 2.46.4")
    run.send("SIGTERM")
    assert run.wait() == 0, run.err


def test_keys_change_the_users(start, shop):
    """w adds one, W ten, S takes ten away; the terminal is as it was afterwards."""
    import termios

    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    run = start("--headless", "--host", shop.url, "-u", "2", "-r", "9", stdin=theirs)
    run.until('All users spawned: {"Visitor": 2}')
    os.write(ours, b"w")
    run.until("Ramping to 3 users")
    os.write(ours, b"W")
    run.until("Ramping to 13 users")
    run.until('All users spawned: {"Visitor": 13}')
    os.write(ours, b"S")
    run.until('All users spawned: {"Visitor": 3}')
    os.write(ours, b"s")
    run.until("Ramping to 2 users")
    run.send("SIGINT")
    assert run.wait() == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
