from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from katydid.load.arrival import ArrivalSchedule
from katydid.load.spec import ArrivalLoad, RateStage


def schedule(rate: float, *stages: tuple[float, float], run_time: float | None = None):
    return ArrivalSchedule(
        ArrivalLoad(rate, 10, run_time, tuple(RateStage(d, r) for d, r in stages))
    )


def test_a_constant_rate_is_a_grid_from_zero() -> None:
    assert schedule(4).starts(0, 1).tolist() == [0, 0.25, 0.5, 0.75]
    assert schedule(4).starts(0.25, 0.5).tolist() == [0.25]
    assert schedule(0.5).starts(1, 6).tolist() == [2, 4]


def test_the_run_time_ends_it() -> None:
    ended = schedule(10, run_time=2.0)
    assert len(ended.starts(0, 100)) == 20
    assert ended.starts(2.0, 100).tolist() == []
    assert (ended.rate_at(1.9), ended.rate_at(2.0)) == (10, 0)


def test_stages_change_the_rate_linearly_and_end_it() -> None:
    staged = schedule(0, (10, 20), (10, 20), (5, 0))
    assert staged.duration_seconds == 25
    assert [staged.rate_at(t) for t in (0, 5, 10, 15, 22.5, 25)] == [0, 10, 20, 20, 10, 0]
    assert [staged.count(0, t) for t in (10, 20, 25)] == [100, 300, 350]
    assert staged.starts(0, 1).tolist() == [0.0, 1.0][:1]
    # rate t·2, so the k-th start is at √k
    assert staged.starts(0, 3).tolist() == pytest.approx(np.sqrt(np.arange(9)))


def test_the_earlier_end_counts() -> None:
    assert schedule(1, (10, 1), run_time=5).duration_seconds == 5
    assert schedule(1, (10, 1), run_time=50).duration_seconds == 10
    assert schedule(1).duration_seconds is None


def test_a_pause_has_no_starts() -> None:
    paused = schedule(10, (0.001, 0), (5, 0), (0.001, 10), (1, 10))
    assert paused.count(0.01, 5) == 0
    assert 10 <= paused.count(5, 7) <= 11


LOADS = st.builds(
    ArrivalLoad,
    st.floats(0.01, 2000),
    st.just(10),
    st.none() | st.floats(0.1, 100),
    st.lists(
        st.builds(RateStage, st.floats(0.01, 30), st.just(0.0) | st.floats(0.01, 2000)), max_size=4
    ).map(tuple),
)


@settings(deadline=None)
@given(LOADS, st.lists(st.floats(0, 60), min_size=2, max_size=12))
def test_any_split_gives_the_same_starts(load: ArrivalLoad, moments: list[float]) -> None:
    arrivals = ArrivalSchedule(load)
    moments.sort()
    whole = arrivals.starts(moments[0], moments[-1])
    parts = [arrivals.starts(a, b) for a, b in itertools.pairwise(moments)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    for (a, b), part in zip(itertools.pairwise(moments), parts, strict=True):
        assert ((part >= a) & (part < b)).all()
        assert len(part) == arrivals.count(a, b)
    assert (np.diff(whole) >= 0).all()


@settings(deadline=None)
@given(LOADS, st.floats(0.1, 60))
def test_the_number_of_starts_is_the_integral_of_the_rate(load: ArrivalLoad, end: float) -> None:
    arrivals = ArrivalSchedule(load)
    stop = min(end, arrivals.duration_seconds or end)
    knots = [0.0]
    for stage in load.stages:
        knots.append(knots[-1] + stage.duration_seconds)
    knots = sorted({*(k for k in knots if k < stop), stop})
    area = sum(  # the rate is linear between knots: the mid-point is exact
        arrivals.rate_at((a + b) / 2) * (b - a) for a, b in itertools.pairwise(knots)
    )
    assert abs(arrivals.count(0, end) - area) <= 1.001
