"""What is kept for pollers, and for how long."""

from __future__ import annotations

from katydid.web.memo import Memo


class FakeClock:
    def __init__(self):
        self.now = 0.0

    def wall(self):
        return self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_a_value_is_kept_and_longer_when_it_is_dear():
    clock = FakeClock()
    made = []

    def compute(cost):
        def run():
            clock.sleep(cost)
            made.append(clock.now)
            return clock.now

        return run

    cheap = Memo(compute(0.0), 2.0, clock)
    assert [cheap(), cheap()] == [0.0, 0.0]
    clock.now = 1.9
    assert cheap() == 0.0
    clock.now = 2.0
    assert cheap() == 2.0
    cheap.clear()
    clock.now = 2.1
    assert cheap() == 2.1

    clock.now, made[:] = 100.0, []
    dear = Memo(compute(3.0), 2.0, clock)
    assert dear() == 103.0
    clock.now = 117.9
    assert dear() == 103.0
    clock.now = 118.0
    assert dear() == 121.0
