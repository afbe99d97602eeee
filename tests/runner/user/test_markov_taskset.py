"""MarkovTaskSet: transitions, and what is wrong with a graph."""

import random
from collections import Counter

import pytest

from katydid.errors import LocustError, StopUser
from katydid.user import MarkovTaskSet, User, constant, tag, transition, transitions
from katydid.user.markov_taskset import (
    InvalidTransitionError,
    MarkovTaskTagError,
    NoMarkovTasksError,
    NonMarkovTaskTransitionError,
)


def test_it_walks_from_the_first_by_its_transitions(run):
    calls = []

    class Shopper(User):
        wait_time = constant(0)

        @_as_task
        class Walk(MarkovTaskSet):
            @transition("two")
            def one(self):
                calls.append("one")

            @transitions(["three"])
            def two(self):
                calls.append("two")

            @transitions({"one": 1})
            def three(self):
                calls.append("three")
                if len(calls) == 6:
                    raise StopUser

    run(Shopper)
    assert calls == ["one", "two", "three"] * 2


def _as_task(taskset):
    taskset.locust_task_weight = 1
    return taskset


def test_weights_decide(environment):
    random.seed(4)

    class Walk(MarkovTaskSet):
        @transition("often", weight=3)
        @transition("seldom")
        def start(self):
            pass

        @transitions([("start", 2)])
        def often(self):
            pass

        @transitions({"start": 5})
        def seldom(self):
            pass

    walk = Walk(User(environment))
    visits = Counter(walk.get_next_task().__name__ for _ in range(8000))
    assert visits["start"] == 4000
    assert visits["often"] / 4000 == pytest.approx(0.75, abs=0.03)


def test_each_user_walks_alone(environment):
    class Walk(MarkovTaskSet):
        @transition("b")
        def a(self):
            pass

        @transition("a")
        def b(self):
            pass

    first, second = Walk(User(environment)), Walk(User(environment))
    assert [first.get_next_task().__name__ for _ in range(3)] == ["a", "b", "a"]
    assert second.get_next_task().__name__ == "a"


def test_a_subclass_may_replace_a_task():
    class Walk(MarkovTaskSet):
        @transition("b")
        def a(self):
            pass

        @transition("a")
        def b(self):
            pass

    class Loop(Walk):
        @transition("a")
        def b(self):
            pass

    assert Loop.tasks == [Walk.a, Loop.b]


def test_no_tasks():
    with pytest.raises(NoMarkovTasksError, match="class Empty"):

        class Empty(MarkovTaskSet):
            def plain(self):
                pass


def test_unknown_target():
    with pytest.raises(InvalidTransitionError, match="Transition to nowhere from a"):

        class Lost(MarkovTaskSet):
            @transition("nowhere")
            def a(self):
                pass


def test_target_without_transitions():
    with pytest.raises(NonMarkovTaskTransitionError, match="plain cannot follow a"):

        class Stuck(MarkovTaskSet):
            @transition("plain")
            def a(self):
                pass

            def plain(self):
                pass


def test_tags_are_refused():
    with pytest.raises(MarkovTaskTagError, match=r"Tagged\.a"):

        class Tagged(MarkovTaskSet):
            @tag("x")
            @transition("a")
            def a(self):
                pass


def test_all_of_them_are_locust_errors():
    for error in (
        NoMarkovTasksError,
        InvalidTransitionError,
        NonMarkovTaskTransitionError,
        MarkovTaskTagError,
    ):
        assert issubclass(error, LocustError)


def test_a_task_that_is_never_reached_is_warned_about(caplog):
    class Island(MarkovTaskSet):
        @transition("a")
        def a(self):
            pass

        @transition("a")
        def lonely(self):
            pass

    assert [each.__name__ for each in Island.tasks] == ["a", "lonely"]
    assert "cannot be reached" in caplog.text
    assert "lonely" in caplog.text
