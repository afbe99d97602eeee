"""Where a finished request is reported: the one thing the HTTP clients know of statistics."""

from __future__ import annotations

from typing import Protocol


class Recorder(Protocol):
    """Takes one sample. Called on the hot path: implementations stay under a microsecond."""

    def __call__(
        self,
        method: str,
        name: str,
        response_time: float | None,  # milliseconds; None: no time is known
        response_length: int,  # bytes of the decoded body
        error: BaseException | str | None,  # truthy: the request counts as a failure
        status: int | None = None,  # HTTP status; 0: no response came; None: not HTTP
    ) -> None: ...
