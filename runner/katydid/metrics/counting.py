"""Counters of requests that never fall, read from statistics that may be reset.

Statistics are cleared when a second test begins, and reset when somebody asks for it; a Prometheus
counter must go on. So `RequestCounters` is told before and after anything is forgotten and keeps
the difference; nothing else is remembered but which names and reasons have series of their own,
because a series must not change places with `(other)` either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import numpy as np

from katydid.metrics.catalogue import (
    MAX_NAMES,
    MAX_REASONS,
    OTHER_NAME,
    OTHER_REASON,
    QUANTILES,
    label,
)
from katydid.stats import RequestStats
from katydid.stats.batch import FAILURES, LENGTH, REQUESTS
from katydid.stats.delta import FloatArray, IntArray
from katydid.stats.histogram import MIDPOINTS

_Array = TypeVar("_Array", IntArray, FloatArray)

_MAX_OVER = 100_000  # names without a slot that are told apart

Counts = dict[tuple[int, str], int]
"""(slot, code or reason) → count."""


@dataclass(frozen=True, eq=False)
class RequestFigures:
    """Counters by slot; `keys[slot]` is (method, name). Times in seconds, lengths in bytes."""

    keys: Sequence[tuple[str, str]]
    requests: IntArray  # [slots]
    failures: IntArray  # [slots]
    length: IntArray  # [slots]
    seconds: FloatArray  # [slots] sum of response times
    buckets: IntArray  # [slots, bounds + 1] cumulative; the last column is the number of times
    codes: Counts
    reasons: Counts
    names_dropped: int


@dataclass(eq=False)
class _Counted:
    """Everything that must not fall. Rows are slots."""

    counters: IntArray  # [slots, 4]: stats.batch's columns
    total_ms: FloatArray  # [slots]
    buckets: IntArray  # [slots, bounds + 1], not cumulative
    codes: Counts
    reasons: Counts
    names_dropped: int

    def plus(self, other: _Counted, sign: int = 1) -> _Counted:
        """The sum, or with sign -1 the difference."""
        return _Counted(
            _added(self.counters, other.counters, sign),
            _added(self.total_ms, other.total_ms, sign),
            _added(self.buckets, other.buckets, sign),
            _merged(self.codes, other.codes, sign),
            _merged(self.reasons, other.reasons, sign),
            self.names_dropped + sign * other.names_dropped,
        )


class RequestCounters:
    """Reads `stats`. `bounds_seconds` are the histogram's upper bounds, ascending."""

    def __init__(self, stats: RequestStats, bounds_seconds: Sequence[float]) -> None:
        self._stats = stats
        self._groups = len(bounds_seconds) + 1
        # A bucket counts by its mid-point: it is below a bound, on it, or above all of them
        self._group_of_bucket: IntArray = np.searchsorted(
            np.asarray(bounds_seconds) * 1000, MIDPOINTS
        ).astype(np.int64)
        self._slots: dict[tuple[str, str], int] = {}
        self._keys: list[tuple[str, str]] = []
        self._other_slot: int | None = None
        self._over: set[tuple[str, str]] = set()  # names that have no slot
        self._known_keys: Sequence[tuple[str, str]] = ()
        self._known = 1  # rows of them looked at
        self._row_slots: dict[int, int] = {}
        self._reasons: dict[int, set[str]] = {}  # slot → reasons that have a series
        self._before = self._nothing()
        stats.keepers.append(self._keep)

    def read(self) -> RequestFigures:
        """Everything counted so far, in all tests of this process. Does not yield."""
        self._stats.flush()
        counted = self._before.plus(self._count(self._rows()))
        return RequestFigures(
            keys=tuple(self._keys),
            requests=counted.counters[:, REQUESTS],
            failures=counted.counters[:, FAILURES],
            length=counted.counters[:, LENGTH],
            seconds=counted.total_ms / 1000,
            buckets=counted.buckets.cumsum(axis=1),
            codes=counted.codes,
            reasons=counted.reasons,
            names_dropped=counted.names_dropped + len(self._over),
        )

    def _keep(self) -> Callable[[], None]:
        """Statistics are about to forget something."""
        before = self._count(self._rows())

        def forgotten() -> None:
            left = self._count(self._rows())
            self._before = self._before.plus(before.plus(left, -1))

        return forgotten

    def _nothing(self) -> _Counted:
        slots = len(self._keys)
        return _Counted(
            np.zeros((slots, 4), dtype=np.int64),
            np.zeros(slots),
            np.zeros((slots, self._groups), dtype=np.int64),
            {},
            {},
            0,
        )

    def _rows(self) -> dict[int, int]:
        """Row of the statistics → slot, for rows with one of their own; new names get one."""
        keys = self._stats.keys
        if keys is not self._known_keys:  # a clear made other rows
            self._known_keys, self._known, self._row_slots = keys, 1, {}
        for row in range(self._known, len(keys)):
            method, name = keys[row]
            key = (label(method), label(name))
            slot = self._slots.get(key)
            if slot is None and name != OTHER_NAME:
                slot = self._admit(key)
            if slot is not None:
                self._row_slots[row] = slot
        self._known = len(keys)
        return self._row_slots

    def _admit(self, key: tuple[str, str]) -> int | None:
        if len(self._slots) >= MAX_NAMES:
            if len(self._over) < _MAX_OVER:
                self._over.add(key)
            return None
        slot = self._slots[key] = len(self._keys)
        self._keys.append(key)
        return slot

    def _other(self) -> int:
        """The slot of everything that has none of its own."""
        if self._other_slot is None:
            self._other_slot = len(self._keys)
            self._keys.append(("", OTHER_NAME))
        return self._other_slot

    def _count(self, rows: Mapping[int, int]) -> _Counted:
        """What the statistics hold now."""
        run = self._stats.ledger.run
        run.fit()
        own, slots = _ints(rows), _ints(rows.values())
        counters, times = run.counters[own], run.total_ms[own]
        buckets = run.grouped(own, self._group_of_bucket, self._groups)
        codes: Counts = {}
        for row, slot in rows.items():
            for status, count in run.codes.get(row, {}).items():
                _add(codes, (slot, str(status)), count)
        if len(rows) < len(self._stats.keys) - 1:  # the rest is the total without them
            slots = np.append(slots, self._other())
            all_rows = np.zeros(1, dtype=np.int64)
            rest = run.grouped(all_rows, self._group_of_bucket, self._groups)
            buckets = np.concatenate((buckets, rest - buckets.sum(axis=0)))
            counters = np.concatenate((counters, run.counters[:1] - counters.sum(axis=0)))
            times = np.append(times, max(0.0, run.total_ms[0] - times.sum()))
            self._other_codes(codes, run.codes.get(0, {}))
        reasons = self._count_reasons()
        counted = self._nothing()
        np.add.at(counted.counters, slots, counters)  # names cut to the same label share a slot
        np.add.at(counted.total_ms, slots, times)
        np.add.at(counted.buckets, slots, buckets)
        counted.codes, counted.reasons = codes, reasons
        counted.names_dropped = self._stats.names_dropped
        return counted

    def _other_codes(self, codes: Counts, of_all: Mapping[int, int]) -> None:
        other = self._other()
        named: dict[str, int] = {}
        for (_, code), count in codes.items():
            named[code] = named.get(code, 0) + count
        for status, count in of_all.items():
            rest = count - named.get(str(status), 0)
            if rest:
                codes[other, str(status)] = rest

    def _count_reasons(self) -> Counts:
        reasons: Counts = {}
        for error in self._stats.errors.values():
            slot = self._slots.get((label(error.method), label(error.name)))
            if slot is None:
                slot = self._other()
            _add(reasons, (slot, self._reason(slot, label(error.reason))), error.occurrences)
        return reasons

    def _reason(self, slot: int, reason: str) -> str:
        known = self._reasons.setdefault(slot, set())
        if reason in known:
            return reason
        if len(known) >= MAX_REASONS or reason == OTHER_NAME:
            return OTHER_REASON
        known.add(reason)
        return reason

    def quantiles(self) -> dict[int, Sequence[float]]:
        """Slot → seconds at QUANTILES over the last seconds; once a second this takes its time."""
        found: dict[int, Sequence[float]] = {}
        for row, slot in self._rows().items():
            times = self._stats.current_percentiles(row, QUANTILES)
            known = [time / 1000 for time in times if time is not None]
            if known:
                found.setdefault(slot, known)
        return found


def _ints(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, dtype=np.int64)


def _added(ours: _Array, theirs: _Array, sign: int) -> _Array:
    """The sum of arrays with perhaps different numbers of slots."""
    size = max(len(ours), len(theirs))
    total = np.zeros((size, *ours.shape[1:]), dtype=ours.dtype)
    total[: len(ours)] = ours
    total[: len(theirs)] += sign * theirs
    return cast(_Array, total)


def _add(counts: Counts, key: tuple[int, str], count: int) -> None:
    counts[key] = counts.get(key, 0) + count


def _merged(ours: Counts, theirs: Counts, sign: int) -> Counts:
    merged = dict(ours)
    for key, count in theirs.items():
        merged[key] = merged.get(key, 0) + sign * count
    return merged
