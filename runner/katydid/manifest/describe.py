"""LoadTests in a line: what a person should see of one that was accepted."""

from __future__ import annotations

from katydid.load.spec import ArrivalLoad, ConstantLoad, Load, ShapeLoad, StagedLoad
from katydid.load.text import format_timespan
from katydid.manifest.spec import LoadTest

_CLUSTER_ONLY = (
    "image", "imagePullPolicy", "master.resources", "master.pod", "workers.resources",
    "workers.pod", "pod", "suspend", "rerunToken", "results.persistentVolumeClaim",
    "podTTLSecondsAfterFinished", "ttlSecondsAfterFinished", "historyLimit",
)  # fmt: skip
_DEFAULTED = {"suspend": False, "podTTLSecondsAfterFinished": 3600, "historyLimit": 10}
"""Fields that are always there; they count as given only with another value."""


def one_line(test: LoadTest) -> str:
    """`LoadTest checkout accepted: 50 users for 10m, 3 thresholds`."""
    parts = [load_in_words(test.load)]
    workers = test.workers.processes
    parts.append("1 worker" if workers == 1 else f"{workers} workers")
    count = len(test.thresholds)
    if count:
        parts.append("1 threshold" if count == 1 else f"{count} thresholds")
    return f"LoadTest {test.name} accepted: {', '.join(parts)}"


def load_in_words(load: Load) -> str:
    """`50 users for 10m`, `3 stages over 9m`, `shape MyShape`, `30 iterations/s for 5m`."""
    match load:
        case ConstantLoad():
            users = "1 user" if load.users == 1 else f"{load.users} users"
            return f"{users} {_for(load.run_time_seconds)}"
        case StagedLoad():
            length = format_timespan(sum(stage.duration_seconds for stage in load.stages))
            count = len(load.stages)
            return f"{count} stage{'' if count == 1 else 's'} over {length}"
        case ShapeLoad():
            return f"shape {load.class_name}" if load.class_name else "the locustfile's shape"
        case ArrivalLoad():
            seconds = load.run_time_seconds
            if seconds is None and load.stages:
                seconds = sum(stage.duration_seconds for stage in load.stages)
            rate = f"{load.rate:g} iterations/s"
            if load.stages:
                rate += f" to {load.stages[-1].rate:g}/s"
            return f"{rate} {_for(seconds)}"


def _for(seconds: float | None) -> str:
    return "until stopped" if seconds is None else f"for {format_timespan(seconds)}"


def ignored_on_a_laptop(test: LoadTest) -> list[str]:
    """Fields that are given and mean something only in a cluster, as `spec.pod`."""
    found = []
    for dotted in _CLUSTER_ONLY:
        value = test.resource["spec"]
        for part in dotted.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and value != _DEFAULTED.get(dotted):
            found.append(f"spec.{dotted}")
    return found
