"""Thresholds on real statistics: when they hold, when they break, what they say."""

from __future__ import annotations

import pytest

from katydid.stats import RequestStats
from katydid.thresholds import ThresholdSet, parse


class FakeClock:
    now = 1_000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Run:
    """A test of some thresholds, second by second."""

    def __init__(self, *expressions: str) -> None:
        self.clock = FakeClock()
        self.stats = RequestStats(self.clock)
        self.set = ThresholdSet(parse(text) for text in expressions)
        self.elapsed = 0

    def second(
        self,
        *times: float | None,
        failures: int = 0,
        name: str = "/a",
        method: str = "GET",
    ) -> list[str]:
        """A second with these response times; the statuses after it."""
        for number, ms in enumerate(times):
            error = "bad" if number < failures else None
            self.stats.record(method, name, ms, 1, error, 200)
        self.elapsed += 1
        self.clock.now += 1
        self.stats.close_second(999 + self.elapsed, 1)
        self.set.evaluate(self.elapsed, self.stats)
        return self.statuses

    @property
    def statuses(self) -> list[str]:
        return [state.status for state in self.set.states]

    def final(self) -> list[str]:
        self.set.final(self.elapsed, self.stats)
        return self.statuses


def test_whole_run_thresholds_follow_the_current_value() -> None:
    run = Run("failures < 50%")
    assert run.second() == ["Pending"]
    assert run.second(1.0, failures=1) == ["Breached"]
    assert run.set.states[0].breached_at == 1002.0
    assert run.set.states[0].value == 100.0
    assert run.second(1.0) == ["Breached"]  # 50 % is not below 50 %: comparisons are strict
    assert run.set.states[0].breached_at == 1002.0
    assert run.second(1.0) == ["Met"]
    assert run.set.states[0].breached_at is None
    assert run.final() == ["Met"]


def test_windowed_thresholds_stay_breached() -> None:
    run = Run("p95 < 100ms over 2s", "p95 < 100ms")
    for _ in range(60):
        run.second(10.0, 10.0)
    assert run.statuses == ["Met", "Met"]
    assert run.second(500.0) == ["Breached", "Met"]
    breach = run.set.states[0].breached_at
    for _ in range(5):
        run.second(10.0)
    assert run.statuses == ["Breached", "Met"]
    state = run.set.states[0]
    assert (state.value, state.breached_at) == (500.0, breach)
    assert run.final() == ["Breached", "Met"]


@pytest.mark.parametrize(
    ("expression", "status", "value"),
    [
        ("p50 < 21ms", "Met", 20.0),
        ("p50 < 20ms", "Breached", 20.0),
        ("p99 > 40ms", "Breached", 40.0),
        ("max < 40ms", "Breached", 40.0),
        ("max < 40.1ms", "Met", 40.0),
        ("mean < 25.1ms", "Met", 25.0),
        ("mean > 25ms", "Breached", 25.0),
        ("failures < 2", "Met", 1.0),
        ("failures < 1", "Breached", 1.0),
        ("failures < 25%", "Breached", 25.0),
        ("rps > 3", "Met", 4.0),
        ("rps < 4", "Breached", 4.0),
        ("requests < 4", "Breached", 4.0),
        ("requests > 3", "Met", 4.0),
        ("rps > 3 over 1s", "Met", 4.0),
        ("requests < 4 over 5s", "Breached", 4.0),
        ("GET /a: max < 40.1ms", "Met", 40.0),
        ("/a: max < 40.1ms", "Met", 40.0),
    ],
)
def test_metrics(expression: str, status: str, value: float) -> None:
    run = Run(expression)
    assert run.second(10.0, 20.0, 30.0, 40.0, failures=1) == [status]
    assert run.set.states[0].value == pytest.approx(value, rel=0.004)


def test_a_count_to_be_passed_is_pending_until_it_is_or_the_end() -> None:
    run = Run("requests > 3", "requests > 100 abort")
    assert run.second(1.0, 1.0) == ["Pending", "Pending"]
    assert not run.set.should_abort
    assert run.second(1.0, 1.0) == ["Met", "Pending"]
    assert run.set.states[1].value == 4.0
    assert run.final() == ["Met", "Breached"]


