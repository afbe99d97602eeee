"""The planner while a run makes load: numbers, edits, stops, workers that are missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from katydid_operator import actions as do
from katydid_operator.loadtest import Json
from katydid_operator.observed import (
    JobView,
    Learned,
    Observed,
    Reading,
    Refusal,
    Terminated,
)
from katydid_operator.plan import plan
from katydid_operator.resources.workers import live_part
from katydid_operator.status import condition

from .planning import (
    FINAL,
    NOW,
    RUNNING,
    SELECTOR,
    Make,
    ago,
    ended,
    engine,
    is_true,
    master,
    reasons,
    waiting,
    worker,
)


def test_running_follows_the_kubelet_not_the_poll(starting: Callable[..., Observed]) -> None:
    ready = master(is_ready=True, ready_since=NOW - timedelta(seconds=2))
    found = plan(starting(master=ready), NOW)
    assert reasons(found) == ("Running", "LoadRunning")
    assert found.status["run"]["loadStartedAt"] == ago(2)
    assert found.polls
    assert is_true(found.status, "WorkersReady") == "True"
    polled = plan(starting(reading=Reading(RUNNING, NOW)), NOW)
    assert polled.status["phase"] == "Starting"


def test_numbers_are_integers_and_decimal_strings(running: Callable[..., Observed]) -> None:
    busy = {**RUNNING, "total": {**RUNNING["total"], "current_rps": 412.34}}
    found = plan(running(reading=Reading(busy, NOW)), NOW)
    assert found.status["load"] == {
        "users": 0,
        "targetUsers": 10,
        "requests": 1200,
        "failures": 3,
        "rps": "412.3",
        "failPercent": "0.25",
        "p50Ms": "12.2",
        "p95Ms": "80.0",
        "p99Ms": "120.0",
        "updatedAt": "2026-01-01T12:00:00Z",
    }
    assert found.status["run"]["duration"] == "10s"


def test_a_hidden_master_costs_numbers_and_nothing_else(running: Callable[..., Observed]) -> None:
    silent = Reading(None, None, NOW - timedelta(minutes=5), "connection refused")
    found = plan(running(reading=silent), NOW)
    assert found.status["phase"] == "Running"
    assert condition(found.status, "Degraded")["reason"] == "StatsUnavailable"
    assert found.status["load"]["requests"] == 100
    done = master(ended(0, "Completed", json.dumps(FINAL)), phase="Succeeded")
    assert reasons(plan(running(master=done, reading=silent), NOW)) == (
        "Succeeded",
        "ThresholdsMet",
    )


def test_a_restarting_master_stays_running(running: Callable[..., Observed]) -> None:
    down = master(waiting("CrashLoopBackOff"), is_ready=False)
    assert plan(running(master=down), NOW).status["phase"] == "Running"
    back = master(engine(restarts=1, last=Terminated(137, "Error")), is_ready=False)
    found = plan(running(master=back), NOW)
    assert found.status["phase"] == "Running"
    assert "verdict" not in found.status


@pytest.mark.parametrize(
    ("spec", "action"),
    [
        ({"load": {"users": 20, "runTime": "1m"}}, do.PutLive),
        ({"thresholds": [{"name": "t", "metric": "p95", "below": "1s"}]}, do.PutLive),
        ({"stop": True}, do.PutLive),
        ({"results": {"formats": ["html"]}}, do.PutLive),
        ({"workers": {"replicas": 3}}, do.PatchJob),
        ({"deadline": "2h"}, do.PatchJob),
    ],
)
def test_edits_of_a_running_test_are_applied(
    running: Callable[..., Observed], spec: Json, action: type
) -> None:
    old = running().job
    seen = replace(running(spec, generation=2), job=old)
    found = plan(seen, NOW)
    assert action in [type(one) for one in found.actions]
    (put,) = [one for one in found.actions if isinstance(one, do.PutLive)]
    assert put.body["generation"] == 2
    assert found.status["observedGeneration"] == 2
    assert "verdict" not in found.status
    # Once the master has it and the Job is patched, nothing is left to do.
    done = replace(
        seen,
        reading=Reading({**RUNNING, "generation": 2}, NOW),
        job=JobView("j", live_part(seen.test), 1),
    )
    assert plan(done, NOW).actions == ()


def test_a_stop_is_a_live_edit_and_its_verdict_the_master_s(
    running: Callable[..., Observed],
) -> None:
    seen = running({"stop": True}, generation=2)
    found = plan(seen, NOW)
    assert reasons(found) == ("Finishing", "StopRequested")
    assert found.actions == (do.PutLive(1, seen.test.live_body()),)
    over = {**FINAL, "verdict": "Stopped", "reason": "Stopped", "message": "Stopped by spec.stop."}
    assert reasons(plan(replace(seen, reading=Reading(over, NOW)), NOW)) == ("Stopped", "Stopped")


def test_a_stop_that_cannot_be_told_ends_the_master_gracefully(
    running: Callable[..., Observed], starting: Callable[..., Observed]
) -> None:
    silent = Reading(RUNNING, NOW, NOW - timedelta(seconds=31), "timeout")
    found = plan(running({"stop": True}, reading=silent), NOW)
    assert do.DeleteMaster(1) in found.actions
    gone = plan(running({"stop": True}, master=None), NOW)
    assert reasons(gone) == ("Stopped", "StopRequested")
    pulling = plan(starting({"stop": True}, master=master(waiting("ImagePullBackOff"))), NOW)
    assert do.DeleteMaster(1) in pulling.actions
    unborn = starting({"stop": True}, master=None, job=None, workers=())
    unborn.test.status["conditions"] = []
    assert reasons(plan(unborn, NOW)) == ("Stopped", "StopRequested")


def test_the_operator_ends_a_run_that_ignores_its_deadline(
    running: Callable[..., Observed],
) -> None:
    seen = running({"deadline": "10s", "load": {"users": 1, "stopTimeout": "5s"}})
    assert plan(seen, NOW).actions == ()
    late = plan(seen, NOW + timedelta(seconds=130))
    assert do.DeleteMaster(1) in late.actions


def test_missing_workers_degrade_a_run(running: Callable[..., Observed]) -> None:
    killed = worker(0, ended(137, "OOMKilled"), phase="Failed", memory_limit="256Mi")
    document = {**RUNNING, "workers_lost": 1}
    found = plan(running(workers=(killed,), reading=Reading(document, NOW)), NOW)
    assert found.status["phase"] == "Running"
    assert found.status["workers"]["lost"] == 1
    degraded = condition(found.status, "Degraded")
    assert degraded["reason"] == "WorkersMissing"
    assert "256Mi" in degraded["message"]


def test_a_master_that_is_started_again_is_no_lost_worker(
    running: Callable[..., Observed],
) -> None:
    unready = (worker(0, is_ready=False),)
    for container in (ended(137), engine(restarts=1)):
        seen = running(workers=unready, master=master(container))
        degraded = condition(plan(seen, NOW).status, "Degraded")
        assert (degraded["status"], degraded["reason"]) == ("True", "MasterRestarting")
    back = master(engine(restarts=1), is_ready=True)
    degraded = condition(plan(running(workers=unready, master=back), NOW).status, "Degraded")
    assert degraded["status"] == "False"  # it gets a moment to be ready again


def test_a_worker_that_was_replaced_is_no_failure_any_more(
    running: Callable[..., Observed], starting: Callable[..., Observed]
) -> None:
    killed = worker(0, ended(137, "OOMKilled"), phase="Failed")
    pods = (killed, worker(0))
    found = plan(running(workers=pods), NOW)
    assert condition(found.status, "Degraded")["status"] == "False"
    assert found.status["workers"] == {
        "desired": 1,
        "current": 1,
        "ready": 1,
        "lost": 1,
        "summary": "1/1",
        "selector": SELECTOR,
    }
    assert reasons(plan(starting(workers=pods), NOW)) == ("Starting", "Launched")


def test_a_refused_edit_degrades_a_run(running: Callable[..., Observed]) -> None:
    text = "The master refused generation 2: no"
    refused = Learned(refusal=Refusal("LiveEditRefused", text, 2, NOW))
    found = plan(running(generation=2, learned=refused), NOW)
    assert condition(found.status, "Degraded")["message"].endswith("generation 2: no")


def test_a_worker_is_missing_once_it_was_there_and_stays_away(
    running: Callable[..., Observed], make_test: Make
) -> None:
    """Probes lag: at the start behind the master's, at the end before the summary."""
    away = (worker(is_ready=False),)
    lagging = plan(running(workers=away), NOW).status
    assert condition(lagging, "WorkersReady")["reason"] == "Starting"
    assert is_true(lagging, "Degraded") == "False"

    there = plan(running(), NOW).status
    assert condition(there, "WorkersReady")["reason"] == "AllReady"
    seen = replace(running(workers=away), test=make_test(status=there))
    at_first = plan(seen, NOW)
    assert condition(at_first.status, "WorkersReady")["reason"] == "WorkersMissing"
    assert is_true(at_first.status, "Degraded") == "False"
    assert at_first.requeue_seconds == 3.0

    seen = replace(seen, test=make_test(status=at_first.status))
    later = plan(seen, NOW + timedelta(seconds=3)).status
    assert is_true(later, "Degraded") == "False"  # it may have lost its master for a moment
    later = plan(seen, NOW + timedelta(seconds=15)).status
    assert condition(later, "Degraded")["reason"] == "WorkersMissing"
    gone = replace(seen, workers=())
    later = plan(gone, NOW + timedelta(seconds=3)).status
    assert condition(later, "Degraded")["reason"] == "WorkersMissing"
    back = replace(seen, test=make_test(status=later))  # its successor, not ready yet
    later = plan(back, NOW + timedelta(seconds=9)).status
    assert condition(later, "Degraded")["reason"] == "WorkersMissing"
    there = replace(running(), test=make_test(status=later))
    later = plan(there, NOW + timedelta(seconds=12)).status
    assert is_true(later, "Degraded") == "False"


