"""Events of a LoadTest: what is new between two statuses. Pure; posted after the write."""

from __future__ import annotations

from dataclasses import dataclass

from katydid_operator.loadtest import Json
from katydid_operator.status import condition, is_finished

MAX_NOTE = 1024  # as the API server bounds an event's message


@dataclass(frozen=True)
class News:
    """One event: a reason in one word, a sentence, and whether a person should worry."""

    reason: str
    note: str
    is_warning: bool = False


def news(old: Json, new: Json) -> list[News]:
    """What a person would want to be told."""
    found: list[News] = []
    if is_finished(new) and not is_finished_same(old, new):
        verdict = str(new.get("verdict"))
        number = new["run"]["number"]
        text = f"Run {number}: {new.get('reason')}. {new.get('message')}"
        found.append(News(verdict, text, verdict not in ("Passed", "Stopped")))
    elif new.get("phase") != old.get("phase"):
        found.append(News(str(new.get("phase")), str(new.get("message"))))
    elif new.get("phase") in ("Pending", "Starting") and _has_new_problem(old, new):
        found.append(News(str(new["reason"]), str(new.get("message")), is_warning=True))
    if not is_finished(new):
        found += _breaches(old, new) + _workers(old, new)
    elif _turned_false(old, new, "ResultsStored"):
        found.append(News("ResultsNotStored", condition(new, "ResultsStored")["message"], True))
    return [News(one.reason, one.note[:MAX_NOTE], one.is_warning) for one in found]


def is_finished_same(old: Json, new: Json) -> bool:
    """Whether `old` has the end of the same run already."""
    return is_finished(old) and old["run"]["number"] == new["run"]["number"]


def _has_new_problem(old: Json, new: Json) -> bool:
    return new.get("reason") != old.get("reason") and new.get("reason") not in (
        "Claimed",
        "Launched",
    )


def _breaches(old: Json, new: Json) -> list[News]:
    before = {one["name"]: one["status"] for one in old.get("thresholds") or ()}
    return [
        News("ThresholdBreached", f"{one['name']}: {one.get('value', 'no value')}", True)
        for one in new.get("thresholds") or ()
        if one["status"] == "Breached" and before.get(one["name"]) != "Breached"
    ]


def _workers(old: Json, new: Json) -> list[News]:
    before, after = old.get("workers") or {}, new.get("workers") or {}
    if (old.get("run") or {}).get("number") != (new.get("run") or {}).get("number"):
        return []
    lost = after.get("lost", 0) - before.get("lost", 0)
    if lost > 0:
        text = f"{lost} worker(s) were lost; their users moved to the others."
        return [News("WorkerLost", text, True)]
    was_missing = condition(old, "Degraded").get("reason") == "WorkersMissing"
    is_missing = condition(new, "Degraded").get("reason") == "WorkersMissing"
    if is_missing and not was_missing:
        return [News("WorkerLost", condition(new, "Degraded")["message"], True)]
    if was_missing and condition(new, "WorkersReady").get("status") == "True":
        return [News("WorkerReplaced", f"All {after.get('desired')} workers are ready again.")]
    return []


def _turned_false(old: Json, new: Json, kind: str) -> bool:
    is_false = condition(new, kind).get("status") == "False"
    return is_false and condition(old, kind).get("status") not in ("False", None)
