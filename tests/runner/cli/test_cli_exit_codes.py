"""Exit codes of Locust's surface: failures, listeners, thresholds."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.processes

FAILING = """
    from locust import HttpUser, constant, events, task

    class Buyer(HttpUser):
        wait_time = constant(0.05)

        @task
        def buy(self):
            self.client.get("/fail")
"""
LISTENING = """
    from locust import HttpUser, constant, events, task

    class Visitor(HttpUser):
        wait_time = constant(0.05)

        @task
        def home(self):
            self.client.get("/")

    @events.{event}.add_listener
    def listen({arguments}):
        {body}
"""


def listening(event, body, arguments="environment, **_"):
    return {"locustfile.py": LISTENING.format(event=event, body=body, arguments=arguments)}


@pytest.mark.parametrize(
    ("options", "code"),
    [([], 1), (["--exit-code-on-error", "7"], 7), (["--exit-code-on-error", "0"], 0)],
    ids=["default", "7", "0"],
)
def test_failed_requests(headless, options, code):
    run = headless(*options, files={"locustfile.py": FAILING})
    assert run.code == code
    assert f"Shutting down (exit code {code})" in run.err


def test_a_quitting_listener_decides(headless):
    run = headless(files=listening("quitting", "environment.process_exit_code = 42"))
    assert run.code == 42


def test_a_listener_that_fails_is_2(headless):
    run = headless(files=listening("test_start", "raise RuntimeError('no data')"))
    assert run.code == 2
    assert "Uncaught exception in event handler" in run.err


def test_quit_tells_the_code(headless):
    run = headless(files=listening("quit", "print('quit', exit_code)", "exit_code, **_"))
    assert (run.code, run.out) == (0, "quit 0\n")


@pytest.mark.parametrize(
    ("thresholds", "code"),
    [
        (["requests > 3", "failures < 1%", "/: p95 < 9s"], 0),
        (["requests > 100000"], 3),
        (["GET /nothing: p95 < 1s"], 3),
    ],
    ids=["met", "breached", "no-data"],
)
def test_thresholds_decide(headless, thresholds, code):
    options = [word for text in thresholds for word in ("--threshold", text)]
    run = headless("--only-summary", *options)
    assert run.code == code, run.err


def test_thresholds_alone_decide(headless):
    run = headless("--threshold", "requests > 1", files={"locustfile.py": FAILING})
    assert run.code == 0, "failed requests are allowed unless a threshold forbids them"


def test_abort(headless, shop):
    """A threshold with abort ends the test; how soon, tests/runner/run/test_run_thresholds says."""
    run = headless(
        "-t", "60", "--threshold", "failures < 1 abort", "--results", "out",
        files={"locustfile.py": FAILING},
    )  # fmt: skip
    assert run.code == 3
    saved = json.loads((run.folder / "out/run.json").read_text())
    assert saved["status"]["elapsed_seconds"] < 30, "of the 60 s that it was given"
    assert saved["status"]["reason"] == "ThresholdAborted"
    assert saved["status"]["thresholds"][0]["status"] == "Breached"
