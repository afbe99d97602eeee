"""MarkovTaskSet: each task names those that may follow it, with weights.

The graph is checked when the class is made, so that a misspelt name is found before the test.
"""

from __future__ import annotations

import inspect
import logging
import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from katydid.errors import LocustError
from katydid.user.task import TaskSet, TaskSetMeta

if TYPE_CHECKING:
    from katydid.user.users import User

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])


class NoMarkovTasksError(LocustError):
    """A MarkovTaskSet class defines no task with a transition."""


class InvalidTransitionError(LocustError):
    """A transition leads to a name that the class does not have."""


class NonMarkovTaskTransitionError(LocustError):
    """A transition leads to something that has no transitions of its own."""


class MarkovTaskTagError(LocustError):
    """A task of a MarkovTaskSet is tagged: leaving it out would tear the chain."""


def transition(func_name: str, weight: int = 1) -> Callable[[Function], Function]:
    """Let the task `func_name` follow the decorated one, with this weight. May be stacked."""
    return transitions({func_name: weight})


def transitions(
    weights: dict[str, int] | Iterable[str | tuple[str, int]],
) -> Callable[[Function], Function]:
    """Let several tasks follow: {name: weight}, or a list of names and (name, weight)."""
    if isinstance(weights, dict):
        pairs = list(weights.items())
    else:
        pairs = [(entry, 1) if isinstance(entry, str) else entry for entry in weights]

    def decorate(function: Function) -> Function:
        known = dict(getattr(function, "transitions", {}))
        known.update(pairs)
        function.transitions = known  # type: ignore[attr-defined]  # functions take attributes
        return function

    return decorate


def _is_markov_task(member: object) -> bool:
    return isinstance(inspect.getattr_static(member, "transitions", None), dict)


class MarkovTaskSetMeta(TaskSetMeta):
    """Collects the tasks of a MarkovTaskSet class and checks their graph."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], members: dict[str, Any]
    ) -> MarkovTaskSetMeta:
        is_root = not any(isinstance(base, MarkovTaskSetMeta) for base in bases)
        if "abstract" not in members:
            members["abstract"] = is_root
        made = type.__new__(mcs, name, bases, members)
        tasks: dict[str, Any] = {}
        for owner in reversed(made.__mro__):  # a subclass may replace a task, which keeps its place
            tasks |= {key: each for key, each in vars(owner).items() if _is_markov_task(each)}
        made.tasks = list(tasks.values())  # type: ignore[attr-defined]  # declared by TaskSet
        if not members["abstract"]:
            _check(made, tasks)
        return made


def _check(owner: type, tasks: dict[str, Any]) -> None:
    """Raise the error that fits the first fault; log a warning for tasks never reached."""
    if not tasks:
        raise NoMarkovTasksError(
            f"No Markov tasks defined in class {owner.__name__}. Use the @transition or "
            f"@transitions decorators to define some."
        )
    for key, member in tasks.items():
        for target in member.transitions:
            if getattr(owner, target, None) is None:
                raise InvalidTransitionError(
                    f"Transition to {target} from {key} is invalid: {owner.__name__} has no "
                    f"such method."
                )
            if target not in tasks:
                raise NonMarkovTaskTransitionError(
                    f"{target} cannot follow {key}: it is not a Markov task of {owner.__name__}. "
                    f"Give it a transition with @transition or @transitions."
                )
        if getattr(member, "locust_tag_set", None):
            raise MarkovTaskTagError(
                f"Tags are not supported on tasks of a MarkovTaskSet: {owner.__name__}.{key}."
            )
    unreachable = [key for key in tasks if key not in _reachable(tasks)]
    if unreachable:
        logger.warning(
            "The following tasks of %s cannot be reached by any transition from %s: %s",
            owner.__name__,
            next(iter(tasks)),
            ", ".join(unreachable),
        )


def _reachable(tasks: dict[str, Any]) -> set[str]:
    """Names that can be reached from the first task, itself included."""
    first = next(iter(tasks))
    seen = {first}
    open_names = [first]
    while open_names:
        for target in tasks[open_names.pop()].transitions:
            if target not in seen:
                seen.add(target)
                open_names.append(target)
    return seen


class MarkovTaskSet(TaskSet, metaclass=MarkovTaskSetMeta):
    """A TaskSet that walks from task to task by weighted transitions, from the first defined."""

    abstract = True

    def __init__(self, parent: User | TaskSet) -> None:
        super().__init__(parent)
        self.current: Any = None  # the task that ran last

    def get_next_task(self) -> Any:
        """The first task, then one drawn from the transitions of the task before."""
        if self.current is None:
            self.current = self.tasks[0]
        else:
            weights: dict[str, int] = self.current.transitions
            (name,) = random.choices(list(weights), weights=list(weights.values()))
            self.current = getattr(type(self), name)
        return self.current
