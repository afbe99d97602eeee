"""From a runner to its document, and the document to JSON and back."""

from __future__ import annotations

import argparse

import pytest

from katydid.load.spec import ArrivalLoad, ConstantLoad, Stage, StagedLoad
from katydid.results import document_json
from katydid.run.controls import RunnerControls
from katydid.run.settings import RunSettings
from katydid.run.snapshot import document, history, status
from katydid.thresholds import parse
from katydid.user import User, constant, task

from .conftest import Clicker, Idler, fire


class Shopper(User):
    """Every fourth request fails, every fifth visit raises."""

    wait_time = constant(0.02)
    visits = 0

    @task
    def visit(self):
        Shopper.visits += 1
        error = None if Shopper.visits % 4 else ConnectionError("refused")
        fire(self.environment, 12.5, error)
        if Shopper.visits % 5 == 0:
            raise ValueError("no stock")


@pytest.fixture
def finished(local):
    Shopper.visits = 0
    settings = RunSettings(
        name="checkout",
        run="3",
        thresholds=(parse("p95 < 300ms"), parse("POST /pay: p50 < 1s")),
        versions={"katydid": "0.1.0"},
        manifest="kind: LoadTest\n",
        sources={"locustfile.py": "from locust import HttpUser\n"},
    )
    runner = local(Shopper, settings=settings, host="http://shop.example")
    runner.log_lines = lambda: ["a line"]
    runner.begin_load(ConstantLoad(3, 100.0, 0.6))
    assert runner.finished.wait(60)
    runner.final = True
    return runner


def test_a_document_is_exact_in_json(finished):
    result = document(finished)
    text = document_json.to_json(result)
    assert document_json.from_json(text) == result
    assert document_json.to_json(document_json.from_json(text)) == text


def test_what_it_says(finished):
    result = document(finished)
    total, (row,) = result.status.total, result.requests
    assert (total.method, total.name) == ("", "Aggregated")
    assert (row.method, row.name) == ("GET", "/")
    assert total.requests == row.requests == finished.stats.num_requests > 20
    assert row.failures == row.requests // 4
    assert row.latency.min_ms == row.latency.max_ms == row.latency.mean_ms == 12.5
    assert row.latency.percentiles_ms["p99.9"] == 12.5
    assert (row.latency.counts, row.service) == ([row.requests], None)
    assert row.total_length == 10 * row.requests
    (failure,) = result.failures
    assert (failure.reason, failure.occurrences) == ("ConnectionError", row.failures)
    (exception,) = result.exceptions
    assert (exception.message, exception.count) == ("no stock", row.requests // 5)
    assert sum(point.requests for point in result.history) == row.requests
    assert result.request_history["GET /"][0].requests == result.history[0].requests
    assert [mark.kind for mark in result.marks] == ["start", "breach", "stop"]
    assert (result.sources, result.manifest) == (
        {"locustfile.py": "from locust import HttpUser\n"},
        "kind: LoadTest\n",
    )
    assert result.logs == {"master": ["a line"]}
    assert (result.workers, result.names_dropped) == ([], 0)


def test_the_status_of_a_finished_run(finished):
    now = status(finished)
    assert (now.name, now.run, now.state, now.phase, now.final) == (
        "checkout",
        "3",
        "stopped",
        "Failed",
        True,
    )
    assert (now.verdict, now.reason) == ("Failed", "ThresholdsBreached")
    assert now.message == "POST /pay: p50 < 1s: No request named POST /pay was made."
    assert [(row.status, row.value) for row in now.thresholds] == [
        ("Met", 12.5),
        ("Breached", None),
    ]
    assert now.elapsed_seconds == now.finished_at - now.load_started_at >= 0.6
    assert now.load.peak_users == 3
    assert now.load.users == 0
    assert now.load.run_time_seconds == 0.6
    assert (now.host, now.user_classes) == ("http://shop.example", ["Shopper"])
    assert (now.workers_expected, now.workers_ready, now.workers_lost) == (0, 0, 0)


def test_history_since(finished):
    points = history(finished)
    assert history(finished, points[0].time) == points[1:]


def test_phases_of_a_run(local, clock):
    runner = local(Idler, clock=clock)
    phases = [(status(runner).phase, status(runner).verdict)]
    runner.environment.events.test_stopping.add_listener(
        lambda **_: phases.append((status(runner).phase, status(runner).verdict))
    )
    runner.begin_load(ConstantLoad(1, 1.0))
    phases.append((status(runner).phase, status(runner).verdict))
    runner.stop()
    runner.final = True
    phases.append((status(runner).phase, status(runner).verdict))
    assert phases == [
        ("Starting", None),
        ("Running", None),
        ("Finishing", None),
        ("Stopped", "Stopped"),
    ]


@pytest.mark.parametrize(
    ("load", "model", "run_time", "max_users"),
    [
        (ConstantLoad(2, 1.0, 60.0), "users", 60.0, None),
        (StagedLoad((Stage(30, 1), Stage(30, 2))), "stages", None, None),
        (ArrivalLoad(5.0, 9, run_time_seconds=30.0), "arrivalRate", 30.0, 9),
    ],
)
def test_a_load_before_it_begins(local, load, model, run_time, max_users):
    row = status(local(Idler, settings=RunSettings(load=load))).load
    assert (row.model, row.run_time_seconds, row.max_users) == (model, run_time, max_users)


def test_options_are_told_without_secrets(local):
    options = argparse.Namespace(
        users=5,
        host="http://shop.example",
        control_token="t-0-k-e-n",
        curve_seed="s-e-e-d",
        shop_password="p-a-s-s",
        client_secret="h-i-d",
        api_key="k-e-y",
        tags=["a"],
        empty="",
        nothing=None,
        ratio=0.5,
    )
    runner = local(Clicker, parsed_options=options)
    result = document(runner)
    assert result.options == {
        "users": 5,
        "host": "http://shop.example",
        "tags": ["a"],
        "ratio": 0.5,
    }
    text = document_json.to_json(result)
    for secret in ("t-0-k-e-n", "s-e-e-d", "p-a-s-s", "h-i-d", "k-e-y"):
        assert secret not in text


def test_a_password_in_the_hosts_address_is_not_told(local):
    options = argparse.Namespace(host="https://user:p-a-s-s@shop.example/a")
    runner = local(Clicker, parsed_options=options, host=options.host)
    text = document_json.to_json(document(runner))
    assert "p-a-s-s" not in text
    assert "https://shop.example/a" in text


def test_what_the_page_asks_for_is_of_the_same_document(finished):
    controls, whole = RunnerControls(finished), document(finished)
    light = controls.document(histories=False)
    assert (light.requests, light.request_history) == (whole.requests, {})
    most = max(whole.requests, key=lambda row: row.requests)
    assert controls.busiest(1)[0].requests == most.requests
    assert len(controls.busiest(99)) == controls.names() == len(whole.requests)
    assert controls.task_ratio() == whole.task_ratio
    assert controls.marks() == whole.marks
    points = whole.request_history[f"{most.method} {most.name}"]
    assert controls.history(0, 1, (most.method, most.name)) == points
    assert controls.trend(most.method, most.name, 40) == [point.p95_ms for point in points]
    assert controls.history(0, 1, ("GET", "/nothing")) == []
