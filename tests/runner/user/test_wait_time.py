"""Wait functions and the state they keep."""

import random

import pytest

from katydid.errors import MissingWaitTimeError
from katydid.user import (
    TaskSet,
    User,
    between,
    constant,
    constant_pacing,
    constant_throughput,
    poisson,
)


class Waiter:
    """All that a wait function needs."""

    def __init__(self, clock):
        self._clock = clock
        self._cp_last_run = clock.monotonic()


def test_between_is_uniform_in_its_bounds():
    random.seed(1)
    wait = between(2, 6)
    drawn = [wait(None) for _ in range(2000)]
    assert min(drawn) >= 2
    assert max(drawn) <= 6
    assert sum(drawn) / len(drawn) == pytest.approx(4, abs=0.1)


def test_constant():
    assert constant(2.5)(None) == 2.5


@pytest.mark.parametrize("wait", [constant_pacing(1.0), constant_throughput(1)])
def test_pacing_rests_for_what_the_task_left_over(wait, clock):
    waiter = Waiter(clock)
    clock.now += 0.3  # the first task
    assert wait(waiter) == pytest.approx(0.7)
    clock.now += 0.7 + 0.4
    assert wait(waiter) == pytest.approx(0.6)
    clock.now += 0.6 + 5  # a task longer than the pace
    assert wait(waiter) == 0
    clock.now += 0.2
    assert wait(waiter) == pytest.approx(0.8)
    assert waiter._cp_last_wait_time == pytest.approx(0.8)
    assert waiter._cp_last_run == clock.now


def test_each_waiter_has_its_own_pace(clock):
    wait = constant_pacing(10)
    first, second = Waiter(clock), Waiter(clock)
    clock.now += 4
    assert wait(first) == pytest.approx(6)
    clock.now += 1
    assert wait(second) == pytest.approx(5)


def test_pacing_counts_from_the_start_of_the_user(environment, clock):
    class Paced(User):
        wait_time = constant_pacing(3)
        _clock = clock

    user = Paced(environment)
    clock.now += 1
    assert user.wait_time() == pytest.approx(2)


def test_poisson_has_its_mean():
    random.seed(2)
    wait = poisson(4)
    drawn = [wait(None) for _ in range(4000)]
    assert min(drawn) >= 0
    assert sum(drawn) / len(drawn) == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize("rate", [0, -1])
@pytest.mark.parametrize("function", [constant_throughput, poisson])
def test_a_rate_must_be_positive(function, rate):
    with pytest.raises(ValueError, match=str(rate)):
        function(rate)


def test_a_taskset_may_have_its_own_wait_time(environment):
    class Section(TaskSet):
        wait_time = constant(7)

    class Shopper(User):
        wait_time = constant(3)

    user = Shopper(environment)
    assert Section(user).wait_time() == 7
    assert TaskSet(Section(user)).wait_time() == 3


def test_the_deprecated_forms_count_when_wait_time_is_unset(environment):
    class Old(User):
        wait_time = None
        min_wait = 500
        max_wait = 1500

    class Older(User):
        wait_time = None

        def wait_function(self):
            return 250

    with pytest.warns(DeprecationWarning, match="wait_time"):
        assert 0.5 <= TaskSet(Old(environment)).wait_time() <= 1.5
    with pytest.warns(DeprecationWarning, match="wait_time"):
        assert TaskSet(Older(environment)).wait_time() == 0.25


def test_no_wait_time_at_all_is_an_error(environment):
    class Nothing(User):
        wait_time = None

    with pytest.raises(MissingWaitTimeError, match="TaskSet nor Nothing"):
        TaskSet(Nothing(environment)).wait_time()
