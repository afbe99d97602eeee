"""How many workers are gone, and for how long: what `workers.maxLost` is held against."""

from __future__ import annotations

ABSENT_SECONDS = 60.0
"""Workers missing for so long count against `max_lost`."""


class Absence:
    """Watches the number of workers. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._had = 0  # workers that were there at the same time, of those that are expected
        self._since: float | None = None

    def update(self, now: float, expected: int, here: int, max_lost: float) -> int:
        """How many of `expected` workers have been gone for too long, 0 while that is bearable.

        `max_lost` is a ratio of `expected`. Replicas that a live update added are not gone
        before they have come.
        """
        self._had = min(expected, max(self._had, here))
        absent = self._had - here
        if absent <= max_lost * expected:
            self._since = None
            return 0
        self._since = now if self._since is None else self._since
        return absent if now - self._since > ABSENT_SECONDS else 0
