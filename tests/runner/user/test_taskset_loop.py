"""The TaskSet loop: order of calls, interrupting, rescheduling, errors."""

import random
from collections import Counter

import gevent
import pytest

from katydid.errors import (
    InterruptTaskSet,
    RescheduleTask,
    RescheduleTaskImmediately,
    StopTest,
    StopUser,
)
from katydid.user import TaskSet, User, constant, task


def test_tasks_are_picked_by_weight(run):
    random.seed(3)
    calls = Counter()

    class Shopper(User):
        wait_time = constant(0)

        @task(3)
        def often(self):
            calls["often"] += 1

        @task
        def seldom(self):
            calls["seldom"] += 1
            if calls.total() >= 2000:
                raise StopUser

    run(Shopper)
    assert calls["often"] / calls.total() == pytest.approx(0.75, abs=0.04)


def test_a_nested_set_runs_until_interrupted_then_the_parent_goes_on(run):
    calls = []

    class Shopper(User):
        wait_time = constant(0)

        @task
        class Section(TaskSet):
            def on_start(self):
                calls.append("enter")

            def on_stop(self):
                calls.append("leave")

            @task
            def read(self):
                calls.append("read")
                if len(calls) > 8:
                    raise StopUser
                if calls.count("read") % 2 == 0:
                    self.interrupt()

        def on_stop(self):
            calls.append("user stops")

    run(Shopper)
    assert calls == [
        "enter", "read", "read", "leave", "enter", "read", "read", "leave",
        "enter", "read", "leave", "user stops",
    ]  # fmt: skip


@pytest.mark.parametrize(("reschedule", "waits"), [(True, 0), (False, 1)])
def test_interrupt_waits_in_the_parent_unless_rescheduled(run, reschedule, waits):
    waited = []

    class Section(TaskSet):
        @task
        def leave(self):
            self.interrupt(reschedule=reschedule)

    class Shopper(User):
        def wait_time(self):
            waited.append(1)
            return 0

        def tell(self):
            raise StopUser

    calls = iter([Section, Shopper.tell])

    class Root(Shopper):
        @task
        def pick(self):
            following = next(calls)
            following(self).run() if following is Section else following(self)

    run(Root)
    assert len(waited) == waits


def test_interrupt_in_on_start_leaves_at_once(run):
    calls = []

    class Shopper(User):
        wait_time = constant(0)

        @task
        class Section(TaskSet):
            def on_start(self):
                calls.append("enter")
                if len(calls) == 3:
                    raise StopUser
                self.interrupt()

            @task
            def never(self):
                calls.append("never")

    run(Shopper)
    assert calls == ["enter", "enter", "enter"]


def test_parent_user_and_client_of_nested_sets(run):
    seen = []

    class Shopper(User):
        client = "the client"

        @task
        class Outer(TaskSet):
            @task
            class Inner(TaskSet):
                @task
                def look(self):
                    seen.extend([self.parent, self.parent.parent, self.user, self.client])
                    raise StopUser

    user = run(Shopper)
    outer, at_top, the_user, client = seen
    assert type(outer).__name__ == "Outer"
    assert at_top is user
    assert the_user is user
    assert client == "the client"


def test_scheduled_tasks_go_before_picked_ones(run):
    calls = []

    class Shopper(User):
        wait_time = constant(0)

        @task
        class Section(TaskSet):
            def on_start(self):
                self.schedule_task(type(self).second)
                self.schedule_task(self.bound)
                self.schedule_task(type(self).first, first=True)

            def first(self):
                calls.append("first")

            def second(self):
                calls.append("second")

            def bound(self):
                calls.append("bound")

            @task
            def picked(self):
                calls.append("picked")
                raise StopUser

    run(Shopper)
    assert calls == ["first", "second", "bound", "picked"]


@pytest.mark.parametrize(
    ("steering", "waits"), [(RescheduleTask, 1), (RescheduleTaskImmediately, 0)]
)
def test_reschedule_ends_the_task(run, steering, waits, user_errors):
    waited = []
    calls = []

    class Shopper(User):
        def wait_time(self):
            waited.append(1)
            return 0

        @task
        def do(self):
            calls.append(1)
            raise steering if len(calls) == 1 else StopUser

    run(Shopper)
    assert (len(calls), len(waited), user_errors) == (2, waits, [])


