"""Exceptions of the operator.

OperatorError                  `str()` is a sentence
├── SettingsError              the operator cannot start with this environment
├── LoadTestError              a LoadTest that the API server should not have accepted
├── ClusterError               the API server said no; carries status and reason
│   ├── NotFound               404
│   ├── AlreadyExists          409 on a create
│   ├── Conflict               409 on a change: somebody was faster
│   ├── Refused                400, 403, 413, 422: it will say no again
│   └── Unavailable            429, 5xx, no answer: it may say yes later
│       └── Broken             500 with a message: mostly an admission webhook that fails
└── MasterError                a master did not answer, or not as agreed
    └── MasterRefused          it answered, and refused (status 4xx)
"""

from __future__ import annotations


class OperatorError(Exception):
    """Root of what the operator raises itself."""


class SettingsError(OperatorError):
    """A variable of the operator's environment cannot be used."""


class LoadTestError(OperatorError):
    """The LoadTest cannot be read; the schema should have refused it."""


class ClusterError(OperatorError):
    """The API server refused a request. `retry_after` in seconds, where it was given."""

    def __init__(
        self, message: str, status: int = 0, reason: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class NotFound(ClusterError):
    """There is no such object."""


class AlreadyExists(ClusterError):
    """An object of that name exists."""


class Conflict(ClusterError):
    """The object was changed since it was read."""


class Refused(ClusterError):
    """The request is not allowed or not valid; the same request will be refused again."""


class Unavailable(ClusterError):
    """The API server is busy, broken or not reachable."""


class Broken(Unavailable):
    """The API server, or what it asks, has failed and says why: worth telling a person."""


class MasterError(OperatorError):
    """The master's API did not answer as agreed."""


class MasterRefused(MasterError):
    """The master's API refused a request with a sentence."""
