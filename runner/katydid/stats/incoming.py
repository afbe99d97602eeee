"""Deltas on their way into the statistics of a master: hundreds a second, so each costs little.

A delta is added by one fancy-indexed add into a tally of its second; no total, no other tally. Once
somebody reads or a second closes, that tally becomes one batch, total included, and goes where all
batches go. Five hundred deltas then cost one pass over the buckets instead of five hundred.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from katydid.stats.batch import Batch, Codes, with_total
from katydid.stats.delta import IntArray, StatsDelta
from katydid.stats.histogram import OCTAVES, PER_OCTAVE
from katydid.stats.ledger import Pages, Tally

_OCTAVE_SHIFT = 7  # PER_OCTAVE is 128
_ROW_SHIFT = 5  # OCTAVES is 32
_STATUS_BITS = 16
_OCTAVES = np.arange(OCTAVES)
_NO_PAGE = -(1 << 40)


class Incoming:
    """Deltas of one second that were merged since the last take."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._tally = Tally(pages)
        self._rows: set[int] = set()
        self._codes: defaultdict[int, int] = defaultdict(
            int
        )  # row and status in one number → responses
        self._scratch = np.zeros((2, 4096), dtype=np.int64)
        self.is_empty = True

    def add(self, delta: StatsDelta, rows: list[int]) -> None:
        """Add a delta whose key i is row rows[i]; the rows must differ from each other."""
        tally = self._tally
        tally.fit()
        index = np.array(rows, dtype=np.int64)
        counters = (delta.requests, delta.none_requests, delta.failures, delta.length)
        tally.counters[index] += np.array(counters).T
        tally.total_ms[index] += delta.total_ms
        # NaN says "no time" in a delta; fmin and fmax pass it over
        tally.min_ms[index] = np.fmin(tally.min_ms[index], delta.min_ms)
        tally.max_ms[index] = np.fmax(tally.max_ms[index], delta.max_ms)
        tally.last[index] = np.fmax(tally.last[index], delta.last_timestamp)
        if len(delta.bucket):
            places = self._places(index, delta.bucket_row, delta.bucket)
            np.add.at(tally.pool.reshape(-1), places, delta.count)  # faster here than +=
            self._rows.update(rows)
        codes = self._codes
        for position, status, count in delta.codes:
            codes[rows[position] << _STATUS_BITS | status] += count
        self.is_empty = False

    def _places(self, index: IntArray, bucket_row: IntArray, bucket: IntArray) -> IntArray:
        """Where the buckets are in the flat pool. The answer is valid until the next call."""
        size = len(bucket)
        if size > self._scratch.shape[1]:
            self._scratch = np.zeros((2, 2 * size), dtype=np.int64)
        octave, place = self._scratch[0, :size], self._scratch[1, :size]
        np.left_shift(bucket_row, _ROW_SHIFT, out=octave)
        np.right_shift(bucket, _OCTAVE_SHIFT, out=place)
        octave += place  # row of the delta and octave in one number
        np.take(self._shifts(index), octave, out=place, mode="clip")
        if place.min() <= _NO_PAGE:
            missing = place <= _NO_PAGE
            self._pages.admit(
                index[bucket_row[missing]] * OCTAVES + (bucket[missing] >> _OCTAVE_SHIFT)
            )
            self._tally.fit()
            np.take(self._shifts(index), octave, out=place, mode="clip")
        place += bucket
        return place

    def _shifts(self, index: IntArray) -> IntArray:
        """What to add to a bucket for its place, by row and octave; _NO_PAGE without a page."""
        pages = self._pages.table[index].astype(np.int64)
        shifts = (pages - _OCTAVES) * PER_OCTAVE
        shifts[pages == 0] = _NO_PAGE
        return shifts.reshape(-1)

    def take(self) -> Batch:
        """Everything since the last take, with its total."""
        self._tally.touched[self._pages.table[list(self._rows)]] = True
        batch = self._tally.batch()
        codes: Codes = tuple(
            (key >> _STATUS_BITS, key & (1 << _STATUS_BITS) - 1, count)
            for key, count in self._codes.items()
        )
        self._tally.clear()
        self._codes.clear()
        self._rows.clear()
        self.is_empty = True
        own = slice(1, None)  # the tally's own row 0 is empty
        return with_total(
            batch.rows[own],
            batch.counters[own],
            (batch.total_ms[own], batch.min_ms[own], batch.max_ms[own], batch.last[own]),
            batch.cells,
            batch.counts,
            codes,
        )
