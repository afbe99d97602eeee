"""The open model on one node: due order, growth, drops, lateness, shares of the classes."""

from __future__ import annotations

from collections import Counter

import gevent
import numpy as np
import pytest
from gevent.event import Event

from katydid.environment import Environment
from katydid.run.openmodel import IterationPool
from katydid.run.population import Population
from katydid.user import User, task


class Buyer(User):
    """Notes when its iterations begin; each lasts until `go` is set."""

    log: list
    go: Event

    @task
    def buy(self):
        self.log.append((type(self).__name__, gevent.getcurrent().start_delay_ms))
        self.go.wait()


class Looker(Buyer):
    weight = 3


class Served:
    """A pool over a population, on a clock that is moved by hand."""

    def __init__(self, clock, *classes):
        Buyer.log, Buyer.go = [], Event()
        Buyer.go.set()
        self.clock = clock
        self.environment = Environment(user_classes=list(classes))
        self.population = Population(self.environment, clock)
        self.pool = IterationPool(self.population, {c.__name__: c.weight for c in classes}, clock)
        self.pool.start()

    def due(self, *offsets, max_users=10, wall_offset=0.0, base=0.0):
        encoded = (np.array(offsets) * 1e6).astype("<u4").tobytes()
        self.pool.schedule(self.clock.wall() + base + wall_offset, encoded, max_users, wall_offset)

    def quit(self):
        self.pool.stop()
        self.population.stop_all(0)
        assert len(self.population) == 0


@pytest.fixture
def serve(clock, ended):
    def make(*classes):
        served = Served(clock, *(classes or (Buyer,)))
        ended.append(served)
        return served

    return make


def test_iterations_begin_when_they_are_due_and_in_order(serve, clock):
    served = serve()
    served.due(0.0, 0.25, 0.5)
    begun = []
    for _ in range(7):
        clock.advance(0)
        begun.append(len(Buyer.log))
        clock.advance(0.1)
    assert begun == [1, 1, 1, 2, 2, 3, 3]
    assert [delay for _, delay in Buyer.log] == [0.0, 0.0, 0.0]
    assert len(served.population) == 1  # idle again each time
    assert (served.pool.started, served.pool.dropped) == (3, 0)


def test_the_next_window_goes_on_where_the_last_ended(serve, clock):
    served = serve()
    served.due(0.1, 0.2)
    clock.advance(0.05)
    served.due(0.25, 0.35)  # 0.3 and 0.4 after the start
    clock.advance(0.24)
    assert len(Buyer.log) == 2
    clock.advance(0.02)
    assert len(Buyer.log) == 3
    clock.advance(0.1)
    assert len(Buyer.log) == 4


def test_the_pool_grows_while_users_are_busy_and_then_drops(serve, clock):
    served = serve()
    Buyer.go.clear()
    served.due(*np.arange(8) / 10, max_users=5)
    clock.advance(1)
    assert len(served.population) == 5
    assert (served.pool.started, served.pool.dropped) == (5, 3)
    assert served.pool.take_dropped() == 3
    assert served.pool.take_dropped() == 0
    Buyer.go.set()
    served.due(0.0)
    clock.advance(0)
    assert (served.pool.started, served.pool.take_dropped()) == (6, 0)
    assert len(served.population) == 5


def test_a_lower_limit_ends_users_that_are_too_many(serve, clock):
    served = serve()
    Buyer.go.clear()
    served.due(*[0.0] * 6)
    clock.advance(0)
    assert len(served.population) == 6
    served.due(0.5, max_users=2)
    clock.advance(0)
    assert len(served.population) == 6  # each is in an iteration
    Buyer.go.set()
    clock.advance(0)
    assert len(served.population) == 2


def test_lateness_is_in_milliseconds_and_for_the_first_sample_only(serve, clock):
    class Late(User):
        @task
        def buy(self):
            record = self.environment.events.request.fire
            for name in ("first", "second"):
                record(request_type="", name=name, response_time=7.0, response_length=0)

    served = serve(Late)
    served.environment.stats.enable_service()
    served.due(0.0, base=-0.4)
    clock.advance(0)
    first, second = (served.environment.stats.get(name, "") for name in ("first", "second"))
    assert first.max_response_time == pytest.approx(407.0)
    assert first.service.max_response_time == pytest.approx(7.0)
    assert second.max_response_time == pytest.approx(7.0)


