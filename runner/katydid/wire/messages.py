"""The messages of master and worker: what they say, not how they travel.

Every message is a frozen dataclass; `wire.codec` turns it into frames and back. Protocol:

    worker                                master
    Hello ──────────────────────────────► checks protocol, engine, incarnation
                                        ◄ Welcome (applied: last report merged) | Refuse
    [SourceRequest ─────────────────────► Source]
                                        ◄ Start, Targets (absolute) | Arrivals (per second)
    Report 1, 2, 3 … ───────────────────► Ack(applied, durable)      numbered per incarnation
    Settled (targets reached) ──────────► SpawningComplete when all have
    Beat (native thread, own socket) ───► BeatReply
                                        ◄ Stop ; Stopped(last_number) ──► ; Quit
    Bye (leaves by itself) ─────────────►

Reports are deltas. A worker keeps each until it is durable and sends again what came after
`applied` when it (re)connects; the master merges a report only when its number is the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from katydid.stats.delta import StatsDelta

PROTOCOL = 1
"""Raised when a message changes its meaning; master and workers must agree."""


@dataclass(frozen=True)
class Hello:
    """First words of a worker, on every (re)connection."""

    protocol: int
    engine: str  # katydid.__version__
    worker: str  # stable id: pod index or <host>_<hex>
    incarnation: int  # start of the process, µs since the epoch; grows when a worker is replaced
    state: str
    run: str | None  # the run whose load it carries or whose reports it still holds
    first_number: int  # oldest report it still holds, 0: none
    last_number: int  # newest report it made, 0: none
    wall: float  # its clock when this was sent, seconds since the epoch
    pid: int = 0
    hostname: str = ""


@dataclass(frozen=True)
class Welcome:
    """The worker is part of the test."""

    index: int  # stable per worker id
    run: str
    run_known: bool  # False: the master does not know the worker's run; its reports are void
    applied: int  # last report of this incarnation that is merged
    durable: int  # last report that is in the checkpoint (equal to applied without one)
    wall: float  # master's clock when this was sent
    hello_wall: float  # echo of Hello.wall, for the clock offset


@dataclass(frozen=True)
class Refuse:
    """The worker must leave; the sentence says why."""

    reason: str


@dataclass(frozen=True)
class Resync:
    """The master cannot place what the worker sent: the worker shall say Hello again."""


@dataclass(frozen=True)
class SourceRequest:
    """A worker without the locustfile asks for it."""


@dataclass(frozen=True)
class Source:
    """The locustfile with its sibling modules."""

    entrypoints: tuple[str, ...]  # relative paths of the locustfiles
    files: dict[str, bytes]  # relative path → content
    error: str = ""


@dataclass(frozen=True)
class Start:
    """A test begins: statistics are cleared, test_start fires."""

    run: str
    host: str | None
    stop_timeout: float  # seconds
    options: dict[str, Any]  # parsed options that locustfiles may read
    user_classes: tuple[str, ...]
    open_model: bool = False
    resumed: bool = False  # True: the master came back; a worker already in this run goes on


@dataclass(frozen=True)
class Targets:
    """How many users of each class the worker shall have: absolute, the newest wins."""

    number: int  # grows; an older one is dropped
    users: dict[str, int]
    over_seconds: float  # new users are spread evenly over this time


@dataclass(frozen=True)
class Arrivals:
    """Iterations of the open model that the worker shall start."""

    base: float  # seconds since the epoch, the master's clock
    offsets_us: bytes  # little-endian u32: intended starts, µs after base, ascending
    max_users: int  # the worker's share of the pool


@dataclass(frozen=True)
class Settled:
    """The worker has the users of `Targets.number`."""

    number: int
    users: dict[str, int]


@dataclass(frozen=True)
class SpawningComplete:
    """All workers have settled."""

    user_count: int


@dataclass(frozen=True)
class Report:
    """What happened on a worker since its last report."""

    number: int  # 1, 2, 3 … per incarnation
    run: str
    state: str
    users: dict[str, int]  # now, per class
    delta: StatsDelta
    exceptions: tuple[tuple[str, str, int], ...] = ()  # message, traceback, count
    dropped_iterations: int = 0
    extra: dict[str, Any] = field(default_factory=dict)  # filled by report_to_master listeners
    spawned: dict[str, int] = field(default_factory=dict)  # users started, per class
    exception_types: dict[str, int] = field(default_factory=dict)  # class → users' exceptions


@dataclass(frozen=True)
class Ack:
    """What the master has of this worker's reports."""

    applied: int
    durable: int


@dataclass(frozen=True)
class Beat:
    """Alive; sent by the native thread."""

    incarnation: int
    state: str
    users: int
    cpu_percent: float
    memory_bytes: int
    loop_lag_ms: float  # the worst since the last beat
    hub_age_seconds: float  # since the hub last ticked
    wall: float


@dataclass(frozen=True)
class BeatReply:
    """The master heard the beat."""

    wall: float  # master's clock
    run: str


@dataclass(frozen=True)
class Stop:
    """Stop all users, deliver everything, stay."""


@dataclass(frozen=True)
class Stopped:
    """All users have stopped; `last_number` is the last report of this run."""

    last_number: int


@dataclass(frozen=True)
class Quit:
    """Stop and end the process with exit code 0."""

    reason: str = ""


@dataclass(frozen=True)
class Bye:
    """The worker leaves by itself (SIGTERM); its last report is `last_number`."""

    reason: str
    last_number: int


@dataclass(frozen=True)
class StopTest:
    """A user on the worker ends the whole test."""

    reason: str


@dataclass(frozen=True)
class Custom:
    """A message that the locustfile registered."""

    type: str
    data: Any


@dataclass(frozen=True)
class Logs:
    """New log lines of a worker."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class ResetStats:
    """Statistics start again from zero (event reset_stats)."""


@dataclass(frozen=True)
class UpdateUserClass:
    """Class attributes set from the class picker."""

    attributes: dict[str, Any]  # contains user_class_name


@dataclass(frozen=True)
class StopTimeout:
    """How long users may take to finish, from now on; Start says it first."""

    seconds: float


Message = (
    Hello | Welcome | Refuse | SourceRequest | Source | Start | Targets | Arrivals | Settled
    | SpawningComplete | Report | Ack | Beat | BeatReply | Stop | Stopped | Quit | Bye | Custom
    | Logs | ResetStats | Resync | StopTest | StopTimeout | UpdateUserClass
)  # fmt: skip
