"""Closing seconds: rates, windows, late and early deltas."""

from __future__ import annotations

import pytest

from katydid.stats import RequestStats
from katydid.stats.seconds import AHEAD, RECENT


def run(stats: RequestStats, clock, first: int, last: int, per_second: int, **sample) -> None:
    """Record and close the seconds first … last."""
    for second in range(first, last + 1):
        clock.now = second + 0.5
        for _ in range(per_second):
            stats.record(
                sample.get("method", "GET"),
                sample.get("name", "/a"),
                sample.get("ms", 10.0),
                100,
                sample.get("error"),
                200,
            )
        clock.now = second + 1.0
        stats.close_second(second, 5)


def test_rates_are_of_the_last_ten_closed_seconds(stats: RequestStats, clock) -> None:
    run(stats, clock, 1000, 1019, 20)
    run(stats, clock, 1020, 1024, 40, error="bad")
    assert stats.total.current_rps == 30.0
    assert stats.get("/a", "GET").current_fail_per_sec == 20.0


def test_rates_at_the_start_are_over_the_time_there_was(stats: RequestStats, clock) -> None:
    run(stats, clock, 1000, 1002, 30)
    assert stats.total.current_rps == 30.0


def test_rates_fall_to_zero_when_idle_whether_seconds_close_or_not(stats, clock) -> None:
    run(stats, clock, 1000, 1019, 20)
    clock.now = 1025.0
    assert 0 < stats.total.current_rps < 20
    assert stats.total.get_current_response_time_percentile(0.5) == 10.0
    clock.now = 1033.0
    assert stats.total.current_rps == 0
    assert stats.total.get_current_response_time_percentile(0.5) is None
    run(stats, clock, 1033, 1045, 0)
    assert stats.total.current_rps == 0


def test_current_percentiles_of_every_name(stats: RequestStats, clock) -> None:
    for second in range(1000, 1020):
        clock.now = second + 0.5
        for number in range(30):
            ms = 1000.0 if second < 1010 else float(10 * (number + 1))
            stats.record("GET", f"/{number % 3}", ms, 1, None)
        clock.now = second + 1.0
        stats.close_second(second, 1)
    low, high = stats.total.current_percentiles([0.5, 1.0])
    assert low == pytest.approx(150.0, rel=0.004)
    assert high == 300.0
    assert stats.get("/0", "GET").get_current_response_time_percentile(1.0) == 280.0
    assert stats.get("/1", "GET").current_percentiles([0.5])[0] == pytest.approx(140, rel=0.004)


def test_a_window_slides(stats: RequestStats, clock) -> None:
    for second in range(1000, 1012):
        run(stats, clock, second, second, 10, ms=float(second - 999))
    window = stats.window(5)
    assert (window.requests, window.failures, window.rps) == (50, 0, 10.0)
    assert window.mean == 10.0
    assert window.max == 12.0
    assert window.percentile(0.5) == pytest.approx(10.0, rel=0.004)
    assert window.fail_percent == 0.0
    assert stats.window(5, "GET", "/other").requests == 0
    assert stats.window(5, "GET", "/other").percentile(0.5) is None
    assert stats.window(5, "GET", "/other").fail_percent is None


def test_a_scope_without_method_takes_all_methods(stats: RequestStats, clock) -> None:
    stats.record("GET", "/a", 10.0, 1, None)
    stats.record("POST", "/a", 30.0, 1, "bad")
    stats.record("POST", "/b", 99.0, 1, None)
    clock.now = 1001.0
    stats.close_second(1000, 1)
    for view in (stats.window(5, None, "/a"), stats.whole(None, "/a")):
        assert (view.requests, view.failures, view.mean, view.max) == (2, 1, 20.0, 30.0)
    assert stats.whole("POST").requests == 2
    assert stats.whole().requests == 3
    assert stats.whole("PUT", "/a").requests == 0


def test_a_long_window_is_whole_when_it_is_asked_for_from_the_start(stats, clock) -> None:
    for second in range(1000, 1100):
        run(stats, clock, second, second, 2)
        long = stats.window(60, "GET", "/a")
        assert long.requests == 2 * min(60, second - 999)
        assert long.rps == 2.0
    late = stats.window(30)  # first asked for now: fewer seconds are there, and divided by
    assert late.requests == 2 * RECENT
    assert late.rps == 2.0
    run(stats, clock, 1100, 1130, 2)
    assert stats.window(30).requests == 60


