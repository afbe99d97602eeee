"""How load starts, changes and ends: shapes, drain, --reset-stats, autostart."""

from __future__ import annotations

import json

import pytest
import requests

pytestmark = pytest.mark.processes

SHAPE = """
    from locust import HttpUser, LoadTestShape, constant, events, task

    class Visitor(HttpUser):
        wait_time = constant(0.05)

        @task
        def home(self):
            self.client.get("/")

    class Hill(LoadTestShape):
        def tick(self):
            seconds = self.get_run_time()
            return (3, 50) if seconds < 2 else None
"""
SLOW = """
    from locust import HttpUser, constant, task

    class Patient(HttpUser):
        wait_time = constant(0.01)

        @task
        def wait(self):
            self.client.get("/slow")
"""


def test_a_shape_ends_itself_and_options_give_way(headless, shop):
    run = headless("-u", "50", "-r", "9", "--results", "out", files={"locustfile.py": SHAPE})
    assert run.code == 0, run.err
    text = "--run-time, --users or --spawn-rate have no impact on LoadShapes, ignoring them"
    assert text in run.err
    status = json.loads((run.folder / "out/run.json").read_text())["status"]
    assert status["load"]["model"] == "shape"
    assert status["load"]["peak_users"] == 3
    assert 2 <= status["elapsed_seconds"] < 15
    assert shop.total > 10


def test_drain_lets_running_tasks_finish(headless, shop):
    shop.slow_seconds = 1.0
    run = headless("-s", "5", "-u", "3", "-r", "20", "--json-file", "all",
                   files={"locustfile.py": SLOW})  # fmt: skip
    assert run.code == 0, run.err
    entry = json.loads((run.folder / "all.json").read_text())[0]
    assert entry["num_requests"] == shop.paths["/slow"] == shop.arrived["/slow"] >= 3


def test_without_drain_running_tasks_are_cut(headless, shop):
    shop.slow_seconds = 30
    run = headless("-u", "2", "-r", "20", "--results", "out", files={"locustfile.py": SLOW})
    assert run.code == 0, run.err
    saved = json.loads((run.folder / "out/run.json").read_text())
    assert saved["status"]["total"]["requests"] == 0
    assert saved["status"]["elapsed_seconds"] < 15
    assert shop.arrived["/slow"] == 2


def test_reset_stats_when_all_users_are_there(headless, shop):
    run = headless("-t", "3", "-u", "3", "-r", "2", "--reset-stats", "--json-file", "all",
                   "--stop-timeout", "2")  # fmt: skip
    assert run.code == 0, run.err
    assert "Resetting stats" in run.err
    entries = json.loads((run.folder / "all.json").read_text())
    assert 0 < sum(entry["num_requests"] for entry in entries) < shop.total


def test_autostart_and_autoquit(start, shop):
    run = start("--autostart", "--autoquit", "0", "-t", "1", "--host", shop.url, "-P", "0",
                "--web-host", "127.0.0.1", "--html", "r.html")  # fmt: skip
    assert requests.get(run.web, timeout=5).status_code == 200
    assert run.wait() == 0, run.err
    assert "press enter to open your default browser." in run.err
    assert (run.folder / "r.html").exists()


def test_headless_without_run_time(start, shop):
    run = start("--headless", "--host", shop.url, "-u", "2", "-r", "9")
    run.until("No run time limit set, use CTRL+C to interrupt")
    run.until(lambda: shop.total > 5)
    run.send("SIGINT")
    assert run.wait() == 0
