"""The end of a run: whether it has come, and the status that it leaves.

A run ends by the master's own summary, whichever way that arrives first, or by the loss of what
it cannot go on without. An absence is believed only when a live GET has confirmed it, and a lost
master only after its last known pod object was asked for a summary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from katydid_operator.actions import Plan
from katydid_operator.failures import Failure
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.numbers import (
    generator_of,
    load_of,
    peak_users,
    thresholds_of,
    whole,
)
from katydid_operator.observed import Observed, PodView, text_of, time_of
from katydid_operator.resources.master import results_path
from katydid_operator.status import (
    MAX_LOG_TAIL,
    Verdict,
    condition,
    duration_text,
    finish,
    remember,
    set_condition,
    set_kstatus,
)

TERMINATED = "Terminated"  # the engine's reason when a signal ends it
ABANDONED_SECONDS = 60.0
"""Beyond its grace period, before a pod that is being deleted counts as gone."""


@dataclass(frozen=True)
class Ending:
    """Why and how a run is over."""

    verdict: Verdict
    reason: str
    message: str
    document: Json | None = None  # the master's final summary
    failure: Failure | None = None


def ending_of(
    seen: Observed, status: Json, failure: Failure | None, now: datetime
) -> Ending | None:
    """How the run has ended; None while it goes on."""
    document = final_document(seen)
    if document is not None:
        return _by_document(document, failure, seen, now)
    lost = _lost(seen, status, now)
    if lost is not None:
        return lost
    if failure is not None and failure.is_final and _ends_run(seen, failure):
        return Ending(Verdict.ERROR, failure.reason, failure.message, failure=failure)
    if seen.master is not None and seen.master.is_over:
        text = f"The master pod {seen.master.name} ended without a summary."
        if failure is not None and failure.pod == seen.master.name:
            return Ending(Verdict.ERROR, failure.reason, failure.message, failure=failure)
        last = Failure("NoSummary", text, True, seen.master.name, seen.master.engine.name)
        return Ending(Verdict.ERROR, "NoSummary", text, failure=last)
    return _not_ready(seen, status, failure, now)


def final_document(seen: Observed) -> Json | None:
    """The master's final summary: by HTTP, from the pod, or from the pod that is gone."""
    answered = seen.reading.document
    if answered is not None and answered.get("final") is True:
        return answered
    if seen.master is not None and seen.master.document is not None:
        return seen.master.document
    return seen.last_words


def _by_document(document: Json, failure: Failure | None, seen: Observed, now: datetime) -> Ending:
    try:
        verdict = Verdict(str(document.get("verdict")))
    except ValueError:
        text = "The master's summary has no verdict."
        return Ending(Verdict.ERROR, "NoVerdict", text, document)
    if document.get("reason") == TERMINATED:
        return _terminated(document, seen, now)
    reason = str(document.get("reason") or verdict)
    message = str(document.get("message") or f"The run ended: {verdict}.")
    return Ending(verdict, reason, message, document, failure if verdict is Verdict.ERROR else None)


def _terminated(document: Json, seen: Observed, now: datetime) -> Ending:
    """The master got SIGTERM and left in good order; a run is not stopped that way on purpose."""
    if seen.test.stop:
        text = "spec.stop was set and the master did not heed it: its pod was deleted."
        return Ending(Verdict.STOPPED, "StopRequested", text, document)
    started = time_of((seen.test.status.get("run") or {}).get("startedAt")) or now
    if (now - started).total_seconds() >= seen.test.deadline_seconds:
        text = "The run was not over after its deadline: its master pod was deleted."
        return Ending(Verdict.ERROR, "DeadlineExceeded", text, document)
    text = "The master pod was told to end (SIGTERM) by someone else than Katydid, as when it is "
    text += "deleted or its node is drained; the numbers are those up to then."
    return Ending(Verdict.ERROR, "MasterLost", text, document)


def _lost(seen: Observed, status: Json, now: datetime) -> Ending | None:
    was_launched = seen.job is not None or condition(seen.test.status, "WorkersReady")
    is_there = seen.master is not None and not _is_abandoned(seen.master, now)
    if is_there or not was_launched or not seen.is_confirmed:
        return None
    if seen.test.stop:
        text = "spec.stop was set and the master pod is gone; the last known numbers are partial."
        return Ending(Verdict.STOPPED, "StopRequested", text)
    text = "The master pod is gone" if seen.master is None else "The master's node does not answer"
    if status.get("load"):
        text += "; the numbers are the last ones known and partial"
    return Ending(Verdict.ERROR, "MasterLost", f"{text}.")


def _is_abandoned(master: PodView, now: datetime) -> bool:
    """Whether nobody ends the pod that was to be gone by now: its node is most likely lost."""
    deleted = master.deleted_at
    return deleted is not None and (now - deleted).total_seconds() >= ABANDONED_SECONDS


def _ends_run(seen: Observed, failure: Failure) -> bool:
    """A final failure of a worker ends only a run that makes no load yet."""
    is_master = seen.master is not None and failure.pod == seen.master.name
    return is_master or not _has_load(seen)


def _has_load(seen: Observed) -> bool:
    is_ready = seen.master is not None and seen.master.is_ready
    return is_ready or "loadStartedAt" in (seen.test.status.get("run") or {})


