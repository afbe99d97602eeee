"""The users of a node: absolute targets, spread starts, drained ends, exact counts."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from katydid.environment import Environment
from katydid.errors import StopTest, StopUser
from katydid.run import population as population_module
from katydid.run.population import Population
from katydid.user import User, constant, task

FOR_EVER = 3600


class Waiting(User):
    """Between two tasks whenever one looks."""

    wait_time = constant(FOR_EVER)

    @task
    def nothing(self):
        pass


class Busy(User):
    """In its first task until `go`, then it waits."""

    wait_time = constant(FOR_EVER)
    go: Event

    @task
    def work(self):
        self.go.wait()


class Reasons:
    """What a user asks of its runner."""

    def __init__(self):
        self.reasons = []

    def stop_test(self, reason):
        self.reasons.append(reason)


def population_of(*classes, clock=None):
    environment = Environment(user_classes=list(classes))
    environment.runner = Reasons()
    return Population(environment, clock) if clock else Population(environment)


@pytest.fixture
def users():
    """Makes populations that are empty at the end."""
    made = []

    def make(*classes, clock=None):
        Busy.go = Event()
        made.append(population_of(*classes, clock=clock))
        return made[-1]

    yield make
    for population in made:
        population.stop_all(0)
        assert len(population) == 0


class TestTargets:
    def test_are_absolute(self, users, clock):
        population = users(Waiting, Busy, clock=clock)
        population.set_targets({"Waiting": 3, "Busy": 1}, 0, 0)
        clock.advance(0)
        assert population.counts() == {"Waiting": 3, "Busy": 1}
        population.set_targets({"Waiting": 1, "Busy": 2}, 0, 0)
        clock.advance(0)
        assert population.counts() == {"Waiting": 1, "Busy": 2}
        population.set_targets({"Waiting": 1, "Busy": 2}, 0, 0)
        clock.advance(0)
        assert population.counts() == {"Waiting": 1, "Busy": 2}
        assert population.spawned == {"Waiting": 3, "Busy": 2}

    def test_are_spread_over_the_time_given(self, users, clock):
        population = users(Waiting, clock=clock)
        population.set_targets({"Waiting": 4}, 2.0, 0)
        counts = []
        for _ in range(5):
            clock.advance(0)
            counts.append(len(population))
            clock.advance(0.5)
        assert counts == [1, 2, 3, 4, 4]

    def test_the_newest_wins_over_one_that_is_being_reached(self, users, clock):
        population = users(Waiting, clock=clock)
        population.set_targets({"Waiting": 100}, 10.0, 0)
        clock.advance(1.0)
        assert len(population) == 11
        population.set_targets({"Waiting": 13}, 2.0, 0)
        clock.advance(20.0)
        assert len(population) == 13
        assert population.settled

    def test_a_lower_one_stops_the_ramp_too(self, users, clock):
        population = users(Waiting, clock=clock)
        population.set_targets({"Waiting": 100}, 10.0, 0)
        clock.advance(1.0)
        population.set_targets({"Waiting": 5}, 2.0, 0)
        clock.advance(0)
        assert population.settled
        clock.advance(20.0)
        assert population.counts() == {"Waiting": 5}

    def test_two_in_a_row_without_a_turn_of_the_hub_stop_nobody_twice(self, users, clock):
        population = users(Waiting, clock=clock)
        population.set_targets({"Waiting": 10}, 0, 0)
        clock.advance(0)
        for _ in range(3):
            population.set_targets({"Waiting": 5}, 0, 0)
        clock.advance(0)
        assert population.counts() == {"Waiting": 5}

    def test_down_and_up_again_while_users_drain(self, users, clock):
        population = users(Busy, clock=clock)
        population.set_targets({"Busy": 4}, 0, 10)
        clock.advance(0)
        population.set_targets({"Busy": 1}, 0, 10)
        clock.advance(0)
        assert population.counts() == {"Busy": 4}  # three finish their task
        population.set_targets({"Busy": 2}, 0, 10)
        clock.advance(0)
        assert population.counts() == {"Busy": 5}
        Busy.go.set()
        clock.advance(0)
        assert population.counts() == {"Busy": 2}

    def test_are_refilled_when_a_user_ended_by_itself(self, users, clock):
        class Short(User):
            @task
            def end(self):
                raise StopUser

        population = users(Short, clock=clock)
        population.set_targets({"Short": 2}, 0, 0)
        clock.advance(0)
        assert population.counts() == {}
        population.set_targets({"Short": 3}, 0, 0)
        clock.advance(0)
        assert population.spawned == {"Short": 5}

    def test_say_when_they_are_reached(self, users, clock):
        population = users(Waiting, clock=clock)
        settled = []
        population.on_settled = lambda: settled.append((clock.now - 1000, population.settled))
        population.set_targets({"Waiting": 3}, 3.0, 0)
        assert not population.settled
        clock.advance(10)
        assert settled == [(2.0, True)]

    def test_are_not_reached_while_surplus_users_finish(self, users, clock):
        population = users(Busy, Waiting, clock=clock)
        settled = []
        population.on_settled = lambda: settled.append(population.counts())
        population.set_targets({"Busy": 3, "Waiting": 1}, 0, 60)
        clock.advance(0)
        population.set_targets({"Busy": 1, "Waiting": 2}, 0, 60)
        clock.advance(5)
        assert not population.settled
        assert population.counts() == {"Busy": 3, "Waiting": 2}
        Busy.go.set()
        clock.advance(0)
        assert population.settled
        assert settled == [{"Busy": 3, "Waiting": 1}, {"Busy": 1, "Waiting": 2}]

    def test_a_burst_lets_its_first_users_work(self, users, clock):
        started = []

        class Quick(Waiting):
            def on_start(self):
                started.append(len(population))

        population = users(Quick, clock=clock)
        population.set_targets({"Quick": 200}, 0, 0)
        clock.advance(0)
        assert len(population) == 200
        assert started[0] == 63


class TestInterleaving:
    def test_classes_are_mixed_from_first_to_last(self, users):
        order = []

        class A(Waiting):
            def on_start(self):
                order.append("A")

        class B(Waiting):
            def on_start(self):
                order.append("B")

        population = users(A, B)
        spawned = population.spawn_users({"A": 6, "B": 2})
        gevent.sleep(0)
        assert [type(user).__name__ for user in spawned] == order
        assert "".join(order) == "AABAAABA"


class TestSurplus:
    def test_waiting_users_go_first(self, users, clock):
        population = users(Busy, clock=clock)
        population.set_targets({"Busy": 3}, 0, 0)
        clock.advance(0)
        waiting = [user for user in population.group.users.values()][1]
        Busy.go.set()
        clock.advance(0)
        Busy.go = Event()
        population.set_targets({"Busy": 5}, 0, 0)  # two more, in their task
        clock.advance(0)
        population.set_targets({"Busy": 2}, 0, 60)
        clock.advance(0)
        assert [user._state for user in population.group.users.values()] == ["running"] * 2
        assert waiting.greenlet.dead

    def test_without_a_drain_a_task_is_cut(self, users, clock):
        population = users(Busy, clock=clock)
        population.set_targets({"Busy": 3}, 0, 0)
        clock.advance(0)
        population.set_targets({"Busy": 1}, 0, 0)
        clock.advance(0)
        assert population.counts() == {"Busy": 1}

    def test_above_a_limit_whatever_the_class(self, users, clock):
        population = users(Waiting, Busy, clock=clock)
        population.set_targets({"Waiting": 3, "Busy": 3}, 0, 0)
        clock.advance(0)
        population.stop_surplus(4, 60)
        population.stop_surplus(4, 60)
        clock.advance(0)
        assert population.counts() == {"Waiting": 1, "Busy": 3}


class TestDrain:
    def test_running_tasks_may_finish(self, users):
        finished, stopped = [], []

        class Worker(User):
            wait_time = constant(FOR_EVER)

            @task
            def work(self):
                gevent.sleep(0.1)
                finished.append(self)

            def on_stop(self):
                stopped.append(self)

        population = users(Worker)
        population.spawn_users({"Worker": 3})
        gevent.sleep(0)
        population.stop_all(5)
        assert len(finished) == len(stopped) == 3
        assert population.counts() == {}

    def test_is_bounded(self, users):
        population = users(Busy)
        population.spawn_users({"Busy": 3})
        gevent.sleep(0)
        with gevent.Timeout(60):
            population.stop_all(0.1)
        assert population.counts() == {}

    def test_of_zero_kills_now_and_on_stop_still_runs(self, users):
        stopped = []

        class Stubborn(Busy):
            def on_stop(self):
                gevent.sleep(0.05)
                stopped.append(self)

        population = users(Stubborn)
        population.spawn_users({"Stubborn": 2})
        gevent.sleep(0)
        population.stop_all(0)
        assert len(stopped) == 2

    def test_an_on_stop_that_hangs_is_given_up(self, users, monkeypatch, caplog):
        monkeypatch.setattr(population_module, "ON_STOP_SECONDS", 0.1)  # 10 s in earnest

        class Hanging(Waiting):
            def on_stop(self):
                gevent.sleep(FOR_EVER)

        population = users(Hanging, Waiting)
        population.spawn_users({"Hanging": 2, "Waiting": 1})
        gevent.sleep(0)
        with gevent.Timeout(60):
            population.stop_all(0)
        assert population.counts() == {}
        assert "2 users were still in on_stop" in caplog.text

    def test_an_on_stop_under_way_when_the_drain_is_over_may_end(self, users):
        stopped = []

        class Slow(User):
            wait_time = constant(FOR_EVER)

            @task
            def work(self):
                gevent.sleep(0.05)

            def on_stop(self):
                gevent.sleep(0.3)
                stopped.append(self)

        population = users(Slow)
        population.spawn_users({"Slow": 1})
        gevent.sleep(0)
        population.stop_all(0.1)
        assert len(stopped) == 1

    def test_users_that_are_stopping_already_are_waited_for(self, users, clock):
        population = users(Busy, clock=clock)
        population.set_targets({"Busy": 2}, 0, 0)
        clock.advance(0)
        population.set_targets({"Busy": 0}, 0, 60)
        clock.advance(0)
        gevent.spawn_later(0.05, Busy.go.set)
        population.stop_all(5)
        assert population.counts() == {}


class TestLocustfilesCode:
    def test_a_constructor_that_raises_is_an_exception_of_the_test(self, users, clock, caplog):
        class Fragile(Waiting):
            made = 0

            def __init__(self, environment):
                super().__init__(environment)
                Fragile.made += 1
                if Fragile.made % 2:
                    raise ValueError("no licence left")

        population = users(Fragile, Waiting, clock=clock)
        errors = []
        population._environment.events.user_error.add_listener(
            lambda user_instance, exception, tb: errors.append((str(exception), tb is not None))
        )
        population.set_targets({"Fragile": 4, "Waiting": 2}, 0, 0)
        clock.advance(0)
        assert population.counts() == {"Fragile": 2, "Waiting": 2}
        assert errors == [("no licence left", True)] * 2
        assert "A user of class Fragile could not be created" in caplog.text
        assert population.spawn_one("Fragile") is None
        assert population.spawn_one("Fragile") is not None

    def test_a_constructor_that_blocks_does_not_outlive_its_target(self, users, clock):
        gate = Event()

        class Slow(Waiting):
            def __init__(self, environment):
                super().__init__(environment)
                gate.wait()

        population = users(Slow, clock=clock)
        population.set_targets({"Slow": 2}, 0, 0)
        clock.advance(0)
        population.set_targets({"Slow": 3}, 0, 0)
        clock.advance(0)
        gate.set()
        clock.advance(0)
        assert population.counts() == {"Slow": 3}

    def test_stop_test_in_a_constructor_ends_the_test(self, users, clock):
        class Abort(Waiting):
            def __init__(self, environment):
                raise StopTest("no target")

        population = users(Abort, clock=clock)
        population.set_targets({"Abort": 3}, 0, 0)
        clock.advance(0)
        assert population._environment.runner.reasons == ["no target"]
        assert population.counts() == {}

    def test_stop_test_in_a_task_ends_the_test(self, users, clock):
        class Abort(User):
            @task
            def abort(self):
                raise StopTest("sold out")

        population = users(Abort, clock=clock)
        population.spawn_users({"Abort": 1})
        clock.advance(0)
        assert population._environment.runner.reasons == ["sold out"]
        assert population.counts() == {}
