"""A batch: samples counted by row, in columns. The form in which statistics move inside a node.

A `StatsDelta` names its rows by (method, name), a batch by the row numbers of one ledger; row 0
is the total of all others and always present. Cells are the non-empty histogram buckets, each
addressed by row · 4096 + bucket. Batches are made from samples (a flush), from a delta (a merge)
or cut out of a tally (a closed second); they are values and never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from katydid.stats.delta import FloatArray, IntArray, StatsDelta
from katydid.stats.histogram import BUCKETS, MIDPOINTS, index_of, ranks_of

REQUESTS, NONE, FAILURES, LENGTH = range(4)
"""Columns of `Batch.counters`; LENGTH is a sum of bytes, the others are counts."""

Codes = tuple[tuple[int, int, int], ...]
"""(row, HTTP status or 0 for no response, count)"""

_MAX_STATUS = 1 << 16


@dataclass(frozen=True, eq=False)
class Batch:
    """Counters of k rows and their cells. Times in milliseconds."""

    rows: IntArray  # [k], unique; ascending when cut out of a tally
    counters: IntArray  # [k, 4]
    total_ms: FloatArray
    min_ms: FloatArray  # +inf where the row has no response time
    max_ms: FloatArray  # -inf where the row has no response time
    last: FloatArray  # time of the last sample, seconds since the epoch; 0: none
    cells: IntArray  # unique; ascending when cut out of a tally
    counts: IntArray  # samples in each cell, > 0
    codes: Codes = ()

    def row_cells(self, row: int) -> tuple[IntArray, IntArray]:
        """Buckets and counts of one row (of a batch whose cells ascend)."""
        start, end = np.searchsorted(self.cells, (row * BUCKETS, (row + 1) * BUCKETS))
        return self.cells[start:end] - row * BUCKETS, self.counts[start:end]

    def position(self, row: int) -> int | None:
        """Where `row` stands in `rows` (of a batch whose rows ascend)."""
        found = int(np.searchsorted(self.rows, row))
        return found if found < len(self.rows) and self.rows[found] == row else None


def empty() -> Batch:
    """A batch in which nothing happened: the total row alone."""
    nothing = np.zeros(0, dtype=np.int64)
    return Batch(
        rows=np.zeros(1, dtype=np.int64),
        counters=np.zeros((1, 4), dtype=np.int64),
        total_ms=np.zeros(1),
        min_ms=np.full(1, np.inf),
        max_ms=np.full(1, -np.inf),
        last=np.zeros(1),
        cells=nothing,
        counts=nothing,
    )


def single(time_ms: float | None, length: int, failures: int, when: float) -> Batch:
    """One request (or, with `failures`, no request but its failure) as row 0 of a batch."""
    times = np.array([np.nan if time_ms is None else time_ms], dtype=np.float64)
    requests = 0 if failures else 1
    timed = bool(requests) and bool(np.isfinite(times[0]))
    cells = index_of(times) if timed else np.zeros(0, dtype=np.int64)
    return Batch(
        rows=np.zeros(1, dtype=np.int64),
        counters=np.array(
            [[requests, requests - timed, failures, length if requests else 0]], dtype=np.int64
        ),
        total_ms=times if timed else np.zeros(1),
        min_ms=times if timed else np.full(1, np.inf),
        max_ms=times if timed else np.full(1, -np.inf),
        last=np.full(1, when),
        cells=cells,
        counts=np.ones(len(cells), dtype=np.int64),
    )


def moved(batch: Batch, row: int) -> Batch:
    """A batch whose one row is 0, addressed to another row."""
    return replace(
        batch,
        rows=batch.rows + row,
        cells=batch.cells + row * BUCKETS,
        codes=tuple((row, status, count) for _, status, count in batch.codes),
    )


def tally_cells(cells: IntArray, counts: IntArray | None = None) -> tuple[IntArray, IntArray]:
    """Unique cells in ascending order with the sum of their counts (1 each when None)."""
    if not len(cells):
        return cells, cells
    span = int(cells.max()) + 1
    if span <= 16 * len(cells):  # counting into a dense array is then cheaper than sorting
        dense = np.bincount(cells, weights=counts)
        found = np.flatnonzero(dense)
        return found, dense[found].astype(np.int64)
    if counts is None:
        return np.unique(cells, return_counts=True)
    unique, inverse = np.unique(cells, return_inverse=True)
    return unique, np.bincount(inverse, weights=counts).astype(np.int64)


def cell_percentiles(
    cells: IntArray, counts: IntArray, fractions: Sequence[float]
) -> tuple[IntArray, FloatArray]:
    """Rows of ascending cells, and per row its percentiles [rows, fractions].

    They are to be clamped to the row's minimum and maximum, by which +inf becomes the maximum.
    """
    if not len(cells):
        return cells, np.zeros((0, len(fractions)))
    owner = cells // BUCKETS
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    cumulated = np.cumsum(counts)
    before = cumulated[first] - counts[first]
    samples = np.append(before[1:], cumulated[-1]) - before
    ranks = ranks_of(fractions, samples)
    found = np.searchsorted(cumulated, before[:, np.newaxis] + ranks)
    times = MIDPOINTS[cells[found] % BUCKETS]
    times[ranks == samples[:, np.newaxis]] = np.inf  # the highest rank is the maximum itself
    return owner[first], times


def with_total(
    rows: IntArray,
    counters: IntArray,
    floats: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    cells: IntArray,
    counts: IntArray,
    codes: Codes,
) -> Batch:
    """Put the total in front of the rows, and its cells in front of theirs."""
    total_ms, min_ms, max_ms, last = floats
    overall = np.bincount(cells & (BUCKETS - 1), weights=counts, minlength=BUCKETS)
    filled = np.flatnonzero(overall)
    statuses: dict[int, int] = {}
    for _, status, count in codes:
        statuses[status] = statuses.get(status, 0) + count
    return Batch(
        rows=np.concatenate((_TOTAL_ROW, rows)),
        counters=np.concatenate((counters.sum(axis=0, keepdims=True), counters)),
        total_ms=np.concatenate(((total_ms.sum(),), total_ms)),
        min_ms=np.concatenate(((min_ms.min(initial=np.inf),), min_ms)),
        max_ms=np.concatenate(((max_ms.max(initial=-np.inf),), max_ms)),
        last=np.concatenate(((last.max(initial=0.0),), last)),
        cells=np.concatenate((filled, cells)),
        counts=np.concatenate((overall[filled].astype(np.int64), counts)),
        codes=tuple((0, status, count) for status, count in statuses.items()) + codes,
    )


_TOTAL_ROW: IntArray = np.zeros(1, dtype=np.int64)


def from_samples(
    rows: IntArray,
    times_ms: FloatArray,
    lengths: IntArray,
    statuses: IntArray,
    failures: dict[int, int],
    stamps: Sequence[float],
) -> Batch:
    """Count n samples: row, time (not finite: none is known), bytes, status (-1: none) of each.

    `failures` maps row → failures; `stamps[row]` is when the row's last sample came.
    """
    present = np.zeros(len(stamps), dtype=np.bool_)
    present[rows] = True
    present[list(failures)] = True
    used, position = np.flatnonzero(present), np.cumsum(present) - 1
    size, own = len(used), position[rows]
    failed = np.zeros(size, dtype=np.int64)
    failed[position[list(failures)]] = list(failures.values())
    requests = np.bincount(own, minlength=size)
    length = np.bincount(own, weights=lengths, minlength=size).astype(np.int64)
    timed = np.isfinite(times_ms)
    timed_rows, times = (own, times_ms) if timed.all() else (own[timed], times_ms[timed])
    none = requests - np.bincount(timed_rows, minlength=size)
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, timed_rows, times)
    np.maximum.at(high, timed_rows, times)
    total = np.bincount(timed_rows, weights=times, minlength=size).astype(np.float64)
    # Counted under 0, 1, 2 … and not under the rows: a dense count then needs no more than it holds
    cells, counts = tally_cells(timed_rows * BUCKETS + index_of(times))
    cells = used[cells // BUCKETS] * BUCKETS + (cells & (BUCKETS - 1))
    last = np.array([stamps[row] for row in used.tolist()], dtype=np.float64)
    return with_total(
        used,
        np.stack((requests, none, failed, length), axis=1),
        (total, low, high, last),
        cells,
        counts,
        _count_codes(used, own, statuses),
    )


def _count_codes(used: IntArray, own: IntArray, statuses: IntArray) -> Codes:
    """Statuses of samples whose rows are used[own]."""
    valid = (statuses >= 0) & (statuses < _MAX_STATUS)
    if not valid.all():
        own, statuses = own[valid], statuses[valid]
    if not len(own):
        return ()
    span = int(statuses.max()) + 1
    pairs, counts = tally_cells(own * span + statuses)
    owners, codes = used[pairs // span], pairs % span
    return tuple(zip(owners.tolist(), codes.tolist(), counts.tolist(), strict=True))


def from_delta(delta: StatsDelta, rows: IntArray) -> Batch:
    """The batch of a delta whose key i is row rows[i]. Rows may repeat (names over the cap)."""
    counters = np.stack((delta.requests, delta.none_requests, delta.failures, delta.length), axis=1)
    # NaN says "no time" in a delta, ±inf in a batch, where it is neutral to min and max
    low: FloatArray = np.fmin(delta.min_ms, np.inf)
    high: FloatArray = np.fmax(delta.max_ms, -np.inf)
    cells = rows[delta.bucket_row] * BUCKETS + delta.bucket
    codes = tuple((int(rows[row]), status, count) for row, status, count in delta.codes)
    floats = (delta.total_ms, low, high, delta.last_timestamp)
    if len(set(rows.tolist())) == len(rows):
        return with_total(rows, counters, floats, cells, delta.count, codes)
    return _collapsed(rows, counters, floats, cells, delta.count, codes)


def _collapsed(
    rows: IntArray,
    counters: IntArray,
    floats: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    cells: IntArray,
    counts: IntArray,
    codes: Codes,
) -> Batch:
    """`with_total` for rows that repeat."""
    unique, inverse = np.unique(rows, return_inverse=True)
    size = len(unique)
    total_ms, min_ms, max_ms, last = floats
    summed = np.zeros((size, 4), dtype=np.int64)
    np.add.at(summed, inverse, counters)
    low, high, newest = np.full(size, np.inf), np.full(size, -np.inf), np.zeros(size)
    np.minimum.at(low, inverse, min_ms)
    np.maximum.at(high, inverse, max_ms)
    np.maximum.at(newest, inverse, last)
    total = np.bincount(inverse, weights=total_ms, minlength=size).astype(np.float64)
    merged_cells, merged_counts = tally_cells(cells, counts)
    statuses: dict[tuple[int, int], int] = {}
    for row, status, count in codes:
        statuses[row, status] = statuses.get((row, status), 0) + count
    merged_codes = tuple((row, status, count) for (row, status), count in statuses.items())
    return with_total(
        unique, summed, (total, low, high, newest), merged_cells, merged_counts, merged_codes
    )


def to_delta(
    batch: Batch,
    second: int,
    keys: Sequence[tuple[str, str]],
    errors: tuple[tuple[str, str, str, str, int, float, float], ...] = (),
    service: StatsDelta | None = None,
    names_dropped: int = 0,
) -> StatsDelta:
    """The delta of a batch cut out of a tally; keys[row] is (method, name)."""
    rows = batch.rows[1:]  # the total is not sent: the receiver adds it up
    own = batch.cells >= BUCKETS
    cells = batch.cells[own]
    counters = batch.counters[1:]
    position = {row: at for at, row in enumerate(rows.tolist())}
    return StatsDelta(
        second=second,
        keys=tuple(keys[row] for row in rows.tolist()),
        requests=counters[:, REQUESTS].copy(),
        none_requests=counters[:, NONE].copy(),
        failures=counters[:, FAILURES].copy(),
        total_ms=batch.total_ms[1:],
        min_ms=_nan_where_infinite(batch.min_ms[1:]),
        max_ms=_nan_where_infinite(batch.max_ms[1:]),
        length=counters[:, LENGTH].copy(),
        last_timestamp=batch.last[1:],
        bucket_row=np.searchsorted(rows, cells // BUCKETS),
        bucket=cells % BUCKETS,
        count=batch.counts[own],
        codes=tuple((position[row], status, n) for row, status, n in batch.codes if row),
        errors=errors,
        service=service,
        names_dropped=names_dropped,
    )


def _nan_where_infinite(values: FloatArray) -> FloatArray:
    finite: npt.NDArray[np.bool_] = np.isfinite(values)
    return np.where(finite, values, np.nan)