def _not_ready(
    seen: Observed, status: Json, failure: Failure | None, now: datetime
) -> Ending | None:
    started = time_of(status["run"].get("startedAt")) or now
    limit = seen.test.ready_timeout_seconds
    if _has_load(seen) or (now - started).total_seconds() < limit:
        return None
    if failure is not None:
        return Ending(Verdict.ERROR, failure.reason, failure.message, failure=failure)
    if status.get("reason") not in (None, "Claimed", "Launched"):
        return Ending(Verdict.ERROR, status["reason"], status.get("message", ""))
    ready = (status.get("workers") or {}).get("summary", "0/?")
    text = f"Only {ready} worker pods were ready within {duration_text(limit)}."
    return Ending(Verdict.ERROR, "ReadyTimeout", text)


def finished_plan(seen: Observed, status: Json, ending: Ending, now: datetime) -> Plan:
    """The plan that writes the verdict. What follows from it is done by the passes after it."""
    test, document = seen.test, ending.document
    run = status["run"]
    if document is not None:
        at = seen.reading.at if document is seen.reading.document else now
        status["load"] = load_of(document, status.get("load") or {}, at or now)
        status["generator"] = generator_of(document, status.get("generator") or {})
        if document.get("load_started_at") and "loadStartedAt" not in run:
            started = datetime.fromtimestamp(float(document["load_started_at"]), tz=now.tzinfo)
            run["loadStartedAt"] = text_of(started)
        if document.get("elapsed_seconds"):
            run["duration"] = duration_text(float(document["elapsed_seconds"]))
    if test.thresholds:
        status["thresholds"] = thresholds_of(
            test.thresholds, document, status.get("thresholds") or []
        )
    _count_workers(seen, status, document or {})
    finish(status, ending.verdict, ending.reason, ending.message, now)
    _keep_failure(seen, status, ending)
    _conclude(seen, status, ending, now)
    remember(status, peak_users(document, status.get("load") or {}), test.history_limit)
    set_kstatus(status, now)
    return Plan(status, requeue_seconds=0)


def _count_workers(seen: Observed, status: Json, document: Json) -> None:
    """Of a finished run `summary` says how many workers took part to its end, and none is left.

    Whether the pods are seen leaving before the summary arrives is chance: this is not. The master
    knows best, by processes, and a lost master leaves what the kubelet told of the pods.
    """
    workers = status["workers"]
    processes = max(1, seen.test.processes_per_pod)
    known = math.ceil(whole(document.get("workers_ready")) / processes)
    seen_pods = len({pod.index for pod in seen.workers if _took_part(pod)})
    has_load = "loadStartedAt" in status["run"]
    took_part = min(workers["desired"], max(known, seen_pods)) if has_load else 0
    workers |= {"current": 0, "ready": 0, "summary": f"{took_part}/{workers['desired']}"}


def _took_part(pod: PodView) -> bool:
    end = pod.engine.terminated
    has_run = pod.engine.is_running or (end is not None and end.exit_code == 0)
    return has_run and pod.phase != "Failed"


def _keep_failure(seen: Observed, status: Json, ending: Ending) -> None:
    failure = ending.failure
    if failure is None:
        return
    kept: Json = {"reason": failure.reason}
    if failure.pod:
        kept["pod"] = failure.pod
    if failure.container:
        kept["container"] = failure.container
    if failure.exit_code is not None:
        kept["exitCode"] = failure.exit_code
    if seen.learned.log_tail:
        kept["logTail"] = seen.learned.log_tail[-MAX_LOG_TAIL:]
    status["failure"] = kept


def _conclude(seen: Observed, status: Json, ending: Ending, now: datetime) -> None:
    """Conditions as they stand at the end."""
    # Whether workers that leave are seen before the summary is chance: this is not.
    text = "The run is over; its workers leave."
    set_condition(status, "WorkersReady", False, "Finished", text, now)
    if status.get("thresholds"):
        unmet = [one["name"] for one in status["thresholds"] if one["status"] != "Met"]
        text = f"Not met: {', '.join(unmet)}." if unmet else "All thresholds were met."
        set_condition(status, "ThresholdsMet", not unmet, "NotMet" if unmet else "Met", text, now)
    is_cut = ending.document is None or ending.reason == "MasterLost"
    partial = is_cut or bool((ending.document or {}).get("partial"))
    if partial and status.get("load"):
        text = "The numbers are the last ones known; the run was cut."
        set_condition(status, "Degraded", True, "PartialResults", text, now)
    elif (status.get("generator") or {}).get("saturated"):
        text = "The generator itself was the bottleneck: do not trust the latencies."
        set_condition(status, "Degraded", True, "GeneratorSaturated", text, now)
    else:
        set_condition(status, "Degraded", False, "AsExpected", "Nothing is wrong.", now)
    _promise_results(seen.test, status, ending, now)


def _promise_results(test: LoadTest, status: Json, ending: Ending, now: datetime) -> None:
    claim = test.results_claim
    if ending.document is None:
        text = "The run left no results."
        set_condition(status, "ResultsStored", False, "NoResults", text, now)
    elif claim is not None:
        path = results_path(claim, test, status["run"]["number"])
        place = f"persistentvolumeclaim/{claim.claim}/{path}"
        status["results"] = {"artifacts": place, "report": f"{place}/report.html"}
        text = f"The master wrote them to the volume {claim.claim}, folder {path}."
        set_condition(status, "ResultsStored", True, "Volume", text, now)
    else:
        text = "The results are being fetched from the master."
        set_condition(status, "ResultsStored", None, "Fetching", text, now)
