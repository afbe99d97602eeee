"""User: the base of everything that generates load, and its life cycle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, final

import gevent
from gevent import GreenletExit
from gevent.pool import Group

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.errors import LocustError, StopTest, StopUser
from katydid.events import CONTROL_FLOW
from katydid.user.environment_view import UserEnvironment
from katydid.user.greenlet import UserGreenlet
from katydid.user.task import (
    RUNNING,
    STOPPING,
    TASK_ERRORS,
    WAITING,
    DefaultTaskSet,
    TaskSet,
    UserState,
    collect_tasks,
    report_user_error,
)
from katydid.user.wait_time import constant

logger = logging.getLogger(__name__)

NextIteration = Callable[["User"], float]
"""Blocks until an iteration of the open model is due; milliseconds it starts late, ≥ 0."""


class NoClientWarningRaiser:
    """The `client` of a User without one: any use of it says what to inherit from."""

    def __getattr__(self, name: str) -> NoReturn:
        raise LocustError("No client instantiated. Did you intend to inherit from HttpUser?")


class UserMeta(type):
    """Expands the task weights of a User class and makes it concrete unless it says otherwise."""

    def __new__(mcs, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> UserMeta:
        members["tasks"] = collect_tasks(bases, members)
        members.setdefault("abstract", False)
        return super().__new__(mcs, name, bases, members)


class User(metaclass=UserMeta):
    """One simulated user. Subclass it, give it tasks, and a client for what it talks to."""

    host: str | None = None  # base address of the system under test
    wait_time: Any = constant(0)  # a method that gives seconds to rest between tasks
    tasks: Any = []  # list, list of (task, weight) or dict when written; a flat list once made
    weight: float = 1  # share of users; 0: the class is not used
    fixed_count: int = 0  # exactly so many users, spawned first; beats weight
    abstract: ClassVar[bool] = True  # no users are made of this very class
    min_wait: float | None = None  # deprecated, milliseconds
    max_wait: float | None = None  # deprecated, milliseconds
    wait_function: Any = None  # deprecated, a method that gives milliseconds
    client: Any = NoClientWarningRaiser()

    _state: UserState | None = None
    _ending = False  # whether on_stop has begun: whoever stops the user now only waits
    _resting = False  # whether it may be ended at this very point without cutting into a task
    _greenlet: UserGreenlet | None = None
    _group: Group | None = None
    _taskset_instance: TaskSet | None = None
    _clock: Clock = SYSTEM_CLOCK

    def __init__(self, environment: UserEnvironment) -> None:
        self.environment = environment
        self._cp_last_run = self._clock.monotonic()  # of constant_pacing

    def on_start(self) -> None:
        """Called when the user starts; an error here ends the user."""

    def on_stop(self) -> None:
        """Called when the user stops, killed ones included."""

    def context(self) -> dict[str, Any]:
        """What every request of this user tells the listeners of events.request."""
        return {}

    def wait(self) -> None:
        """Rest for `wait_time()` seconds inside a task. A user that is stopped meanwhile ends."""
        assert self._taskset_instance is not None, "wait() needs a running user"
        self._taskset_instance.wait()

    @final
    def run(self) -> None:
        """Live: on_start, tasks until stopped, on_stop. Called in the user's greenlet."""
        self._live(None)

    def start(self, group: Group, next_iteration: NextIteration | None = None) -> UserGreenlet:
        """Start the user in a greenlet of `group`.

        With `next_iteration` (the open model) each call of it starts one root task without a
        wait. Returns the greenlet.
        """
        if not hasattr(self, "environment"):
            raise AssertionError(
                f"Attribute 'environment' is missing on user {type(self).__name__}. Perhaps you "
                f"defined your own __init__ and forgot to call super().__init__(environment)?"
            )
        self._group = group
        self._greenlet = UserGreenlet(_run_user, self, next_iteration)
        group.start(self._greenlet)  # type: ignore[arg-type]  # the stub's Greenlet is invariant
        return self._greenlet

    def stop(self, force: bool = False) -> bool:
        """Stop the user: at once if it waits or `force`, else after its task.

        Returns whether it was killed; then its on_stop has run by the time this returns.
        """
        killed = self.begin_stop(force)
        greenlet = self._greenlet
        if killed and greenlet is not None and greenlet is not gevent.getcurrent():
            greenlet.join()
        return killed

    def begin_stop(self, force: bool = False) -> bool:
        """As `stop`, without waiting for the end: thousands can be stopped in one go."""
        greenlet = self._greenlet
        if greenlet is None:
            return True  # never started: nothing lives
        if self._ending:
            return False
        if force or self._state is None:
            if greenlet is gevent.getcurrent():
                raise GreenletExit
            greenlet.kill(block=False)
            return True
        was_resting = self._state is WAITING
        self._state = STOPPING
        if was_resting:
            gevent.get_hub().loop.run_callback(self._cut_rest_short, greenlet)
        return was_resting

    def _cut_rest_short(self, greenlet: UserGreenlet) -> None:
        """In the hub: end the user unless it woke up by itself; its on_stop must not be hit."""
        if self._resting and not greenlet.dead:
            greenlet.throw(GreenletExit)

    @property
    def group(self) -> Group | None:
        """The group that the user was started in."""
        return self._group

    @property
    def greenlet(self) -> UserGreenlet | None:
        """The greenlet that the user lives in."""
        return self._greenlet

    @classmethod
    def json(cls) -> dict[str, Any]:
        """What the class picker shows of this class, and may change."""
        return {
            "host": cls.host,
            "weight": cls.weight,
            "fixed_count": cls.fixed_count,
            "tasks": [task.__name__ for task in cls.tasks],
        }

    @classmethod
    def fullname(cls) -> str:
        """Module and qualified name, without the marks of local scopes."""
        parts = f"{cls.__module__}.{cls.__qualname__}".split(".")
        return ".".join(part for part in parts if part != "<locals>")

    def _live(self, next_iteration: NextIteration | None) -> None:
        """The whole life. The states it passes through are those of `UserState`."""
        self._state = RUNNING
        taskset = self._taskset_instance = DefaultTaskSet(self)
        try:
            if not self._has_begun():
                return
            if next_iteration is None:
                taskset.run()
            else:
                self._run_iterations(taskset, next_iteration)
        except (GreenletExit, StopUser):
            self._end()
        except StopTest as stop:
            self._end()
            self.environment.stop_test(stop)
        except TASK_ERRORS:
            # reported where it happened; a test that catches errors goes on without this user
            if not self.environment.catch_exceptions:
                raise
        finally:
            self._close()

    def _close(self) -> None:
        """Give up connections at the end of the life: the garbage collector comes late."""

    def _has_begun(self) -> bool:
        """Call on_start; False: it failed, was reported, and the user must not run."""
        try:
            self.on_start()
        except CONTROL_FLOW:
            raise
        except TASK_ERRORS as error:
            report_user_error(self, error)
            if not self.environment.catch_exceptions:
                raise
            return False
        return True

    def _run_iterations(self, taskset: DefaultTaskSet, next_iteration: NextIteration) -> None:
        greenlet = self._greenlet
        assert greenlet is not None
        while True:
            if self._state is STOPPING:
                raise StopUser
            self._state = WAITING
            self._resting = True
            delay_ms = next_iteration(self)
            self._resting = False
            if self._state is STOPPING:
                raise StopUser
            self._state = RUNNING
            greenlet.start_delay_ms = delay_ms
            taskset.run_once()

    def _end(self) -> None:
        self._state = STOPPING
        self._ending = True
        self._resting = False
        try:
            self.on_stop()
        except CONTROL_FLOW as error:
            if isinstance(error, StopTest):
                self.environment.stop_test(error)
        except TASK_ERRORS as error:  # boundary: on_stop is user code
            report_user_error(self, error)


def _run_user(user: User, next_iteration: NextIteration | None) -> None:
    user._live(next_iteration)
