from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.stats import RequestStats


class Steady:
    now = 1_000.0

    def wall(self) -> float:
        return self.now

    monotonic = wall

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def through_a_file(stats: RequestStats) -> dict:
    raw = msgpack.packb(stats.dump())
    return msgpack.unpackb(raw, strict_map_key=False)


def image(stats: RequestStats) -> list:
    """All that a checkpoint promises to bring back, bit for bit."""
    rows: list = []
    for entry in [*stats.entries.values(), stats.total]:
        parts = [entry] if entry.service is None else [entry, entry.service]
        rows += [
            (
                part.num_requests,
                part.num_none_requests,
                part.total_response_time,
                part.min_response_time,
                part.max_response_time,
                [column.tolist() for column in part.buckets()],
            )
            for part in parts
        ]
        rows.append(
            (
                entry.method,
                entry.name,
                entry.num_failures,
                entry.status_codes,
                entry.start_time,
                entry.last_request_timestamp,
                stats.history_points(entry.method, entry.name),
            )
        )
    rows.append([error.row() for error in stats.errors.values()])
    rows.append(stats.history_points())
    rows.append((stats.names_dropped, stats.failures_dropped, stats.start_time))
    return rows


samples = st.lists(
    st.tuples(
        st.just("GET"),
        st.sampled_from(["/", "/a", "/b"]),
        st.none() | st.floats(0.001, 100_000),
        st.integers(0, 10**9),
        st.sampled_from([None, "bad"]),
        st.sampled_from([None, 200, 503]),
    ),
    max_size=10,
)


@given(st.lists(st.tuples(samples, samples), max_size=15), st.booleans())
def test_a_checkpoint_brings_everything_back(seconds, service) -> None:
    clock = Steady()
    master = RequestStats(clock, start_delay=lambda: 3.0, grace_seconds=2)
    worker = RequestStats(clock, start_delay=lambda: 3.0)
    if service:
        master.enable_service()
        worker.enable_service()
    for number, (own, remote) in enumerate(seconds):
        clock.now = 1000.5 + number
        for sample in own:
            master.record(*sample)
        for sample in remote:
            worker.record(*sample)
        clock.now = 1001.0 + number
        master.merge(worker.take_delta(1000 + number))
        master.close_second(1000 + number, 4, 1)
    restored = RequestStats(clock, start_delay=lambda: 3.0, grace_seconds=2)
    restored.record("GET", "/of the time before", 1.0, 1, "gone")
    restored.load(through_a_file(master))
    assert image(restored) == image(master)
    assert restored.dump() == master.dump()
    # and both go on alike: open seconds close with what is in them
    for stats in (master, restored):
        stats.record("GET", "/a", 5.0, 1, None, 200)
        stats.close_second(1000 + len(seconds), 4, 1, final=True)
    assert image(restored) == image(master)


def test_resent_deltas_find_their_second_after_a_restart(node, clock) -> None:
    master, worker = node(grace_seconds=1), node()
    for second in range(1000, 1005):
        clock.now = second + 1.0
        master.close_second(second, 1, 1)
    state = through_a_file(master)
    deltas = []
    for second in range(1005, 1020):
        worker.record("GET", "/a", 10.0, 1, None)
        deltas.append(worker.take_delta(second))
    clock.now = 1020.0
    again = node(grace_seconds=1)
    again.load(state)
    for delta in deltas:
        again.merge(delta)
    again.close_second(1020, 1, 1)
    points = {point.time: point.requests for point in again.history_points()}
    assert points == {second: int(second >= 1005) for second in range(1000, 1020)}


def test_another_version_is_refused(stats: RequestStats) -> None:
    state = stats.dump()
    state["version"] = 99
    with pytest.raises(ValueError, match="version 99"):
        stats.load(state)
