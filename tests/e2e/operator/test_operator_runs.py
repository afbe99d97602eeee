"""A LoadTest from `kubectl apply` to its verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

Conditions = Callable[[dict[str, Any]], dict[str, str]]


def test_a_run_from_apply_to_passed(tests: Any, shop: Any, conditions_of: Conditions) -> None:
    """Status, conditions, events, history and kept results; the numbers are the shop's own."""
    tests.apply()
    tests.running()
    status = tests.finished()

    assert (status["phase"], status["verdict"]) == ("Succeeded", "Passed")
    assert status["target"] == shop.url
    assert status["run"]["number"] == 1
    assert status["run"]["loadStartedAt"] < status["run"]["finishedAt"]
    assert status["workers"]["desired"] == 2
    assert status["workers"]["lost"] == 0
    assert status["load"]["failures"] == 0
    assert [one["status"] for one in status["thresholds"]] == ["Met"]
    assert status["results"] == {"artifacts": "configmap/test-results#results.tar.gz"}
    assert conditions_of(status) == {
        "Accepted": "True", "Degraded": "False", "Finished": "True", "Ready": "True",
        "Reconciling": "False", "ResultsStored": "True", "Stalled": "False", "Succeeded": "True",
        "ThresholdsMet": "True", "WorkersReady": "False",
    }  # fmt: skip
    [entry] = status["history"]
    assert (entry["number"], entry["verdict"], entry["users"]) == (1, "Passed", 4)
    assert tests.events() == ["Starting", "Running", "Passed"]

    files = tests.results()
    assert {"report.html", "run.json", "junit.xml"} <= files.keys()
    counted = tests.counted()
    assert len(counted) == 2
    assert {key: shop.counts(key)["answered"] for key in counted} == counted
    assert sum(counted.values()) == status["load"]["requests"]
    assert json.loads(files["run.json"])["status"]["verdict"] == "Passed"


def test_a_breached_threshold_fails(tests: Any, conditions_of: Conditions) -> None:
    tests.apply(thresholds=[{"name": "quick", "metric": "p95", "below": "1ms"}])
    status = tests.finished()
    assert (status["phase"], status["verdict"]) == ("Failed", "Failed")
    assert status["thresholds"][0]["status"] == "Breached"
    assert "p95 < 1ms" in status["message"]
    assert conditions_of(status)["ThresholdsMet"] == "False"
    assert conditions_of(status)["Succeeded"] == "False"
    assert {"ThresholdBreached", "Failed"} <= set(tests.events())


def test_a_breach_with_abort_ends_the_load_early(tests: Any) -> None:
    tests.apply(
        thresholds=[{"name": "quick", "metric": "p95", "below": "1ms", "abort": True}],
        load={"users": 4, "runTime": "10m", "stopTimeout": "2s"},
    )
    status = tests.finished(seconds=40)
    assert status["verdict"] == "Failed"
    assert status["reason"] == "ThresholdAborted", status["reason"]


def test_failures_fail_a_test_without_thresholds(tests: Any) -> None:
    source = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0.1)

    @task
    def nowhere(self):
        self.client.get("/nowhere")
"""
    tests.apply(source=source, thresholds=None, load={"users": 2, "runTime": "4s"})
    status = tests.finished()
    assert (status["verdict"], status["phase"]) == ("Failed", "Failed")
    assert status["load"]["failPercent"] == "100.00"
    assert "thresholds" not in status


def test_a_namespace_under_restricted_pod_security(
    tests_in: Callable[[str], Any], make_namespace: Callable[..., str]
) -> None:
    tests = tests_in(make_namespace({"pod-security.kubernetes.io/enforce": "restricted"}))
    tests.apply(load={"users": 2, "runTime": "4s"})
    assert tests.finished()["verdict"] == "Passed"


def test_a_rerun_keeps_the_history(tests: Any) -> None:
    tests.apply(load={"users": 2, "runTime": "3s"})
    first = tests.finished()
    tests.edit({"rerunToken": "again"})
    second = tests.finished(run=2)
    assert [one["number"] for one in second["history"]] == [2, 1]
    assert [one["verdict"] for one in second["history"]] == ["Passed", "Passed"]
    assert first["run"]["id"] != second["run"]["id"]
    assert [pod["metadata"]["name"] for pod in tests.pods("master", run=2)] == ["test-2-master"]
    assert tests.pods("master", run=1) == [] or all(
        "deletionTimestamp" in pod["metadata"] for pod in tests.pods(run=1)
    )
