"""The course of a test: points of one second, later of ten seconds, a minute, ten minutes, an hour.

Every closed second makes a point of the total and of the first names. Ten of them are rolled up
into the next level, histograms included, so the percentile of a minute is that of its requests
and no mean of percentiles. Each level keeps a fixed number of points: a test of days needs no more
memory than one of hours, and `points` joins the levels, the finest where it still reaches.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from katydid.stats.batch import FAILURES, LENGTH, REQUESTS, Batch, cell_percentiles, tally_cells
from katydid.stats.delta import FloatArray, IntArray
from katydid.stats.histogram import BUCKETS

LEVELS = ((1, 600), (10, 360), (60, 480), (600, 432), (3600, 2160))
"""Width in seconds and number of points kept: 10 minutes, 1 hour, 8 hours, 3 days, 90 days."""
FRACTIONS = (0.5, 0.95, 0.99)
_COLUMNS = [REQUESTS, FAILURES, LENGTH]


@dataclass(frozen=True)
class Point:
    """One interval of the whole test or of one name; `run.document.HistoryPoint` field by field."""

    time: int  # start of the interval, seconds since the epoch
    width_seconds: int  # that of its level; the first interval of a test may be shorter
    users: int  # at its end
    requests: int
    failures: int
    rps: float
    failures_per_second: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    length: int  # bytes received in it
    workers: int
    dropped_iterations: int
    codes: dict[str, int] = field(default_factory=dict)


@dataclass
class _Facts:
    """What a point says of the whole test."""

    begin: int  # the first second that was closed in it
    seconds: int  # how many were
    users: int
    workers: int
    dropped: int
    codes: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Spread:
    """Latencies of an interval, kept until they are rolled up. Row r: cells r · 4096 …"""

    cells: IntArray
    counts: IntArray
    low: FloatArray  # [rows] minimum, +inf: none
    high: FloatArray  # [rows] maximum, -inf: none

    def percentiles(self) -> FloatArray:
        """[rows, 3] milliseconds; NaN where a row has no sample."""
        times = np.full((len(self.low), len(FRACTIONS)), np.nan)
        rows, found = cell_percentiles(self.cells, self.counts, FRACTIONS)
        times[rows] = np.clip(found, self.low[rows, np.newaxis], self.high[rows, np.newaxis])
        return times


@dataclass(eq=False)
class _Level:
    """Points of one width, the oldest first, and what the next of them will be made of."""

    width: int
    keep: int
    times: list[int] = field(default_factory=list)  # multiples of the width
    facts: list[_Facts] = field(default_factory=list)
    counters: list[IntArray] = field(default_factory=list)  # [rows, 3] each
    latencies: list[FloatArray] = field(default_factory=list)  # [rows, 3] each
    trimmed: bool = False
    pending_start: int = 0
    pending: list[_Spread] = field(default_factory=list)

    def add(self, time: int, facts: _Facts, counters: IntArray, latencies: FloatArray) -> None:
        self.times.append(time)
        self.facts.append(facts)
        self.counters.append(counters)
        self.latencies.append(latencies)
        if len(self.times) > self.keep:
            self.trimmed = True
            for column in (self.times, self.facts, self.counters, self.latencies):
                del column[0]

    def find(self, second: int) -> int | None:
        """Position of the point that contains `second`."""
        at = bisect_right(self.times, second) - 1
        return at if at >= 0 and second < self.times[at] + self.width else None

    def point(self, at: int, row: int) -> Point:
        facts = self.facts[at]
        requests, failures, length = (
            self.counters[at][row].tolist() if row < len(self.counters[at]) else (0, 0, 0)
        )
        times = self.latencies[at][row].tolist() if row < len(self.latencies[at]) else [np.nan] * 3
        p50, p95, p99 = (None if np.isnan(time) else time for time in times)
        return Point(
            time=facts.begin,
            width_seconds=self.times[at] + self.width - facts.begin,
            users=facts.users,
            requests=requests,
            failures=failures,
            rps=requests / facts.seconds,
            failures_per_second=failures / facts.seconds,
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            length=length,
            workers=facts.workers,
            dropped_iterations=facts.dropped,
            codes={} if row else {str(code): n for code, n in sorted(facts.codes.items())},
        )


class History:
    """Points of row 0 (the total) and of rows 1 … `charted`."""

    def __init__(self, charted: int) -> None:
        self._charted = charted
        self._levels = [_Level(width, keep) for width, keep in LEVELS]

    def append(
        self, second: int, batch: Batch, users: int, workers: int, dropped_iterations: int
    ) -> None:
        """Add a closed second; seconds must ascend."""
        codes = {status: count for row, status, count in batch.codes if row == 0}
        facts = _Facts(second, 1, users, workers, dropped_iterations, codes)
        end = int(np.searchsorted(batch.rows, self._charted, side="right"))
        rows = batch.rows[:end]
        size = int(rows[-1]) + 1
        counters = np.zeros((size, 3), dtype=np.int64)
        counters[rows] = batch.counters[:end][:, _COLUMNS]
        low, high = np.full(size, np.inf), np.full(size, -np.inf)
        low[rows], high[rows] = batch.min_ms[:end], batch.max_ms[:end]
        last = int(np.searchsorted(batch.cells, size * BUCKETS))
        spread = _Spread(batch.cells[:last], batch.counts[:last], low, high)
        self._push(0, second, facts, counters, spread)

    def _push(self, at: int, time: int, facts: _Facts, counters: IntArray, spread: _Spread) -> None:
        level = self._levels[at]
        level.add(time, facts, counters, spread.percentiles())
        if at + 1 == len(self._levels):
            return
        above = self._levels[at + 1]
        start = time // above.width * above.width
        if above.pending and above.pending_start != start:
            self._roll_up(at + 1)  # seconds are missing: the test was held up
        above.pending_start = start
        above.pending.append(spread)
        if time + level.width >= start + above.width:
            self._roll_up(at + 1)

    def _roll_up(self, at: int) -> None:
        level, below = self._levels[at], self._levels[at - 1]
        facts, counters = _added(below, bisect_left(below.times, level.pending_start))
        spread = _joined(level.pending)
        level.pending = []
        self._push(at, level.pending_start, facts, counters, spread)

    def late(self, second: int, batch: Batch) -> None:
        """Add the counters of samples that came after their second was closed.

        Percentiles of the points they belong to stay as they are.
        """
        rows, added = batch.rows, batch.counters[:, _COLUMNS]
        charted = rows <= self._charted
        rows, added = rows[charted], added[charted]
        for level in self._levels:
            at = level.find(second)
            if at is None:
                continue
            counters = level.counters[at]
            missing = int(rows.max()) + 1 - len(counters)
            if missing > 0:
                counters = np.concatenate((counters, np.zeros((missing, 3), dtype=np.int64)))
            counters[rows] += added
            level.counters[at] = counters
            codes = level.facts[at].codes
            for row, status, count in batch.codes:
                if row == 0:
                    codes[status] = codes.get(status, 0) + count

    def points(self, row: int = 0, since: float = 0.0, width: int = 1) -> list[Point]:
        """Points of a row that began after `since`, ascending; no second is in two of them.

        None is finer than `width`, one of the levels' widths. Above 1 s the last point is of the
        seconds that do not fill one yet.
        """
        finest = [level.width for level in self._levels].index(width)
        chosen: list[list[Point]] = [self._unfilled(finest, row)] if finest else []
        for level, positions in self._parts(finest):
            first = bisect_right(level.times, since - level.width)  # none before it began later
            wanted = range(max(positions.start, first), positions.stop)
            chosen.append([p for at in wanted if (p := level.point(at, row)).time > since])
            if first > positions.start:
                break
        return [point for part in reversed(chosen) for point in part]

    def trend(self, row: int, count: int) -> list[float | None]:
        """95th percentiles of a row in the last `count` seconds that were closed, milliseconds."""
        found = [
            float(times[row, 1]) if row < len(times) else np.nan
            for times in self._levels[0].latencies[-count:]
        ]
        return [None if np.isnan(time) else time for time in found]

    def _unfilled(self, at: int, row: int) -> list[Point]:
        """The point of a level that its next seconds would still change; none at its edge."""
        level, seconds = self._levels[at], self._levels[0]
        begin = level.times[-1] + level.width if level.times else 0
        first = bisect_left(seconds.times, begin)
        if first == len(seconds.times):
            return []
        facts, counters = _added(seconds, first)
        spread = _joined([one for part in self._levels[1 : at + 1] for one in part.pending])
        unfilled = _Level(level.width, 1)
        time = facts.begin // level.width * level.width
        unfilled.add(time, facts, counters, spread.percentiles())
        end = seconds.times[-1] + 1
        return [replace(unfilled.point(0, row), width_seconds=end - facts.begin)]

    def _parts(self, finest: int = 0) -> Iterator[tuple[_Level, range]]:
        """Levels from `finest` on, with the points that each of them contributes."""
        end: int | None = None
        levels = self._levels[finest:]
        for level, above in [*pairwise(levels), (levels[-1], None)]:
            stop = len(level.times) if end is None else bisect_left(level.times, end)
            begin = 0
            if level.trimmed and above is not None:
                # Begin where a point of the level above ends, so that no second shows twice
                end = -(-level.times[0] // above.width) * above.width
                begin = bisect_left(level.times, end)
            yield level, range(begin, stop)
            if not level.trimmed:
                return

    def column(self, row: int, column: str) -> dict[int, int]:
        """Second → `requests` or `failures` of a row, for the seconds that have points of 1 s."""
        index = ("requests", "failures").index(column)
        level = self._levels[0]
        return {
            time: int(counters[row, index])
            for time, counters in zip(level.times, level.counters, strict=True)
            if row < len(counters) and counters[row, index]
        }

    def dump(self) -> list[dict[str, Any]]:
        """The whole history as msgpack can write it; `load` is the inverse."""
        return [_dump_level(level) for level in self._levels]

    def load(self, state: list[dict[str, Any]]) -> None:
        """Replace the history by a dumped one."""
        self._levels = [
            _load_level(_Level(width, keep), saved)
            for (width, keep), saved in zip(LEVELS, state, strict=True)
        ]


def _added(level: _Level, first: int) -> tuple[_Facts, IntArray]:
    """Facts and counters of the points from `first` on, together."""
    counters = np.zeros((max(len(one) for one in level.counters[first:]), 3), dtype=np.int64)
    facts = _Facts(level.facts[first].begin, 0, 0, 0, 0)
    for part, counted in zip(level.facts[first:], level.counters[first:], strict=True):
        counters[: len(counted)] += counted
        facts.seconds += part.seconds
        facts.users, facts.workers = part.users, part.workers
        facts.dropped += part.dropped
        for status, count in part.codes.items():
            facts.codes[status] = facts.codes.get(status, 0) + count
    return facts, counters


def _joined(spreads: list[_Spread]) -> _Spread:
    size = max(len(spread.low) for spread in spreads)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    for spread in spreads:
        here = slice(len(spread.low))
        low[here] = np.minimum(low[here], spread.low)
        high[here] = np.maximum(high[here], spread.high)
    cells, counts = tally_cells(
        np.concatenate([spread.cells for spread in spreads]),
        np.concatenate([spread.counts for spread in spreads]),
    )
    return _Spread(cells, counts, low, high)


def _dump_level(level: _Level) -> dict[str, Any]:
    return {
        "times": list(level.times),
        "facts": [
            [one.begin, one.seconds, one.users, one.workers, one.dropped, dict(one.codes)]
            for one in level.facts
        ],
        "counters": [one.tobytes() for one in level.counters],
        "latencies": [one.tobytes() for one in level.latencies],
        "trimmed": level.trimmed,
        "pending_start": level.pending_start,
        "pending": [
            [one.cells.tobytes(), one.counts.tobytes(), one.low.tobytes(), one.high.tobytes()]
            for one in level.pending
        ],
    }


def _load_level(level: _Level, saved: dict[str, Any]) -> _Level:
    level.times = list(saved["times"])
    level.facts = [_Facts(*one) for one in saved["facts"]]
    level.counters = [_ints(one).reshape(-1, 3) for one in saved["counters"]]
    level.latencies = [_floats(one).reshape(-1, 3) for one in saved["latencies"]]
    level.trimmed = saved["trimmed"]
    level.pending_start = saved["pending_start"]
    level.pending = [
        _Spread(_ints(cells), _ints(counts), _floats(low), _floats(high))
        for cells, counts, low, high in saved["pending"]
    ]
    return level


def _ints(raw: bytes) -> IntArray:
    return np.frombuffer(raw, dtype=np.int64).copy()


def _floats(raw: bytes) -> FloatArray:
    return np.frombuffer(raw, dtype=np.float64).copy()
