"""Several processes: --processes, and workers that get the locustfile from their master."""

from __future__ import annotations

import json
import os
import re
import socket

import pytest
import requests

pytestmark = pytest.mark.processes


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as passing:
        return passing.getsockname()[1]


def test_two_processes(headless, shop):
    run = headless("--processes", "2", "-u", "4", "-r", "20", "--stop-timeout", "2",
                   "--json-file", "all")  # fmt: skip
    assert run.code == 0, run.err
    entries = json.loads((run.folder / "all.json").read_text())
    assert {entry["name"]: entry["num_requests"] for entry in entries} == dict(shop.paths)
    assert "(index 1) reported as ready. 2 workers connected." in run.err
    assert 'All users spawned: {"Visitor": 4} (4 total users)' in run.err


def test_one_process_per_core(headless, shop):
    run = headless("--processes", "-1", "-u", "2", "-r", "20")
    assert run.code == 0, run.err
    assert f"{len(os.sched_getaffinity(0))} workers connected." in run.err


def test_failures_of_workers_count(headless):
    run = headless(
        "--processes", "2", "-u", "2", "-r", "20", "--exit-code-on-error", "9",
        files={"locustfile.py": """
            from locust import HttpUser, constant, task

            class Buyer(HttpUser):
                wait_time = constant(0.1)

                @task
                def buy(self):
                    self.client.get("/fail")
            """},
    )  # fmt: skip
    assert run.code == 9
    assert "Error report" in run.err


def test_a_worker_gets_the_locustfile_and_its_sibling(start, shop, free_port, tmp_path_factory):
    """The worker's own folder holds neither; it prints what the sibling module says."""
    files = {
        "test.py": """
            from locust import HttpUser, constant, events, task
            from pages import PATH

            class Visitor(HttpUser):
                wait_time = constant(0.05)

                @task
                def visit(self):
                    self.client.get(PATH)

            @events.init_command_line_parser.add_listener
            def add(parser):
                parser.add_argument("--region", default="north")

            @events.test_start.add_listener
            def tell(environment, **_):
                print("region", environment.parsed_options.region, flush=True)
        """,
        "pages/__init__.py": "PATH = '/of-the-sibling'\n",
    }
    where = ("--master-bind-host", "127.0.0.1", "--master-bind-port", str(free_port))
    master = start(
        "-f", "test.py", "--master", "--headless", "--host", shop.url, "-t", "2", *where,
        "--region", "south", "--stop-timeout", "2", "--json-file", "all", files=files,
    )  # fmt: skip
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    worker = start("-f", "-", "--worker", "--master-port", str(free_port), folder=elsewhere)
    assert (master.wait(), worker.wait()) == (0, 0), master.err + worker.err
    assert list(shop.paths) == ["/of-the-sibling"]
    assert worker.out == "region south\n"
    assert json.loads((master.folder / "all.json").read_text())[0]["num_requests"] == shop.total


def test_a_master_waits_for_its_workers_and_is_steered_by_its_page(start, shop, free_port):
    master = start(
        "--master", "--host", shop.url, "--web-port", "0", "--web-host", "127.0.0.1",
        "--master-bind-host", "127.0.0.1", "--master-bind-port", str(free_port),
    )  # fmt: skip
    api = master.web
    master.until("Starting Locust 2.46.4")
    worker = start("--worker", "--master-port", str(free_port))
    master.until("reported as ready. 1 workers connected.")
    answer = requests.post(f"{api}/swarm", data={"user_count": 2, "spawn_rate": 5}, timeout=5)
    assert answer.json()["success"] is True
    master.until(lambda: shop.total > 5)
    assert requests.post(f"{api}/stop", timeout=20).json()["success"] is True
    status = requests.get(f"{api}/api/v1/status", timeout=5).json()
    assert status["state"] == "stopped"
    master.send("SIGTERM")
    assert (master.wait(), worker.wait()) == (0, 0)
    assert re.search(r"Ramping to 2 users at a rate of 5\.00 per second", master.err)
