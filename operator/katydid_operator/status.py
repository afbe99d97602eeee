"""The status of a LoadTest: phases and verdicts, run identity, conditions, history, urgency.

Pure functions over the status as JSON. The planner decides what is true; here is how it is
written down. All times are texts as `observed.text_of` makes them.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from katydid_operator.errors import LoadTestError
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.observed import text_of, time_of

MAX_MESSAGE = 4096  # as the schema bounds status.message
MAX_LOG_TAIL = 8192


class Phase(enum.StrEnum):
    PENDING = "Pending"
    STARTING = "Starting"
    RUNNING = "Running"
    FINISHING = "Finishing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    SUSPENDED = "Suspended"


class Verdict(enum.StrEnum):
    PASSED = "Passed"
    FAILED = "Failed"
    ERROR = "Error"  # infrastructure, or an invalid run
    STOPPED = "Stopped"


FINAL_PHASE = {
    Verdict.PASSED: Phase.SUCCEEDED,
    Verdict.FAILED: Phase.FAILED,
    Verdict.ERROR: Phase.FAILED,
    Verdict.STOPPED: Phase.STOPPED,
}
FINAL = frozenset(FINAL_PHASE.values())
ACTIVE = frozenset({Phase.STARTING, Phase.RUNNING, Phase.FINISHING})

_WAITING = frozenset({Phase.PENDING, Phase.SUSPENDED})
TRANSITIONS: dict[Phase | None, frozenset[Phase]] = {
    None: _WAITING | {Phase.STARTING} | FINAL,
    Phase.PENDING: _WAITING | {Phase.STARTING} | FINAL,
    Phase.SUSPENDED: _WAITING | {Phase.STARTING} | FINAL,
    Phase.STARTING: ACTIVE | FINAL,
    Phase.RUNNING: frozenset({Phase.RUNNING, Phase.FINISHING}) | FINAL,
    Phase.FINISHING: frozenset({Phase.FINISHING}) | FINAL,
    # A finished run stays; a new rerunToken begins the next one.
    Phase.SUCCEEDED: frozenset({Phase.SUCCEEDED, Phase.STOPPED, Phase.STARTING}) | _WAITING,
    Phase.FAILED: frozenset({Phase.FAILED, Phase.STOPPED, Phase.STARTING}) | _WAITING,
    Phase.STOPPED: frozenset({Phase.STOPPED, Phase.FAILED, Phase.STARTING}) | _WAITING,
}
"""Every step that a LoadTest may take; anything else is a mistake of the planner."""


def phase_of(status: Json) -> Phase | None:
    text = status.get("phase")
    return Phase(text) if text else None


def enter(status: Json, phase: Phase, reason: str, message: str) -> None:
    """Set phase, reason and message; LoadTestError for a step that TRANSITIONS lacks."""
    before = phase_of(status)
    if phase not in TRANSITIONS[before]:
        raise LoadTestError(f"A LoadTest cannot go from {before} to {phase}.")
    status.update(phase=str(phase), reason=reason, message=message[:MAX_MESSAGE])


def run_id(test: LoadTest, number: int) -> str:
    """Identity of a run: of the resource, its number, and the token that asked for it."""
    token = hashlib.sha256(test.rerun_token.encode()).hexdigest()[:10]
    return f"{test.uid[:8]}-{number}-{token}"


def run_number(status: Json) -> int:
    """Number of the latest run; 0 before the first."""
    return int((status.get("run") or {}).get("number", 0))


def is_finished(status: Json) -> bool:
    return bool((status.get("run") or {}).get("finishedAt"))


def wants_run(test: LoadTest) -> bool:
    """Whether the next run is to be claimed: the first, or one that a new rerunToken asks for."""
    number = run_number(test.status)
    if number == 0:
        return True
    asked = run_id(test, number).rsplit("-", 1)[1]
    claimed = str(test.status["run"].get("id", "")).rsplit("-", 1)[-1]
    return is_finished(test.status) and asked != claimed


def copied(status: Json) -> Json:
    """A copy that shares nothing with `status`."""
    made: Json = _copied(status)
    return made


def _copied(value: Any) -> Any:
    # JSON has neither cycles nor shared parts: this takes a third of the time of deepcopy, which
    # was a quarter of the operator's.
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_copied(one) for one in value]
    return value


def claimed(test: LoadTest, source_hash: str, now: datetime) -> Json:
    """The status that claims the next run: nothing of the last one but the history is left."""
    number = run_number(test.status) + 1
    run = {
        "number": number,
        "id": run_id(test, number),
        "startedAt": text_of(now),
        "specHash": test.spec_hash,
    }
    if source_hash:
        run["sourceHash"] = source_hash
    status: Json = {"observedGeneration": test.generation, "run": run, "phase": "Pending"}
    for kept in ("history", "conditions"):
        if test.status.get(kept):
            status[kept] = copied({kept: test.status[kept]})[kept]
    drop_conditions(status, ("WorkersReady", "ThresholdsMet", "ResultsStored", "Degraded"))
    return status


def condition(status: Json, kind: str) -> Json:
    """The condition of that type, or {}."""
    return next((one for one in status.get("conditions") or () if one["type"] == kind), {})


def set_condition(
    status: Json, kind: str, value: bool | None, reason: str, message: str, now: datetime
) -> None:
    """Write a condition; its time moves only when its status does."""
    text = {True: "True", False: "False", None: "Unknown"}[value]
    before = condition(status, kind)
    since = before.get("lastTransitionTime") if before.get("status") == text else None
    made = {
        "type": kind,
        "status": text,
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": since or text_of(now),
        "reason": reason,
        "message": message[:MAX_MESSAGE],
    }
    others = [one for one in status.get("conditions") or () if one["type"] != kind]
    status["conditions"] = sorted([*others, made], key=lambda one: str(one["type"]))


def drop_conditions(status: Json, kinds: Iterable[str]) -> None:
    gone = set(kinds)
    if status.get("conditions"):
        status["conditions"] = [one for one in status["conditions"] if one["type"] not in gone]


def set_kstatus(status: Json, now: datetime) -> None:
    """Ready, Reconciling, Stalled, Finished and Succeeded follow from phase and verdict."""
    phase, verdict = phase_of(status), status.get("verdict")
    reason, message = status.get("reason") or str(phase), status.get("message") or ""
    is_final = phase in FINAL
    passed = is_final and verdict == Verdict.PASSED
    at_rest = passed or phase is Phase.SUSPENDED
    set_condition(status, "Ready", at_rest, reason, message, now)
    set_condition(status, "Reconciling", not is_final and not at_rest, reason, message, now)
    set_condition(status, "Stalled", is_final and not passed, reason, message, now)
    set_condition(status, "Finished", is_final, reason, message, now)
    set_condition(status, "Succeeded", passed if is_final else None, reason, message, now)


def finish(status: Json, verdict: Verdict, reason: str, message: str, now: datetime) -> None:
    """Write the verdict down, once and for all."""
    enter(status, FINAL_PHASE[verdict], reason, message)
    status["verdict"] = str(verdict)
    status["run"]["finishedAt"] = text_of(now)


def remember(status: Json, peak_users: int, limit: int) -> None:
    """Put the finished run in front of the history, which keeps `limit` runs."""
    run, load = status["run"], status.get("load") or {}
    entry = {
        "number": run["number"],
        "id": run["id"],
        "verdict": status["verdict"],
        "finishedAt": run["finishedAt"],
        "users": peak_users,
    }
    for key in ("rps", "p95Ms", "failPercent"):
        if key in load:
            entry[key] = load[key]
    others = [one for one in status.get("history") or () if one["number"] != run["number"]]
    status["history"] = [entry, *others][:limit]
    if not status["history"]:
        del status["history"]


def duration_text(seconds: float) -> str:
    """`4m10s`, as a person says it."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    if hours:
        return f"{hours}h{minutes}m"
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def live_interval_seconds(elapsed_seconds: float) -> float:
    """How often the live numbers are written: every 5 s at first, every 15 s in a long run."""
    return min(15.0, max(5.0, elapsed_seconds / 3))


