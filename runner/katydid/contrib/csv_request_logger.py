"""CsvRequestLogger: one CSV row per request, for analysis after the run.

Each process writes a file of its own: on a worker only that worker's requests are in it.
"""

from __future__ import annotations

import csv
import os
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Protocol

from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.events import Events

CSV_COLUMNS = [
    "timestamp",  # seconds since the epoch at which the request was sent
    "request_type",
    "name",
    "response_time_ms",  # two decimals; empty where no time is known
    "response_length",  # bytes
    "status_code",  # 0: no response came
    "exception",  # empty: the request counts as successful
]


class _Environment(Protocol):
    events: Events


class CsvRequestLogger:
    """Writes a row for every request event of an environment from `register` to its end."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        flush_interval: float = 1,  # seconds between two writes to disk
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.path = Path(path)
        self._flush_interval = flush_interval
        self._clock = clock
        self._file: TextIOWrapper | None = None
        self._writer: Any = None  # csv has no public name for its writer
        self._flushed_at = 0.0

    def register(self, environment: _Environment) -> None:
        """Create the file (or empty it) and its folders, and listen. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(CSV_COLUMNS)
        self._flushed_at = self._clock.monotonic()
        environment.events.request.add_listener(self._on_request)
        environment.events.quitting.add_listener(self._on_quitting)

    def _on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int,
        response: Any = None,
        exception: Any = None,
        start_time: float | None = None,
        **_extras: Any,
    ) -> None:
        if self._file is None:
            return  # a request that was on its way when the process began to quit
        self._writer.writerow(
            [
                start_time if start_time is not None else self._clock.wall(),
                request_type,
                name,
                round(response_time, 2) if response_time is not None else "",
                response_length,
                getattr(response, "status_code", 0) or 0,
                str(exception) if exception else "",
            ]
        )
        now = self._clock.monotonic()
        if now - self._flushed_at >= self._flush_interval:
            self._flushed_at = now
            self._file.flush()

    def _on_quitting(self, **_kwargs: Any) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
