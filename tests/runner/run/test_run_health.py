"""The generator's watch on itself: lag of the hub and CPU, and what they are called."""

from __future__ import annotations

import time

import pytest

from katydid import tunables
from katydid.events import Events
from katydid.run.health import Health
from katydid.run.saturation import ProcessSaturation, Saturation

from .conftest import turn


@pytest.fixture
def health(clock):
    test = Saturation()
    test.begin(clock.wall())
    watched = Health(
        Events(), "the environment", clock=clock, saturation=ProcessSaturation("It", test)
    )
    watched.start()
    clock.advance(0.05)
    yield watched
    watched.stop()


def late(clock, seconds):
    """The hub turns `seconds` after it should have."""
    clock.now += seconds
    clock.advance(0.0)
    clock.advance(0.1)


def test_lag_is_what_a_turn_comes_late(health, clock):
    clock.advance(1)
    assert health.saturation.max_lag_ms == pytest.approx(0, abs=1e-6)
    late(clock, 0.3)
    assert 200 <= health.saturation.max_lag_ms <= 300
    assert health.take_lag_ms() == health.saturation.max_lag_ms
    clock.advance(1)
    assert health.take_lag_ms() == pytest.approx(0, abs=1e-6)


def test_one_short_lag_is_no_saturation_three_are(health, clock):
    for times in (1, 2):
        late(clock, 0.5)
        assert not health.saturation.saturated, times
    late(clock, 0.5)
    assert health.saturation.saturated


def test_one_long_lag_is(health, clock):
    late(clock, 1.5)
    assert health.saturation.saturated
    health.reset()
    assert not health.saturation.saturated
    assert health.saturation.max_lag_ms == 0


def test_a_lag_is_measured_from_the_beginning_of_the_test(health, clock):
    clock.now += 5  # imports, a listener that computes
    health.reset()
    late(clock, 0.4)
    assert 300 <= health.saturation.max_lag_ms <= 500
    assert not health.saturation.saturated


def test_cpu_use_is_known_after_a_second_and_over_an_interval_at_most(health, clock):
    health.reset()
    began = time.process_time()
    while time.process_time() - began < 0.2:
        pass
    clock.advance(1)
    assert 10 <= health.cpu_percent <= 60
    assert health.saturation.max_cpu_percent == health.cpu_percent
    clock.advance(tunables.CPU_MONITOR_INTERVAL + 1)
    assert health.cpu_percent < 10


def test_use_is_told_at_every_interval_and_a_warning_once(clock):
    events = Events()
    usage, warnings = [], []
    events.usage_monitor.add_listener(lambda **told: usage.append(told))
    events.cpu_warning.add_listener(lambda **told: warnings.append(told))
    health = Health(events, "the environment", clock=clock)
    health.start()
    threshold = tunables.CPU_WARNING_THRESHOLD
    tunables.CPU_WARNING_THRESHOLD = -1  # a constant that locustfiles set
    try:
        clock.advance(tunables.CPU_MONITOR_INTERVAL * 2 + 0.1)
    finally:
        tunables.CPU_WARNING_THRESHOLD = threshold
        health.stop()
    assert [told["environment"] for told in usage] == ["the environment"] * 2
    assert usage[0]["memory_usage"] > 1_000_000
    assert len(warnings) == 1
    assert warnings[0]["cpu_usage"] == usage[0]["cpu_usage"]


def test_it_ends(clock):
    health = Health(Events(), None, clock=clock)
    watches = health.start()
    health.stop()
    turn()
    assert all(watch.dead for watch in watches)
