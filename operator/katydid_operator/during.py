"""While a run is on: what its pods and its master say, what to do about edits, and its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from katydid_operator.actions import (
    Action,
    DeleteMaster,
    Launch,
    PatchJob,
    Plan,
    PutLive,
    ReadLog,
    TryPods,
)
from katydid_operator.ending import Ending, ending_of, finished_plan
from katydid_operator.failures import Failure, diagnose
from katydid_operator.loadtest import Json
from katydid_operator.numbers import generator_of, load_of, thresholds_of
from katydid_operator.observed import Observed, text_of, time_of
from katydid_operator.resources.sources import SourceProblem
from katydid_operator.resources.workers import live_part
from katydid_operator.status import (
    Phase,
    Verdict,
    condition,
    copied,
    duration_text,
    enter,
    phase_of,
    run_number,
    set_condition,
    set_kstatus,
)

LOOK_SECONDS = 5.0
PREDECESSOR = "WaitingForPredecessor"  # children of a deleted LoadTest of the same name
PODS_MISSING_SECONDS = 10.0  # a Job may take so long to create its pods
UNREACHABLE_SECONDS = 15.0  # polls may fail for so long before it counts as Degraded
MISSING_SECONDS = 3.0  # workers leave a moment before the summary of a finished run is here
UNREADY_SECONDS = 15.0  # pods that are there may have lost their master for a moment
STOP_BY_FORCE_SECONDS = 30.0
OVERTIME_SECONDS = 120.0  # beyond deadline and drain, before the operator ends the master
_ENDING_STATES = frozenset({"cleanup", "stopping", "stopped"})


def plan_during(seen: Observed, now: datetime) -> Plan:
    """The plan for a LoadTest with a claimed run that has no verdict yet."""
    test = seen.test
    status = copied(test.status)
    status["observedGeneration"] = test.generation
    run = run_number(status)
    _observe(seen, status, now)
    failure = diagnose(seen)
    ending = ending_of(seen, status, failure, now)
    if ending is not None:
        if _needs_log(seen, ending):
            return Plan(copied(test.status), _log_of(ending), requeue_seconds=0)
        return finished_plan(seen, status, ending, now)
    if not _is_launched(seen):
        if test.stop:
            text = "spec.stop was set before the pods of the run were created."
            return finished_plan(seen, status, Ending(Verdict.STOPPED, "StopRequested", text), now)
        return _launch(seen, status, run, now)
    _enter_phase(seen, status, failure)
    _judge(seen, status, failure, now)
    set_kstatus(status, now)
    return Plan(
        status,
        tuple(_actions(seen, status, run, now)),
        requeue_seconds=MISSING_SECONDS if _are_missing(status) else LOOK_SECONDS,
        polls=seen.master is not None and bool(seen.master.ip),
    )


def _is_launched(seen: Observed) -> bool:
    """Whether every child was created once; an absence counts as unborn only before that."""
    return seen.job is not None or bool(condition(seen.test.status, "WorkersReady"))


def _launch(seen: Observed, status: Json, run: int, now: datetime) -> Plan:
    if isinstance(seen.sources, SourceProblem):
        enter(status, Phase.STARTING, seen.sources.reason, seen.sources.message)
        set_kstatus(status, now)
        return Plan(status, requeue_seconds=LOOK_SECONDS)
    if seen.learned.is_launched:
        # What this pass's successor observes is what counts; until then nothing is created again.
        enter(status, Phase.STARTING, "Launched", f"The pods of run {run} are being started.")
        _judge(seen, status, None, now)
        set_kstatus(status, now)
        return Plan(status, requeue_seconds=1.0)
    if seen.learned.creation is not None:
        problem = seen.learned.creation
        enter(status, Phase.STARTING, problem.reason, problem.message)
        set_kstatus(status, now)
    if not seen.is_confirmed:
        return Plan(status, requeue_seconds=0)
    is_refused = seen.learned.creation is not None and seen.learned.creation.reason != PREDECESSOR
    return Plan(status, (Launch(run),), requeue_seconds=LOOK_SECONDS if is_refused else 1.0)


def _observe(seen: Observed, status: Json, now: datetime) -> None:
    """Write down what pods and master say; decides nothing."""
    run, master = status["run"], seen.master
    document = seen.reading.document
    if master is not None:
        if master.engine.image_id:
            run["imageID"] = master.engine.image_id[:512]
        if master.source_revision:
            run["sourceRevision"] = master.source_revision[:255]
        if master.engine.restarts > run.get("masterRestarts", 0):
            run["masterRestarts"] = master.engine.restarts
        if master.is_ready and "loadStartedAt" not in run:
            run["loadStartedAt"] = text_of(master.ready_since or now)
    workers = status.setdefault("workers", {})
    alive = [pod for pod in seen.workers if not pod.is_over and not pod.is_deleted]
    ready = sum(pod.is_ready for pod in alive)
    desired = seen.test.replicas
    lost = int(((document or {}).get("workers_lost")) or 0)
    if "loadStartedAt" in run:  # a master that cannot be asked hides none that is seen to fail
        lost = max(lost, sum(p.phase == "Failed" and not p.is_deleted for p in seen.workers))
    workers |= {
        "desired": desired,
        "current": len(alive),
        "ready": ready,
        "lost": max(workers.get("lost", 0), lost),
        "summary": f"{min(desired, ready + _sent_home(seen, status))}/{desired}",
    }
    if document is not None and seen.reading.at is not None:
        status["load"] = load_of(document, status.get("load") or {}, seen.reading.at)
        status["generator"] = generator_of(document, status.get("generator") or {})
    wanted = seen.test.thresholds
    if wanted:
        status["thresholds"] = thresholds_of(wanted, document, status.get("thresholds") or [])
    else:
        status.pop("thresholds", None)
    started = time_of(run.get("loadStartedAt"))
    if started is not None:
        run["duration"] = duration_text((now - started).total_seconds())


def _enter_phase(seen: Observed, status: Json, failure: Failure | None) -> None:
    run = run_number(status)
    document = seen.reading.document or {}
    has_load = "loadStartedAt" in status["run"]
    is_ending = document.get("state") in _ENDING_STATES and has_load
    if has_load and (is_ending or seen.test.stop or phase_of(status) is Phase.FINISHING):
        reason = "StopRequested" if seen.test.stop else "Finishing"
        enter(status, Phase.FINISHING, reason, f"Run {run} is being ended: drain and reports.")
    elif has_load:
        enter(status, Phase.RUNNING, "LoadRunning", f"Run {run} makes load.")
    elif failure is not None:
        enter(status, Phase.STARTING, failure.reason, failure.message)
    else:
        text = f"{status['workers']['summary']} worker pods of run {run} are ready."
        enter(status, Phase.STARTING, "Launched", text)


def _judge(seen: Observed, status: Json, failure: Failure | None, now: datetime) -> None:
    """WorkersReady, ThresholdsMet and Degraded."""
    workers = status["workers"]
    ready = workers["ready"] + _sent_home(seen, status)
    all_ready = ready >= workers["desired"]
    text = f"{ready} of {workers['desired']} worker pods are ready."
    reason = (
        "AllReady" if all_ready else "WorkersMissing" if _is_missing(seen, status) else "Starting"
    )
    set_condition(status, "WorkersReady", all_ready, reason, text, now)
    if status.get("thresholds"):
        breached = [one["name"] for one in status["thresholds"] if one["status"] == "Breached"]
        if breached:
            names = ", ".join(breached)
            set_condition(status, "ThresholdsMet", False, "Breached", f"Breached: {names}.", now)
        else:
            set_condition(status, "ThresholdsMet", None, "Running", "No breach so far.", now)
    reason, text = _degraded(seen, status, failure, now)
    set_condition(status, "Degraded", bool(reason), reason or "AsExpected", text, now)


def _is_starting(status: Json) -> bool:
    return phase_of(status) is Phase.STARTING


def _sent_home(seen: Observed, status: Json) -> int:
    """Workers that ended as the master told them to: the run is over, and none of them is lost.

    They count as ready until the summary is here, which a busy machine brings seconds later.
    """
    if _is_starting(status):
        return 0
    return sum(pod.phase == "Succeeded" and not pod.is_ready for pod in seen.workers)


def _is_missing(seen: Observed, status: Json) -> bool:
    """Whether workers that are not ready were so before, and are not just being added."""
    before, workers = seen.test.status, status["workers"]
    known = before.get("workers") or {}
    if _is_starting(status) or workers["desired"] > known.get("desired", 0):
        return False
    is_gone = workers["current"] < known.get("current", 0)  # though it may never have been ready
    was_there = condition(before, "WorkersReady").get("reason") != "Starting"
    return was_there or is_gone or bool(workers["lost"])


def _are_missing(status: Json) -> bool:
    return condition(status, "WorkersReady").get("reason") == "WorkersMissing"


def _missing_seconds(status: Json, now: datetime) -> float:
    """For how long workers have been missing."""
    ready = condition(status, "WorkersReady")
    since = time_of(ready.get("lastTransitionTime"))
    return (now - since).total_seconds() if since and _are_missing(status) else 0.0


def _degraded(
    seen: Observed, status: Json, failure: Failure | None, now: datetime
) -> tuple[str, str]:
    if _is_starting(status):
        return "", "Nothing is wrong."
    if phase_of(status) is Phase.RUNNING and _is_restarting(seen):
        text = "The master's container ended and is started again; it goes on from its checkpoint."
        return "MasterRestarting", text  # before its API, which cannot answer for that reason
    if _unreachable_seconds(seen, now) >= UNREACHABLE_SECONDS:
        return "StatsUnavailable", f"The master's API does not answer: {seen.reading.error}"
    if seen.learned.refusal is not None:
        return seen.learned.refusal.reason, seen.learned.refusal.message
    workers = status["workers"]
    patience = MISSING_SECONDS if workers["current"] < workers["desired"] else UNREADY_SECONDS
    if condition(seen.test.status, "Degraded").get("reason") == "WorkersMissing":
        patience = 0.0  # until their successors are ready, not only there
    is_late = _are_missing(status) and _missing_seconds(status, now) >= patience
    if phase_of(status) is Phase.RUNNING and is_late:
        cause = f" {failure.message}" if failure else ""
        text = f"{workers['ready']} of {workers['desired']} workers are ready.{cause}"
        return "WorkersMissing", text
    if (status.get("generator") or {}).get("saturated"):
        return "GeneratorSaturated", "The generator itself is the bottleneck: add workers or CPU."
    return "", "Nothing is wrong."


def _is_restarting(seen: Observed) -> bool:
    """Whether the master's container ended and does not make load again yet."""
    master = seen.master
    if master is None or master.is_over or master.is_ready:
        return False
    return master.engine.terminated is not None or master.engine.restarts > 0


