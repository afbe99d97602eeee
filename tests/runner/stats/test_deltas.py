"""What workers send and masters merge: nothing lost, nothing doubled, in any order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid import tunables
from katydid.stats import RequestStats, StatsDelta


class At:
    def __init__(self, now: float) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


samples = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST"]),
        st.sampled_from(["/", "/a", "/b?x=1", "/ü"]),
        st.none() | st.floats(0.001, 100_000),
        st.integers(0, 10**9),
        st.sampled_from([None, "bad", "worse"]),
        st.sampled_from([None, 0, 200, 503]),
    ),
    max_size=40,
)


def recorded(parts: list, clock: At, service: bool = False) -> RequestStats:
    stats = RequestStats(clock, start_delay=lambda: 5.0)
    if service:
        stats.enable_service()
    for sample in parts:
        stats.record(*sample)
    return stats


def numbers(stats: RequestStats) -> dict:
    """Everything that must be equal bit for bit, and the sums that are floats."""
    result = {}
    for entry in [*sorted(stats.entries.values(), key=lambda e: (e.name, e.method)), stats.total]:
        buckets, counts = entry.buckets()
        result[entry.method, entry.name] = (
            entry.num_requests,
            entry.num_none_requests,
            entry.num_failures,
            entry.total_content_length,
            entry.min_response_time,
            entry.max_response_time,
            entry.last_request_timestamp,
            dict(zip(buckets.tolist(), counts.tolist(), strict=True)),
            entry.status_codes,
            pytest.approx(entry.total_response_time, rel=1e-12),
        )
    result["errors"] = sorted(error.row() for error in stats.errors.values())
    return result


@given(st.lists(samples, max_size=4))
def test_merged_deltas_equal_the_samples_recorded_in_one_place(parts: list[list]) -> None:
    clock = At(1000.0)
    together = recorded(list(itertools.chain(*parts)), clock)
    master = RequestStats(clock)
    for part in parts:
        master.merge(recorded(part, clock).take_delta(1000))
    assert numbers(master) == numbers(together)


@given(samples, samples, samples)
def test_the_order_and_the_grouping_of_merges_do_not_matter(one, two, three) -> None:
    clock = At(1000.0)
    deltas = [recorded(part, clock).take_delta(1000) for part in (one, two, three)]
    seen = []
    for order in itertools.permutations(deltas):
        master = RequestStats(clock)
        for delta in order:
            master.merge(delta)
        seen.append(numbers(master))
    grouped = RequestStats(clock)  # (one + two) on a node of its own, then three
    node = recorded([*one, *two], clock)
    grouped.merge(node.take_delta(1000))
    grouped.merge(deltas[2])
    seen.append(numbers(grouped))
    assert all(each == seen[0] for each in seen)


@given(st.lists(st.tuples(samples, st.booleans(), st.booleans()), max_size=5))
def test_takes_and_reads_at_any_moment_lose_and_double_nothing(steps) -> None:
    clock = At(1000.0)
    worker, master = RequestStats(clock), RequestStats(clock)
    for part, read, take in steps:
        for sample in part:
            worker.record(*sample)
        if read:
            worker.total.avg_response_time  # noqa: B018 - a read counts what waits
        if take:
            master.merge(worker.take_delta(1000))
    master.merge(worker.take_delta(1001))
    assert numbers(master) == numbers(worker)
    empty = worker.take_delta(1002)
    assert (empty.keys, empty.errors, len(empty.count)) == ((), (), 0)


@given(samples)
def test_the_columns_of_a_delta_keep_its_contract(part) -> None:
    delta = recorded(part, At(1000.0)).take_delta(1000)
    cells = list(zip(delta.bucket_row.tolist(), delta.bucket.tolist(), strict=True))
    assert cells == sorted(set(cells))
    assert (delta.count > 0).all()
    timed = delta.requests - delta.none_requests
    assert np.bincount(
        delta.bucket_row, weights=delta.count, minlength=len(delta.keys)
    ).tolist() == pytest.approx(timed.tolist())
    assert np.isnan(delta.min_ms).tolist() == (timed == 0).tolist()
    assert np.isnan(delta.max_ms).tolist() == (timed == 0).tolist()
    for column in (delta.requests, delta.none_requests, delta.failures, delta.length):
        assert column.dtype == np.int64
        assert column.flags.c_contiguous
    assert all(0 <= row < len(delta.keys) for row, _, _ in delta.codes)


@given(samples, samples)
def test_service_times_travel_along(one, two) -> None:
    clock = At(1000.0)
    together = recorded([*one, *two], clock, service=True)
    master = RequestStats(clock)
    for part in (one, two):
        master.merge(recorded(part, clock, service=True).take_delta(1000))
    assert numbers(master) == numbers(together)
    for mine, theirs in ((master.total, together.total),):
        assert mine.service is not None
        assert theirs.service is not None
        assert [part.tolist() for part in mine.service.buckets()] == [
            part.tolist() for part in theirs.service.buckets()
        ]


def test_two_clocks_of_the_open_model(stats: RequestStats, clock, node) -> None:
    delays = iter([100.0, 0.0, 0.0])
    stats = node(start_delay=lambda: next(delays))
    assert stats.total.service is None
    stats.enable_service()
    for _ in range(3):
        stats.record("GET", "/", 10.0, 1, None, 200)
    service = stats.get("/", "GET").service
    assert service is not None
    assert stats.total.max_response_time == 110.0
    assert stats.get("/", "GET").total_response_time == 130.0
    assert service.max_response_time == 10.0
    assert service.avg_response_time == 10.0
    assert service.num_requests == 3
    delta = stats.take_delta(1000)
    assert delta.service is not None
    assert delta.service.total_ms.tolist() == [30.0]
    assert stats.take_delta(1001).service.keys == ()
    stats.clear_all()
    assert stats.total.service is None


def test_names_over_the_masters_cap_share_a_row(node, monkeypatch) -> None:
    worker, master = node(), node()
    for number in range(6):
        worker.record("GET", f"/{number}", 10.0 + number, 1, "bad", 500)
    delta = worker.take_delta(1000)
    monkeypatch.setattr(tunables, "MAX_REQUEST_NAMES", 2)
    master.merge(delta)
    other = master.get("(other)", "")
    assert (other.num_requests, other.num_failures, other.status_codes) == (4, 4, {500: 4})
    assert (other.min_response_time, other.max_response_time) == (12.0, 15.0)
    assert other.buckets()[1].sum() == 4
    assert master.num_requests == 6
    assert master.names_dropped == 4
    assert master.total.status_codes == {500: 6}


def test_names_dropped_on_a_worker_are_reported_once(node, monkeypatch) -> None:
    monkeypatch.setattr(tunables, "MAX_REQUEST_NAMES", 1)
    worker, master = node(), node()
    for name in ("/a", "/b", "/c", "/b"):
        worker.record("GET", name, 1.0, 1, None)
    first, second = worker.take_delta(1000), worker.take_delta(1001)
    assert (first.names_dropped, second.names_dropped) == (2, 0)
    master.merge(first)
    master.merge(second)
    assert master.names_dropped == 2


def test_a_delta_of_a_worker_grows_the_master_while_it_runs(node) -> None:
    master = node()
    for number in range(50):
        worker = node()
        for row in range(number):
            worker.record("GET", f"/{row}", 2.0 ** (row % 20), 1, None, 200)
        master.merge(worker.take_delta(1000))
        assert master.num_requests == sum(range(number + 1))
    assert master.get("/0", "GET").num_requests == 49
    assert master.total.buckets()[1].sum() == sum(range(50))


def test_an_empty_delta_changes_nothing(node) -> None:
    master = node()
    before = numbers(master)
    delta: StatsDelta = node().take_delta(1000)
    master.merge(delta)
    assert numbers(master) == before
