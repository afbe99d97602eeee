"""The planner's decisions: the edit table, never twice, failures, the chaos contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from katydid_operator import actions as do
from katydid_operator.actions import Plan
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.observed import (
    ContainerView,
    JobView,
    Learned,
    Observed,
    PodView,
    Problem,
    Reading,
    Refusal,
    Stored,
    Terminated,
    text_of,
)
from katydid_operator.plan import plan
from katydid_operator.resources.sources import Snapshot, SourceProblem
from katydid_operator.resources.workers import live_part
from katydid_operator.status import condition, run_id

Make = Callable[..., LoadTest]
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SELECTOR = "katydid.dev/loadtest=checkout,katydid.dev/run=1,katydid.dev/component=worker"
KNOBS = {"pod": {"priorityClassName": "low"}}
FINAL = {
    "run": "1",
    "final": True,
    "verdict": "Passed",
    "reason": "ThresholdsMet",
    "message": "All thresholds were met.",
    "generation": 1,
    "state": "stopped",
    "elapsed_seconds": 61.2,
    "load_started_at": 1767268800.0,
    "load": {"users": 0, "target_users": 10, "peak_users": 10},
    "total": {
        "requests": 1200,
        "failures": 3,
        "fail_percent": 0.25,
        "rps": 19.6,
        "current_rps": 0.0,
        "latency": {"percentiles_ms": {"p50": 12.25, "p95": 80.0, "p99": 120.0}},
    },
}
RUNNING: Json = {**FINAL, "final": False, "verdict": None, "reason": "", "state": "running"}


def ago(seconds: float) -> str:
    return text_of(NOW - timedelta(seconds=seconds))


def engine(**fields: Any) -> ContainerView:
    return ContainerView("katydid", **{"is_running": True, "image": "runner:1", **fields})


def ended(code: int, reason: str = "Error", message: str = "") -> ContainerView:
    return engine(is_running=False, terminated=Terminated(code, reason, message))


def waiting(reason: str, message: str = "") -> ContainerView:
    return engine(is_running=False, waiting_reason=reason, waiting_message=message)


def master(container: ContainerView | None = None, **fields: Any) -> PodView:
    given = {"phase": "Running", "ip": "10.0.0.1", **fields}
    return PodView("checkout-1-master", containers=(container or engine(),), **given)


def worker(index: int = 0, container: ContainerView | None = None, **fields: Any) -> PodView:
    given = {"phase": "Running", "is_ready": container is None, **fields}
    name = f"checkout-1-worker-{index}"
    return PodView(name, index=index, containers=(container or engine(),), **given)


@pytest.fixture
def starting(make_test: Make) -> Callable[..., Observed]:
    """A run whose pods were created `seconds` ago and make no load yet."""

    def make(spec: Json | None = None, seconds: float = 3.0, **seen: Any) -> Observed:
        test = make_test(spec)
        status: Json = {
            "observedGeneration": 1,
            "phase": "Starting",
            "reason": "Launched",
            "run": {"number": 1, "id": run_id(test, 1), "startedAt": ago(seconds)},
            "workers": {"desired": 1, "selector": SELECTOR, "lost": 0},
            "conditions": [
                {
                    "type": "WorkersReady",
                    "status": "False",
                    "reason": "Starting",
                    "message": "",
                    "lastTransitionTime": ago(seconds),
                }
            ],
        }
        test = make_test(spec, status=status)
        given: dict[str, Any] = {
            "master": master(),
            "workers": (worker(),),
            "job": JobView("checkout-1-worker", live_part(test), active=1),
            "is_confirmed": True,
            **seen,
        }
        return Observed(test, **given)

    return make


@pytest.fixture
def running(starting: Callable[..., Observed], make_test: Make) -> Callable[..., Observed]:
    """A run that has made load for ten seconds."""

    def make(spec: Json | None = None, generation: int = 1, **seen: Any) -> Observed:
        base = starting(spec, 13.0)
        status = {
            **base.test.status,
            "phase": "Running",
            "reason": "LoadRunning",
            "load": {"users": 10, "requests": 100, "rps": "20.0"},
        }
        status["run"] = {**status["run"], "loadStartedAt": ago(10)}
        test = make_test(spec, status=status, generation=generation)
        given: dict[str, Any] = {
            "master": master(is_ready=True, ready_since=NOW - timedelta(seconds=10)),
            "reading": Reading(RUNNING, NOW),
            **seen,
        }
        return replace(base, test=test, **given)

    return make


@pytest.fixture
def finished(running: Callable[..., Observed], make_test: Make) -> Callable[..., Observed]:
    """A run that has passed `seconds` ago, and whose results are still with the master."""

    def make(
        spec: Json | None = None, seconds: float = 1.0, verdict: str = "Passed", **seen: Any
    ) -> Observed:
        base = running()
        document = {**FINAL, "verdict": verdict}
        ended_ = plan(replace(base, reading=Reading(document, NOW)), NOW)
        status = ended_.status
        status["run"]["finishedAt"] = ago(seconds)
        return replace(base, test=make_test(spec, status=status), **seen)

    return make


def reasons(found: Plan) -> tuple[str, str]:
    return found.status["phase"], found.status["reason"]


def is_true(status: Json, kind: str) -> str:
    return str(condition(status, kind).get("status"))


# ---------------------------------------------------------------- before a run


def test_a_run_is_claimed_before_anything_is_created(make_test: Make) -> None:
    spec = {"workers": {"replicas": 3}, "thresholds": [{"name": "fast"}]}
    found = plan(Observed(make_test(spec), sources=Snapshot()), NOW)
    assert found.claims
    assert found.status["thresholds"] == [{"name": "fast", "status": "Pending"}]
    assert found.actions == ()
    assert found.requeue_seconds == 0
    assert reasons(found) == ("Starting", "Claimed")
    assert found.status["run"]["number"] == 1
    assert found.status["run"]["startedAt"] == "2026-01-01T12:00:00Z"
    assert found.status["workers"]["summary"] == "0/3"
    assert found.status["workers"]["selector"] == SELECTOR
    assert is_true(found.status, "Accepted") == "True"
    assert is_true(found.status, "Finished") == "False"
    assert is_true(found.status, "Reconciling") == "True"


@pytest.mark.parametrize(
    ("spec", "seen", "phase", "reason"),
    [
        ({"suspend": True}, {}, "Suspended", "Suspended"),
        ({}, {"sources": SourceProblem("SourceNotFound", "no")}, "Pending", "SourceNotFound"),
        (
            KNOBS,
            {"learned": Learned(trial=Problem("InvalidPodTemplate", "bad"), is_tried=True)},
            "Pending",
            "InvalidPodTemplate",
        ),
    ],
)
def test_what_holds_a_run_back(
    make_test: Make, spec: Json, seen: Json, phase: str, reason: str
) -> None:
    found = plan(Observed(make_test(spec), **{"sources": Snapshot(), **seen}), NOW)
    assert reasons(found) == (phase, reason)
    assert found.actions == ()
    assert "run" not in found.status
    assert found.requeue_seconds == (None if phase == "Suspended" else 5.0)
    assert is_true(found.status, "Stalled") == "False"


def test_pods_with_knobs_are_tried_first(make_test: Make) -> None:
    seen = Observed(make_test(KNOBS), sources=Snapshot())
    assert plan(seen, NOW).actions == (do.TryPods(1),)
    tried = replace(seen, learned=Learned(is_tried=True))
    assert plan(tried, NOW).claims


def test_a_pending_test_goes_on_when_its_source_appears(make_test: Make) -> None:
    problem = SourceProblem("SourceNotFound", "no")
    waiting_ = plan(Observed(make_test(), sources=problem), NOW).status
    found = plan(Observed(make_test(status=waiting_), sources=Snapshot()), NOW)
    assert reasons(found) == ("Starting", "Claimed")
    assert is_true(found.status, "Accepted") == "True"


def test_a_pending_test_is_an_error_after_the_time_to_become_ready(make_test: Make) -> None:
    spec = {"workers": {"readyTimeout": "1m"}}
    problem = SourceProblem("SourceNotFound", "no such map")
    first = plan(Observed(make_test(spec), sources=problem), NOW).status
    seen = Observed(make_test(spec, status=first), sources=problem)
    assert reasons(plan(seen, NOW + timedelta(seconds=59))) == ("Pending", "SourceNotFound")
    late = plan(seen, NOW + timedelta(seconds=60))
    assert reasons(late) == ("Failed", "SourceNotFound")
    assert late.status["verdict"] == "Error"
    assert late.claims
    # A corrected spec gets the whole time again.
    edited = Observed(make_test(spec, status=first, generation=2), sources=problem)
    assert reasons(plan(edited, NOW + timedelta(seconds=60))) == ("Pending", "SourceNotFound")


def test_a_stop_before_the_start_starts_nothing(make_test: Make) -> None:
    found = plan(Observed(make_test({"stop": True})), NOW)
    assert reasons(found) == ("Stopped", "StopRequested")
    assert found.status["verdict"] == "Stopped"
    assert found.actions == ()
    # Taking the stop back does not start it either: the verdict stands.
    after = plan(Observed(make_test({"stop": False}, status=found.status)), NOW)
    assert reasons(after) == ("Stopped", "StopRequested")
    assert not any(isinstance(action, do.Launch) for action in after.actions)


# ---------------------------------------------------------------- never twice


def test_children_are_created_after_the_claim_and_a_look(make_test: Make) -> None:
    claimed = plan(Observed(make_test(), sources=Snapshot()), NOW).status
    seen = Observed(make_test(status=claimed), sources=Snapshot())
    assert plan(seen, NOW).actions == ()  # not before a live GET
    assert plan(replace(seen, is_confirmed=True), NOW).actions == (do.Launch(1),)


def test_nothing_is_created_once_it_was_launched(starting: Callable[..., Observed]) -> None:
    lost = plan(starting(master=None, workers=(), job=None), NOW)
    assert lost.actions == ()
    assert lost.status["verdict"] == "Error"
    assert reasons(lost) == ("Failed", "MasterLost")


def test_an_unconfirmed_absence_is_not_believed(running: Callable[..., Observed]) -> None:
    found = plan(running(master=None, is_confirmed=False), NOW)
    assert found.status["phase"] == "Running"
    assert "verdict" not in found.status


def test_a_lost_master_is_asked_for_its_last_words(running: Callable[..., Observed]) -> None:
    found = plan(running(master=None, last_words=FINAL), NOW)
    assert reasons(found) == ("Succeeded", "ThresholdsMet")


@pytest.mark.parametrize("generation", [1, 2, 9])
def test_a_verdict_is_never_computed_again(
    finished: Callable[..., Observed], generation: int
) -> None:
    seen = finished()
    other = Reading({**FINAL, "verdict": "Failed"}, NOW)
    for again in (
        replace(seen, reading=other),
        replace(seen, master=None, job=None, workers=()),
        replace(seen, master=master(ended(1), phase="Failed")),
    ):
        again.test.metadata["generation"] = generation
        found = plan(again, NOW)
        assert (found.status["verdict"], found.status["phase"]) == ("Passed", "Succeeded")
        assert not any(isinstance(a, do.Launch) for a in found.actions)


def test_only_a_changed_token_starts_the_next_run(
    finished: Callable[..., Observed], make_test: Make
) -> None:
    seen = finished()
    assert reasons(plan(seen, NOW))[0] == "Succeeded"
    spec = {"rerunToken": "again"}
    again = replace(seen, test=make_test(spec, status=seen.test.status), sources=Snapshot())
    first = plan(again, NOW)
    assert first.actions == (do.CleanUp(1),)
    assert "selector" not in first.status["workers"]
    assert condition(first.status, "ResultsStored")["reason"] == "MasterGone"
    second = plan(replace(again, test=make_test(spec, status=first.status)), NOW)
    assert second.claims
    assert second.status["run"]["number"] == 2
    assert [one["number"] for one in second.status["history"]] == [1]
    assert "verdict" not in second.status
    assert "load" not in second.status
    assert is_true(second.status, "WorkersReady") == "None"
    # While it runs, the same token asks for nothing more.
    third = plan(Observed(make_test(spec, status=second.status), sources=Snapshot()), NOW)
    assert third.status["run"]["number"] == 2
    assert not third.claims


@pytest.mark.parametrize(
    ("held", "phase"), [({"suspend": True}, "Suspended"), ({"stop": True}, "Stopped")]
)
def test_a_held_run_leaves_nothing_of_the_last_one(
    finished: Callable[..., Observed], make_test: Make, held: Json, phase: str
) -> None:
    """A claimed number is all that is looked after: what is older would stay for ever."""
    spec = {"rerunToken": "again", **held}
    first = plan(Observed(make_test(spec, status=finished().test.status)), NOW)
    assert first.actions == (do.CleanUp(1),)
    second = plan(Observed(make_test(spec, status=first.status)), NOW)
    assert (second.actions, second.status["phase"]) == ((), phase)


# ---------------------------------------------------------------- a run


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


# ---------------------------------------------------------------- failures

PULL = "ImagePullFailed"
TRACE = "Traceback …\nModuleNotFoundError: No module named 'shop'"


@pytest.mark.parametrize(
    ("seen", "reason", "words"),
    [
        ({"master": master(waiting("ErrImagePull", "not found"))}, PULL, "runner:1 cannot be"),
        ({"workers": (worker(0, waiting("ImagePullBackOff", "x")),)}, PULL, "cannot be pulled"),
        (
            {"master": master(unschedulable="0/3 nodes are available: 3 Insufficient cpu.")},
            "Unschedulable",
            "3 Insufficient cpu",
        ),
        (
            {"master": master(waiting("CreateContainerConfigError", 'secret "s" not found'))},
            "ContainerConfigError",
            'secret "s" not found',
        ),
        (
            {
                "master": master(
                    waiting(
                        "RunContainerError",
                        'exec: "katydid": executable file not found in $PATH: unknown',
                    )
                )
            },
            "ImageWithoutKatydid",
            "has no katydid",
        ),
        (
            {
                "master": master(
                    engine(
                        is_running=False,
                        waiting_reason="CrashLoopBackOff",
                        last=Terminated(
                            128, "StartError", 'exec: "katydid": no such file or directory'
                        ),
                    )
                )
            },
            "ImageWithoutKatydid",
            "has no katydid",
        ),
        (
            {"master": master(ended(137, "OOMKilled"), memory_limit="128Mi")},
            "OOMKilled",
            "limit 128Mi",
        ),
        (
            {"learned": Learned(trial=Problem("QuotaExceeded", "exceeded quota"), is_tried=True)},
            "QuotaExceeded",
            "exceeded quota",
        ),
        (
            {"job": JobView("j", failure="BackoffLimitExceeded: too many")},
            "WorkersFailed",
            "too many",
        ),
    ],
)
def test_failures_have_reasons_and_wait_for_the_time_to_become_ready(
    starting: Callable[..., Observed], seen: Json, reason: str, words: str
) -> None:
    early = plan(starting(seconds=30, **seen), NOW)
    assert reasons(early) == ("Starting", reason)
    assert words in early.status["message"]
    assert "verdict" not in early.status
    learned = replace(seen.get("learned", Learned()), log_tail="the log")
    late = plan(starting(seconds=600, **{**seen, "learned": learned}), NOW)
    assert reasons(late) == ("Failed", reason)
    assert late.status["verdict"] == "Error"
    assert words in late.status["message"]
    assert is_true(late.status, "Stalled") == "True"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"master": master(ended(65, "Error", TRACE))}, "LocustfileError"),
        (
            {
                "master": master(
                    engine(
                        is_running=False,
                        waiting_reason="CrashLoopBackOff",
                        last=Terminated(65, "Error"),
                    )
                )
            },
            "LocustfileError",
        ),
        ({"master": master(ended(64, "Error"))}, "InvalidLoadTest"),
        ({"workers": (worker(0, ended(65), phase="Failed"),)}, "LocustfileError"),
        ({"master": master(phase="Failed", reason="Evicted")}, "Evicted"),
        ({"master": master(phase="Failed", reason="DeadlineExceeded")}, "DeadlineExceeded"),
        (
            {"master": master(engine(is_running=False, restarts=6, last=Terminated(1, "Error")))},
            "CrashLoop",
        ),
        (
            {"master": master(ended(0, "Completed", "not json"), phase="Succeeded")},
            "NoSummary",
        ),
    ],
)
def test_what_cannot_get_better_ends_at_once_with_its_log(
    starting: Callable[..., Observed], seen: Json, reason: str
) -> None:
    first = plan(starting(**seen), NOW)
    (log,) = first.actions
    assert isinstance(log, do.ReadLog)
    assert first.status == starting(**seen).test.status
    kept = plan(starting(**seen, learned=Learned(log_tail=TRACE)), NOW)
    assert reasons(kept) == ("Failed", reason)
    assert kept.status["failure"]["logTail"] == TRACE
    assert kept.actions == ()  # the pods go only after this is written


def test_a_broken_worker_does_not_end_a_run_that_makes_load(
    running: Callable[..., Observed],
) -> None:
    broken = worker(1, ended(65), phase="Failed")
    found = plan(running(workers=(worker(), broken)), NOW)
    assert found.status["phase"] == "Running"


def test_workers_that_never_come(starting: Callable[..., Observed]) -> None:
    seen = starting({"workers": {"replicas": 2, "readyTimeout": "1m"}}, seconds=60)
    found = plan(seen, NOW)
    assert reasons(found) == ("Failed", "ReadyTimeout")
    assert found.status["message"] == "Only 1/2 worker pods were ready within 1m0s."


def test_pods_that_the_job_cannot_create_are_tried(starting: Callable[..., Observed]) -> None:
    spec = {"workers": {"replicas": 2}}
    assert plan(starting(spec, 5), NOW).actions == ()
    assert plan(starting(spec, 11), NOW).actions == (do.TryPods(1),)
    tried = starting(spec, 11, learned=Learned(is_tried=True))
    assert plan(tried, NOW).actions == ()


def test_a_name_that_is_still_taken_is_waited_for(
    starting: Callable[..., Observed],
) -> None:
    held = Learned(creation=Problem("WaitingForPredecessor", "in the way"))
    seen = starting(job=None, master=None, workers=(), sources=Snapshot(), learned=held)
    seen.test.status["conditions"] = []
    found = plan(seen, NOW)
    assert reasons(found) == ("Starting", "WaitingForPredecessor")
    assert found.actions == (do.Launch(1),)
    assert found.requeue_seconds == 1.0


# ---------------------------------------------------------------- the end


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


# ---------------------------------------------------------------- workers that are not ready


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
