"""`locust.user.inspectuser`: how often each task runs, counted and printed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from katydid.load.sequence import ClassSequence
from katydid.user.inspect import get_ratio, task_ratio

__all__ = ["get_ratio", "print_task_ratio", "print_task_ratio_json"]


def print_task_ratio(user_classes: Iterable[type], num_users: int | None, total: bool) -> None:
    """The ratios as an indented list; `total`: of the whole test, else within each holder."""
    classes = list(user_classes)
    ratios = get_ratio(classes, _counts(classes, num_users), total)
    _print_level(ratios, 0)


def print_task_ratio_json(user_classes: Iterable[type], num_users: int | None) -> None:
    """Both kinds of ratios as one JSON document."""
    classes = list(user_classes)
    print(json.dumps(task_ratio(classes, _counts(classes, num_users)), indent=4))


def _print_level(ratios: dict[str, Any], depth: int) -> None:
    for name, entry in ratios.items():
        print(f" {entry['ratio']:>6.1%} {'  ' * depth}{name}")
        _print_level(entry.get("tasks", {}), depth + 1)


def _counts(user_classes: list[Any], num_users: int | None) -> dict[str, int]:
    """How many users of each class `num_users` would be; None: as many as the weights sum up to."""
    wanted = [(each.__name__, float(each.weight), int(each.fixed_count)) for each in user_classes]
    if num_users is None:
        num_users = max(1, round(sum(weight + fixed for _, weight, fixed in wanted)))
    return dict(ClassSequence(wanted).counts(num_users))
