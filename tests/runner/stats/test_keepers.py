"""Whoever keeps counters that must not fall is told before and after anything is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from katydid.stats import RequestStats
from katydid.stats.histogram import BUCKETS, MIDPOINTS


@pytest.mark.parametrize(
    ("forget", "left"),
    [
        (lambda stats: stats.clear_all(), 0),
        (lambda stats: stats.reset_all(), 0),
        (lambda stats: stats.get("/a", "GET").reset(), 1),
    ],
)
def test_keepers_see_both_sides(
    stats: RequestStats, forget: Callable[[RequestStats], None], left: int
) -> None:
    seen: list[list[int]] = []

    def counts() -> None:
        seen.append([entry.num_requests for entry in stats.entries.values()])

    def keeper() -> Callable[[], None]:
        counts()
        return counts

    stats.keepers.append(keeper)
    stats.record("GET", "/a", 5.0, 10, None, 200)
    stats.record("GET", "/b", 5.0, 10, None, 200)
    forget(stats)
    before, after = seen
    assert before == [1, 1]
    assert sum(after) == left


def test_buckets_are_counted_in_groups(stats: RequestStats) -> None:
    for name, milliseconds in (("/a", 3.0), ("/a", 3.0), ("/a", 900.0), ("/b", 70_000.0)):
        stats.record("GET", name, milliseconds, 0, None)
    stats.flush()
    groups = np.searchsorted([10.0, 1000.0], MIDPOINTS)
    assert len(groups) == BUCKETS
    assert list(stats.keys) == [("", "Aggregated"), ("GET", "/a"), ("GET", "/b")]
    summed = stats.ledger.run.grouped(np.array([0, 2, 1]), groups, 3)
    assert summed.tolist() == [[2, 1, 1], [0, 0, 1], [2, 1, 0]]