def test_a_second_stays_open_for_the_grace_of_other_nodes(node, clock) -> None:
    master, worker = node(grace_seconds=2), node()
    worker.record("GET", "/a", 10.0, 1, None, 200)
    delta = worker.take_delta(1000)
    for second in (1000, 1001):
        clock.now = second + 1.0
        master.close_second(second, 3, 1)
    assert master.history_points() == []
    master.merge(delta)
    clock.now = 1003.0
    master.close_second(1002, 3, 1)
    [point] = master.history_points()
    assert (point.time, point.requests, point.p50_ms, point.users, point.workers) == (
        1000, 1, 10.0, 3, 1,
    )  # fmt: skip


def test_a_late_delta_counts_in_totals_and_in_the_point_it_belongs_to(node, clock) -> None:
    master, worker = node(), node()
    for second in range(1000, 1040):
        clock.now = second + 1.0
        master.close_second(second, 3, 1)
    worker.record("GET", "/a", 10.0, 7, "bad", 503)
    worker.record("GET", "/a", 10.0, 7, None, 200)
    master.merge(worker.take_delta(1003))
    assert master.num_requests == 2
    point = master.history_points()[3]
    assert (point.time, point.requests, point.failures, point.length) == (1003, 2, 1, 14)
    assert point.codes == {"200": 1, "503": 1}
    named = master.history_points("GET", "/a")[3]
    assert (named.requests, named.failures, named.codes) == (2, 1, {})
    assert sum(point.requests for point in master.history_points()) == 2


def test_a_late_delta_is_in_the_roll_up_that_is_made_later(node, clock) -> None:
    master, worker = node(), node()
    for second in range(1000, 1700):
        clock.now = second + 1.0
        if second == 1007:
            worker.record("GET", "/a", 10.0, 7, None, 200)
            master.merge(worker.take_delta(1003))
        master.close_second(second, 3, 1)
    first = master.history_points()[0]
    assert (first.time, first.width_seconds, first.requests) == (1000, 10, 1)


def test_a_clock_far_ahead_keeps_no_second_open_for_ever(node, clock) -> None:
    master, worker = node(), node()
    master.close_second(999, 1)
    for second in range(5000, 5200):
        worker.record("GET", "/a", 10.0, 1, None)
        master.merge(worker.take_delta(second))
    assert master.num_requests == 200
    for second in range(1000, 1001 + AHEAD):
        clock.now = second + 1.0
        master.close_second(second, 1)
    assert sum(point.requests for point in master.history_points()) == 200


def test_a_late_tick_owes_the_points_in_between(stats: RequestStats, clock) -> None:
    run(stats, clock, 1000, 1001, 4)
    clock.now = 1005.2
    stats.record("GET", "/a", 10.0, 1, None)
    stats.close_second(1004, 9)
    assert [(point.time, point.requests, point.users) for point in stats.history_points()] == [
        (1000, 4, 5), (1001, 4, 5), (1002, 0, 5), (1003, 0, 5), (1004, 1, 9),
    ]  # fmt: skip


def test_a_long_silence_is_a_gap(stats: RequestStats, clock) -> None:
    run(stats, clock, 1000, 1001, 4)
    run(stats, clock, 5000, 5001, 4)
    assert [point.time for point in stats.history_points()] == [1000, 1001, 5000, 5001]


def test_the_final_close_leaves_nothing_open(node, clock) -> None:
    master, worker = node(grace_seconds=2), node()
    worker.record("GET", "/a", 10.0, 1, None)
    master.merge(worker.take_delta(1001))
    clock.now = 1002.0
    master.close_second(1000, 1, 1)
    master.close_second(1001, 1, 1, 3, final=True)
    assert [(p.time, p.requests, p.dropped_iterations) for p in master.history_points()] == [
        (1000, 0, 0), (1001, 1, 3),
    ]  # fmt: skip


def test_closing_a_second_twice_keeps_the_samples(stats: RequestStats, clock) -> None:
    run(stats, clock, 1000, 1000, 2)
    stats.record("GET", "/a", 1.0, 1, None)
    stats.close_second(1000, 1)
    assert len(stats.history_points()) == 1
    clock.now = 1002.0
    stats.close_second(1001, 1)
    assert [point.requests for point in stats.history_points()] == [2, 1]


def test_a_worker_has_rates_of_its_own(node, clock) -> None:
    worker = node()
    for second in range(1000, 1015):
        clock.now = second + 0.5
        for _ in range(8):
            worker.record("GET", "/a", 10.0, 1, None)
        clock.now = second + 1.0
        worker.take_delta(second)
    assert worker.total.current_rps == 8.0
    assert worker.total.get_current_response_time_percentile(0.5) == 10.0
