"""Before a run is claimed: suspended, stopped, waiting for sources or for the server's consent."""

from __future__ import annotations

from datetime import datetime

from katydid_operator.actions import CleanUp, Plan, TryPods
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.numbers import thresholds_of
from katydid_operator.observed import Observed, Problem, time_of
from katydid_operator.resources.labels import selector_text
from katydid_operator.resources.sources import Snapshot, SourceProblem
from katydid_operator.status import (
    Phase,
    Verdict,
    claimed,
    condition,
    copied,
    enter,
    finish,
    remember,
    run_number,
    set_condition,
    set_kstatus,
)

RETRY_SECONDS = 5.0  # other people's ConfigMaps are not watched
ARRIVAL_SECONDS = 2.0  # one `kubectl apply` sends a LoadTest, and a moment later its ConfigMap


def plan_before(seen: Observed, now: datetime) -> Plan:
    """The plan for a LoadTest whose next run is not claimed yet.

    What the last run left goes first: once the next number is claimed, nobody looks for it.
    """
    test = seen.test
    last = run_number(test.status)
    if (test.status.get("workers") or {}).get("selector"):
        status = copied(test.status)
        del status["workers"]["selector"]
        if condition(status, "ResultsStored").get("status") == "Unknown":
            text = "The next run was asked for before they were fetched."
            set_condition(status, "ResultsStored", False, "MasterGone", text, now)
        return Plan(status, (CleanUp(last),), requeue_seconds=0)
    if test.stop:
        return _stopped(test, now)
    if test.suspend:
        return _suspended(test, now)
    if isinstance(seen.sources, SourceProblem):
        if _is_arriving(test, seen.sources, now):
            return Plan(copied(test.status), requeue_seconds=ARRIVAL_SECONDS / 2)
        return _pending(test, Problem(seen.sources.reason, seen.sources.message), now)
    if test.has_pod_knobs and not seen.learned.is_tried:
        return Plan(copied(test.status), (TryPods(last + 1),), requeue_seconds=0)
    if seen.learned.trial is not None:
        return _pending(test, seen.learned.trial, now)
    taken = seen.sources if isinstance(seen.sources, Snapshot) else Snapshot()
    return _claim(test, taken, now)


def _is_arriving(test: LoadTest, problem: SourceProblem, now: datetime) -> bool:
    """Whether what is missing may still be on its way, so that nobody need be warned."""
    created = time_of(test.created_at)
    is_new = created is not None and (now - created).total_seconds() < ARRIVAL_SECONDS
    return is_new and not test.status and problem.reason == "SourceNotFound"


def _claim(test: LoadTest, taken: Snapshot, now: datetime) -> Plan:
    status = claimed(test, taken.hash, now)
    number = run_number(status)
    enter(status, Phase.STARTING, "Claimed", f"Run {number} is being started.")
    status["workers"] = {
        "desired": test.replicas,
        "current": 0,
        "ready": 0,
        "lost": 0,
        "summary": f"0/{test.replicas}",
        "selector": selector_text(test, number, "worker"),
    }
    if test.target_url:
        status["target"] = test.target_url
    if test.thresholds:  # here already: the pass that creates the pods has nothing else to write
        status["thresholds"] = thresholds_of(test.thresholds, None, [])
    set_condition(status, "Accepted", True, "Accepted", "The LoadTest can be run.", now)
    set_kstatus(status, now)
    return Plan(status, requeue_seconds=0, claims=True)


def _stopped(test: LoadTest, now: datetime) -> Plan:
    """A stop before the start uses the run's number up: verdicts are never taken back."""
    status = claimed(test, "", now)
    text = "spec.stop is true, so nothing was started. Set it to false and change spec.rerunToken."
    finish(status, Verdict.STOPPED, "StopRequested", text, now)
    return _final(test, status, now)


def _final(test: LoadTest, status: Json, now: datetime) -> Plan:
    remember(status, 0, test.history_limit)
    set_kstatus(status, now)
    return Plan(status, requeue_seconds=0, claims=True)


def _suspended(test: LoadTest, now: datetime) -> Plan:
    status = _waiting(test)
    enter(status, Phase.SUSPENDED, "Suspended", "spec.suspend holds the test before its start.")
    set_kstatus(status, now)
    return Plan(status)


def _pending(test: LoadTest, problem: Problem, now: datetime) -> Plan:
    since = _refused_since(test, now)
    if (now - since).total_seconds() >= test.ready_timeout_seconds:
        status = claimed(test, "", now)
        set_condition(status, "Accepted", False, problem.reason, problem.message, now)
        finish(status, Verdict.ERROR, problem.reason, problem.message, now)
        return _final(test, status, now)
    status = _waiting(test)
    enter(status, Phase.PENDING, problem.reason, problem.message)
    if since == now:
        status["conditions"] = [
            one for one in status.get("conditions") or () if one["type"] != "Accepted"
        ]
    set_condition(status, "Accepted", False, problem.reason, problem.message, now)
    set_kstatus(status, now)
    return Plan(status, requeue_seconds=RETRY_SECONDS)


def _waiting(test: LoadTest) -> Json:
    status = copied(test.status)
    status["observedGeneration"] = test.generation
    return status


def _refused_since(test: LoadTest, now: datetime) -> datetime:
    """Since when this generation is refused; a corrected spec gets the whole time again."""
    accepted = condition(test.status, "Accepted")
    if accepted.get("status") != "False" or accepted.get("observedGeneration") != test.generation:
        return now
    return time_of(accepted.get("lastTransitionTime")) or now