def test_a_whole_run_rate_to_be_passed_is_pending_unless_it_was_told_when_it_counts() -> None:
    run = Run("rps > 3", "rps > 3 after 2s", "rps > 3 over 1s")
    assert run.second(1.0) == ["Pending", "Pending", "Breached"]  # users are still coming
    assert run.second(1.0) == ["Pending", "Breached", "Breached"]
    assert run.second(*[1.0] * 10) == ["Met", "Met", "Breached"]
    assert run.second() == ["Pending", "Breached", "Breached"]
    assert run.final() == ["Breached", "Breached", "Breached"]
    aborting = Run("rps > 3 abort")
    assert aborting.second(1.0) == ["Breached"]
    assert aborting.set.should_abort


def test_data_that_never_came_is_breached_with_a_sentence_whatever_the_grace() -> None:
    run = Run("POST /pay: p99 < 1s after 10m", "failures < 1%", "GET /a: p95 < 1s")
    assert run.second(None, None) == ["Pending", "Met", "Pending"]
    assert run.final() == ["Breached", "Met", "Breached"]
    assert [state.reason for state in run.set.states] == [
        "No request named POST /pay was made.",
        "",
        "No p95 of GET /a could be measured: no response time came.",
    ]
    assert run.set.states[0].value is None
    assert run.set.states[0].breached_at == 1001.0
    empty = Run("failures < 10", "rps > 5 over 10s")
    empty.second()
    assert empty.final() == ["Breached", "Breached"]
    assert empty.set.states[0].reason == "No request was made."


def test_grace() -> None:
    run = Run("p95 < 100ms over 2s after 3s", "failures < 1% after 3s")
    assert run.second(500.0, failures=1) == ["Pending", "Pending"]
    assert run.second(500.0) == ["Pending", "Pending"]
    assert run.second(10.0) == ["Breached", "Breached"]  # the window still holds a slow one
    short = Run("p95 < 100ms after 1m")
    short.second(500.0)
    assert short.final() == ["Breached"]  # there was data, and the run is over


def test_a_stalled_target_breaks_a_rate_though_nothing_is_measured() -> None:
    run = Run("rps > 1 over 3s", "p95 < 1s over 3s", "failures < 1% over 3s")
    for _ in range(3):
        run.second(10.0, 10.0, 10.0)
    assert run.statuses == ["Met", "Met", "Met"]
    for _ in range(3):
        run.second()
    assert run.statuses == ["Breached", "Met", "Met"]
    assert run.set.states[0].value == 1.0  # three in three seconds, and none afterwards


def test_abort_is_asked_for_in_the_second_of_the_breach() -> None:
    run = Run("failures < 50% over 5s abort", "p95 < 1ms")
    run.second(10.0)
    assert run.statuses == ["Met", "Breached"]
    assert not run.set.should_abort
    run.second(10.0, 10.0, failures=2)
    assert run.set.should_abort


def test_scopes_with_odd_names_find_their_requests() -> None:
    run = Run("API call: max < 10ms", "grpc /Hello: max < 10ms", "Search page: max < 10ms")
    run.second(5.0, name="API call", method="TASK")
    run.second(5.0, name="/Hello", method="grpc")
    assert run.second(5.0, name="Search page") == ["Met", "Met", "Met"]


def test_edited_thresholds_keep_the_state_of_unchanged_ones() -> None:
    run = Run("p95 < 1ms over 2s", "max < 1s")
    run.second(10.0)
    assert run.statuses == ["Breached", "Met"]
    kept = run.set.thresholds[0]
    run.set.replace([parse("max < 5ms"), kept])
    assert run.statuses == ["Pending", "Breached"]
    assert run.second(10.0) == ["Breached", "Breached"]
    assert run.set.thresholds == (parse("max < 5ms"), kept)


def test_states_survive_a_checkpoint() -> None:
    run = Run("p95 < 1ms over 2s", "max < 1s", "requests > 50")
    run.second(10.0)
    again = ThresholdSet([*run.set.thresholds[:2], parse("requests > 51")])
    again.load(run.set.dump())
    assert again.states[:2] == run.set.states[:2]
    assert again.states[2].status == "Pending"
    assert again.states[2].value is None
