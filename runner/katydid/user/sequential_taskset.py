"""SequentialTaskSet: tasks in the order in which they are written, round and round."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from katydid.errors import LocustError
from katydid.user.task import (
    TaskSet,
    TaskSetMeta,
    expand_weights,
    no_tasks_message,
    weight_of,
)

if TYPE_CHECKING:
    from katydid.user.users import User


class SequentialTaskSetMeta(TaskSetMeta):
    """Collects tasks by the place of their declaration, a `tasks` attribute included."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], members: dict[str, Any]
    ) -> SequentialTaskSetMeta:
        tasks: list[Any] = []
        for base in bases:
            tasks.extend(expand_weights(getattr(base, "tasks", None) or ()))
        for key, member in members.items():
            if key == "tasks":
                tasks.extend(expand_weights(member or ()))
            else:
                tasks.extend([member] * weight_of(member))
        members["tasks"] = tasks
        # past TaskSetMeta, which would collect the members a second time
        return type.__new__(mcs, name, bases, members)


class SequentialTaskSet(TaskSet, metaclass=SequentialTaskSetMeta):
    """A TaskSet that runs its tasks one after another; `@task(3)` repeats one three times."""

    def __init__(self, parent: User | TaskSet) -> None:
        super().__init__(parent)
        self._task_cycle = itertools.cycle(self.tasks)

    def get_next_task(self) -> Any:
        """The next task in order. Raises LocustError if there is none."""
        if not self.tasks:
            raise LocustError(no_tasks_message(self))
        return next(self._task_cycle)
