"""UsersDispatcher: Locust's public iterator over a ramp, in Locust's batches and order (LOCUST §6).

Embedding programs name it as `dispatcher_class` and iterate it themselves; our runners use
`placement` instead, which spreads spawn times. Unlike Locust's, a worker that joins or leaves
moves only the surplus, and `dispatch_in_progress` is true exactly while a ramp is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import cycle
from math import floor
from typing import Protocol

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.load.roster import Roster, by_host
from katydid.load.sequence import WeightedOrder


class WorkerNode(Protocol):
    """What is needed of a worker."""

    id: str


class UserClass(Protocol):
    """What is needed of a user class."""

    __name__: str
    weight: float
    fixed_count: int


class UsersDispatcher:
    """Iterates `{worker id: {class name: users}}`, one item per batch, sleeping in between.

    A batch is max(1, floor(spawn rate)) users and batches are batch ÷ rate seconds apart, the time
    that the consumer took included. Call `new_dispatch` before iterating.
    """

    def __init__(
        self,
        worker_nodes: Iterable[WorkerNode],
        user_classes: Iterable[UserClass],
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._clock = clock
        self._order = _DispatchOrder(user_classes)
        workers = by_host(node.id for node in worker_nodes)
        self._roster = Roster(self._order.names, workers)
        self._worker_cycle = cycle(workers)
        self._workers_changed = False
        self._target = 0
        self._batch = 1
        self._wait_seconds = 0.0
        self._ramp: Generator[dict[str, dict[str, int]], None, None] | None = None
        self.dispatch_in_progress = False
        self.dispatch_iteration_durations: list[float] = []
        """Seconds between handing out a batch and being asked for the next, of this ramp."""

    def new_dispatch(
        self,
        target_user_count: int,
        spawn_rate: float,
        user_classes: Iterable[UserClass] | None = None,
    ) -> None:
        """Ramp from the present users to `target_user_count` at `spawn_rate` users per second.

        Other `user_classes` than before start the order of classes anew; running users stay.
        """
        if user_classes is not None:
            order = _DispatchOrder(user_classes)
            if order.classes != self._order.classes:
                self._order = order
                for name in order.names:
                    self._roster.add_class(name)
        self._target = target_user_count
        self._batch = max(1, floor(spawn_rate))
        self._wait_seconds = self._batch / spawn_rate
        self.dispatch_iteration_durations.clear()
        self._ramp = self._batches()

    def get_current_user_count(self) -> int:
        """Users dispatched so far."""
        return len(self._roster)

    def add_worker(self, worker_node: WorkerNode) -> None:
        """A worker joins; the next item has its share of the surplus."""
        self._change_workers(add=worker_node.id)

    def remove_worker(self, worker_node: WorkerNode) -> None:
        """A worker left; the next item has its users on the others."""
        self._change_workers(remove=worker_node.id)

    def __iter__(self) -> UsersDispatcher:
        return self

    def __next__(self) -> dict[str, dict[str, int]]:
        if self._ramp is None:
            raise StopIteration
        return next(self._ramp)

    def _change_workers(self, add: str | None = None, remove: str | None = None) -> None:
        self._roster.change_workers([add] if add else [], [remove] if remove else [])
        workers = by_host(self._roster.workers)
        # The sort is stable: in turn, beginning with those that have fewest users.
        self._worker_cycle = cycle(sorted(workers, key=self._roster.load_of))
        self._workers_changed = True

    def _batches(self) -> Generator[dict[str, dict[str, int]], None, None]:
        self.dispatch_in_progress = True
        try:
            if self._workers_changed or len(self._roster) == self._target:
                self._workers_changed = False
                yield self._roster.counts()
            possible = True
            while possible and len(self._roster) != self._target:
                possible = self._next_batch()
                handed_out = self._clock.monotonic()
                yield self._roster.counts()
                seconds = self._clock.monotonic() - handed_out
                self.dispatch_iteration_durations.append(seconds)
                if self._workers_changed:
                    self._workers_changed = False
                    yield self._roster.counts()
                if possible and len(self._roster) != self._target:
                    self._clock.sleep(max(0.0, self._wait_seconds - seconds))
        finally:
            self.dispatch_in_progress = False

    def _next_batch(self) -> bool:
        """One batch up or down; False when no class can have one more user."""
        missing = self._target - len(self._roster)
        for _ in range(min(self._batch, abs(missing))):
            if missing < 0:
                self._roster.pop()
                self._order.users_left()
                continue
            name = self._order.next(self._roster.class_counts)
            if name is None:
                return False
            self._roster.push(name, next(self._worker_cycle, None))
        return True


class _DispatchOrder:
    """Locust's order: unlike `ClassSequence`, its weighted part never goes back.

    Fixed counts that are missing come first, in an order weighted by how many are missing when
    the round of them begins; a ramp-down in the middle of a round lets the round go on.
    """

    def __init__(self, user_classes: Iterable[UserClass]) -> None:
        self.classes = sorted(user_classes, key=lambda user_class: user_class.__name__)
        self.names = [user_class.__name__ for user_class in self.classes]
        self._fixed_counts = {c.__name__: c.fixed_count for c in self.classes if c.fixed_count > 0}
        self._weighted = WeightedOrder(
            {c.__name__: c.weight for c in self.classes if c.fixed_count <= 0}
        )
        self._round: WeightedOrder | None = None
        self._met: set[str] = set()  # classes that this round saw at their fixed count
        self._users_left = True

    def users_left(self) -> None:
        """Fixed counts may be missing again."""
        self._users_left = True

    def next(self, present: dict[str, int]) -> str | None:
        """The class of the next user, given the users that are there; None: there is none."""
        if self._users_left:
            self._users_left = False
            self._met.clear()
            self._round = self._round or self._round_of_missing(present)
        while self._round is not None:
            name = self._round.best()
            if name is None or self._met == self._round.names:
                self._round = None
                break
            self._round.give(name)
            if present[name] < self._fixed_counts[name]:
                return name
            self._met.add(name)
        best = self._weighted.best()
        if best is not None:
            self._weighted.give(best)
        return best

    def _round_of_missing(self, present: dict[str, int]) -> WeightedOrder:
        return WeightedOrder(
            {name: count - present[name] for name, count in self._fixed_counts.items()}
        )
