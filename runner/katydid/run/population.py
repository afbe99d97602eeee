"""The users of this node: started and stopped until they are as many as asked for.

Targets are absolute counts per class. A new target drops what is left of the one before, takes
surplus users away at once and spreads new users evenly over the time it is given, so that a
thousand users a second do not arrive as one clump. Nothing here decides how many users there
should be; `run.control` does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import gevent
from gevent import Greenlet
from gevent.pool import Group

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.errors import StopTest
from katydid.user import User
from katydid.user.task import WAITING

logger = logging.getLogger(__name__)

ON_STOP_SECONDS = 10.0
"""How long on_stop may take after the stop timeout before the user is abandoned."""

NextIteration = Callable[[User], float]


class UserGroup(Group):
    """A gevent Group that knows the user of each greenlet and counts them per class."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[Greenlet[..., Any], User] = {}
        self.counts: dict[str, int] = {}

    def enter(self, user: User, greenlet: Greenlet[..., Any]) -> None:
        """Count `user`, whose greenlet is already in the group."""
        self.users[greenlet] = user
        name = type(user).__name__
        self.counts[name] = self.counts.get(name, 0) + 1

    def _discard(self, greenlet: Greenlet[..., Any]) -> None:  # gevent calls it
        user = self.users.pop(greenlet, None)
        if user is not None:
            self.counts[type(user).__name__] -= 1
        super()._discard(greenlet)  # type: ignore[misc]  # private, but how a Group forgets


