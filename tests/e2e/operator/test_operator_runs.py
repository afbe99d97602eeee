"""A LoadTest from `kubectl apply` to its verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def without_running(events: list[str]) -> list[str]:
    """A short run may be over before a busy kubelet has told that it makes load."""
    return [reason for reason in events if reason not in ("Running", "Finishing")]


Conditions = Callable[[dict[str, Any]], dict[str, str]]


def test_a_run_from_apply_to_passed(tests: Any, shop: Any, conditions_of: Conditions) -> None:
    """Status, conditions, events, history and kept results; the numbers are the shop's own."""
    tests.apply()
    status = tests.finished()

    assert (status["phase"], status["verdict"]) == ("Succeeded", "Passed")
    assert status["target"] == shop.url
    assert status["run"]["number"] == 1
    assert status["run"]["loadStartedAt"] < status["run"]["finishedAt"]
    assert status["workers"]["desired"] == 2
    assert status["workers"]["lost"] == 0
    assert status["workers"]["summary"] == "2/2"  # who took part, though all have left
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
    assert without_running(tests.events()) == ["Starting", "Passed"]

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
    status = tests.finished()
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


def test_two_tests_at_once(tests: Any, shop: Any) -> None:
    """Side by side in one namespace: each with its own pods, numbers and results."""
    names = ("one", "two")
    for name in names:
        tests.apply(name, load={"users": 2, "runTime": "8s", "stopTimeout": "5s"})
    for name in names:
        status = tests.finished(name)
        assert (status["verdict"], status["workers"]["summary"]) == ("Passed", "2/2")
        counted = tests.counted(name)
        assert len(counted) == 2
        assert {key: shop.counts(key)["answered"] for key in counted} == counted


def test_kubectl_waits_for_the_conditions(tests: Any) -> None:
    """As people's scripts do; `Finished` comes with any verdict, `Succeeded` with Passed."""
    load = {"users": 2, "runTime": "3s", "stopTimeout": "5s"}
    tests.apply("good", load=load)
    tests.apply("bad", load=load, thresholds=[{"name": "q", "metric": "p95", "below": "1ms"}])
    wait = ("-n", tests.namespace, "wait", "loadtest", "--timeout=120s")
    tests.cluster.kubectl(*wait, "--all", "--for=condition=Finished")
    tests.cluster.kubectl(*wait, "good", "--for=condition=Succeeded")
    tests.cluster.kubectl(*wait, "bad", "--for=condition=Succeeded=False")
    said = tests.cluster.kubectl("-n", tests.namespace, "get", "kdt", "--no-headers")
    rows = {line.split()[0]: line.split() for line in said.splitlines()}
    assert rows["good"][1:3] == ["Succeeded", "Passed"]
    assert rows["bad"][1:3] == ["Failed", "Failed"]
    assert rows["good"][7] == "2/2"


def test_a_suspended_test_starts_when_it_is_released(tests: Any) -> None:
    tests.apply(suspend=True, load={"users": 2, "runTime": "3s", "stopTimeout": "5s"})
    status = tests.wait("Suspended", lambda status: status.get("phase") == "Suspended")
    assert "run" not in status
    assert not tests.pods()
    tests.edit({"suspend": False})
    assert tests.finished()["verdict"] == "Passed"
    assert without_running(tests.events()) == ["Suspended", "Starting", "Passed"]


def test_a_deadline(tests: Any, shop: Any) -> None:
    """It counts from the claim, start-up included; the load stops and the reports are written."""
    load = {"users": 2, "runTime": "10m", "stopTimeout": "2s"}
    tests.apply(load=load, deadline="25s")
    status = tests.finished()
    assert (status["verdict"], status["reason"]) == ("Error", "DeadlineExceeded")
    assert "deadline of 25 s" in status["message"]
    if status["load"]["requests"]:  # a busy node may have spent all of it on starting
        assert "run.json" in tests.results()
    tests.cluster.wait_until(
        "no pod is up",
        lambda: all(pod["status"]["phase"] in ("Succeeded", "Failed") for pod in tests.pods()),
    )


def test_times_to_live(tests: Any) -> None:
    """First the pods and snapshots go, then the LoadTest with its results; both are live."""
    tests.apply(load={"users": 1, "runTime": "2s", "stopTimeout": "1s"})
    assert tests.finished()["verdict"] == "Passed"
    assert tests.pods()
    tests.edit({"podTTLSecondsAfterFinished": 1})
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods())
    assert {one["metadata"]["name"] for one in _ours(tests, "v1", "ConfigMap")} == {"test-results"}
    tests.edit({"ttlSecondsAfterFinished": 1})
    tests.cluster.wait_until("it is gone", lambda: not tests.status())
    for version, kind in (
        ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("batch/v1", "Job"),
    ):  # fmt: skip
        tests.cluster.wait_until(
            f"no {kind} is left", lambda v=version, k=kind: not _ours(tests, v, k)
        )


def _ours(tests: Any, version: str, kind: str) -> list[dict[str, Any]]:
    selector = "app.kubernetes.io/managed-by=katydid-operator"
    return list(tests.cluster.items(version, kind, tests.namespace, selector))