def is_due(old: Json, new: Json, now: datetime, written_at: datetime | None) -> bool:
    """Whether `new` is worth a write now: at once when it matters, else at the live interval."""
    if _essence(old) != _essence(new):
        return True
    if _without_clock(old) == _without_clock(new):
        return False
    if written_at is None:
        return True
    started = time_of((new.get("run") or {}).get("loadStartedAt"))
    elapsed = (now - started).total_seconds() if started else 0.0
    return (now - written_at).total_seconds() >= live_interval_seconds(elapsed) - 0.5


_UNHURRIED = frozenset({"duration", "imageID", "sourceRevision"})
"""Fields of `run` that nobody waits for: the next write takes them along."""


def _essence(status: Json) -> Json:
    """What a person or a program waits for: written at once."""
    given = status.get("run") or {}
    run = {key: value for key, value in given.items() if key not in _UNHURRIED}
    workers = status.get("workers") or {}
    return {
        **{key: status.get(key) for key in ("observedGeneration", "phase", "verdict", "reason")},
        "run": run,
        "selector": workers.get("selector"),
        "lost": workers.get("lost"),
        "desired": workers.get("desired"),
        # One that is met so far may still be breached: only a breach is news.
        "thresholds": [
            [one["name"], one["status"] == "Breached"] for one in status.get("thresholds") or ()
        ],
        "conditions": [
            [one["type"], one["status"], one["reason"]] for one in status.get("conditions") or ()
        ],
        "results": status.get("results"),
        "failure": status.get("failure"),
        "target": status.get("target"),
        "has_load": "load" in status and "loadStartedAt" in run,
    }


def _without_clock(status: Json) -> Json:
    """Everything but the passing of time itself."""
    plain = dict(status)
    for part, clock in (("load", "updatedAt"), ("run", "duration")):
        if part in plain:
            plain[part] = {key: value for key, value in plain[part].items() if key != clock}
    return plain
