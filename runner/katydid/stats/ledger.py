"""Where counters and histograms are kept: rows of counters, and a pool of pages of buckets.

A row per request name, row 0 for all of them. A page is one octave of one row (128 buckets), and
exists from the first sample in it: a dense row would be 32 KB, a typical one has three pages.
Tallies of one ledger (whole run, since the last cut, open seconds) share the page numbers, so the
place of a cell is looked up once and added to each of them by one fancy-indexed add.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from katydid.stats.batch import Batch
from katydid.stats.delta import FloatArray, IntArray
from katydid.stats.histogram import OCTAVES, PER_OCTAVE

_Scalar = TypeVar("_Scalar", bound=np.generic)

_FIRST_ROWS = 16
_OCTAVE_SHIFT = 7  # PER_OCTAVE is 128
_FIRST_PAGES = 64


class Pages:
    """The page table: which page of the pool holds an octave of a row."""

    def __init__(self) -> None:
        # Page 0 belongs to nobody, so 0 in the table means "none yet"; the total has all of its own
        self.table = np.zeros((_FIRST_ROWS, OCTAVES), dtype=np.int32)
        self.table[0] = np.arange(1, OCTAVES + 1)
        self.owner = np.zeros(_FIRST_PAGES, dtype=np.int64)  # page → row · 32 + octave
        self.owner[1 : OCTAVES + 1] = np.arange(OCTAVES)
        self.used = OCTAVES + 1

    def reserve_rows(self, rows: int) -> None:
        """Make room in the table for `rows` rows."""
        if rows > len(self.table):
            self.table = grown(self.table, rows)

    def places(self, cells: IntArray) -> IntArray:
        """Index of each cell in a flattened pool; octaves seen first get a page."""
        octaves = cells >> _OCTAVE_SHIFT  # row · 32 + octave
        page = self.table.reshape(-1)[octaves]
        if not page.all():
            self.admit(octaves[page == 0])
            page = self.table.reshape(-1)[octaves]
        places: IntArray = (page.astype(np.int64) << _OCTAVE_SHIFT) + (cells & (PER_OCTAVE - 1))
        return places

    def admit(self, octaves: IntArray) -> None:
        """Give a page to each of `octaves` (row · 32 + octave), none of which has one."""
        fresh = np.unique(octaves)
        end = self.used + len(fresh)
        if end > len(self.owner):
            self.owner = grown(self.owner, end)
        self.owner[self.used : end] = fresh
        self.table.reshape(-1)[fresh] = np.arange(self.used, end)
        self.used = end


class Tally:
    """Counters and histograms of every row over some span of time."""

    def __init__(self, pages: Pages, dtype: npt.DTypeLike = np.int64) -> None:
        """`dtype` of a bucket: int64, or int32 where the span is short."""
        rows = len(pages.table)
        self._pages = pages
        self.counters = np.zeros((rows, 4), dtype=np.int64)
        self.total_ms = np.zeros(rows)
        self.min_ms = np.full(rows, np.inf)
        self.max_ms = np.full(rows, -np.inf)
        self.last = np.zeros(rows)
        self.pool = np.zeros((len(pages.owner), PER_OCTAVE), dtype=dtype)
        self.touched = np.zeros(len(pages.owner), dtype=np.bool_)  # pages that are not all zero
        self.codes: dict[int, dict[int, int]] = {}  # row → status → responses

    def add(self, batch: Batch, places: IntArray) -> None:
        """Add a batch whose cells are at `places`."""
        self.fit()
        rows = batch.rows
        self.counters[rows] += batch.counters
        self.total_ms[rows] += batch.total_ms
        self.min_ms[rows] = np.minimum(self.min_ms[rows], batch.min_ms)
        self.max_ms[rows] = np.maximum(self.max_ms[rows], batch.max_ms)
        self.last[rows] = np.maximum(self.last[rows], batch.last)
        self.pool.reshape(-1)[places] += batch.counts.astype(self.pool.dtype)
        self.touched[places >> _OCTAVE_SHIFT] = True
        for row, status, count in batch.codes:
            codes = self.codes.get(row)
            if codes is None:
                codes = self.codes[row] = {}
            codes[status] = codes.get(status, 0) + count

    def fit(self) -> None:
        """Grow to the rows and pages that the ledger has by now."""
        rows, pages = len(self._pages.table), len(self._pages.owner)
        if rows > len(self.counters):
            self.counters = grown(self.counters, rows)
            self.total_ms = grown(self.total_ms, rows)
            self.min_ms = grown(self.min_ms, rows, np.inf)
            self.max_ms = grown(self.max_ms, rows, -np.inf)
            self.last = grown(self.last, rows)
        if pages > len(self.pool):
            self.pool = grown(self.pool, pages)
            self.touched = grown(self.touched, pages)

    def count(self, row: int, column: int) -> int:
        """A counter of a row; 0 for a row that this tally has not met."""
        return int(self.counters[row, column]) if row < len(self.counters) else 0

    def value(self, column: str, row: int) -> float:
        """`total_ms`, `min_ms`, `max_ms` or `last` of a row."""
        self.fit()
        values: FloatArray = getattr(self, column)
        return float(values[row])

    def row_batch(self, row: int) -> Batch:
        """One row as row 0 of a batch."""
        self.fit()
        buckets, counts = self.row_cells(row)
        here = slice(row, row + 1)
        return Batch(
            rows=np.zeros(1, dtype=np.int64),
            counters=self.counters[here].copy(),
            total_ms=self.total_ms[here].copy(),
            min_ms=self.min_ms[here].copy(),
            max_ms=self.max_ms[here].copy(),
            last=self.last[here].copy(),
            cells=buckets,
            counts=counts,
            codes=tuple((0, status, n) for status, n in self.codes.get(row, {}).items()),
        )

    def row_cells(self, row: int) -> tuple[IntArray, IntArray]:
        """Non-empty buckets of a row, ascending, and their counts."""
        self.fit()
        pages = self._pages.table[row]
        octaves = np.flatnonzero(pages)
        counts = self.pool[pages[octaves]].reshape(-1)
        filled = np.flatnonzero(counts)
        buckets = octaves[filled // PER_OCTAVE] * PER_OCTAVE + filled % PER_OCTAVE
        return buckets, counts[filled].astype(np.int64)

    def grouped(self, rows: IntArray, group_of_bucket: IntArray, groups: int) -> IntArray:
        """[len(rows), groups] samples: buckets of the same group are counted together.

        Groups must not descend: a group is a span of buckets.
        """
        self.fit()
        pages = self._pages.table[rows]
        summed = np.zeros((len(rows), groups), dtype=np.int64)
        for octave in np.flatnonzero(pages.any(axis=0)).tolist():
            which = np.flatnonzero(pages[:, octave])
            counts = self.pool[pages[which, octave]]
            inside = group_of_bucket[octave * PER_OCTAVE : (octave + 1) * PER_OCTAVE]
            starts = np.flatnonzero(np.diff(inside, prepend=-1))
            parts = np.add.reduceat(counts, starts, axis=1, dtype=np.int64)
            summed[np.ix_(which, inside[starts])] += parts
        return summed

    def cells(self) -> tuple[IntArray, IntArray]:
        """Non-empty cells of all rows, ascending, and their counts."""
        self.fit()
        pages = np.flatnonzero(self.touched)
        pages = pages[np.argsort(self._pages.owner[pages])]
        counts = self.pool[pages].reshape(-1)
        filled = np.flatnonzero(counts)
        owners = self._pages.owner[pages[filled // PER_OCTAVE]]
        return owners * PER_OCTAVE + filled % PER_OCTAVE, counts[filled].astype(np.int64)

    def batch(self) -> Batch:
        """Everything in it as a batch with ascending rows and cells."""
        busy = np.flatnonzero(self.counters[1:].any(axis=1)) + 1
        rows = np.concatenate((np.zeros(1, dtype=np.int64), busy))
        cells, counts = self.cells()
        codes = tuple(
            (row, status, count)
            for row in sorted(self.codes)
            for status, count in self.codes[row].items()
        )
        return Batch(
            rows=rows,
            counters=self.counters[rows],
            total_ms=self.total_ms[rows],
            min_ms=self.min_ms[rows],
            max_ms=self.max_ms[rows],
            last=self.last[rows],
            cells=cells,
            counts=counts,
            codes=codes,
        )

    def clear(self) -> None:
        """Empty all rows; the memory stays for the next use."""
        self.counters.fill(0)
        self.total_ms.fill(0)
        self.min_ms.fill(np.inf)
        self.max_ms.fill(-np.inf)
        self.last.fill(0)
        self.pool[self.touched] = 0
        self.touched[:] = False
        self.codes.clear()

    def clear_row(self, row: int) -> None:
        """Empty one row."""
        self.fit()
        self.counters[row] = 0
        self.total_ms[row] = 0
        self.min_ms[row] = np.inf
        self.max_ms[row] = -np.inf
        self.last[row] = 0
        self.pool[self._pages.table[row]] = 0  # page 0 is among them, and is zero anyway
        self.codes.pop(row, None)

    @property
    def is_empty(self) -> bool:
        """No sample and no failure since the last clear."""
        return not self.counters[0].any()


class Ledger:
    """One set of rows: the whole run, and what came since the last cut."""

    def __init__(self) -> None:
        self.pages = Pages()
        self.run = Tally(self.pages)
        self.fresh = Tally(self.pages, np.int32)

    def add(self, batch: Batch, *, fresh: bool) -> IntArray:
        """Add a batch to the run and, if `fresh`, to what the next cut takes. Answers places."""
        places = self.pages.places(batch.cells)
        self.run.add(batch, places)
        if fresh:
            self.fresh.add(batch, places)
        return places

    def cut(self) -> Batch:
        """What came since the last cut."""
        batch = self.fresh.batch()
        self.fresh.clear()
        return batch


def grown(array: npt.NDArray[_Scalar], size: int, fill: float = 0) -> npt.NDArray[_Scalar]:
    """A copy with at least `size` and at least twice as many rows; new ones hold `fill`."""
    size = max(size, 2 * len(array))
    larger = np.full((size, *array.shape[1:]), fill, dtype=array.dtype)
    larger[: len(array)] = array
    return larger
