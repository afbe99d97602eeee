"""States of a runner and the moves between them, and the phases that people read.

The names are Locust's (`locust.runners.STATE_*`); a transition that the table does not have is a
bug of ours and raises.

    ready ──► spawning ◄──► running          a test; a change of users spawns again
      ▲          │             │
      │          └─► cleanup ◄─┘             stop: no new iterations, on_stop runs
      │                 │
    stopped ◄───────────┘                    and from here the next test may spawn
    missing, stalled, left                   only a master says these of its workers
"""

from __future__ import annotations

import enum

from katydid.errors import InternalError


class State(enum.StrEnum):
    """What a node is doing."""

    READY = "ready"
    SPAWNING = "spawning"
    RUNNING = "running"
    CLEANUP = "cleanup"
    STOPPING = "stopping"
    STOPPED = "stopped"
    MISSING = "missing"  # no heartbeat for tunables.heartbeat_timeout()
    STALLED = "stalled"  # beats come, but its hub does not turn
    LEFT = "left"  # said goodbye


TRANSITIONS: dict[State, frozenset[State]] = {
    State.READY: frozenset({State.SPAWNING, State.CLEANUP, State.STOPPED}),
    State.SPAWNING: frozenset({State.SPAWNING, State.RUNNING, State.CLEANUP, State.STOPPING}),
    State.RUNNING: frozenset({State.SPAWNING, State.RUNNING, State.CLEANUP, State.STOPPING}),
    State.STOPPING: frozenset({State.CLEANUP, State.STOPPED}),
    State.CLEANUP: frozenset({State.STOPPED, State.READY}),
    State.STOPPED: frozenset({State.SPAWNING, State.READY, State.STOPPED, State.CLEANUP}),
}

LOADED = frozenset({State.SPAWNING, State.RUNNING})
"""States in which users run."""

UNFINISHED = LOADED | {State.CLEANUP}
"""States of a test that has begun and is not over: users run, or finish."""


def check_transition(old: State, new: State) -> State:
    """Return `new` if a runner may go there from `old`; InternalError otherwise."""
    if new not in TRANSITIONS.get(old, frozenset()):
        raise InternalError(f"a runner cannot go from {old.value} to {new.value}")
    return new


class Phase(enum.StrEnum):
    """What a person calls it; the operator's status has the same words."""

    PENDING = "Pending"
    STARTING = "Starting"
    RUNNING = "Running"
    FINISHING = "Finishing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


class Verdict(enum.StrEnum):
    """The end of a run in one word."""

    PASSED = "Passed"
    FAILED = "Failed"
    ERROR = "Error"  # the run itself was invalid: infrastructure, locustfile, workers
    STOPPED = "Stopped"


PHASE_OF_VERDICT: dict[Verdict, Phase] = {
    Verdict.PASSED: Phase.SUCCEEDED,
    Verdict.FAILED: Phase.FAILED,
    Verdict.ERROR: Phase.FAILED,
    Verdict.STOPPED: Phase.STOPPED,
}
