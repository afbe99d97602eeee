"""The door to time. Everything that decides by time takes a `Clock`; tests pass a fake one."""

from __future__ import annotations

import time
from typing import Protocol

import gevent


class Clock(Protocol):
    """Two clocks and a cooperative sleep, all in seconds."""

    def wall(self) -> float:
        """Seconds since the epoch: the common time base of a test."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back: for durations."""

    def sleep(self, seconds: float) -> None:
        """Let other greenlets run for at least `seconds`."""


class SystemClock:
    """The machine's own clocks and gevent's sleep."""

    # Bound directly: every recorded sample asks for the time.
    wall = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    def sleep(self, seconds: float) -> None:
        gevent.sleep(max(0.0, seconds))


SYSTEM_CLOCK: Clock = SystemClock()
