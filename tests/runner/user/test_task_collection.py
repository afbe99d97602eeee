"""Weights, the `tasks` attribute, decorated members and inheritance."""

import logging

import pytest

from katydid.user import TaskSet, User, task


def one(user):
    pass


def two(user):
    pass


class Plain(TaskSet):
    @task
    def inner(self):
        pass


def names(owner):
    return [each.__name__ for each in owner.tasks]


def test_decorated_members_are_repeated_by_weight():
    class Shopper(User):
        @task(3)
        def browse(self):
            pass

        @task
        def buy(self):
            pass

        @task()
        def look(self):
            pass

        def not_a_task(self):
            pass

    assert names(Shopper) == ["browse", "browse", "browse", "buy", "look"]


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        ([one, two], [one, two]),
        ([(one, 2), two], [one, one, two]),
        ({one: 1, two: 2}, [one, two, two]),
        ({Plain: 2}, [Plain, Plain]),
        ([], []),
        (None, []),
    ],
)
@pytest.mark.parametrize("base", [User, TaskSet])
def test_the_tasks_attribute_in_all_its_forms(base, tasks, expected):
    made = type(base)("Made", (base,), {"tasks": tasks})
    assert made.tasks == expected


@pytest.mark.parametrize("base", [User, TaskSet])
def test_inherited_tasks_come_first_then_the_attribute_then_decorated(base):
    class Parent(base):
        @task(2)
        def parent(self):
            pass

    class Child(Parent):
        tasks = [one]

        @task
        def child(self):
            pass

    assert names(Child) == ["parent", "parent", "one", "child"]
    assert names(Parent) == ["parent", "parent"]


def test_several_bases_are_inherited_in_order():
    class First(User):
        tasks = [one]

    class Second(User):
        tasks = [two]

    class Both(First, Second):
        pass

    assert Both.tasks == [one, two]


def test_a_nested_taskset_class_is_a_task():
    class Shopper(User):
        @task(2)
        class Section(TaskSet):
            @task
            def read(self):
                pass

    assert names(Shopper) == ["Section", "Section"]
    assert names(Shopper.Section) == ["read"]


def test_members_that_answer_any_attribute_are_no_tasks():
    class Answering:
        def __getattr__(self, name):
            return 5

    class Shopper(User):
        helper = Answering()

    assert Shopper.tasks == []


@pytest.mark.parametrize("weight", [0.5, "3"])
def test_a_weight_must_be_whole(weight):
    with pytest.raises(TypeError, match="whole number"):
        task(weight)
    with pytest.raises(TypeError, match="The weight of one must be a whole number"):
        type(User)("Made", (User,), {"tasks": {one: weight}})


def test_run_cannot_be_a_task():
    with pytest.raises(Exception, match="run\\(\\) is the method"):

        class Shopper(User):
            @task
            def run(self):
                pass


@pytest.mark.parametrize("name", ["on_start", "on_stop"])
def test_on_start_and_on_stop_as_tasks_are_warned_about(name, caplog):
    def function(self):
        pass

    function.__name__ = name
    with caplog.at_level(logging.WARNING):
        task(function)
    assert name in caplog.text


def test_abstract_is_inherited_by_nobody():
    class Base(User):
        abstract = True

    class Concrete(Base):
        pass

    assert (User.abstract, Base.abstract, Concrete.abstract) == (True, True, False)
