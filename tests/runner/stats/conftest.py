"""A clock that stands where a test puts it, and statistics that use it."""

from __future__ import annotations

import pytest
from hypothesis import settings

from katydid.stats import RequestStats

# A busy machine makes an example slow, which says nothing about the code
settings.register_profile("shared-machine", deadline=None, max_examples=60)
settings.load_profile("shared-machine")


class FakeClock:
    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def stats(clock: FakeClock) -> RequestStats:
    return RequestStats(clock)


@pytest.fixture
def node(clock: FakeClock):
    """Makes further statistics on the same clock."""

    def make(**options: object) -> RequestStats:
        return RequestStats(clock, **options)

    return make
