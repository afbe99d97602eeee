"""What generates load in one process: users, and the open model's pool.

The local runner has one of these; every worker is one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.environment import Environment
from katydid.run.control import named
from katydid.run.openmodel import IterationPool
from katydid.run.population import Population

logger = logging.getLogger(__name__)


class Node:
    """The load-generating half of a runner."""

    def __init__(self, environment: Environment, clock: Clock = SYSTEM_CLOCK):
        self._environment = environment
        self._clock = clock
        self.population = Population(environment, clock)
        self.pool: IterationPool | None = None

    def begin(self, classes: Sequence[tuple[str, float, int]], open_model: bool) -> None:
        """A test starts on this node: `classes` are (name, weight, fixed_count)."""
        if self._environment.host:  # an empty one leaves the classes' own hosts alone
            for user_class in self._environment.user_classes:
                user_class.host = self._environment.host
        self.pool = None
        if open_model:
            self._environment.stats.enable_service()
            self.pool = IterationPool(
                self.population, {name: weight for name, weight, _ in classes}, self._clock
            )
            self.pool.start()

    def set_targets(self, targets: Mapping[str, int], over_seconds: float) -> None:
        """Become `targets` users per class; surplus users drain."""
        known = self._environment.user_classes_by_name
        self.population.set_targets(
            {name: count for name, count in targets.items() if name in known},
            over_seconds,
            self.drain_seconds,
        )

    def schedule(self, base: float, offsets_us: bytes, max_users: int, wall_offset: float) -> None:
        """Iterations of the open model (see `IterationPool.schedule`)."""
        if self.pool is not None:
            self.pool.schedule(base, offsets_us, max_users, wall_offset)

    def take_dropped(self) -> int:
        """Iterations dropped since the last call."""
        return self.pool.take_dropped() if self.pool is not None else 0

    def take_spawned(self) -> dict[str, int]:
        """Users started since the last call, per class."""
        spawned = dict(self.population.spawned)
        self.population.spawned.clear()
        return spawned

    def stop_users(self, drain: float | None = None) -> None:
        """Stop everything; blocks until all users are gone. `drain` in seconds."""
        if self.pool is not None:
            self.pool.stop()
        self.population.stop_all(self.drain_seconds if drain is None else drain)

    @property
    def drain_seconds(self) -> float:
        return self._environment.stop_timeout or 0.0

    @property
    def settled(self) -> bool:
        return self.population.settled


def classes_of(environment: Environment) -> list[tuple[str, float, int]]:
    """(name, weight, fixed_count) of the user classes that take part."""
    return named(c for c in environment.user_classes if c.weight or c.fixed_count)