def test_a_slow_on_start_makes_the_first_iteration_late(serve, clock):
    class Slow(Buyer):
        def on_start(self):
            clock.sleep(0.3)

    served = serve(Slow)
    served.due(0.0)
    clock.advance(1)
    assert Buyer.log == [("Slow", pytest.approx(300.0))]


def test_times_of_a_master_whose_clock_is_ahead(serve, clock):
    served = serve()
    served.due(0.5, wall_offset=3600.0)
    clock.advance(0.49)
    assert Buyer.log == []
    clock.advance(0.02)
    assert Buyer.log == [("Buyer", pytest.approx(0.0, abs=1e-3))]


def test_classes_get_iterations_by_weight(serve, clock):
    served = serve(Buyer, Looker)
    served.due(*np.arange(400) / 1000, max_users=50)
    clock.advance(1)
    assert Counter(name for name, _ in Buyer.log) == {"Looker": 300, "Buyer": 100}


def test_a_full_pool_takes_an_idle_user_of_another_class(serve, clock):
    served = serve(Buyer, Looker)
    served.due(0.0, 0.1, 0.2, 0.3, max_users=1)
    clock.advance(1)
    assert len(Buyer.log) == 4
    assert len({name for name, _ in Buyer.log}) == 1
    assert served.pool.dropped == 0


def test_a_constructor_that_raises_drops_the_iteration_and_no_more(serve, clock):
    class Fragile(Buyer):
        broken = True

        def __init__(self, environment):
            if Fragile.broken:
                raise ValueError("no licence left")
            super().__init__(environment)

    served = serve(Fragile)
    served.due(0.0, 0.1)
    clock.advance(0.2)
    assert served.pool.take_dropped() == 2
    Fragile.broken = False
    served.due(0.0)
    clock.advance(0)
    assert len(Buyer.log) == 1


def test_an_on_start_that_raises_drops_the_iteration(serve, clock):
    class Fragile(Buyer):
        def on_start(self):
            raise ValueError("cannot log in")

    served = serve(Fragile)
    served.due(0.0, 0.1)
    clock.advance(0.2)
    assert len(served.population) == 0
    assert served.pool.take_dropped() == 2
    assert served.pool.started == 0


def test_a_stop_leaves_nothing_due_and_many_idle_users_end_at_once(serve, clock):
    served = serve()
    Buyer.go.clear()
    served.due(*[0.0] * 500, max_users=500)
    clock.advance(0)
    Buyer.go.set()
    clock.advance(0)
    served.due(0.5, 0.6)
    served.pool.stop()
    with gevent.Timeout(60):
        served.population.stop_all(0)
    clock.advance(2)
    assert len(Buyer.log) == 500
    assert len(served.population) == 0


def test_many_due_at_once_are_no_drops_when_users_are_quick(serve, clock):
    served = serve()
    served.due(*[0.0] * 50, max_users=4, base=-0.2)
    clock.advance(0)
    clock.advance(0)
    assert (len(Buyer.log), served.pool.dropped) == (50, 0)
    assert len(served.population) == 4


def test_a_stop_drops_what_is_overdue_and_forgets_what_is_not(serve):
    served = serve()
    served.due(0.0, 5.0)  # the pacer has had no turn yet
    served.pool.stop()
    assert served.pool.take_dropped() == 1
    assert served.pool.started == 0


@pytest.mark.parametrize("turns", range(8))
def test_a_stop_at_any_turn_counts_each_due_iteration_once(serve, turns):
    """At once: the last report is made of it."""
    served = serve()
    served.due(0.0, 0.0, 0.0, 0.0, max_users=1, base=-0.2)
    for _ in range(turns):
        gevent.sleep(0)
    served.pool.stop()
    assert served.pool.started + served.pool.dropped == 4
    for _ in range(8):
        gevent.sleep(0)
    assert served.pool.started + served.pool.dropped == 4
