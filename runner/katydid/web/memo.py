"""A value kept for a while, longer when it is dear: pollers never cost more than a share of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from katydid.clock import Clock

T = TypeVar("T")


class Memo(Generic[T]):
    """`compute()`, at most once per `seconds` and at most a fifth of the time."""

    def __init__(self, compute: Callable[[], T], seconds: float, clock: Clock) -> None:
        self._compute = compute
        self._seconds = seconds
        self._clock = clock
        self._kept: list[T] = []
        self._until = 0.0

    def __call__(self) -> T:
        start = self._clock.monotonic()
        if not self._kept or start >= self._until:
            value = self._compute()
            end = self._clock.monotonic()
            self._kept = [value]
            self._until = end + max(self._seconds, 5 * (end - start))
        return self._kept[0]

    def clear(self) -> None:
        """Compute anew at the next call."""
        self._kept = []
