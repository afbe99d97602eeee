"""Config files, variables and custom arguments in a real run, and what wins."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

TELLING = """
    from locust import User, constant, events, task

    class Sleeper(User):
        wait_time = constant(0.05)

        @task
        def sleep(self):
            pass

    @events.init_command_line_parser.add_listener
    def add(parser):
        parser.add_argument("--region", default="north", env_var="TEST_REGION")
        parser.add_argument("--loud", action="store_true")

    @events.test_start.add_listener
    def tell(environment, **_):
        o = environment.parsed_options
        print(o.num_users, o.spawn_rate, o.host, o.stop_timeout, o.region, o.loud, sep=" | ")
"""
FILES = {
    "other.py": TELLING,
    ".locust.conf": "users = 1\nspawn-rate = 11\nheadless = true\nrun-time = 300ms\n",
    "locust.conf": "users = 2\nlocustfile = other.py\nonly-summary = true\n",
    "pyproject.toml": '[tool.locust]\nusers = 3\nhost = "http://127.0.0.1:9"\n',
    "mine.conf": "users = 4\nstop-timeout = 1s\nregion = east\n",
}


def test_layers(katydid):
    """home < folder < pyproject < --config < environment < command line."""
    files = FILES | {".locust.conf": FILES[".locust.conf"].replace("300ms", "1")}
    run = katydid("--config", "mine.conf", "--loud", files=files, env={"LOCUST_USERS": "5"})
    assert run.code == 0, run.err
    assert run.out == "5 | 11.0 | http://127.0.0.1:9 | 1 | east | True\n"


def test_the_command_line_wins(katydid):
    run = katydid(
        "--headless", "-u", "7", "-t", "1", "--region", "west", "-f", "other.py",
        files={"other.py": TELLING, "locust.conf": "users = 2\nregion = south\n"},
        env={"LOCUST_USERS": "5", "TEST_REGION": "east", "LOCUST_SPAWN_RATE": "70"},
    )  # fmt: skip
    assert run.code == 0, run.err
    assert run.out == "7 | 70.0 | None | 0 | west | False\n"


def test_custom_arguments_reach_workers_and_locustfile_comes_from_a_variable(katydid):
    run = katydid(
        "--headless", "-t", "1", "--processes", "2", "--region", "far",
        files={"other.py": TELLING}, env={"LOCUST_LOCUSTFILE": "other.py"},
    )  # fmt: skip
    assert run.code == 0, run.err
    assert run.out.count("| far |") == 3, "the master and two workers"
