"""A user of the open model: iterations start when they are told to."""

import gevent
from gevent.event import Event
from gevent.queue import Queue

from katydid.errors import InterruptTaskSet, RescheduleTask, StopUser
from katydid.user import TaskSet, User, constant, task


class Schedule:
    """Hands out lateness in ms, one iteration each, and blocks when it has none."""

    def __init__(self, *delays_ms):
        self.due = Queue()
        for delay in delays_ms:
            self.due.put(delay)
        self.asked = 0
        self.idle = Event()

    def __call__(self, user):
        self.asked += 1
        if self.due.empty():
            self.idle.set()
        return self.due.get()


def test_each_due_iteration_runs_one_task_without_a_wait(environment, group):
    delays = []

    class Shopper(User):
        wait_time = constant(1000)

        @task
        def buy(self):
            delays.append(gevent.getcurrent().start_delay_ms)

    schedule = Schedule(0.0, 2.5, 7.0)
    user = Shopper(environment)
    greenlet = user.start(group, schedule)
    assert schedule.idle.wait(5)
    assert delays == [0.0, 2.5, 7.0]
    assert schedule.asked == 4
    assert user._state == "waiting"
    assert user.stop() is True
    assert greenlet.dead


def test_on_start_comes_before_the_first_iteration_and_on_stop_at_the_end(environment, group):
    told = []

    class Shopper(User):
        def on_start(self):
            told.append("on_start")

        @task
        def buy(self):
            told.append("buy")
            raise StopUser

        def on_stop(self):
            told.append("on_stop")

    greenlet = Shopper(environment).start(group, Schedule(0.0, 0.0))
    greenlet.join(5)
    assert told == ["on_start", "buy", "on_stop"]


def test_errors_and_steering_end_the_iteration_only(environment, group, user_errors):
    steps = iter([ValueError("once"), RescheduleTask(), InterruptTaskSet(), None])
    done = []

    class Shopper(User):
        @task
        def buy(self):
            step = next(steps)
            if step is not None:
                raise step
            done.append(True)

    schedule = Schedule(0.0, 0.0, 0.0, 0.0)
    Shopper(environment).start(group, schedule)
    assert schedule.idle.wait(5)
    assert done == [True]
    assert [str(error) for _, error in user_errors] == ["once"]


def test_a_taskset_is_one_iteration_until_it_is_interrupted(environment, group):
    calls = []

    class Shopper(User):
        wait_time = constant(0)

        @task
        class Section(TaskSet):
            @task
            def read(self):
                calls.append("read")
                if len(calls) % 3 == 0:
                    self.interrupt()

    schedule = Schedule(0.0, 0.0)
    Shopper(environment).start(group, schedule)
    assert schedule.idle.wait(5)
    assert len(calls) == 6


def test_a_running_iteration_may_finish_after_stop(environment, group):
    started, go = Event(), Event()
    told = []

    class Shopper(User):
        @task
        def buy(self):
            started.set()
            go.wait()
            told.append("bought")

        def on_stop(self):
            told.append("on_stop")

    schedule = Schedule(0.0, 0.0)
    user = Shopper(environment)
    greenlet = user.start(group, schedule)
    assert started.wait(5)
    assert user.stop() is False
    go.set()
    greenlet.join(5)
    assert told == ["bought", "on_stop"]
    assert schedule.asked == 1
