"""Task ratios, per class and in total."""

import pytest

from katydid.user import TaskSet, User, task
from katydid.user.inspect import task_ratio


class Reader(User):
    @task(3)
    def read(self):
        pass

    @task
    class Section(TaskSet):
        @task
        def one(self):
            pass

        @task
        def two(self):
            pass


class Writer(User):
    @task
    def write(self):
        pass


def test_ratios():
    ratios = task_ratio([Reader, Writer], {"Reader": 4, "Writer": 1})
    per_class, total = ratios["per_class"], ratios["total"]
    assert per_class["Reader"]["ratio"] == pytest.approx(0.8)
    assert per_class["Reader"]["tasks"]["read"] == {"ratio": pytest.approx(0.75)}
    assert per_class["Reader"]["tasks"]["Section"] == {
        "ratio": pytest.approx(0.25),
        "tasks": {"one": {"ratio": pytest.approx(0.5)}, "two": {"ratio": pytest.approx(0.5)}},
    }
    assert total["Reader"]["tasks"]["read"] == {"ratio": pytest.approx(0.6)}
    assert total["Reader"]["tasks"]["Section"] == {
        "ratio": pytest.approx(0.2),
        "tasks": {"one": {"ratio": pytest.approx(0.1)}, "two": {"ratio": pytest.approx(0.1)}},
    }
    assert total["Writer"] == {
        "ratio": pytest.approx(0.2),
        "tasks": {"write": {"ratio": pytest.approx(0.2)}},
    }


def test_nobody_runs_yet():
    assert task_ratio([Writer], {})["per_class"] == {
        "Writer": {"ratio": 0.0, "tasks": {"write": {"ratio": 1.0}}}
    }
