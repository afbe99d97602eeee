"""Whether the generator itself was the bottleneck of a test, when, and for how long.

`Saturation` is of a whole test, `ProcessSaturation` of one process in it. Both are pure: whoever
measures (run.health here, a worker's heartbeat in run.inbox) hands in what it saw. Only what
happens while the load runs is judged, so that neither imports at the start nor reports and
goodbyes at the end make a saturated run of a quiet one. Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from katydid import tunables

LAGGY_MS = 250.0
"""An event loop later than this adds it to latencies. Once may be a garbage collection; a few
times, or once for over a second, and the run is flagged."""
LAGGY_TIMES = 3
LAGGY_ALONE_MS = 1000.0


class Saturation:
    """Of one test: the stretches of time in which any process was saturated, as one."""

    def __init__(self, on_first: Callable[[str], None] = lambda _: None) -> None:
        self._on_first = on_first  # called with the name of the first process that is saturated
        self.began_at: float | None = None  # None: no load runs, nothing counts
        self.seconds = 0.0
        self.first_at: float | None = None
        self.last_at: float | None = None

    def begin(self, now: float) -> None:
        """The load of a new test begins."""
        self.began_at = now
        self.seconds, self.first_at, self.last_at = 0.0, None, None

    def end(self) -> None:
        """The load is over; what was found stays."""
        self.began_at = None

    def add(self, name: str, start: float, end: float) -> None:
        """The process `name` was saturated from `start` to `end`."""
        if self.began_at is None:
            return
        start = max(start, self.began_at)
        if self.first_at is None:
            self.first_at = start
            self._on_first(name)
        self.seconds += max(0.0, end - max(start, self.last_at or start))
        self.last_at = max(end, self.last_at or end)

    def dump(self) -> list[Any]:
        """What a checkpoint keeps."""
        return [self.began_at, self.seconds, self.first_at, self.last_at]

    def load(self, content: list[Any]) -> None:
        """The inverse of `dump`."""
        self.began_at, self.seconds, self.first_at, self.last_at = content


class ProcessSaturation:
    """Of one process: its worst values of the test, and whether they amount to saturation.

    `queues` is False for a process without users: no latency contains its short lags.
    """

    def __init__(self, name: str, test: Saturation, queues: bool = True) -> None:
        self.name = name
        self._test = test
        self._queues = queues
        self.reset()

    def reset(self) -> None:
        """A new test begins."""
        self.saturated = False
        self.max_lag_ms = 0.0
        self._max_cpu_percent: float | None = None
        self._first_cpu_percent = 0.0  # until a whole interval of the test is known
        self._busy_since: float | None = None
        self._late: list[tuple[float, float]] = []

    @property
    def max_cpu_percent(self) -> float:
        """Of one core, over a whole monitor interval; of less where the test was shorter."""
        known = self._max_cpu_percent
        return self._first_cpu_percent if known is None else known

    @property
    def reason(self) -> str:
        """A sentence on what it is saturated by."""
        effect = (
            "latencies contain its own queueing"
            if self._queues
            else "load, thresholds and statistics were late"
        )
        return (
            f"{self.name} used up to {self.max_cpu_percent:.0f} % of a core and its event loop "
            f"was up to {self.max_lag_ms:.0f} ms late: {effect}."
        )

    def idle(self) -> None:
        """It runs no users yet, or not any more: its CPU is judged anew."""
        self._busy_since = None

    def use(self, cpu_percent: float, now: float) -> None:
        """Its CPU use over the monitor interval that ends now."""
        if self._test.began_at is None:
            return
        if self._busy_since is None:
            self._busy_since = now
        interval = tunables.CPU_MONITOR_INTERVAL
        began = max(self._test.began_at, self._busy_since)
        if now - began < interval:  # part of it was spent on starting
            self._first_cpu_percent = cpu_percent
            return
        self._max_cpu_percent = max(self._max_cpu_percent or 0.0, cpu_percent)
        if cpu_percent > tunables.CPU_WARNING_THRESHOLD:
            self._is_saturated(now - interval, now)

    def lag(self, lag_ms: float, now: float) -> None:
        """Its event loop turned, so much too late."""
        lag_ms = self._within(lag_ms, now)
        late = (now - lag_ms / 1000, now)
        if lag_ms > LAGGY_ALONE_MS:
            self._is_saturated(*late)
        elif lag_ms > LAGGY_MS and self._queues:
            self._late.append(late)
            if len(self._late) >= LAGGY_TIMES:
                for stretch in self._late:
                    self._is_saturated(*stretch)
                del self._late[:-LAGGY_TIMES]

    def hang(self, age_ms: float, now: float) -> None:
        """Its event loop has not turned for so long, and does not yet."""
        age_ms = self._within(age_ms, now)
        if age_ms > LAGGY_ALONE_MS:
            self._is_saturated(now - age_ms / 1000, now)

    def _within(self, lag_ms: float, now: float) -> float:
        """The part of a lag that lies in the test."""
        began = self._test.began_at
        if began is None:
            return 0.0
        lag_ms = min(lag_ms, max(0.0, now - began) * 1000)
        self.max_lag_ms = max(self.max_lag_ms, lag_ms)
        return lag_ms

    def _is_saturated(self, start: float, end: float) -> None:
        self.saturated = True
        self._test.add(self.name, start, end)

    def dump(self) -> list[Any]:
        """What a checkpoint keeps."""
        return [self.saturated, self.max_cpu_percent, self.max_lag_ms]

    def load(self, content: list[Any]) -> None:
        """The inverse of `dump`."""
        self.saturated, self._max_cpu_percent, self.max_lag_ms = content