def test_a_task_that_never_blocks_lets_others_run(group, environment):
    spins = []

    class Spinning(User):
        wait_time = constant(0)

        @task
        def spin(self):
            spins.append(1)
            raise RescheduleTaskImmediately

    class Interrupting(User):
        wait_time = constant(0)

        @task
        def leave(self):
            spins.append(2)
            raise InterruptTaskSet

    for user_class in (Spinning, Interrupting):
        user_class(environment).start(group)
    with gevent.Timeout(5):
        for _ in range(20):
            gevent.sleep(0)
    assert {1, 2} == set(spins)


def test_an_error_is_reported_and_the_user_goes_on_after_a_wait(run, user_errors, caplog):
    waited = []

    class Shopper(User):
        def wait_time(self):
            waited.append(1)
            return 0

        @task
        class Section(TaskSet):
            @task
            def fail(self):
                if len(user_errors) == 2:
                    raise StopUser
                raise ValueError("broken task")

    run(Shopper)
    assert [(where, str(error)) for where, error in user_errors] == [
        ("Section", "broken task"),
        ("Section", "broken task"),
    ]
    assert len(waited) == 2
    assert "broken task" in caplog.text
    assert "Traceback" in caplog.text


def test_an_error_in_a_task_of_the_user_names_its_root(run, user_errors):
    class Shopper(User):
        @task
        def fail(self):
            if user_errors:
                raise StopUser
            raise ValueError("once")

    run(Shopper)
    assert [where for where, _ in user_errors] == ["DefaultTaskSet"]


def test_a_gevent_timeout_is_an_error_of_the_task(run, user_errors):
    class Shopper(User):
        @task
        def slow(self):
            if user_errors:
                raise StopUser
            with gevent.Timeout(0.01):
                gevent.sleep(10)

    run(Shopper)
    assert isinstance(user_errors[0][1], gevent.Timeout)


def test_without_catching_the_error_ends_the_user(environment, group, user_errors):
    environment.catch_exceptions = False

    class Shopper(User):
        @task
        def fail(self):
            raise ValueError("fatal")

    user = Shopper(environment)
    with pytest.raises(ValueError, match="fatal"):
        user.run()
    assert len(user_errors) == 1


def test_a_broken_wait_time_ends_the_user_and_says_so(run, user_errors):
    class Shopper(User):
        wait_time = None

        @task
        def do(self):
            pass

    run(Shopper)
    assert [type(error).__name__ for _, error in user_errors] == ["MissingWaitTimeError"]


def test_no_tasks_is_an_error_that_hints(run, user_errors):
    class Empty(User):
        task = "misspelt"

        def wait_time(self):
            raise StopUser

    run(Empty)
    assert str(user_errors[0][1]).startswith("No tasks defined on Empty.")
    assert "did you mean to set 'tasks'?" in str(user_errors[0][1])


def test_an_error_in_on_stop_does_not_hinder_leaving(run, user_errors):
    class Shopper(User):
        stopped = False

        @task
        class Section(TaskSet):
            def on_stop(self):
                raise ValueError("in on_stop")

            @task
            def leave(self):
                raise StopUser

        def on_stop(self):
            self.stopped = True

    assert run(Shopper).stopped
    assert [str(error) for _, error in user_errors] == ["in on_stop"]


def test_stop_test_ends_the_user_and_the_test(run, environment):
    calls = []

    class Shopper(User):
        @task
        class Section(TaskSet):
            def on_stop(self):
                calls.append("section")

            @task
            def stop(self):
                raise StopTest("enough")

        def on_stop(self):
            calls.append("user")

    run(Shopper)
    assert calls == ["section", "user"]
    assert environment.runner.reasons == ["enough"]


def test_an_interrupt_at_the_top_goes_on_with_the_next_task(run, user_errors):
    calls = []

    class Shopper(User):
        wait_time = constant(0)

        @task
        def do(self):
            calls.append(1)
            raise InterruptTaskSet(reschedule=len(calls) == 1) if len(calls) < 3 else StopUser

    run(Shopper)
    assert len(calls) == 3
    assert user_errors == []
