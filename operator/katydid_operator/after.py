"""After the verdict: results, tearing down, times to live. The verdict itself never changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from katydid_operator import names
from katydid_operator.actions import (
    Action,
    CleanUp,
    DeleteLoadTest,
    FetchResults,
    PatchJob,
    Plan,
    TearDown,
)
from katydid_operator.loadtest import Json
from katydid_operator.observed import Observed, time_of
from katydid_operator.status import (
    Phase,
    Verdict,
    condition,
    copied,
    enter,
    run_number,
    set_condition,
    set_kstatus,
)

AT_ONCE = {"activeDeadlineSeconds": 1}
"""Ends a Job, and keeps the pods that are over with their logs."""

LEAVE_SECONDS = 60.0
"""How long workers may take to leave after the end, before their Job is deleted."""


def plan_after(seen: Observed, now: datetime) -> Plan:
    """The plan for a LoadTest whose latest run is finished."""
    test = seen.test
    status = copied(test.status)
    status["observedGeneration"] = test.generation
    _leave_waiting(status, now)
    finished = time_of(status["run"]["finishedAt"]) or now
    if test.ttl_seconds is not None:
        gone = finished + timedelta(seconds=test.ttl_seconds)
        if now >= gone:
            return Plan(copied(test.status), (DeleteLoadTest(),))
    actions = _results(seen, status, now)
    waits: list[float] = []
    if (status.get("workers") or {}).get("selector"):
        cleaned = finished + timedelta(seconds=test.pod_ttl_seconds)
        if now >= cleaned:
            del status["workers"]["selector"]
            status["workers"] |= {"current": 0, "ready": 0}
            actions.append(CleanUp(run_number(status)))
        else:
            waits.append((cleaned - now).total_seconds())
            actions += _torn_down(seen, status, finished, now, waits)
    if test.ttl_seconds is not None:
        waits.append((gone - now).total_seconds())
    return Plan(status, tuple(actions), min(waits) if waits else None)


def _leave_waiting(status: Json, now: datetime) -> None:
    """A rerun that was held by suspend, and whose token was taken back."""
    if status.get("phase") not in (Phase.PENDING, Phase.SUSPENDED):
        return
    verdict = Verdict(status.get("verdict") or Verdict.STOPPED)
    status["phase"] = None
    phase = {
        Verdict.PASSED: Phase.SUCCEEDED,
        Verdict.FAILED: Phase.FAILED,
        Verdict.ERROR: Phase.FAILED,
        Verdict.STOPPED: Phase.STOPPED,
    }[verdict]
    enter(status, phase, str(verdict), "The verdict of the latest run stands.")
    set_kstatus(status, now)


def _torn_down(
    seen: Observed, status: Json, finished: datetime, now: datetime, waits: list[float]
) -> list[Action]:
    """Pods of a failed run go at once; workers of another one when they do not leave."""
    run = run_number(status)
    has_master = seen.master is not None and not seen.master.is_deleted
    has_job = seen.job is not None and not seen.job.is_deleted
    if status.get("verdict") == Verdict.ERROR:
        if condition(status, "ResultsStored").get("status") == "Unknown":
            return []  # the master still has them
        is_up = has_master and not (seen.master and seen.master.is_over)
        return [TearDown(run, master=is_up)] if has_job or is_up else []
    if not has_job or seen.job is None:
        return []
    if _is_emptied(seen):
        return [TearDown(run, master=False)]
    if _waits_in_vain(seen):
        return [PatchJob(run, {**seen.job.live_part, **AT_ONCE})]
    if not seen.job.active:
        return []
    left = finished + timedelta(seconds=LEAVE_SECONDS)
    if now >= left:
        return [TearDown(run, master=False)]
    waits.append((left - now).total_seconds())
    return []


def _waits_in_vain(seen: Observed) -> bool:
    """Whether the Job would replace workers that ended badly, though the run is over."""
    job = seen.job
    if job is None or job.is_complete or job.failure or AT_ONCE.items() <= job.live_part.items():
        return False
    others = {pod.index for pod in seen.workers if pod.phase != "Failed"}
    return any(pod.phase == "Failed" and pod.index not in others for pod in seen.workers)


def _is_emptied(seen: Observed) -> bool:
    """Whether every worker pod is being deleted, and the Job keeps one that is over from going.

    A namespace that is deleted goes like this: its pods first. The Job's controller keeps its
    finalizer on a failed pod until there is another in its place, which the namespace refuses. It
    takes the refusal for a pod that is about to show (for 5 minutes, and then nothing wakes it),
    and ends no Job meanwhile, whatever its deadline. A Job that is gone holds nothing.
    """
    if seen.job is None or seen.job.is_complete or seen.job.failure:
        return False
    pods = seen.workers
    return any(pod.is_over for pod in pods) and all(pod.is_deleted for pod in pods)


def _results(seen: Observed, status: Json, now: datetime) -> list[Action]:
    if condition(status, "ResultsStored").get("status") != "Unknown":
        return []
    run = run_number(status)
    test = seen.test
    stored = seen.learned.stored
    if stored is not None:
        set_condition(status, "ResultsStored", stored.is_stored, stored.reason, stored.message, now)
        if stored.is_stored:
            place = f"configmap/{names.results_config_map(test.name)}"
            status["results"] = {"artifacts": f"{place}#{names.RESULTS_KEY}"}
        return []
    master = seen.master
    # Not "is it running": a busy kubelet tells late that it does.
    if master is None or master.is_over or master.engine.terminated is not None:
        text = "The master ended before its results were fetched."
        set_condition(status, "ResultsStored", False, "MasterGone", text, now)
        return []
    return [FetchResults(run)]
