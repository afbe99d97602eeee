"""The planner at the end of a run and after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from katydid_operator import actions as do
from katydid_operator.actions import Plan
from katydid_operator.loadtest import Json
from katydid_operator.observed import (
    JobView,
    Learned,
    Observed,
    PodView,
    Reading,
    Stored,
)
from katydid_operator.plan import plan
from katydid_operator.status import condition

from .planning import (
    FINAL,
    NOW,
    RUNNING,
    Make,
    ended,
    engine,
    is_true,
    master,
    reasons,
    waiting,
    worker,
)


@pytest.mark.parametrize(
    ("verdict", "phase", "succeeded"),
    [
        ("Passed", "Succeeded", "True"),
        ("Failed", "Failed", "False"),
        ("Error", "Failed", "False"),
        ("Stopped", "Stopped", "False"),
    ],
)
def test_the_master_s_verdict_is_the_verdict(
    running: Callable[..., Observed], verdict: str, phase: str, succeeded: str
) -> None:
    document = {**FINAL, "verdict": verdict}
    found = plan(running(reading=Reading(document, NOW)), NOW)
    status = found.status
    assert (status["verdict"], status["phase"]) == (verdict, phase)
    assert status["run"]["finishedAt"] == "2026-01-01T12:00:00Z"
    assert status["run"]["duration"] == "1m1s"
    assert status["load"]["rps"] == "19.6"
    assert is_true(status, "Finished") == "True"
    assert is_true(status, "Succeeded") == succeeded
    assert is_true(status, "Ready") == succeeded
    assert is_true(status, "Reconciling") == "False"
    assert is_true(status, "ResultsStored") == "Unknown"
    assert status["history"] == [
        {
            "number": 1,
            "id": status["run"]["id"],
            "verdict": verdict,
            "finishedAt": "2026-01-01T12:00:00Z",
            "users": 10,
            "rps": "19.6",
            "p95Ms": "80.0",
            "failPercent": "0.25",
        }
    ]


@pytest.mark.parametrize(
    ("workers", "summary"),
    [
        ((worker(0), worker(1)), "2/2"),
        ((worker(0, ended(0)), worker(1, is_ready=False)), "2/2"),  # they leave, or have left
        ((worker(0, ended(137), phase="Failed"), worker(0), worker(1)), "2/2"),  # replaced
        ((worker(0, ended(143), phase="Failed"), worker(1)), "1/2"),
        ((worker(0), worker(1, waiting("ContainerCreating"))), "1/2"),
        ((), "0/2"),
    ],
)
def test_how_many_workers_took_part_is_left_in_the_summary(
    running: Callable[..., Observed], workers: tuple[PodView, ...], summary: str
) -> None:
    two = {"workers": {"replicas": 2, "processesPerPod": 2}}
    found = plan(running(two, workers=workers, reading=Reading(FINAL, NOW)), NOW)
    assert found.status["workers"]["summary"] == summary
    # what the kubelet is late to tell, the master knows: three processes are two pods
    document = {**FINAL, "workers_ready": 3}
    found = plan(running(two, workers=workers, reading=Reading(document, NOW)), NOW)
    assert found.status["workers"]["summary"] == "2/2"
    assert (found.status["workers"]["current"], found.status["workers"]["ready"]) == (0, 0)


@pytest.mark.parametrize(
    ("spec", "later", "expected"),
    [
        ({}, 60, ("Failed", "MasterLost")),  # drained, or deleted by somebody
        ({"stop": True}, 60, ("Stopped", "StopRequested")),
        ({"deadline": "5m"}, 600, ("Failed", "DeadlineExceeded")),
    ],
)
def test_a_master_that_was_told_to_end_leaves_its_numbers(
    running: Callable[..., Observed], spec: Json, later: int, expected: tuple[str, str]
) -> None:
    document = {**FINAL, "verdict": "Stopped", "reason": "Terminated"}
    now = NOW + timedelta(seconds=later)
    found = plan(running(spec, reading=Reading(document, now)), now)
    assert reasons(found) == expected
    assert found.status["load"]["rps"] == "19.6"
    reason = condition(found.status, "Degraded")["reason"]
    assert reason == ("PartialResults" if expected[1] == "MasterLost" else "AsExpected")


def test_a_summary_without_a_verdict_is_an_error(running: Callable[..., Observed]) -> None:
    found = plan(running(reading=Reading({**FINAL, "verdict": None}, NOW)), NOW)
    assert reasons(found) == ("Failed", "NoVerdict")


def test_thresholds_and_their_condition(running: Callable[..., Observed]) -> None:
    spec = {
        "thresholds": [
            {"name": "slow", "metric": "p95", "below": "1s"},
            {"name": "never", "metric": "p99", "below": "1s"},
        ]
    }
    rows = [{"name": "slow", "status": "Breached", "value": 1234.5, "unit": "ms"}]
    live = plan(running(spec, reading=Reading({**RUNNING, "thresholds": rows}, NOW)), NOW)
    assert live.status["thresholds"] == [
        {"name": "slow", "status": "Breached", "value": "1234.5ms"},
        {"name": "never", "status": "Pending"},
    ]
    assert condition(live.status, "ThresholdsMet")["reason"] == "Breached"
    # A summary that passed may have left out what was met.
    passed = plan(running(spec, reading=Reading(FINAL, NOW)), NOW)
    assert [one["status"] for one in passed.status["thresholds"]] == ["Met", "Met"]
    assert is_true(passed.status, "ThresholdsMet") == "True"


def test_a_deleted_master_leaves_partial_numbers(running: Callable[..., Observed]) -> None:
    found = plan(running(master=None), NOW)
    assert reasons(found) == ("Failed", "MasterLost")
    assert found.status["load"]["requests"] == 1200
    assert condition(found.status, "Degraded")["reason"] == "PartialResults"
    assert "partial" in found.status["message"]
    assert is_true(found.status, "ResultsStored") == "False"


def test_results_are_fetched_while_the_master_lingers(finished: Callable[..., Observed]) -> None:
    seen = finished()
    assert plan(seen, NOW).actions == (do.FetchResults(1),)
    stored = replace(seen, learned=Learned(stored=Stored(True, "ConfigMap", "kept")))
    found = plan(stored, NOW)
    assert found.actions == ()
    assert found.status["results"] == {"artifacts": "configmap/checkout-results#results.tar.gz"}
    assert is_true(found.status, "ResultsStored") == "True"
    late = plan(replace(seen, master=master(ended(0), phase="Succeeded")), NOW)
    assert condition(late.status, "ResultsStored")["reason"] == "MasterGone"
    assert late.status["verdict"] == "Passed"


def test_results_on_a_volume_need_no_fetching(running: Callable[..., Observed]) -> None:
    spec = {"results": {"persistentVolumeClaim": {"claimName": "out", "path": "a"}}}
    found = plan(running(spec, reading=Reading(FINAL, NOW)), NOW)
    assert condition(found.status, "ResultsStored")["reason"] == "Volume"
    assert found.status["results"]["artifacts"] == "persistentvolumeclaim/out/a/checkout-1"


def test_the_pods_of_an_error_go_after_the_verdict_and_the_results(
    finished: Callable[..., Observed],
) -> None:
    seen = finished(verdict="Error")
    assert plan(seen, NOW).actions == (do.FetchResults(1),)
    stored = replace(seen, learned=Learned(stored=Stored(False, "FetchFailed", "no")))
    assert plan(stored, NOW).actions == (do.TearDown(1, master=True),)
    gone = replace(stored, master=None, job=None, workers=())
    assert plan(gone, NOW).actions == ()


def test_workers_that_do_not_leave_are_sent_away(finished: Callable[..., Observed]) -> None:
    kept = Learned(stored=Stored(True, "ConfigMap", "kept"))
    assert plan(finished(seconds=59, learned=kept), NOW).actions == ()
    assert plan(finished(seconds=60, learned=kept), NOW).actions == (do.TearDown(1, master=False),)


def test_results_are_asked_of_a_master_whose_start_was_not_told_yet(
    finished: Callable[..., Observed],
) -> None:
    late = engine(is_running=False)
    assert plan(finished(master=master(late)), NOW).actions[0] == do.FetchResults(1)
    gone = plan(finished(master=master(ended(0), phase="Succeeded")), NOW).status
    assert condition(gone, "ResultsStored")["reason"] == "MasterGone"


def test_workers_that_ended_badly_are_not_replaced_after_the_end(
    finished: Callable[..., Observed],
) -> None:
    kept = Learned(stored=Stored(True, "ConfigMap", "kept"))
    bad = worker(0, ended(143), phase="Failed")
    live = {"parallelism": 1, "completions": 1, "activeDeadlineSeconds": 90}
    job = JobView("checkout-1-worker", live)
    seen = finished(learned=kept, workers=(bad,), job=job)
    over = do.PatchJob(1, {**live, "activeDeadlineSeconds": 1})
    assert plan(seen, NOW).actions == (over,)
    for settled in (
        replace(seen, job=replace(job, live_part=over.live_part)),
        replace(seen, job=replace(job, is_complete=True)),
        replace(seen, job=replace(job, failure="DeadlineExceeded: it took too long")),
        replace(seen, workers=(bad, worker(0, ended(0), phase="Succeeded"))),
    ):
        assert plan(settled, NOW).actions == ()


def test_a_job_that_keeps_deleted_pods_from_going_is_deleted(
    finished: Callable[..., Observed],
) -> None:
    """Of a namespace that is being deleted the pods go first, and no other may take their place."""
    kept = Learned(stored=Stored(True, "ConfigMap", "kept"))
    bad = worker(0, ended(143), phase="Failed", is_deleted=True)
    # Its deadline alone would not end it: the controller waits for a pod that was refused.
    job = JobView("checkout-1-worker", {"activeDeadlineSeconds": 1})
    seen = finished(learned=kept, workers=(bad,), job=job)
    assert plan(seen, NOW).actions == (do.TearDown(1, master=False),)
    leaving = worker(1, is_deleted=True)
    assert plan(replace(seen, workers=(bad, leaving)), NOW).actions == (
        do.TearDown(1, master=False),
    )
    for kept_whole in (
        replace(seen, workers=(bad, worker(1, ended(0), phase="Succeeded"))),  # somebody's log
        replace(seen, workers=(leaving,)),
        replace(seen, job=replace(job, is_complete=True)),
        replace(seen, job=replace(job, failure="DeadlineExceeded: it took too long")),
        replace(seen, job=replace(job, is_deleted=True)),
    ):
        assert plan(kept_whole, NOW).actions == ()


def test_times_to_live(finished: Callable[..., Observed]) -> None:
    kept = {
        "learned": Learned(stored=Stored(True, "ConfigMap", "kept")),
        "job": None,
        "master": None,
    }
    spec = {"podTTLSecondsAfterFinished": 100, "ttlSecondsAfterFinished": 500}
    early = plan(finished(spec, 40, **kept), NOW)
    assert (early.actions, early.requeue_seconds) == ((), 60.0)
    pods = plan(finished(spec, 100, **kept), NOW)
    assert pods.actions == (do.CleanUp(1),)
    assert "selector" not in pods.status["workers"]
    assert pods.requeue_seconds == 400.0
    assert plan(finished(spec, 500, **kept), NOW).actions == (do.DeleteLoadTest(),)


def test_a_deleted_loadtest_is_left_to_the_garbage_collector(make_test: Make) -> None:
    test = make_test(deletionTimestamp="2026-01-01T11:59:00Z")
    assert plan(Observed(test), NOW) == Plan(test.status)
