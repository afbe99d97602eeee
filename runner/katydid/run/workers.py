"""What the master knows of its workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from katydid.run.saturation import ProcessSaturation
from katydid.run.states import State

ACTIVE = frozenset(
    {State.READY, State.SPAWNING, State.RUNNING, State.STALLED, State.STOPPING, State.CLEANUP}
)
"""States in which a worker counts as present."""

TREND_BEATS = 60


@dataclass
class WorkerNode:
    """One worker, the same over all its incarnations. Locust's names where it has them."""

    id: str
    index: int
    identity: str  # of the socket of its present incarnation
    incarnation: int
    saturation: ProcessSaturation
    version: str = ""
    state: State = State.READY
    user_classes_count: dict[str, int] = field(default_factory=dict)
    cpu_usage: float = 0.0  # per cent of one core
    memory_usage: int = 0  # bytes
    loop_lag_ms: float = 0.0
    cpu_trend: deque[float] = field(default_factory=lambda: deque(maxlen=TREND_BEATS))
    hub_age_seconds: float = 0.0
    last_beat: float = 0.0  # monotonic
    lost_at: float | None = None  # seconds since the epoch
    leaving: bool = False  # it said that it will go: it gets no users
    awaited: bool = False  # a master that came back keeps its users for it
    owed_number: int = 0  # what it said to have for a master that came back: its last report
    settled_number: int = 0  # newest Targets it has reached
    targets_number: int = 0  # newest Targets it was told
    stopped_at_number: int | None = None  # its last report of the test, once it has stopped
    was_stalled: bool = False

    @property
    def user_count(self) -> int:
        return sum(self.user_classes_count.values())

    @property
    def active(self) -> bool:
        """True while it answers."""
        return self.state in ACTIVE

    @property
    def takes_users(self) -> bool:
        return (self.active or self.awaited) and not self.leaving


class WorkerNodes(Mapping[str, WorkerNode]):
    """Workers by id, under the names of Locust's `runner.clients`."""

    def __init__(self) -> None:
        self._nodes: dict[str, WorkerNode] = {}
        self._identities: dict[str, WorkerNode] = {}

    def __getitem__(self, worker: str) -> WorkerNode:
        return self._nodes[worker]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._nodes))

    def __len__(self) -> int:
        return len(self._nodes)

    def add(self, node: WorkerNode) -> None:
        """Know `node`, by its id and by its socket."""
        self._nodes[node.id] = node
        self._identities[node.identity] = node

    def move(self, node: WorkerNode, identity: str) -> None:
        """`node` speaks from another socket now: a new incarnation."""
        self._identities.pop(node.identity, None)
        node.identity = identity
        self._identities[identity] = node

    def by_identity(self, identity: str) -> WorkerNode | None:
        """The worker behind a socket; its heartbeat has one of its own."""
        return self._identities.get(identity.removesuffix("/hb"))

    def by_state(self, *states: State) -> list[WorkerNode]:
        return [node for node in self._nodes.values() if node.state in states]

    @property
    def all(self) -> list[WorkerNode]:
        return list(self._nodes.values())

    @property
    def ready(self) -> list[WorkerNode]:
        return self.by_state(State.READY)

    @property
    def spawning(self) -> list[WorkerNode]:
        return self.by_state(State.SPAWNING)

    @property
    def running(self) -> list[WorkerNode]:
        return self.by_state(State.RUNNING, State.STALLED)

    @property
    def missing(self) -> list[WorkerNode]:
        return self.by_state(State.MISSING)

    @property
    def awaited(self) -> list[WorkerNode]:
        """Workers that a master which came back has not heard of yet."""
        return [node for node in self._nodes.values() if node.awaited]

    @property
    def active(self) -> list[WorkerNode]:
        """Workers that answer, by index."""
        return sorted((n for n in self._nodes.values() if n.active), key=lambda n: n.index)
