"""The open model on one node: iterations start when they are due, whatever the target does.

The master says when (absolute times of the common clock); this pool finds each due iteration an
idle user, starts another user while the pool may grow, and counts the iteration as dropped when
it may not. How late an iteration starts is handed to the user with it and is added to the first
sample, so that a stall of the target shows in the percentiles instead of vanishing from them.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any

import gevent
import numpy as np
from gevent.event import AsyncResult, Event

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.load.sequence import ClassSequence
from katydid.run.population import Population
from katydid.user import User

ITERATION_SECONDS = 60.0
"""How long a user that is one too many may take for the iteration it is in."""


class IterationPool:
    """Hands due iterations to idle users."""

    def __init__(
        self, population: Population, weights: Mapping[str, float], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._population = population
        # Iterations are dealt by weight; a fixed count says nothing about them.
        self._sequence = ClassSequence([(n, w or 1.0, 0) for n, w in weights.items()])
        self._fallback = next(iter(weights))
        self._clock = clock
        self._due: deque[float] = deque()  # intended starts, monotonic seconds, ascending
        # Users that wait, longest first: all of them may be taken out at a stop, in any order.
        self._idle: dict[str, OrderedDict[User, AsyncResult[float]]] = {}
        self._assigned: dict[User, float] = {}  # first iteration of users that are starting
        self._max_users = 0
        self._untried = False  # users got iterations and had no turn to run them yet
        self._wake = Event()
        self._pacer: gevent.Greenlet[..., Any] | None = None
        self.started = 0
        self.dropped = 0

    def start(self) -> None:
        """Begin to serve; users started from now on take iterations from here."""
        self._population.next_iteration = self.next_iteration
        self._pacer = gevent.spawn(self._run)

    def stop(self) -> None:
        """Start no further iteration; those that are overdue are dropped.

        Users that wait for one are stopped by the population.
        """
        now = self._clock.monotonic()
        self.dropped += sum(intended <= now for intended in self._due)
        self._due.clear()
        if self._pacer is not None:
            self._pacer.kill(block=False)
            self._pacer = None
        self._population.next_iteration = None

    def schedule(self, base: float, offsets_us: bytes, max_users: int, wall_offset: float) -> None:
        """Add iterations due at `base` + offsets (µs, u32); `base` is on the master's clock.

        `wall_offset` is the master's clock minus ours, in seconds. Users above `max_users` stop,
        idle ones first; those that run may finish their iteration.
        """
        self._max_users = max_users
        if len(self._population) > max_users:
            self._population.stop_surplus(max_users, ITERATION_SECONDS)
        start = self._clock.monotonic() + (base - wall_offset - self._clock.wall())
        self._due.extend((start + np.frombuffer(offsets_us, dtype="<u4") / 1e6).tolist())
        self._wake.set()

    def take_dropped(self) -> int:
        """Iterations dropped since the last call."""
        for user in [u for u in self._assigned if u.greenlet is None or u.greenlet.dead]:
            del self._assigned[user]  # it failed in on_start
            self.started -= 1
            self.dropped += 1
        dropped, self.dropped = self.dropped, 0
        return dropped

    def next_iteration(self, user: User) -> float:
        """Block until `user` has an iteration to run; returns how late it starts, ms."""
        intended = self._assigned.pop(user, None)
        if intended is None:
            waiter: AsyncResult[float] = AsyncResult()
            idle = self._idle.setdefault(type(user).__name__, OrderedDict())
            idle[user] = waiter
            try:
                intended = waiter.get()
            except BaseException:
                if waiter.ready():  # killed after it was handed one, before its turn came
                    self.started -= 1
                    self.dropped += 1
                raise
            finally:
                idle.pop(user, None)  # still there when it is killed while it waits
            assert intended is not None  # it is a time that `_begin` set
        return max(0.0, (self._clock.monotonic() - intended) * 1000)

    def _run(self) -> None:
        while True:
            if not self._due:
                self._wake.clear()
                self._wake.wait()
                continue
            ahead = self._due[0] - self._clock.monotonic()
            if ahead > 0:
                self._clock.sleep(ahead)
                self._untried = False
                continue
            # It stays in line until it is decided, which may take a turn: a stop drops it there.
            self._begin(self._due[0])
            if self._due:
                self._due.popleft()

    def _begin(self, intended: float) -> None:
        name = self._sequence.next() or self._fallback
        waiter = self._take_idle(name)
        if waiter is None and len(self._population) < self._max_users:
            self._begin_with_new_user(name, intended)
            return
        waiter = waiter or self._take_any_idle()
        if waiter is None and self._untried:
            # We are late and have many due at once: some users need but a turn to be done.
            self._clock.sleep(0)
            if self._pacer is None:
                return  # stopped meanwhile, and dropped by that
            self._untried = False
            waiter = self._take_any_idle()
        if waiter is None:
            self.dropped += 1
            return
        self._hand(waiter, intended)

    def _hand(self, waiter: AsyncResult[float], intended: float) -> None:
        self.started += 1
        self._untried = True
        waiter.set(intended)

    def _begin_with_new_user(self, name: str, intended: float) -> None:
        user = self._population.spawn_one(name)
        if user is None:
            self.dropped += 1
            return
        self._assigned[user] = intended
        self.started += 1
        self._untried = True

    def _take_idle(self, name: str) -> AsyncResult[float] | None:
        idle = self._idle.get(name)
        return idle.popitem(last=False)[1] if idle else None

    def _take_any_idle(self) -> AsyncResult[float] | None:
        return next((self._take_idle(name) for name, idle in self._idle.items() if idle), None)