class Population:
    """Starts and stops users. All methods run in the hub's thread."""

    def __init__(self, environment: Environment, clock: Clock = SYSTEM_CLOCK) -> None:
        self._environment = environment
        self._clock = clock
        self.group = UserGroup()
        self.targets: dict[str, int] = {}  # newest target
        self.spawned: dict[str, int] = {}  # users started since the test began, per class
        self.next_iteration: NextIteration | None = None  # set while the open model runs
        self.on_settled: Callable[[], None] = lambda: None  # a target is reached
        self._ramp: Greenlet[..., Any] | None = None
        self._epoch = 0  # a ramp whose epoch is over stops at its next user
        self._stopping: set[Greenlet[..., Any]] = set()

    def counts(self) -> dict[str, int]:
        """Users per class that have not ended, including those that are stopping."""
        return {name: count for name, count in self.group.counts.items() if count}

    def __len__(self) -> int:
        return len(self.group)

    @property
    def settled(self) -> bool:
        """True when no user is still to be started for the newest target, nor to end."""
        return not self._stopping and (self._ramp is None or self._ramp.dead)

    def set_targets(self, targets: Mapping[str, int], over_seconds: float, drain: float) -> None:
        """Become `targets` users per class. Returns at once.

        New users are spread over `over_seconds`; surplus ones get `drain` seconds to finish.
        """
        self._epoch += 1
        self.targets = dict(targets)
        active = self._active_counts()
        missing = {n: t - active.get(n, 0) for n, t in targets.items() if t > active.get(n, 0)}
        surplus = {
            n: count - targets.get(n, 0) for n, count in active.items() if count > targets.get(n, 0)
        }
        if surplus:
            gevent.spawn(self._retire, self._claim(surplus), drain)
        if missing:
            self._ramp = gevent.spawn(self._spawn_spread, self._epoch, missing, over_seconds)
        else:
            self._ramp = None

    def spawn_users(self, counts: Mapping[str, int]) -> list[User]:
        """Start users at once; returns them."""
        return [self._begin(self._create(name)) for name in _interleaved(counts)]

    def spawn_one(self, name: str) -> User | None:
        """Start one user of the class called `name`; None when its constructor failed."""
        try:
            return self._begin(self._create(name))
        except StopTest as stop:
            self._environment.stop_test(stop)
        except Exception as error:  # noqa: BLE001 - the constructor is the locustfile's code
            self._report_creation(name, error)
        return None

    def stop_users(self, counts: Mapping[str, int], drain: float) -> None:
        """Stop so many users of each class, waiting ones first; blocks until they are gone."""
        self._stop(self._claim(counts), drain)

    def stop_surplus(self, limit: int, drain: float) -> None:
        """Stop users, waiting ones first, until no more than `limit` are left; returns at once."""
        active = sorted(self._active(), key=_busy)
        chosen = active[: max(0, len(active) - limit)]
        if chosen:
            self._stopping.update(greenlet for greenlet, _ in chosen)
            gevent.spawn(self._stop, chosen, drain)

    def stop_all(self, drain: float) -> None:
        """Stop every user and drop the ramp; blocks until they are gone."""
        self._epoch += 1
        ramp, self._ramp = self._ramp, None
        if ramp is not None and ramp is not gevent.getcurrent():
            ramp.kill(block=True, timeout=1.0)
        # Without a drain those that are draining already are ended too.
        self._stop(list(self._active() if drain > 0 else self.group.users.items()), drain)
        earlier = list(self._stopping)
        if earlier:
            gevent.joinall(earlier, timeout=drain + ON_STOP_SECONDS)

    def _active(self) -> list[tuple[Greenlet[..., Any], User]]:
        return [pair for pair in self.group.users.items() if pair[0] not in self._stopping]

    def _claim(self, counts: Mapping[str, int]) -> list[tuple[Greenlet[..., Any], User]]:
        """Choose so many users of each class to stop; from now on they count as stopping."""
        chosen: list[tuple[Greenlet[..., Any], User]] = []
        for name, count in counts.items():
            running = [pair for pair in self._active() if type(pair[1]).__name__ == name]
            chosen += sorted(running, key=_busy)[:count]
        self._stopping.update(greenlet for greenlet, _ in chosen)
        return chosen

    def _active_counts(self) -> dict[str, int]:
        counts: dict[str, int] = dict(self.group.counts)
        for greenlet in self._stopping:
            user = self.group.users.get(greenlet)
            if user is not None:
                counts[type(user).__name__] -= 1
        return counts

    def _create(self, name: str) -> User:
        return self._environment.user_classes_by_name[name](self._environment)

    def _begin(self, user: User) -> User:
        self.group.enter(user, user.start(self.group, self.next_iteration))
        name = type(user).__name__
        self.spawned[name] = self.spawned.get(name, 0) + 1
        return user

    def _report_creation(self, name: str, error: Exception) -> None:
        """Count it as an exception of the test; there is no user to tell of."""
        self._environment.events.user_error.fire(
            user_instance=None, exception=error, tb=error.__traceback__
        )
        logger.error("A user of class %s could not be created", name, exc_info=error)

    def _spawn_spread(self, epoch: int, missing: Mapping[str, int], over_seconds: float) -> None:
        names = _interleaved(missing)
        started = self._clock.monotonic()
        pace = over_seconds / len(names)
        for done, name in enumerate(names):
            ahead = done * pace - (self._clock.monotonic() - started)
            if ahead > 0:
                self._clock.sleep(ahead)
            elif done % 64 == 63:
                self._clock.sleep(0)  # a burst lets the users it started send their first request
            if epoch != self._epoch:
                return
            try:
                user = self._create(name)
                if epoch != self._epoch:  # the constructor blocked, and others decide by now
                    return
                self._begin(user)
            except StopTest as stop:
                self._environment.stop_test(stop)
                return
            except Exception as error:  # noqa: BLE001 - as in spawn_one
                self._report_creation(name, error)
        self._ramp = None
        self._tell_settled()

    def _retire(self, chosen: list[tuple[Greenlet[..., Any], User]], drain: float) -> None:
        self._stop(chosen, drain)
        self._tell_settled()

    def _tell_settled(self) -> None:
        if self.settled:
            self.on_settled()

    def _stop(self, chosen: list[tuple[Greenlet[..., Any], User]], drain: float) -> None:
        if not chosen:
            return
        greenlets = [greenlet for greenlet, _ in chosen]
        self._stopping.update(greenlets)
        try:
            flagged = [pair for pair in chosen if not pair[1].begin_stop(force=drain <= 0)]
            if flagged:
                gevent.joinall([greenlet for greenlet, _ in flagged], timeout=drain)
                for greenlet, user in flagged:
                    if not greenlet.dead:
                        user.begin_stop(force=True)
            gevent.joinall(greenlets, timeout=ON_STOP_SECONDS)
            left = [greenlet for greenlet in greenlets if not greenlet.dead]
            if left:
                logger.warning(
                    "%d users were still in on_stop %g s after they were told to stop; "
                    "they are ended without it",
                    len(left),
                    drain + ON_STOP_SECONDS,
                )
                gevent.killall(left, block=False)
                gevent.joinall(left, timeout=1.0)
        finally:
            self._stopping.difference_update(greenlets)


def _busy(pair: tuple[Greenlet[..., Any], User]) -> bool:
    return pair[1]._state is not WAITING


def _interleaved(counts: Mapping[str, int]) -> list[str]:
    """Class names, each as often as asked for, mixed so that no class comes all at the end."""
    total = sum(counts.values())
    due = [
        ((index + 0.5) * total / count, name)
        for name, count in sorted(counts.items())
        for index in range(count)
    ]
    return [name for _, name in sorted(due)]
