"""Exceptions and exit codes.

Exception
├── KatydidError                what we raise at a user: one sentence, an exit code
│   ├── UsageError          64  options, manifest, files named on the command line
│   │   └── ManifestError   64  with path and line of each problem
│   ├── LocustfileError     65  the locustfile cannot be loaded or does not fit the test
│   ├── InternalError       70  a promise of ours does not hold
│   └── WorkersNotReady     75  the workers asked for never came
└── LocustError                 Locust's own names, raised and caught by locustfiles
    ├── ResponseError
    │   └── CatchResponseError
    ├── MissingWaitTimeError
    ├── RPCError ── RPCSendError, RPCReceiveError
    └── RunnerAlreadyExistsError
InterruptTaskSet, StopTest, StopUser, RescheduleTask, RescheduleTaskImmediately
                                control flow of tasks; derive from Exception
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class ExitCode(enum.IntEnum):
    """Exit codes of our own subcommands (`katydid run`, `validate`, …)."""

    PASSED = 0
    REQUESTS_FAILED = 1
    THRESHOLD_BREACHED = 3
    STOPPED_EARLY = 4
    USAGE = 64
    LOCUSTFILE = 65
    INTERNAL = 70
    WORKERS_NOT_READY = 75


LOCUST_EXIT_CODE: dict[ExitCode, int] = {
    ExitCode.PASSED: 0,
    ExitCode.REQUESTS_FAILED: 1,  # or --exit-code-on-error
    ExitCode.THRESHOLD_BREACHED: 3,  # ours: Locust has no thresholds
    ExitCode.STOPPED_EARLY: 0,  # Ctrl-C is a normal end there
    ExitCode.USAGE: 2,
    ExitCode.LOCUSTFILE: 1,
    ExitCode.INTERNAL: 1,
    ExitCode.WORKERS_NOT_READY: 1,
}
"""The second table: what `katydid -f …` (Locust's surface) exits with instead."""


class KatydidError(Exception):
    """Something the user should read. `str()` is the whole sentence."""

    exit_code = ExitCode.INTERNAL


class UsageError(KatydidError):
    """Wrong options or files."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document."""

    path: str  # dotted field path, such as `spec.load.users`; "" for the whole document
    message: str  # a sentence
    line: int | None = None  # 1-based line of the file it came from

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        field = f"{self.path}: " if self.path else ""
        return f"{where}{field}{self.message}"


class ManifestError(UsageError):
    """A manifest that cannot be accepted; carries every problem found."""

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


class LocustfileError(KatydidError):
    """The locustfile cannot be used."""

    exit_code = ExitCode.LOCUSTFILE


class InternalError(KatydidError):
    """A promise of the engine does not hold."""

    exit_code = ExitCode.INTERNAL


class WorkersNotReady(KatydidError):
    """Fewer workers than expected within the time allowed."""

    exit_code = ExitCode.WORKERS_NOT_READY


class LocustError(Exception):
    """Root of the exceptions that Locust's API names."""


class ResponseError(LocustError):
    """A response counts as a failure."""


class CatchResponseError(ResponseError):
    """A response was marked as a failure by the locustfile."""


class MissingWaitTimeError(LocustError):
    """A user class has neither wait_time nor a base that has one."""


class RPCError(LocustError):
    """Something is wrong with the connection of master and worker."""


class RPCSendError(RPCError):
    """A message could not be sent."""


class RPCReceiveError(RPCError):
    """A message could not be read; `addr` is the sender's identity, where it is known."""

    def __init__(self, *args: object, addr: str | None = None) -> None:
        super().__init__(*args)
        self.addr = addr


class RunnerAlreadyExistsError(LocustError):
    """An environment has a runner already."""


class InterruptTaskSet(Exception):
    """Leave the running TaskSet; the parent picks its next task at once if `reschedule`."""

    def __init__(self, reschedule: bool = True) -> None:
        super().__init__()
        self.reschedule = reschedule


class StopTest(Exception):
    """End the whole test."""


class StopUser(Exception):
    """End the user that raises it."""


class RescheduleTask(Exception):
    """End the running task, wait, go on with the next."""


class RescheduleTaskImmediately(Exception):
    """End the running task and go on with the next without a wait."""
