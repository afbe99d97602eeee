"""The generator's watch on itself: lag of the hub and CPU, and what they are called."""

from __future__ import annotations

import pytest

from katydid import tunables
from katydid.events import Events
from katydid.run.health import Health

from .conftest import turn


@pytest.fixture
def health(clock):
    watched = Health(Events(), "the environment", clock=clock)
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
    assert health.max_loop_lag_ms == pytest.approx(0, abs=1e-6)
    late(clock, 0.3)
    assert 200 <= health.max_loop_lag_ms <= 300
    assert health.take_lag_ms() == health.max_loop_lag_ms
    clock.advance(1)
    assert health.take_lag_ms() == pytest.approx(0, abs=1e-6)


def test_one_short_lag_is_no_saturation_three_are(health, clock):
    for times in (1, 2):
        late(clock, 0.5)
        assert not health.saturated, times
    late(clock, 0.5)
    assert health.saturated


def test_one_long_lag_is(health, clock):
    late(clock, 1.5)
    assert health.saturated
    health.reset()
    assert not health.saturated
    assert health.max_loop_lag_ms == 0


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
