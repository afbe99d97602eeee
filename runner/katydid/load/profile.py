"""How many users a load asks for at a moment, and how a number of users advances towards it.

`Profile` is a function of the elapsed time alone, so a resumed or edited test goes on where the
clock says it is. `Ramp` holds the one thing that has a memory: the users of now.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import floor, inf, isinf

from katydid.load.spec import ConstantLoad, Stage, StagedLoad

_ROUNDING = 1e-6  # users; sums of many small steps fall short by less


@dataclass(frozen=True)
class Target:
    """What a load asks for now."""

    users: int
    spawn_rate: float  # users per second towards it, up or down; 0: nothing to change


class Profile:
    """The users of a `ConstantLoad` or a `StagedLoad` over time."""

    def __init__(self, load: ConstantLoad | StagedLoad) -> None:
        self.load = load
        self._stages = load.stages if isinstance(load, StagedLoad) else ()
        self._ends = list(accumulate(stage.duration_seconds for stage in self._stages))
        self._reached = _users_at_stage_starts(self._stages)

    @property
    def duration_seconds(self) -> float | None:
        """When the load ends, in seconds from its start; None: never."""
        if isinstance(self.load, ConstantLoad):
            return self.load.run_time_seconds
        return self._ends[-1] if self._ends else 0.0

    def stage_at(self, elapsed: float) -> int | None:
        """Index of the stage at `elapsed` seconds; None at the end or without stages."""
        index = bisect_right(self._ends, max(0.0, elapsed))
        return index if index < len(self._stages) else None

    def at(self, elapsed: float, current: int | None = None) -> Target | None:
        """Target at `elapsed` seconds from the start of load; None: the load has ended.

        A stage without a spawn rate is reached exactly at its end: linearly from the users that
        the stages before it reach, or, where `current` (users of now) is given, from those over
        the rest of the stage, so that an edited or disturbed test arrives on time as well.
        """
        duration = self.duration_seconds
        if duration is not None and elapsed >= duration:
            return None
        if isinstance(self.load, ConstantLoad):
            return Target(self.load.users, self.load.spawn_rate)
        index = self.stage_at(elapsed)
        if index is None:
            return None
        stage = self._stages[index]
        if stage.spawn_rate is not None:
            return Target(stage.users, stage.spawn_rate)
        if current is None:
            change = abs(stage.users - self._reached[index])
            return Target(stage.users, change / stage.duration_seconds)
        rest = self._ends[index] - max(0.0, elapsed)
        change = abs(stage.users - current)
        return Target(stage.users, change / rest if rest > 0 else inf)


def _users_at_stage_starts(stages: tuple[Stage, ...]) -> list[float]:
    """Users that the stages before each stage reach: a slow one may miss its own target."""
    reached, users = [], 0.0
    for stage in stages:
        reached.append(users)
        change = stage.users - users
        if stage.spawn_rate is not None:
            possible = stage.spawn_rate * stage.duration_seconds
            change = max(-possible, min(possible, change))
        users += change
    return reached


class Ramp:
    """The users of now, advancing to a target at a rate.

    A token bucket that holds one user: the first comes at once, n more take n / rate seconds,
    however the time is sliced and however often the target is edited on the way.
    """

    def __init__(self, users: int = 0) -> None:
        self.users = users
        self._credit = 1.0

    def advance(self, target: int, rate: float, dt: float) -> int:
        """Users after `dt` more seconds at `rate` users per second towards `target`."""
        missing = abs(target - self.users)
        if isinf(rate):
            self.users = target
            return target
        self._credit += max(0.0, rate) * max(0.0, dt)
        change = min(missing, floor(self._credit + _ROUNDING))
        self.users += change if target > self.users else -change
        self._credit -= change
        if self.users == target:
            self._credit = min(1.0, self._credit)
        return self.users

    def jump(self, users: int) -> None:
        """`users` are there, whatever the rate: set from outside."""
        self.users = users

    def dump(self) -> dict[str, float]:
        """Plain values for the checkpoint; `load` takes them back."""
        return {"users": self.users, "credit": self._credit}

    @classmethod
    def load(cls, dumped: Mapping[str, float]) -> Ramp:
        """The ramp that `dump` described."""
        ramp = cls(int(dumped["users"]))
        ramp._credit = float(dumped["credit"])
        return ramp
