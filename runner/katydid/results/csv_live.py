"""The CSV files of a run in progress, under Locust's class names and on Locust's `Environment`.

`_stats`, `_failures` and `_exceptions` are rewritten and a line is appended to `_stats_history`
each `tunables.CSV_STATS_INTERVAL_SEC`. Unlike Locust's, the files end with the final numbers:
`close_files` writes once more. With thousands of names a pass takes long, and the passes are
spaced out so that they never take more than a tenth of the time.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO

from katydid import tunables
from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.results import figures
from katydid.results.csv_columns import (
    EXCEPTION_COLUMNS,
    FAILURE_COLUMNS,
    NOT_KNOWN,
    history_columns,
    number,
    stats_columns,
)

_SHARE_OF_TIME = 0.1


class HasStats(Protocol):
    """What is needed of an `Environment`: its statistics and, once there is one, its runner."""

    @property
    def stats(self) -> Any: ...
    @property
    def runner(self) -> Any: ...


class Writer(Protocol):
    """What `csv.writer` returns."""

    def writerow(self, row: Iterable[Any], /) -> Any: ...
    def writerows(self, rows: Iterable[Iterable[Any]], /) -> Any: ...


class StatsCSV:
    """The current numbers of an environment, written to any `csv.writer`."""

    def __init__(self, environment: HasStats, percentiles_to_report: Sequence[float]) -> None:
        self.environment = environment
        self.percentiles_to_report = percentiles_to_report
        self.requests_csv_columns = stats_columns(percentiles_to_report)
        self.failures_columns = list(FAILURE_COLUMNS)
        self.exceptions_columns = list(EXCEPTION_COLUMNS)

    def requests_csv(self, csv_writer: Writer) -> None:
        """Write the head, a line per (name, method) and "Aggregated"."""
        stats = self.environment.stats
        csv_writer.writerow(self.requests_csv_columns)
        entries = [*_sorted(stats.entries), stats.total]
        csv_writer.writerows(self._request_line(entry) for entry in entries)

    def _request_line(self, entry: Any) -> list[Any]:
        return [
            entry.method,
            entry.name,
            entry.num_requests,
            entry.num_failures,
            number(entry.median_response_time or 0),
            entry.avg_response_time,
            entry.min_response_time or 0,
            entry.max_response_time,
            entry.avg_content_length,
            entry.total_rps,
            entry.total_fail_per_sec,
            *self._percentiles(entry),
        ]

    def _percentiles(self, entry: Any) -> list[Any]:
        if entry.num_requests == 0:
            return [NOT_KNOWN] * len(self.percentiles_to_report)
        return [number(value) for value in entry.percentiles(self.percentiles_to_report)]

    def failures_csv(self, csv_writer: Writer) -> None:
        """Write the head and a line per kind of failure."""
        csv_writer.writerow(self.failures_columns)
        csv_writer.writerows(
            [error.method, error.name, error.error, error.occurrences,
             figures.iso(error.first_seen), figures.iso(error.last_seen)]
            for error in list(self.environment.stats.errors.values())
        )  # fmt: skip

    def exceptions_csv(self, csv_writer: Writer) -> None:
        """Write the head and a line per kind of exception."""
        csv_writer.writerow(self.exceptions_columns)
        runner = self.environment.runner
        csv_writer.writerows(
            [row["count"], row["msg"], row["traceback"], ", ".join(sorted(row["nodes"]))]
            for row in (list(runner.exceptions.values()) if runner is not None else ())
        )


def _sorted(entries: dict[Any, Any]) -> list[Any]:
    return sorted(list(entries.values()), key=lambda entry: (entry.name, entry.method))


class StatsCSVFileWriter(StatsCSV):
    """Keeps the four files of a running test up to date; call it in a greenlet of its own."""

    def __init__(
        self,
        environment: HasStats,
        percentiles_to_report: Sequence[float],
        base_filepath: str,
        full_history: bool = False,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Open the files, making their folder. Raises OSError."""
        super().__init__(environment, percentiles_to_report)
        self.base_filepath = base_filepath
        self.full_history = full_history
        self.stats_history_csv_columns = history_columns(percentiles_to_report)
        self._clock = clock
        self._closed = False
        Path(base_filepath).parent.mkdir(parents=True, exist_ok=True)
        self.requests_csv_filehandle = self._open("stats")
        self.stats_history_csv_filehandle = self._open("stats_history")
        self.failures_csv_filehandle = self._open("failures")
        self.exceptions_csv_filehandle = self._open("exceptions")
        self._history: Writer = csv.writer(self.stats_history_csv_filehandle)
        self._history.writerow(self.stats_history_csv_columns)
        self.flush()

    def _open(self, kind: str) -> TextIO:
        return open(
            f"{self.base_filepath}_{kind}.csv",
            "w", encoding="utf-8", errors="backslashreplace", newline="",
        )  # fmt: skip

    def __call__(self) -> None:
        """Write until the greenlet is killed."""
        self.stats_writer()

    def stats_writer(self) -> None:
        """Write each interval, for ever."""
        flushed = self._clock.monotonic()
        while not self._closed:
            began = self._clock.monotonic()
            self.write()
            ended = self._clock.monotonic()
            if ended - flushed >= tunables.CSV_STATS_FLUSH_INTERVAL_SEC:
                self.flush()
                flushed = ended
            pause = (ended - began) * (1 / _SHARE_OF_TIME - 1)
            self._clock.sleep(max(tunables.CSV_STATS_INTERVAL_SEC, pause))

    def write(self) -> None:
        """Rewrite the three tables and append to the history; in the buffers, not yet on disk."""
        self._rewrite(self.requests_csv_filehandle, self.requests_csv)
        self._history.writerows(self._history_lines())
        self._rewrite(self.failures_csv_filehandle, self.failures_csv)
        self._rewrite(self.exceptions_csv_filehandle, self.exceptions_csv)

    @staticmethod
    def _rewrite(file: TextIO, table: Any) -> None:
        file.seek(0)
        table(csv.writer(file))
        file.truncate()  # statistics may have been reset: less than before

    def _history_lines(self) -> list[list[Any]]:
        stats, runner = self.environment.stats, self.environment.runner
        now = int(self._clock.wall())
        users = runner.user_count if runner is not None else 0
        entries = [*(_sorted(stats.entries) if self.full_history else ()), stats.total]
        return [self._history_line(entry, now, users) for entry in entries]

    def _history_line(self, entry: Any, now: int, users: int) -> list[Any]:
        return [
            now,
            users,
            entry.method,
            entry.name,
            entry.current_rps,
            entry.current_fail_per_sec,
            *(self._current_percentiles(entry) if self.full_history else self._percentiles(entry)),
            entry.num_requests,
            entry.num_failures,
            number(entry.median_response_time or 0),
            entry.avg_response_time,
            entry.min_response_time or 0,
            entry.max_response_time,
            entry.avg_content_length,
        ]

    def _current_percentiles(self, entry: Any) -> list[Any]:
        """Of the last ten seconds, "N/A" where nothing came in them."""
        return [number(value) for value in entry.current_percentiles(self.percentiles_to_report)]

    def flush(self) -> None:
        """Hand everything written so far to the system."""
        for file in self._files():
            file.flush()

    def _files(self) -> tuple[TextIO, ...]:
        return (
            self.requests_csv_filehandle,
            self.stats_history_csv_filehandle,
            self.failures_csv_filehandle,
            self.exceptions_csv_filehandle,
        )

    def close_files(self) -> None:
        """Write the final numbers and close; further calls do nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self.write()
        finally:
            for file in self._files():
                file.close()

    def stats_history_file_name(self) -> str:
        """Path of the history file."""
        return f"{self.base_filepath}_stats_history.csv"
