"""Tags: choosing tasks by name for one run."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

Taggable = TypeVar("Taggable")


def tag(*tags: str) -> Callable[[Taggable], Taggable]:
    """Tag a task, or with a TaskSet class all of its tasks, for `--tags` and `--exclude-tags`.

    Raises ValueError without a tag, which is also what `@tag` without parentheses comes to.
    """
    if not tags or not all(isinstance(name, str) for name in tags):
        raise ValueError("No tag name was supplied: write @tag('name') with at least one name.")

    def decorate(task: Taggable) -> Taggable:
        inner = getattr(task, "tasks", None)
        if inner is not None:
            for each in inner:
                decorate(each)
        else:
            known: set[str] = getattr(task, "locust_tag_set", set())
            task.locust_tag_set = known | set(tags)  # type: ignore[attr-defined]  # functions take attributes
        return task

    return decorate


def filter_tasks_by_tags(
    task_holder: Any, tags: set[str] | None = None, exclude_tags: set[str] | None = None
) -> None:
    """Keep the tasks of a User or TaskSet class that match, in place and recursively.

    A task passes if it has any of `tags` (None: no matter) and none of `exclude_tags`. TaskSets
    are filtered by their own tasks and dropped when none is left.
    """
    verdicts: dict[Any, bool] = {}
    kept = []
    for task in task_holder.tasks:
        if task not in verdicts:  # a weight of n is n entries
            verdicts[task] = _passes(task, tags, exclude_tags)
        if verdicts[task]:
            kept.append(task)
    task_holder.tasks = kept
    if not kept:
        logger.warning(
            "%s had no tasks left after filtering, instantiating it will fail!",
            task_holder.__name__,
        )


def _passes(task: Any, tags: set[str] | None, exclude_tags: set[str] | None) -> bool:
    if hasattr(task, "tasks"):
        filter_tasks_by_tags(task, tags, exclude_tags)
        return bool(task.tasks)
    own: set[str] = getattr(task, "locust_tag_set", set())
    if tags is not None and own.isdisjoint(tags):
        return False
    return exclude_tags is None or own.isdisjoint(exclude_tags)