def _unreachable_seconds(seen: Observed, now: datetime) -> float:
    since = seen.reading.failing_since
    return (now - since).total_seconds() if since else 0.0


def _refused_seconds(seen: Observed, now: datetime) -> float:
    """For how long the master has refused this generation: one with other keys refuses any."""
    refusal = seen.learned.refusal
    is_this = refusal is not None and refusal.generation == seen.test.generation
    return (now - refusal.since).total_seconds() if refusal and is_this else 0.0


def _actions(seen: Observed, status: Json, run: int, now: datetime) -> list[Action]:
    test = seen.test
    found: list[Action] = []
    if seen.job is not None and not seen.job.is_deleted:
        wanted = live_part(test)
        if any(seen.job.live_part.get(key) != value for key, value in wanted.items()):
            found.append(PatchJob(run, wanted))
    if _lacks_pods(seen, status, now) and not seen.learned.is_tried:
        found.append(TryPods(run))  # the Job tells nobody why it cannot create them
    document = seen.reading.document
    answers = document is not None and seen.reading.failing_since is None
    if answers and int((document or {}).get("generation", 0)) < test.generation:
        found.append(PutLive(run, test.live_body()))
    if _must_end(seen, status, now):
        found.append(DeleteMaster(run))
    return found


def _lacks_pods(seen: Observed, status: Json, now: datetime) -> bool:
    started = time_of(status["run"]["startedAt"]) or now
    is_late = (now - started).total_seconds() >= PODS_MISSING_SECONDS
    return is_late and _is_starting(status) and len(seen.workers) < seen.test.replicas


def _must_end(seen: Observed, status: Json, now: datetime) -> bool:
    """Whether the master has to be ended from outside: it cannot be told, or it does not end."""
    if seen.master is None or seen.master.is_deleted:
        return False
    if seen.test.stop:
        has_answered = seen.reading.document is not None
        # A master that never came up has no first failed poll; its start counts instead.
        if _unreachable_seconds(seen, now) >= STOP_BY_FORCE_SECONDS:
            return True
        if not has_answered and not seen.master.engine.is_running:
            return True
        if _refused_seconds(seen, now) >= STOP_BY_FORCE_SECONDS:
            return True
    started = time_of(status["run"]["startedAt"]) or now
    allowed = seen.test.deadline_seconds + seen.test.stop_timeout_seconds + OVERTIME_SECONDS
    return now >= started + timedelta(seconds=allowed)


def _needs_log(seen: Observed, ending: Ending) -> bool:
    return bool(
        ending.failure and ending.failure.pod and seen.learned.log_tail is None
        and ending.document is None
    )  # fmt: skip


def _log_of(ending: Ending) -> tuple[Action, ...]:
    failure = ending.failure
    assert failure is not None  # as _needs_log has seen
    return (ReadLog(failure.pod, failure.container, failure.has_restarted),)
