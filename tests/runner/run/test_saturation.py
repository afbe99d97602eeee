"""What saturates a generator, from when to when, and what does not count."""

from __future__ import annotations

import pytest

from katydid import tunables
from katydid.run.saturation import ProcessSaturation, Saturation

BEGAN = 1000.0


@pytest.fixture
def test():
    whole = Saturation(on_first=lambda name: whole.told.append(name))
    whole.told = []
    whole.begin(BEGAN)
    return whole


@pytest.fixture
def process(test):
    return ProcessSaturation("Worker 0", test)


def stretches(test):
    return test.seconds, test.first_at, test.last_at


def test_nothing_is_saturated_at_first(test, process):
    process.lag(20.0, BEGAN + 5)
    process.use(50.0, BEGAN + 6)
    process.use(80.0, BEGAN + 7)
    assert not process.saturated
    assert stretches(test) == (0.0, None, None)
    assert (process.max_lag_ms, process.max_cpu_percent) == (20.0, 80.0)


def test_one_short_lag_is_none_three_are_and_count_each(test, process):
    for at in (5, 10):
        process.lag(500.0, BEGAN + at)
        assert not process.saturated
    process.lag(500.0, BEGAN + 20)
    assert process.saturated
    assert stretches(test) == (1.5, BEGAN + 4.5, BEGAN + 20)
    process.lag(500.0, BEGAN + 30)
    assert stretches(test) == (2.0, BEGAN + 4.5, BEGAN + 30)


def test_short_lags_of_a_master_are_in_no_latency_long_ones_delay_everything(test):
    master = ProcessSaturation("The master", test, queues=False)
    for at in range(5, 15):
        master.lag(900.0, BEGAN + at)
    assert not master.saturated
    master.lag(1500.0, BEGAN + 20)
    assert master.saturated
    assert stretches(test) == (1.5, BEGAN + 18.5, BEGAN + 20)
    assert master.reason == (
        "The master used up to 0 % of a core and its event loop was up to 1500 ms late: "
        "load, thresholds and statistics were late."
    )


def test_a_hang_counts_while_it_lasts_and_once(test, process):
    for age in range(1, 5):
        process.hang(age * 1000.0, BEGAN + 10 + age)
    assert stretches(test) == (4.0, BEGAN + 10, BEGAN + 14)
    process.lag(4500.0, BEGAN + 14.5)
    assert stretches(test) == (4.5, BEGAN + 10, BEGAN + 14.5)


def test_processes_at_the_same_time_are_one_stretch(test, process):
    other = ProcessSaturation("Worker 1", test)
    process.lag(3000.0, BEGAN + 10)
    other.lag(3000.0, BEGAN + 12)
    assert stretches(test) == (5.0, BEGAN + 7, BEGAN + 12)
    assert test.told == ["Worker 0"]


def test_cpu_counts_over_whole_intervals_of_the_test(test, process):
    interval = tunables.CPU_MONITOR_INTERVAL
    process.use(100.0, BEGAN + 1)  # spent on starting the users
    assert not process.saturated
    assert process.max_cpu_percent == 100.0
    process.use(60.0, BEGAN + 1 + interval)
    assert not process.saturated
    assert process.max_cpu_percent == 60.0
    process.use(95.0, BEGAN + 2 + interval)
    assert process.saturated
    assert stretches(test) == (interval, BEGAN + 2, BEGAN + 2 + interval)
    process.use(95.0, BEGAN + 3 + interval)
    assert test.seconds == interval + 1


def test_cpu_of_a_worker_that_has_just_come_is_of_its_start(test, process):
    process.use(50.0, BEGAN + 1)
    process.idle()
    for second in range(60, 65):
        process.use(100.0, BEGAN + second)
    assert not process.saturated
    process.use(100.0, BEGAN + 65)
    assert process.saturated


def test_only_what_is_in_the_test_counts(test, process):
    process.lag(8000.0, BEGAN + 0.5)  # it began before
    assert (process.max_lag_ms, process.saturated) == (500.0, False)
    test.end()
    process.lag(8000.0, BEGAN + 20)
    process.hang(8000.0, BEGAN + 20)
    process.use(100.0, BEGAN + 20)
    assert (process.max_lag_ms, process.max_cpu_percent, process.saturated) == (500.0, 0.0, False)
    assert stretches(test) == (0.0, None, None)


def test_what_was_found_outlives_the_end_and_not_the_next_beginning(test, process):
    process.lag(2000.0, BEGAN + 5)
    test.end()
    assert stretches(test) == (2.0, BEGAN + 3, BEGAN + 5)
    test.begin(BEGAN + 60)
    process.reset()
    assert stretches(test) == (0.0, None, None)
    assert not process.saturated


def test_a_checkpoint_keeps_it(test, process):
    process.lag(2000.0, BEGAN + 5)
    process.use(70.0, BEGAN + 6)
    process.use(70.0, BEGAN + 12)
    again = Saturation()
    again.load(test.dump())
    back = ProcessSaturation("Worker 0", again)
    back.load(process.dump())
    assert stretches(again) == stretches(test)
    assert (back.saturated, back.reason) == (True, process.reason)
    back.hang(4000.0, BEGAN + 20)
    assert stretches(again) == (6.0, BEGAN + 3, BEGAN + 20)
