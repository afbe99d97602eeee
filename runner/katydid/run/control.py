"""From a load to users: what the load asks for now, and who shall have them.

One `step` per second. The closed models move a ramp towards the profile's target and place the
users on the nodes; the open model cuts its schedule into windows and deals the iterations out.
The fleet (one local node, or the workers behind a master) carries it out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from katydid.clock import Clock
from katydid.errors import LocustfileError
from katydid.load.arrival import ArrivalSchedule
from katydid.load.placement import Placement
from katydid.load.profile import Profile, Ramp
from katydid.load.sequence import ClassSequence
from katydid.load.spec import ArrivalLoad, ConstantLoad, Load, ShapeLoad, StagedLoad
from katydid.user import LoadTestShape

logger = logging.getLogger(__name__)

WINDOW_LEAD_SECONDS = 0.3
"""Iterations are dealt out this long before they are due: a message takes its time."""


class Fleet(Protocol):
    """The nodes that run users."""

    def nodes(self) -> list[str]:
        """Ids of the nodes that take users, in the order in which they get them."""

    def assign(self, targets: Mapping[str, Mapping[str, int]], over_seconds: float) -> None:
        """Node → class → users, absolute."""

    def schedule(self, node: str, base: float, offsets_us: bytes, max_users: int) -> None:
        """Iterations for one node: `base` seconds since the epoch plus offsets in µs (u32)."""


class Control:
    """The position in a load and the placement of its users."""

    def __init__(
        self, classes: Sequence[tuple[str, float, int]], fleet: Fleet, clock: Clock
    ) -> None:
        self._fleet = fleet
        self._clock = clock
        self.load: Load | None = None
        self._shape: LoadTestShape | None = None
        self._profile: Profile | None = None
        self._arrivals: ArrivalSchedule | None = None
        self._ramp = Ramp()
        self._classes = list(classes)
        self._placement = Placement(_sequence(self._classes))
        self._zero = 0.0  # monotonic second at which the load began
        self._ramped_until = 0.0  # elapsed seconds up to which the ramp has advanced
        self._dealt_until = 0.0  # elapsed seconds up to which iterations are dealt out
        self.target_users = 0
        self.spawn_rate: float | None = None
        self._last: dict[str, dict[str, int]] = {}
        self._turn = 0  # the node that gets the next iteration
        self.dropped = 0  # iterations that no node was there to run

    @property
    def elapsed(self) -> float:
        """Seconds of load so far."""
        return max(0.0, self._clock.monotonic() - self._zero)

    @property
    def at_target(self) -> bool:
        """True when the ramp has reached what the load asks for now."""
        return self._arrivals is not None or self._ramp.users == self.target_users

    @property
    def open_model(self) -> bool:
        return self._arrivals is not None

    @property
    def rate(self) -> float | None:
        """Iterations per second that the open model aims at now."""
        return self._arrivals.rate_at(self.elapsed) if self._arrivals is not None else None

    def begin(self, load: Load, shape: LoadTestShape | None = None, elapsed: float = 0.0) -> None:
        """Start `load` now, or in its middle when `elapsed` is not 0."""
        self._zero = self._clock.monotonic() - elapsed
        self._ramped_until = self._dealt_until = elapsed
        self.change(load, shape)

    def change(self, load: Load, shape: LoadTestShape | None = None) -> None:
        """Go on with another load at the elapsed time; users there are stay."""
        self.load = load
        self._shape = shape if isinstance(load, ShapeLoad) else None
        self._profile = Profile(load) if isinstance(load, ConstantLoad | StagedLoad) else None
        self._arrivals = ArrivalSchedule(load) if isinstance(load, ArrivalLoad) else None

    def ends_at(self) -> float | None:
        """Elapsed second at which the load ends; None when only a stop ends it."""
        if self._profile is not None:
            return self._profile.duration_seconds
        return self._arrivals.duration_seconds if self._arrivals is not None else None

    def step(self, horizon: float) -> bool:
        """Bring the fleet to where the load is `horizon` seconds from now; False at its end."""
        elapsed = self.elapsed
        if self._arrivals is not None:
            return self._deal(self._arrivals, elapsed, horizon)
        wanted = self._wanted(elapsed)
        if wanted is None:
            return False
        self.target_users, self.spawn_rate = wanted
        until = max(self._ramped_until, elapsed + horizon)
        before = self._ramp.users
        users = self._ramp.advance(self.target_users, self.spawn_rate, until - self._ramped_until)
        self._ramped_until = until
        self._placement.resize(users)
        # The last users of a ramp come at its rate, too, not over what is left of the second.
        needed = abs(users - before) / self.spawn_rate if self.spawn_rate > 0 else 0.0
        self.place(min(horizon, needed))
        return True

    def place(self, over_seconds: float = 0.0) -> None:
        """Bring the placement up to the nodes there are and tell those whose share changed."""
        if self._arrivals is not None:
            return  # iterations are dealt out, users are not
        self._placement.set_workers(self._fleet.nodes())
        targets = self._placement.targets()
        changed = {node: share for node, share in targets.items() if share != self._last.get(node)}
        self._last = {node: dict(share) for node, share in targets.items()}
        if changed:
            self._fleet.assign(changed, over_seconds)

    def forget(self, node: str) -> None:
        """What `node` was told is void (it is new or came back): tell it again."""
        self._last.pop(node, None)

    def set_classes(self, classes: Sequence[tuple[str, float, int]]) -> None:
        """Other user classes from now on (a shape's third value)."""
        if list(classes) != self._classes:
            self._classes = list(classes)
            self._placement.set_sequence(_sequence(self._classes))

    def target_classes(self) -> dict[str, int]:
        """Users per class that the placement asks for now, all nodes together."""
        return self._placement.class_counts

    def dump(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {
            "elapsed": self.elapsed,
            "ramp": self._ramp.dump(),
            "placement": self._placement.dump(),
            "ramped_until": self._ramped_until,
        }

    def restore(self, state: Mapping[str, Any], elapsed: float) -> None:
        """Take up a dumped position; `elapsed` is now, the gap included."""
        self._zero = self._clock.monotonic() - elapsed
        self._ramp = Ramp.load(state["ramp"])
        self._placement = Placement.load(state["placement"])
        self._ramped_until = max(float(state["ramped_until"]), elapsed)
        self._dealt_until = elapsed

    def _wanted(self, elapsed: float) -> tuple[int, float] | None:
        if self._shape is not None:
            return self._ask_shape(self._shape)
        if self._profile is None:
            return None
        target = self._profile.at(elapsed, self._ramp.users)
        return None if target is None else (target.users, target.spawn_rate)

    def _ask_shape(self, shape: LoadTestShape) -> tuple[int, float] | None:
        try:
            answer = shape.tick()
            if answer is None:
                return None
            chosen: Sequence[Any] | None = answer[2] if len(answer) > 2 else None
            if chosen:
                self.set_classes(named(chosen))
            return int(answer[0]), float(answer[1])
        except Exception as error:  # the locustfile's code, and what it answered
            raise LocustfileError(f"The load shape failed: {error!r}.") from error

    def _deal(self, arrivals: ArrivalSchedule, elapsed: float, horizon: float) -> bool:
        if arrivals.duration_seconds is not None and elapsed >= arrivals.duration_seconds:
            return False
        until = elapsed + horizon + WINDOW_LEAD_SECONDS
        starts = arrivals.starts(self._dealt_until, until)
        nodes = self._fleet.nodes()
        self.target_users = arrivals.load.max_users
        base, self._dealt_until = self._dealt_until, until
        if not nodes:
            self.dropped += len(starts)
            return True
        offsets = ((starts - base) * 1e6).astype("<u4")
        wall = self._clock.wall() - elapsed + base
        share, rest = divmod(arrivals.load.max_users, len(nodes))
        taking = min(len(nodes), arrivals.load.max_users)  # a node without users takes none
        for index, node in enumerate(nodes):
            mine = (
                offsets[(index - self._turn) % taking :: taking] if index < taking else offsets[:0]
            )
            self._fleet.schedule(node, wall, mine.tobytes(), share + (index < rest))
        self._turn = (self._turn + len(starts)) % taking
        return True


def named(user_classes: Iterable[Any]) -> list[tuple[str, float, int]]:
    """(name, weight, fixed_count) of user classes: what placement needs to know of them."""
    return [(c.__name__, float(c.weight), int(c.fixed_count)) for c in user_classes]


def _sequence(classes: Sequence[tuple[str, float, int]]) -> ClassSequence:
    return ClassSequence(list(classes))


def describe_end(load: Load | None) -> str:
    """What has ended a load that is over, as a line of the log."""
    if isinstance(load, ShapeLoad):
        return "The load shape has ended, shutting down"
    if isinstance(load, StagedLoad):
        return "The last stage has ended, shutting down"
    return "--run-time limit reached, shutting down"


def describe(load: Load) -> str:
    """What begins, as a line of the log and a mark in the charts."""
    if isinstance(load, ConstantLoad):
        return f"Ramping to {load.users} users at a rate of {load.spawn_rate:.2f} per second"
    if isinstance(load, ShapeLoad):
        return "Shape test starting"
    if isinstance(load, ArrivalLoad):
        return f"Starting {load.rate:g} iterations per second with up to {load.max_users} users"
    return f"Starting a load of {len(load.stages)} stages"
