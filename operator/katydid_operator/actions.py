"""What the planner asks for: actions as values, and the plan that holds them.

Actions are done in their order before the status is written, but for a claim: there the status
comes first, and what follows from it is the next pass. Each action may be repeated at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

from katydid_operator.loadtest import Json


@dataclass(frozen=True)
class TryPods:
    """Ask the API server by a dry run whether it would take the pods."""

    run: int


@dataclass(frozen=True)
class Launch:
    """Create every child of the run that does not exist yet, the master last but the Job."""

    run: int


@dataclass(frozen=True)
class PatchJob:
    """Bring the live part of the worker Job in line with the spec."""

    run: int
    live_part: Json


@dataclass(frozen=True)
class PutLive:
    """Give the master the live part of the spec."""

    run: int
    body: Json


@dataclass(frozen=True)
class ReadLog:
    """Keep the tail of a container's log before its pod goes."""

    pod: str
    container: str
    previous: bool  # the container that ended before the latest restart


@dataclass(frozen=True)
class FetchResults:
    """Get results.tar.gz from the master and keep it in a ConfigMap."""

    run: int


@dataclass(frozen=True)
class DeleteMaster:
    """End the master pod gracefully; its last words still count."""

    run: int


@dataclass(frozen=True)
class TearDown:
    """Delete the worker Job and, with `master`, the master pod."""

    run: int
    master: bool


@dataclass(frozen=True)
class CleanUp:
    """Delete everything of a run but the results and the Secret; the pods go last."""

    run: int


@dataclass(frozen=True)
class DeleteLoadTest:
    """The resource's own time is over."""


Action = (
    TryPods
    | Launch
    | PatchJob
    | PutLive
    | ReadLog
    | FetchResults
    | DeleteMaster
    | TearDown
    | CleanUp
    | DeleteLoadTest
)


@dataclass(frozen=True)
class Plan:
    """What to do about one LoadTest now."""

    status: Json  # to be written if it is due; the old one where nothing changes
    actions: tuple[Action, ...] = ()
    requeue_seconds: float | None = None  # look again after this; None: when something happens
    polls: bool = False  # the master is to be polled from now on
    claims: bool = False  # the status is what claims a run: it is due whatever else is
