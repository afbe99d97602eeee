"""Which classes and tasks run, and the options that only show something."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.processes

TWO_CLASSES = """
    from locust import HttpUser, constant, tag, task

    class Reader(HttpUser):
        wait_time = constant(0.05)
        weight = 3

        @tag("slow")
        @task(3)
        def read(self):
            self.client.get("/read")

        @tag("quick")
        @task
        def skim(self):
            self.client.get("/skim")

    class Writer(HttpUser):
        wait_time = constant(0.05)

        @tag("quick")
        @task
        def write(self):
            self.client.get("/write")
"""
FILES = {"locustfile.py": TWO_CLASSES}


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (["Writer"], {"/write"}),
        (["--tags", "quick", "-u", "2", "-r", "9"], {"/skim", "/write"}),
        (["--exclude-tags", "slow", "--", "Reader"], {"/skim"}),
        (["--tags", "quick", "slow", "--exclude-tags", "quick", "--", "Reader"], {"/read"}),
    ],
    ids=["class", "tags", "exclude", "both"],
)
def test_selection(headless, shop, options, paths):
    run = headless(*options, files=FILES)
    assert run.code == 0, run.err
    assert set(shop.paths) == paths


def test_list(katydid):
    run = katydid("--list", files=FILES)
    assert (run.code, run.out) == (0, "Available Users:\n    Reader\n    Writer\n")


def test_task_ratio(katydid):
    run = katydid("--show-task-ratio", "-u", "4", files=FILES)
    assert run.code == 0
    lines = [line.strip() for line in run.out.splitlines()]
    assert "75.0 % read" in lines
    assert lines[0] == "Task ratio per User class"


def test_task_ratio_as_json(katydid):
    run = katydid("--show-task-ratio-json", "-u", "4", files=FILES)
    ratios = json.loads(run.out)
    assert run.code == 0
    assert ratios["per_class"]["Reader"]["tasks"]["read"]["ratio"] == 0.75
    assert ratios["per_class"]["Reader"]["ratio"] == 0.75


def test_help_and_version(katydid):
    files = {"locustfile.py": """
        from locust import User, events

        @events.init_command_line_parser.add_listener
        def add(parser):
            parser.add_argument("--region", help="Where to test.")

        class A(User):
            pass
    """}  # fmt: skip
    shown = katydid("--help", files=files)
    assert shown.code == 0
    assert "--spawn-rate" in shown.out
    assert "Where to test." in shown.out, "the locustfile's own argument"
    version = katydid("-V")
    assert version.code == 0
    assert version.out.startswith("katydid ")
    assert "(Locust API 2.46.4)" in version.out
