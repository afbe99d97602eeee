"""Events of a LoadTest: what is new between two statuses. Pure; posted after the write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from katydid_operator.loadtest import Json
from katydid_operator.status import condition, is_finished

MAX_NOTE = 1024  # as the API server bounds an event's message
_SMOOTH = frozenset({"Claimed", "Launched"})  # reasons of a start that goes well


@dataclass(frozen=True)
class News:
    """One event: a reason in one word, a sentence, and whether a person should worry."""

    reason: str
    note: str
    is_warning: bool = False


def news(old: Json, new: Json, thresholds: Sequence[Json] = ()) -> list[News]:
    """What a person would want to be told. `thresholds` are the spec's, for their limits."""
    found: list[News] = []
    if is_finished(new) and not is_finished_same(old, new):
        found += [*_breaches(old, new, thresholds), _ended(new)]
    elif new.get("phase") != old.get("phase"):
        phase = str(new.get("phase"))
        found.append(News(phase, str(new.get("message")), is_warning=phase == "Pending"))
    elif new.get("phase") in ("Pending", "Starting") and _has_new_problem(old, new):
        found.append(News(str(new["reason"]), str(new.get("message")), is_warning=True))
    if not is_finished(new):
        found += _breaches(old, new, thresholds) + _workers(old, new)
    elif _turned_false(old, new, "ResultsStored"):
        found.append(News("ResultsNotStored", condition(new, "ResultsStored")["message"], True))
    found += _restarts(old, new)
    return [News(one.reason, one.note[:MAX_NOTE], one.is_warning) for one in found]


def is_finished_same(old: Json, new: Json) -> bool:
    """Whether `old` has the end of the same run already."""
    return is_finished(old) and old["run"]["number"] == new["run"]["number"]


def _has_new_problem(old: Json, new: Json) -> bool:
    return new.get("reason") != old.get("reason") and new.get("reason") not in _SMOOTH


_ENDS = {"Passed": "passed", "Failed": "failed", "Stopped": "was stopped"}


def _ended(new: Json) -> News:
    verdict, number = str(new.get("verdict")), new["run"]["number"]
    how = _ENDS.get(verdict) or f"ended in an error, {new.get('reason')}"
    is_warning = verdict not in ("Passed", "Stopped")
    return News(verdict, f"Run {number} {how}: {new.get('message')}", is_warning)


def _breaches(old: Json, new: Json, thresholds: Sequence[Json]) -> list[News]:
    before = {one["name"]: one["status"] for one in old.get("thresholds") or ()}
    wanted = {one["name"]: one for one in thresholds}
    return [
        News("ThresholdBreached", breach_text(one, wanted.get(one["name"], {})), True)
        for one in new.get("thresholds") or ()
        if one["status"] == "Breached" and before.get(one["name"]) != "Breached"
    ]


def breach_text(row: Mapping[str, str], threshold: Json) -> str:
    """`quick: p95 of POST /pay is 412ms, not below 300ms.`"""
    name, value = row["name"], row.get("value")
    if not threshold:
        return f"{name}: {value or 'no value came'}."
    scope = threshold.get("scope") or {}
    about = " ".join(filter(None, (scope.get("method"), scope.get("name"))))
    side = "below" if "below" in threshold else "above"
    measured = f"{threshold['metric']} of {about}" if about else str(threshold["metric"])
    window = f" over {threshold['window']}" if threshold.get("window") else ""
    if not value:
        return f"{name}: {measured} has no value, and should be {side} {threshold[side]}{window}."
    return f"{name}: {measured} is {value}, not {side} {threshold[side]}{window}."


def load_text(load: Json) -> str:
    """The load of a spec in a few words: `10 users for 5m`."""
    if "stages" in load:
        return f"{len(load['stages'])} stages"
    if "arrivalRate" in load:
        open_model = load["arrivalRate"]
        rate, pool = open_model.get("rate"), open_model.get("maxUsers")
        return f"{rate} iterations/s, {pool} users at most" if rate else f"{pool} users at most"
    if "shape" in load:
        return "the shape of the locustfile"
    users = load.get("users", 1)
    people = "1 user" if users == 1 else f"{users} users"
    return f"{people} for {load['runTime']}" if "runTime" in load else people


def _is_same_run(old: Json, new: Json) -> bool:
    return bool((old.get("run") or {}).get("number") == (new.get("run") or {}).get("number"))


def _restarts(old: Json, new: Json) -> list[News]:
    """A master that was up again before anybody saw it down; the count of its pod tells."""
    if not _is_same_run(old, new):
        return []
    before, after = (int((one.get("run") or {}).get("masterRestarts", 0)) for one in (old, new))
    was_told = any(
        condition(one, "Degraded").get("reason") == "MasterRestarting" or _is_in_trouble(one)
        for one in (old, new)
    )
    if after <= before or was_told:
        return []
    times = "once" if after == 1 else f"{after} times"
    text = f"The master's container ended and was started again, {times} in this run so far."
    return [News("MasterRestarted", text, is_warning=True)]


def _is_in_trouble(status: Json) -> bool:
    """Whether a run that is being started has a reason that its event told."""
    return status.get("phase") == "Starting" and status.get("reason") not in _SMOOTH


def _workers(old: Json, new: Json) -> list[News]:
    before, after = old.get("workers") or {}, new.get("workers") or {}
    if not _is_same_run(old, new):
        return []
    lost = after.get("lost", 0) - before.get("lost", 0)
    if lost > 0:
        who = "A worker was" if lost == 1 else f"{lost} workers were"
        text = f"{who} lost; the other workers took over the users."
        return [News("WorkerLost", text, True)]
    was, now = (condition(one, "Degraded").get("reason") for one in (old, new))
    if now == "MasterRestarting" and was != now:
        return [News("MasterRestarting", condition(new, "Degraded")["message"], True)]
    was_missing, is_missing = was == "WorkersMissing", now == "WorkersMissing"
    if is_missing and not was_missing:
        return [News("WorkerLost", condition(new, "Degraded")["message"], True)]
    if was_missing and condition(new, "WorkersReady").get("status") == "True":
        return [News("WorkerReplaced", _all_ready(after.get("desired")))]
    return []


def _turned_false(old: Json, new: Json, kind: str) -> bool:
    is_false = condition(new, kind).get("status") == "False"
    return is_false and condition(old, kind).get("status") not in ("False", None)


def _all_ready(desired: object) -> str:
    return (
        "The worker is ready again." if desired == 1 else f"All {desired} workers are ready again."
    )
