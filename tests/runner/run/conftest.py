"""What the tests of run/ share: a clock moved by hand, users of some habits, runners that end."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import gevent
import pytest
from gevent.event import Event

from katydid.compat.locust.env import Environment
from katydid.run.local import LocalRunner
from katydid.run.settings import RunSettings
from katydid.user import User, constant, task

WALL = 1_700_000_000.0
TURNS = 12  # of the hub: enough for what one woken greenlet sets off


class SteppedClock:
    """Greenlets that sleep wake when `advance` has come to their time; nothing else moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, int, Event]] = []
        self._number = count()

    def wall(self) -> float:
        return WALL + self.now - 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            gevent.sleep(0)
            return
        woken = Event()
        heapq.heappush(self._sleepers, (self.now + seconds, next(self._number), woken))
        woken.wait()

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        turn()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            self.now = max(self.now, due)
            woken.set()
            turn()
        self.now = end
        turn()


def turn() -> None:
    """Let the hub turn a few times; no time passes."""
    for _ in range(TURNS):
        gevent.sleep(0)


class Idler(User):
    """Waits for ever: it may be ended at any moment."""

    wait_time = constant(3600)

    @task
    def nothing(self) -> None:
        pass


class Clicker(User):
    """A sample of 20 ms every 20 ms, without a network."""

    wait_time = constant(0.02)
    time_ms = 20.0
    error: str | None = None

    @task
    def click(self) -> None:
        fire(self.environment, self.time_ms, self.error)


def fire(environment: Any, time_ms: float = 20.0, error: str | None = None) -> None:
    environment.events.request.fire(
        request_type="GET", name="/", response_time=time_ms, response_length=10, exception=error
    )


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


class Alarm:
    """Rings after `seconds`: as punctual as this process can be on a machine that is busy."""

    def __init__(self, seconds: float) -> None:
        gevent.sleep(0.001)  # the hub's idea of now is as old as its last turn
        self.began = time.monotonic()
        self.rang: float | None = None
        gevent.spawn_later(seconds, self._ring)

    def _ring(self) -> None:
        self.rang = time.monotonic()


@pytest.fixture
def alarm() -> Callable[[float], Alarm]:
    return Alarm


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let other greenlets run until `condition()`; at most `seconds`."""
        with gevent.Timeout(seconds, AssertionError("it did not happen in time")):
            while not condition():
                gevent.sleep(0.005)  # polls what another greenlet changes

    return wait


@pytest.fixture
def ended():
    """Runners and other things with `quit` that have to end with the test."""
    things: list[Any] = []
    yield things
    for thing in reversed(things):
        with gevent.Timeout(10, AssertionError(f"{thing} did not end")):
            thing.quit()


@pytest.fixture
def local(ended) -> Callable[..., LocalRunner]:
    """Makes a local runner: `local(Idler, clock=…, settings=…, **environment)`."""

    def make(*classes: type[User], clock: Any = None, **keywords: Any) -> LocalRunner:
        settings = keywords.pop("settings", RunSettings())
        environment = Environment(user_classes=list(classes), **keywords)
        runner = environment.create_local_runner(settings=settings)
        if clock is not None:
            runner.quit()
            environment.runner = runner = LocalRunner(environment, settings, clock)
        ended.append(runner)
        return runner

    return make


@pytest.fixture
def told() -> Callable[[Any], list[str]]:
    """Writes the life of a test down, event by event."""

    def listen(environment: Any) -> list[str]:
        names: list[str] = []
        for event in ("test_start", "spawning_complete", "test_stopping", "test_stop"):
            getattr(environment.events, event).add_listener(
                lambda event=event, **_: names.append(event)
            )
        return names

    return listen
