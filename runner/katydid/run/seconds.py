"""The seconds of a test: when each is over, and what is charged to it.

What is due at the end of a second (thresholds, the next step of the load) is the controller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from katydid.run.states import UNFINISHED

if TYPE_CHECKING:
    from katydid.run.controller import ControllingRunner

LONGEST_GAP_SECONDS = 60
"""Of a longer silence only the end is closed second by second."""


class Seconds:
    """The seconds of one runner, on the wall clock."""

    def __init__(self, runner: ControllingRunner) -> None:
        self._runner = runner
        self._closed = 0  # the last second that is over
        self._dropped = 0  # iterations, in the second that is on

    def begin(self, now: float) -> None:
        """A test begins, or goes on, at `now`."""
        self._closed = int(now) - 1
        self._dropped = 0

    def count_dropped(self, dropped: int) -> None:
        """`dropped` iterations could not start in the second that is on."""
        self._dropped += dropped

    def loop(self) -> None:
        """Until the test is over: users that finish are counted second by second, too."""
        runner = self._runner
        while runner.state in UNFINISHED:
            boundary = self.until_boundary()
            left = self._load_left()
            runner.clock.sleep(max(0.0, min(boundary, left)))
            if left <= boundary:
                runner.control_step(0.0)
            elif runner.state in UNFINISHED:
                runner.second()

    def until_boundary(self) -> float:
        """Seconds until the one that is on is over."""
        now = self._runner.clock.wall()
        return int(now) + 1 - now

    def _load_left(self) -> float:
        """Seconds until the load ends by itself."""
        ends_at = self._runner.control.ends_at()
        if ends_at is None or self._runner.ending is not None:
            return float("inf")
        return ends_at - self._runner.control.elapsed

    def close(self, until: int) -> None:
        """Close the seconds before `until`; a late tick is charged to the first it missed."""
        runner = self._runner
        users = runner.user_count
        runner.peak_users = max(runner.peak_users, users)
        runner.count_dropped(runner.take_dropped())
        first = self._closed + 1 if self._closed else until - 1
        for second in range(max(first, until - LONGEST_GAP_SECONDS), until):
            runner.stats.close_second(second, users, runner.workers_ready, self._dropped)
            self._dropped = 0
        self._closed = max(self._closed, until - 1)
