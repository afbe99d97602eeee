from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.load.profile import Profile, Ramp, Target
from katydid.load.spec import ConstantLoad, Stage, StagedLoad


def test_a_constant_load_lasts_its_run_time() -> None:
    profile = Profile(ConstantLoad(users=10, spawn_rate=2.0, run_time_seconds=60))
    assert profile.at(0) == profile.at(59.99) == Target(10, 2.0)
    assert profile.at(60) is None
    assert profile.duration_seconds == 60
    endless = Profile(ConstantLoad(users=10, spawn_rate=2.0))
    assert endless.at(1e9) == Target(10, 2.0)
    assert endless.duration_seconds is None


STAGES = StagedLoad((Stage(10, 100), Stage(20, 100), Stage(30, 40, spawn_rate=5.0), Stage(10, 0)))


@pytest.mark.parametrize(
    ("elapsed", "target"),
    [
        (0, Target(100, 10.0)),
        (9.999, Target(100, 10.0)),
        (10, Target(100, 0.0)),
        (30, Target(40, 5.0)),
        (60, Target(0, 4.0)),
        (69.999, Target(0, 4.0)),
        (70, None),
        (1e9, None),
    ],
)
def test_stages_follow_the_elapsed_time(elapsed: float, target: Target | None) -> None:
    assert Profile(STAGES).at(elapsed) == target


def test_stage_numbers() -> None:
    profile = Profile(STAGES)
    assert [profile.stage_at(t) for t in (0, 10, 35, 69, 70)] == [0, 1, 2, 3, None]
    assert Profile(ConstantLoad(1, 1)).stage_at(5) is None


def test_a_linear_stage_starts_from_what_a_slow_stage_reached() -> None:
    load = StagedLoad((Stage(10, 100, spawn_rate=1.0), Stage(10, 200)))
    assert Profile(load).at(10) == Target(200, 19.0)  # from 10 users, not from 100


def test_a_linear_stage_goes_on_from_the_users_of_now() -> None:
    profile = Profile(StagedLoad((Stage(10, 0, spawn_rate=1.0), Stage(40, 100))))
    assert profile.at(30, current=40) == Target(100, 3.0)
    assert profile.at(30, current=110) == Target(100, 0.5)
    assert profile.at(5, current=40) == Target(0, 1.0)


def test_no_stages_end_at_once() -> None:
    assert Profile(StagedLoad(())).at(0) is None


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 200)), min_size=1, max_size=5),
    st.sampled_from([0.05, 0.1, 0.25, 1.0]),
    st.booleans(),
)
def test_a_linear_stage_has_its_users_at_its_end(stages, tick, adaptive) -> None:
    profile = Profile(StagedLoad(tuple(Stage(d, users) for d, users in stages)))
    ramp, end, start_users = Ramp(), 0, 0
    steps = 0
    for duration, users in stages:
        start, end = end, end + duration
        while (elapsed := steps * tick) < end - 1e-9:
            target = profile.at(elapsed, ramp.users if adaptive else None)
            assert target is not None
            now = ramp.advance(target.users, target.spawn_rate, tick)
            exact = start_users + (users - start_users) * (elapsed + tick - start) / duration
            assert abs(now - exact) <= 1.001 + abs(target.spawn_rate) * tick
            steps += 1
        assert abs(ramp.users - users) <= 1
        start_users = users
    assert profile.at(end) is None


def test_the_first_user_comes_at_once_then_one_per_interval() -> None:
    ramp = Ramp()
    assert [ramp.advance(3, 0.5, dt) for dt in (0, 1, 1, 1, 1, 1)] == [1, 1, 2, 2, 3, 3]


def test_a_fast_rate_adds_many_in_one_step() -> None:
    ramp = Ramp()
    assert ramp.advance(1000, 100, 0) == 1
    assert ramp.advance(1000, 100, 1) == 101
    assert ramp.advance(1000, math.inf, 0) == 1000


def test_down_is_as_fast_as_up() -> None:
    ramp = Ramp(10)
    assert [ramp.advance(7, 1.0, dt) for dt in (0, 1, 1, 1)] == [9, 8, 7, 7]


def test_edits_in_each_step_do_not_beat_the_rate() -> None:
    ramp = Ramp()
    for second in range(20):
        ramp.advance(second + 1, 0.5, 1.0)
    assert ramp.users == 11  # one at once, then one per two seconds


def test_idle_time_saves_up_one_user_only() -> None:
    ramp = Ramp()
    ramp.advance(5, 100, 1)
    for _ in range(60):
        ramp.advance(5, 100, 1)
    assert ramp.advance(500, 1.0, 0) == 6


def test_no_rate_no_movement() -> None:
    ramp = Ramp(5)
    ramp.advance(4, 1, 0)
    assert ramp.advance(0, 0.0, 100) == 4


@given(st.floats(0.01, 500), st.lists(st.floats(0, 3), max_size=60), st.integers(1, 2000))
def test_timing_does_not_depend_on_the_slicing(rate, slices, target) -> None:
    ramp, total, reached = Ramp(), 0.0, False
    for dt in [0.0, *slices]:
        total += dt
        users = ramp.advance(target, rate, dt)
        at_least, at_most = (math.floor(1 + rate * total + error) for error in (-1e-5, 1e-5))
        reached = reached or users == target
        assert reached or at_least <= users <= at_most
        assert not reached or users == target


@given(st.integers(0, 50), st.floats(0.1, 10), st.floats(0, 5))
def test_a_dumped_ramp_goes_on(target, rate, dt) -> None:
    ramp = Ramp()
    ramp.advance(target, rate, dt)
    resumed = Ramp.load(ramp.dump())
    assert resumed.advance(99, rate, 1) == ramp.advance(99, rate, 1)


def test_users_set_from_outside() -> None:
    ramp = Ramp()
    ramp.jump(7)
    assert ramp.advance(9, 1, 0) == 8
