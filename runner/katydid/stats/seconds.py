"""The last seconds of a test: open ones that still take samples, closed ones for windows.

A second is closed once, `grace` seconds after it ended, so that the deltas of all workers are in
it. Closed seconds are kept whole for `RECENT` seconds (current rates and percentiles of every
name); a longer window keeps only the row that somebody asked about.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from katydid.stats.batch import (
    FAILURES,
    LENGTH,
    NONE,
    REQUESTS,
    Batch,
    cell_percentiles,
    tally_cells,
)
from katydid.stats.delta import IntArray
from katydid.stats.histogram import percentile
from katydid.stats.ledger import Ledger, Tally

RECENT = 15  # seconds kept of every row; the rates look back over ten of them
MAX_WINDOW = 3600  # seconds
MAX_WATCHED = 256  # rows with windows longer than RECENT
_MAX_OPEN = 64
AHEAD = 5  # seconds that a worker's clock may be ahead before its samples are charged to less


@dataclass(frozen=True, eq=False)
class Window:
    """What happened to one row, or to all, in some closed seconds."""

    seconds: float  # covered
    requests: int
    none_requests: int
    failures: int
    length: int  # bytes
    total_ms: float
    min_ms: float  # +inf when there is no response time
    max: float | None  # milliseconds
    buckets: IntArray  # non-empty, ascending
    counts: IntArray

    @property
    def mean(self) -> float | None:
        """Mean response time in milliseconds; None without one."""
        timed = self.requests - self.none_requests
        return self.total_ms / timed if timed else None

    @property
    def rps(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def failures_per_second(self) -> float:
        return self.failures / self.seconds if self.seconds else 0.0

    @property
    def fail_percent(self) -> float | None:
        """Failed requests in per cent; None without requests."""
        return 100 * self.failures / self.requests if self.requests else None

    def percentile(self, fraction: float) -> float | None:
        """Response time in milliseconds at a fraction 0…1; None without one."""
        if self.max is None:
            return None
        return percentile(self.buckets, self.counts, fraction, self.min_ms, self.max)


@dataclass(frozen=True, eq=False)
class _Slice:
    """One row in one second."""

    second: int
    counters: IntArray
    total_ms: float
    min_ms: float
    max_ms: float
    buckets: IntArray
    counts: IntArray


def _slice(second: int, batch: Batch, row: int) -> _Slice | None:
    at = batch.position(row)
    if at is None:
        return None
    return _Slice(
        second,
        batch.counters[at],
        float(batch.total_ms[at]),
        float(batch.min_ms[at]),
        float(batch.max_ms[at]),
        *batch.row_cells(row),
    )


class Seconds:
    """Open and recently closed seconds of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._spare: list[Tally] = []
        self.open: dict[int, Tally | Batch] = {}
        self.closed_through: int | None = None
        self._recent: deque[tuple[int, Batch]] = deque()
        self._forgotten_through: int | None = None
        self._watched: dict[int, deque[_Slice]] = {}
        self._watch_seconds: dict[int, int] = {}
        self._watched_since: dict[int, int] = {}
        self._percentile_cache: dict[
            tuple[int, int, tuple[float, ...]], dict[int, list[float]]
        ] = {}

    def charge(self, second: int, batch: Batch, places: IntArray, now: int) -> bool:
        """Add a batch to an open second; False if that second is closed already.

        `now` is the running second: a clock far ahead of it must not keep seconds open for ever.
        """
        if self.closed_through is not None:
            if second <= self.closed_through:
                return False
            now = max(now, self.closed_through)
        second = min(second, now + AHEAD)
        if second not in self.open and len(self.open) >= _MAX_OPEN:
            second = max(self.open)  # nobody closes seconds at the moment
        known = self.open.get(second)
        if isinstance(known, Tally):
            known.add(batch, places)
        elif known is None:
            self.open[second] = batch  # most seconds of a local runner hold one, and are done
        else:
            tally = self._spare.pop() if self._spare else Tally(self._ledger.pages, np.int32)
            tally.add(known, self._ledger.pages.places(known.cells))
            tally.add(batch, places)
            self.open[second] = tally
        return True

    def charge_own(self, second: int, batch: Batch, places: IntArray) -> None:
        """Add what this node recorded; when `second` is closed already, to the next one."""
        if self.closed_through is not None:
            second = max(second, self.closed_through + 1)
        self.charge(second, batch, places, second)

    def close(self, second: int) -> Batch | None:
        """Close `second`; its samples, or None if there were none."""
        self.closed_through = second
        known = self.open.pop(second, None)
        if known is None:
            self.forget(second)
            return None
        if isinstance(known, Tally):
            batch = known.batch()
            known.clear()
            if len(self._spare) < 2:
                self._spare.append(known)
        else:
            batch = known
        self.remember(second, batch)
        return batch

    def batches(self) -> dict[int, Batch]:
        """What is in the open seconds."""
        return {
            second: known.batch() if isinstance(known, Tally) else known
            for second, known in self.open.items()
        }

    def remember(self, second: int, batch: Batch) -> None:
        """Keep the samples of a closed second for windows."""
        self._recent.append((second, batch))
        for row, slices in self._watched.items():
            part = _slice(second, batch, row)
            if part is not None:
                slices.append(part)
        self.forget(second)

    def forget(self, second: int) -> None:
        """Drop what is too old for any window that ends at `second`."""
        self.closed_through = max(second, self.closed_through or second)
        self._percentile_cache.clear()
        while self._recent and self._recent[0][0] <= second - RECENT:
            self._forgotten_through, _ = self._recent.popleft()
        for row, slices in self._watched.items():
            while slices and slices[0].second <= second - self._watch_seconds[row]:
                slices.popleft()

    def watch(self, row: int, seconds: int) -> None:
        """Keep `seconds` seconds of a row, so that windows of that length are whole."""
        seconds = min(seconds, MAX_WINDOW)
        if seconds <= RECENT:
            return
        if row not in self._watched:
            if len(self._watched) >= MAX_WATCHED:
                return
            parts = (_slice(second, batch, row) for second, batch in self._recent)
            self._watched[row] = deque(part for part in parts if part is not None)
            # Nothing was dropped yet if the test is younger than what is kept of every row
            oldest = self._forgotten_through
            self._watched_since[row] = oldest + 1 if oldest is not None else 0
        self._watch_seconds[row] = max(seconds, self._watch_seconds.get(row, 0))

    def window(self, rows: list[int], end: int, seconds: int, covered: float) -> Window:
        """Rows in the seconds end - seconds < second <= end; `covered`: seconds to divide by."""
        parts: list[_Slice] = []
        for row in rows:
            self.watch(row, seconds)
            if row in self._watched:
                parts += self._watched[row]
            else:
                found = (_slice(second, batch, row) for second, batch in self._recent)
                parts += [part for part in found if part is not None]
        start = end - seconds
        since = max((self._kept_since(row, end) for row in rows), default=start + 1)
        covered = max(1.0, min(covered, end + 1 - since))
        return _window_of([part for part in parts if start < part.second <= end], covered)

    def _kept_since(self, row: int, end: int) -> int:
        """The first second of which samples of a row are still here."""
        if row in self._watched:
            return max(self._watched_since[row], end + 1 - self._watch_seconds[row])
        return end + 1 - RECENT

    def counts(self, row: int, end: int, seconds: int) -> tuple[int, int]:
        """Requests and failures of a row in the seconds end - seconds < second <= end."""
        requests = failures = 0
        for second, batch in self._recent:
            if end - seconds < second <= end:
                at = batch.position(row)
                if at is not None:
                    requests += int(batch.counters[at, REQUESTS])
                    failures += int(batch.counters[at, FAILURES])
        return requests, failures

    def per_second(self, row: int, column: int) -> dict[int, int]:
        """Count of a column of a row in each recent second that has one."""
        series: dict[int, int] = {}
        for second, batch in self._recent:
            at = batch.position(row)
            if at is not None and batch.counters[at, column]:
                series[second] = series.get(second, 0) + int(batch.counters[at, column])
        return series

    def percentiles(
        self, end: int, seconds: int, fractions: tuple[float, ...]
    ) -> dict[int, list[float]]:
        """Percentiles (milliseconds) of every row that has samples in the window.

        All rows are computed at once and kept until the next second closes: a table of ten
        thousand names asks for each of them.
        """
        key = (end, seconds, fractions)
        known = self._percentile_cache.get(key)
        if known is not None:
            return known
        batches = [batch for second, batch in self._recent if end - seconds < second <= end]
        result: dict[int, list[float]] = {}
        if batches:
            cells, counts = tally_cells(
                np.concatenate([batch.cells for batch in batches]),
                np.concatenate([batch.counts for batch in batches]),
            )
            rows, times = cell_percentiles(cells, counts, fractions)
            size = int(max(batch.rows[-1] for batch in batches)) + 1
            low, high = np.full(size, np.inf), np.full(size, -np.inf)
            for batch in batches:
                low[batch.rows] = np.minimum(low[batch.rows], batch.min_ms)
                high[batch.rows] = np.maximum(high[batch.rows], batch.max_ms)
            times = np.clip(times, low[rows, np.newaxis], high[rows, np.newaxis])
            result = dict(zip(rows.tolist(), times.tolist(), strict=True))
        self._percentile_cache[key] = result
        return result


def whole_run(tally: Tally, rows: list[int], seconds: float) -> Window:
    """Rows over all the time of a tally."""
    parts = []
    for row in rows:
        batch = tally.row_batch(row)
        part = _slice(0, batch, 0)
        if part is not None:
            parts.append(part)
    return _window_of(parts, seconds)


def _window_of(parts: list[_Slice], covered: float) -> Window:
    counters = np.zeros(4, dtype=np.int64)
    for part in parts:
        counters = counters + part.counters
    buckets, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if parts:
        buckets, counts = tally_cells(
            np.concatenate([part.buckets for part in parts]),
            np.concatenate([part.counts for part in parts]),
        )
    highest = max((part.max_ms for part in parts), default=-np.inf)
    return Window(
        seconds=covered,
        requests=int(counters[REQUESTS]),
        none_requests=int(counters[NONE]),
        failures=int(counters[FAILURES]),
        length=int(counters[LENGTH]),
        total_ms=sum(part.total_ms for part in parts),
        min_ms=min((part.min_ms for part in parts), default=np.inf),
        max=None if highest == -np.inf else highest,
        buckets=buckets,
        counts=counts,
    )
