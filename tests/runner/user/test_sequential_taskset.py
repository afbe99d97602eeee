"""SequentialTaskSet: order of declaration."""

import pytest

from katydid.errors import LocustError, StopUser
from katydid.user import SequentialTaskSet, User, constant, task


def names(owner):
    return [each.__name__ for each in owner.tasks]


def listed(self):
    pass


def also_listed(self):
    pass


def test_a_tasks_attribute_counts_at_its_place():
    class Steps(SequentialTaskSet):
        @task
        def first(self):
            pass

        tasks = [listed, (also_listed, 2)]

        @task(3)
        def last(self):
            pass

    assert names(Steps) == [
        "first", "listed", "also_listed", "also_listed", "last", "last", "last",
    ]  # fmt: skip


def test_a_dict_counts_by_weight_and_bases_come_first():
    class Base(SequentialTaskSet):
        tasks = {listed: 2}

    class Steps(Base):
        @task
        def own(self):
            pass

    assert names(Steps) == ["listed", "listed", "own"]


def test_tasks_run_in_order_round_and_round(run):
    calls = []

    class Shopper(User):
        wait_time = constant(0)

        @task
        class Steps(SequentialTaskSet):
            @task
            def one(self):
                calls.append(1)

            @task(2)
            def two(self):
                calls.append(2)

            @task
            class Three(SequentialTaskSet):
                @task
                def inner(self):
                    calls.append(3)
                    self.interrupt()

            @task
            def four(self):
                calls.append(4)
                if len(calls) > 8:
                    raise StopUser

    run(Shopper)
    assert calls == [1, 2, 2, 3, 4, 1, 2, 2, 3, 4]


def test_without_tasks_it_is_an_error(environment):
    class Empty(SequentialTaskSet):
        pass

    with pytest.raises(LocustError, match="No tasks defined on Empty"):
        Empty(User(environment)).get_next_task()
