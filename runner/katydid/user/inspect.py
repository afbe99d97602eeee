"""Task ratios: which share of all iterations each task should get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from katydid.user.task import TaskSetMeta


def get_ratio(
    user_classes: Iterable[type], user_spawned: Mapping[str, int], total: bool
) -> dict[str, Any]:
    """{class name: {"ratio", "tasks": {task name: {"ratio"[, "tasks"]}}}}, ratios in 0…1.

    A class's ratio is its share of `user_spawned` (class name: users). The ratio of its tasks is
    within their holder, or of the whole test if `total`.
    """
    users = sum(user_spawned.values()) or 1
    ratios: dict[str, Any] = {}
    for each in user_classes:
        share = user_spawned.get(each.__name__, 0) / users
        tasks: list[Any] = getattr(each, "tasks", [])
        ratios[each.__name__] = {
            "ratio": share,
            "tasks": _ratios_of(tasks, share if total else 1.0, total),
        }
    return ratios


def _ratios_of(tasks: list[Any], parent_ratio: float, total: bool) -> dict[str, Any]:
    ratios: dict[str, Any] = {}
    for task, count in Counter(tasks).items():
        ratio = parent_ratio * count / len(tasks)
        entry: dict[str, Any] = {"ratio": ratio}
        if isinstance(task, TaskSetMeta):
            inner: list[Any] = getattr(task, "tasks", [])
            entry["tasks"] = _ratios_of(inner, ratio if total else 1.0, total)
        ratios[task.__name__] = entry
    return ratios


def task_ratio(user_classes: Iterable[type], counts: Mapping[str, int]) -> dict[str, Any]:
    """{"per_class": …, "total": …}: what `/tasks`, the UI and reports show."""
    classes = list(user_classes)
    return {
        "per_class": get_ratio(classes, counts, total=False),
        "total": get_ratio(classes, counts, total=True),
    }
