"""Exit codes of the commands, and the verdict's: the engine's own table (DESIGN §2.7).

The operator's half imports nothing of the engine, so the numbers stand here once more;
`tests/contract` compares the two.
"""

from __future__ import annotations

import enum

from katydid_operator.errors import OperatorError
from katydid_operator.loadtest import Json


class Exit(enum.IntEnum):
    PASSED = 0
    REQUESTS_FAILED = 1
    THRESHOLD_BREACHED = 3
    STOPPED_EARLY = 4
    USAGE = 64
    LOCUSTFILE = 65
    INTERNAL = 70
    WORKERS_NOT_READY = 75


class CommandError(OperatorError):
    """A command cannot do what was asked; `str()` is the sentence, `code` how it ends."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code


_ERRORS = {
    "LocustfileError": Exit.LOCUSTFILE,
    "InvalidLoadTest": Exit.USAGE,
    "InvalidPodTemplate": Exit.USAGE,
}


def exit_code(status: Json) -> Exit:
    """How a command that waited for this finished run ends."""
    verdict, reason = status.get("verdict"), str(status.get("reason") or "")
    if verdict == "Passed":
        return Exit.PASSED
    if verdict == "Failed":
        return Exit.REQUESTS_FAILED if reason == "RequestsFailed" else Exit.THRESHOLD_BREACHED
    if verdict == "Stopped":
        return Exit.STOPPED_EARLY
    never_loaded = not (status.get("run") or {}).get("loadStartedAt")
    return _ERRORS.get(reason, Exit.WORKERS_NOT_READY if never_loaded else Exit.INTERNAL)
