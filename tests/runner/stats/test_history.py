"""The course of a test stays bounded, and every second is in it once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from katydid import tunables
from katydid.stats import RequestStats
from katydid.stats.history import LEVELS


class FakeClock:
    def __init__(self, now: float) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now

    monotonic = wall

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def hours(stats: RequestStats, clock, seconds: int, first: int = 1_000_000) -> None:
    for second in range(first, first + seconds):
        clock.now = second + 0.5
        stats.record("GET", "/a", 10.0 + second % 60, 100, None, 200)
        stats.record("GET", "/b", 500.0, 10, "bad" if second % 10 == 0 else None, 503)
        clock.now = second + 1.0
        stats.close_second(second, second % 7, 2, 1)


@pytest.fixture(scope="module")
def long_run() -> RequestStats:
    clock = FakeClock(1_000_000.0)
    stats = RequestStats(clock)
    hours(stats, clock, 2 * 3600)
    return stats


def test_roll_ups_cover_every_second_once_and_lose_nothing(long_run: RequestStats) -> None:
    points = long_run.history_points()
    for earlier, later in itertools.pairwise(points):
        assert earlier.time + earlier.width_seconds == later.time
    assert (points[0].time, points[0].width_seconds) == (1_000_000, 20)  # up to a whole minute
    assert points[-1].time == 1_000_000 + 2 * 3600 - 1
    assert {point.width_seconds for point in points[1:]} == {1, 10, 60}
    assert sum(point.requests for point in points) == 2 * 2 * 3600 == long_run.num_requests
    assert sum(point.failures for point in points) == long_run.num_failures
    assert sum(point.length for point in points) == long_run.total.total_content_length
    assert sum(point.dropped_iterations for point in points) == 2 * 3600
    assert sum(point.codes["503"] for point in points) == 2 * 3600
    assert all(point.rps == 2.0 for point in points)
    named = long_run.history_points("GET", "/b")
    assert sum(point.requests for point in named) == 2 * 3600
    assert [point.time for point in named] == [point.time for point in points]


def test_the_percentile_of_a_roll_up_is_that_of_its_samples(long_run: RequestStats) -> None:
    minute = next(p for p in long_run.history_points("GET", "/a") if p.width_seconds == 60)
    assert minute.requests == 60
    assert minute.p50_ms == pytest.approx(39.0, rel=0.004)
    assert minute.p99_ms == 69.0
    assert long_run.history_points()[0].p95_ms == pytest.approx(500.0, rel=0.004)


def test_a_test_of_days_needs_no_more_points_than_the_levels_keep(node, clock) -> None:
    from katydid.stats.batch import empty
    from katydid.stats.history import History

    history = History(charted=200)
    for second in range(1_000_000, 1_000_000 + 4 * 3600):
        history.append(second, empty(), 1, 1, 0)
    points = history.points()
    assert len(points) <= sum(keep for _, keep in LEVELS)
    assert sum(point.width_seconds for point in points) >= 4 * 3600
    assert points[-1].time == 1_000_000 + 4 * 3600 - 1
    for earlier, later in itertools.pairwise(points):
        assert earlier.time + earlier.width_seconds == later.time


def test_an_idle_point_has_no_latency(stats: RequestStats, clock) -> None:
    stats.close_second(1000, 4, 2, 0)
    [point] = stats.history_points()
    assert (point.requests, point.rps, point.p50_ms, point.p99_ms) == (0, 0.0, None, None)
    assert (point.users, point.workers, point.codes) == (4, 2, {})


def test_names_beyond_the_charted_ones_have_no_history(node, clock, monkeypatch) -> None:
    monkeypatch.setattr(tunables, "MAX_CHARTED_NAMES", 2)
    stats = node()
    for name in ("/a", "/b", "/c"):
        stats.record("GET", name, 1.0, 1, None)
    clock.now = 1001.0
    stats.close_second(1000, 1)
    assert len(stats.history_points("GET", "/b")) == 1
    assert stats.history_points("GET", "/c") == []
    assert stats.history_points("GET", "/never") == []
    assert stats.get("/c", "GET").num_reqs_per_sec == {1000: 1}
    assert stats.history_points()[0].requests == 3


def test_a_name_that_comes_later_has_empty_points_before(stats: RequestStats, clock) -> None:
    stats.record("GET", "/a", 1.0, 1, None)
    clock.now = 1001.0
    stats.close_second(1000, 1)
    stats.record("GET", "/b", 5.0, 1, None)
    clock.now = 1002.0
    stats.close_second(1001, 1)
    assert [(p.requests, p.p50_ms) for p in stats.history_points("GET", "/b")] == [
        (0, None), (1, 5.0),
    ]  # fmt: skip


def test_history_in_locusts_form(stats: RequestStats, clock) -> None:
    stats.record("GET", "/a", 5.0, 1, "bad")
    clock.now = 1001.0
    stats.close_second(1000, 3)
    time = "1970-01-01T00:16:40Z"
    assert stats.history == [
        {
            "time": time,
            "user_count": [time, 3],
            "current_rps": [time, 1.0],
            "current_fail_per_sec": [time, 1.0],
            "response_time_percentile_0.5": [time, 5.0],
            "response_time_percentile_0.95": [time, 5.0],
        }
    ]


def test_memory_of_a_run_stays_flat(node, clock) -> None:
    clock.now = 1_000_000.0
    stats = node()
    hours(stats, clock, 700)
    pools = stats.ledger.run.pool.nbytes + stats.ledger.fresh.pool.nbytes
    hours(stats, clock, 1300, first=1_000_700)
    assert stats.ledger.run.pool.nbytes + stats.ledger.fresh.pool.nbytes == pools
    assert len(stats._seconds._recent) <= 16
    assert len(stats._seconds.open) == 0
    assert len(stats._facts) == 0
    assert [len(level.times) for level in stats._history._levels] == [600, 200, 34, 4, 1]
    assert np.isfinite(stats.total.avg_response_time)


@pytest.mark.parametrize(
    "since", [0, 999_999, 1_000_000, 1_003_605, 1_007_100, 1_007_198, 1_007_199]
)
def test_points_since_a_time_are_those_that_began_later(long_run: RequestStats, since: int) -> None:
    expected = [point for point in long_run.history_points() if point.time > since]
    assert long_run.history_points(since=since) == expected


@pytest.mark.parametrize("width", [10, 60])
def test_coarse_points_cover_every_second_once(long_run: RequestStats, width: int) -> None:
    points = long_run.history_points(width=width)
    for earlier, later in itertools.pairwise(points):
        assert earlier.time + earlier.width_seconds == later.time
    assert sum(point.requests for point in points) == long_run.num_requests
    assert all(point.width_seconds >= width for point in points[1:-1])
    assert points[-1].time + points[-1].width_seconds == 1_000_000 + 2 * 3600


def test_seconds_that_do_not_fill_a_coarse_point_are_its_last_one() -> None:
    clock = FakeClock(1_000_000.0)
    stats = RequestStats(clock)
    hours(stats, clock, 73)
    whole = stats.history_points(width=60)
    assert [(point.time, point.width_seconds) for point in whole] == [
        (1_000_000, 20),  # up to a whole minute
        (1_000_020, 53),
    ]
    assert [point.requests for point in whole] == [40, 106]
    seconds = stats.history_points()[20:]
    assert whole[1].p50_ms is not None
    assert min(p.p50_ms or 0 for p in seconds) <= whole[1].p50_ms <= 500
    assert whole[1].p99_ms == pytest.approx(500, rel=0.01)
    three = stats.history_points(width=10)[-1]
    assert (three.time, three.width_seconds, three.requests) == (1_000_070, 3, 6)
    assert stats.history_points("GET", "/b", width=10)[-1].requests == 3


def test_a_run_of_seconds_has_one_coarse_point() -> None:
    clock = FakeClock(1_000_003.0)
    stats = RequestStats(clock)
    hours(stats, clock, 3, first=1_000_003)
    points = stats.history_points(width=10)
    assert [(point.time, point.width_seconds, point.requests) for point in points] == [
        (1_000_003, 3, 6)
    ]
    assert RequestStats(clock).history_points(width=10) == []


def test_the_trend_is_the_last_p95_of_a_name(long_run: RequestStats) -> None:
    points = long_run.history_points("GET", "/a")[-5:]
    assert long_run.p95_trend("GET", "/a", 5) == [point.p95_ms for point in points]
    assert long_run.p95_trend("GET", "/nothing", 5) == []
