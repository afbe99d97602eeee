"""The package `locust`, as locustfiles see it (through `katydid.alias`).

Names and module paths are Locust's, what they lead to is ours. Submodules load on first use.
"""

from __future__ import annotations

import katydid
from katydid import events as _events
from katydid.compat import properties as _properties
from katydid.compat.locust.debug import run_single_user
from katydid.user import (
    LoadTestShape,
    MarkovTaskSet,
    SequentialTaskSet,
    TaskSet,
    User,
    between,
    constant,
    constant_pacing,
    constant_throughput,
    poisson,
    tag,
    task,
    transition,
    transitions,
    wait_time,
)
from katydid.user.http_users import FastHttpUser, HttpUser

__all__ = [
    "FastHttpUser",
    "HttpUser",
    "LoadTestShape",
    "MarkovTaskSet",
    "SequentialTaskSet",
    "TaskSet",
    "User",
    "between",
    "constant",
    "constant_pacing",
    "constant_throughput",
    "events",
    "poisson",
    "run_single_user",
    "tag",
    "task",
    "transition",
    "transitions",
    "wait_time",
]

__version__ = katydid.LOCUST_VERSION


class _Renamed(type):
    """The metaclass of a name that Locust gave up: deriving from it tells the new one."""

    def __new__(mcs, name: str, bases: tuple[type, ...], members: dict[str, object]) -> _Renamed:
        if bases:
            old = bases[0].__name__
            raise ImportError(
                f"The {old} class has been renamed to {_NEW_NAMES[old]} in Locust 1.0; "
                f"derive {name} from {_NEW_NAMES[old]}."
            )
        return super().__new__(mcs, name, bases, members)


_NEW_NAMES = {"HttpLocust": "HttpUser", "Locust": "User"}


class HttpLocust(metaclass=_Renamed):
    """Gone: HttpUser."""


class Locust(metaclass=_Renamed):
    """Gone: User."""


# Test suites give `locust.events` a new Events for each test; the engine must see it.
_properties.forward(__name__, {"events": (_events, "events")})

__getattr__ = _properties.lazy(
    __name__,
    {
        name: f"{__name__}.{name}"
        for name in (
            "argument_parser", "clients", "contrib", "dispatch", "env", "event", "exception",
            "html", "input_events", "log", "main", "opentelemetry", "rpc", "runners", "shape",
            "stats", "user", "util", "web",
        )
    },
)  # fmt: skip