def test_a_worker_whose_pod_goes_before_all_were_ready_is_missing(
    running: Callable[..., Observed], make_test: Make
) -> None:
    joining = plan(running(workers=(worker(is_ready=False),)), NOW).status
    assert condition(joining, "WorkersReady")["reason"] == "Starting"
    seen = replace(running(workers=()), test=make_test(status=joining))
    gone = plan(seen, NOW).status
    assert condition(gone, "WorkersReady")["reason"] == "WorkersMissing"
    seen = replace(seen, test=make_test(status=gone))
    assert is_true(plan(seen, NOW + timedelta(seconds=3)).status, "Degraded") == "True"


def test_workers_that_were_sent_home_are_not_missing(
    running: Callable[..., Observed], make_test: Make
) -> None:
    """They exit 0 when the master tells them so, and its summary may be late."""
    there = plan(running(), NOW).status
    home = worker(0, ended(0), phase="Succeeded")
    seen = replace(running(workers=(home,)), test=make_test(status=there))
    for seconds in (0, 30):
        found = plan(seen, NOW + timedelta(seconds=seconds)).status
        assert is_true(found, "WorkersReady") == "True"
        assert is_true(found, "Degraded") == "False"
    crashed = replace(seen, workers=(worker(0, ended(143), phase="Failed"),))
    assert condition(plan(crashed, NOW).status, "WorkersReady")["reason"] == "WorkersMissing"


def test_workers_that_are_being_added_are_not_missing(
    running: Callable[..., Observed], make_test: Make
) -> None:
    there = plan(running(), NOW).status
    more = make_test({"workers": {"replicas": 3}}, status=there, generation=2)
    found = plan(replace(running(), test=more), NOW).status
    assert condition(found, "WorkersReady")["reason"] == "Starting"
    again = make_test({"workers": {"replicas": 3}}, status=found, generation=2)
    later = plan(replace(running(), test=again), NOW + timedelta(seconds=9)).status
    assert is_true(later, "Degraded") == "False"
