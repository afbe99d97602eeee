"""Wait functions: how long a user rests between two tasks.

Each returns a method for `wait_time = …` of a User or TaskSet class, which gives seconds. State
lives on the instance that waits (`_cp_last_run`, `_cp_last_wait_time`), so a User and each of its
TaskSets keep a pace of their own.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from katydid.clock import SYSTEM_CLOCK

WaitTime = Callable[[Any], float]


def between(min_wait: float, max_wait: float) -> WaitTime:
    """Seconds drawn uniformly from [min_wait, max_wait]."""

    def wait_time(_instance: Any) -> float:
        return min_wait + random.random() * (max_wait - min_wait)

    return wait_time


def constant(wait_time: float) -> WaitTime:
    """Always `wait_time` seconds."""

    def seconds(_instance: Any) -> float:
        return wait_time

    return seconds


def constant_pacing(wait_time: float) -> WaitTime:
    """One task per `wait_time` seconds: rests for what the task has left over, never below 0."""

    def seconds(self: Any) -> float:
        now: float = getattr(self, "_clock", SYSTEM_CLOCK).monotonic()
        last_run: float = getattr(self, "_cp_last_run", now)
        last_wait: float = getattr(self, "_cp_last_wait_time", 0.0)
        rest: float = max(0.0, wait_time - (now - last_run - last_wait))
        self._cp_last_run = now
        self._cp_last_wait_time = rest
        return rest

    return seconds


def constant_throughput(task_runs_per_second: float) -> WaitTime:
    """At most `task_runs_per_second` tasks per second and user. Raises ValueError unless > 0."""
    if task_runs_per_second <= 0:
        raise ValueError(
            f"constant_throughput needs more than 0 task runs per second, not "
            f"{task_runs_per_second!r}."
        )
    return constant_pacing(1 / task_runs_per_second)


def poisson(rate: float) -> WaitTime:
    """Rests drawn from the exponential distribution of mean 1 / `rate` seconds.

    Tasks of no duration then start as a Poisson process. Raises ValueError unless rate > 0.
    """
    if rate <= 0:
        raise ValueError(f"poisson needs a rate above 0, not {rate!r}.")

    def wait_time(_instance: Any) -> float:
        return random.expovariate(rate)

    return wait_time
