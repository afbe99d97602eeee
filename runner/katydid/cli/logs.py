"""Logging of a session: Locust's line format on stderr or into a file, and the last lines kept.

Locust's statistics tables (logger `locust.stats_logger`) go out bare, as scripts expect them.
"""

from __future__ import annotations

import logging
import sys
from collections import deque

from katydid import tunables
from katydid.compat.locust.log import HOSTNAME, LogReader
from katydid.errors import UsageError

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
TABLES = "locust.stats_logger"
FORMAT = f"[%(asctime)s] {HOSTNAME}/%(levelname)s/%(name)s: %(message)s"


class LogRing(LogReader):
    """Keeps the last lines, and those that have not been taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._new: deque[str] = deque(maxlen=tunables.MAX_LOG_LINES)
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        self._new.append(self.logs[-1])

    def take(self) -> list[str]:
        """Lines since the last call."""
        lines = list(self._new)
        self._new.clear()
        return lines


def setup(level: str, logfile: str | None, skip: bool = False) -> LogRing:
    """Configure the root logger; returns the ring that the web page reads.

    With `skip` (--skip-log-setup) only the ring is added. UsageError for an unknown level or a
    file that cannot be written.
    """
    ring = LogRing()
    root = logging.getLogger()
    root.addHandler(ring)
    if skip:
        return ring
    if level.upper() not in LEVELS:
        raise UsageError(f"--loglevel {level} is not one of {', '.join(LEVELS)}.")
    root.setLevel(level.upper())
    root.addHandler(_output(logfile, FORMAT))
    tables = logging.getLogger(TABLES)
    tables.addHandler(_output(logfile, "%(message)s"))
    tables.addHandler(ring)
    tables.setLevel(logging.INFO)
    tables.propagate = False
    for noisy in ("urllib3", "requests", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return ring


def _output(logfile: str | None, line: str) -> logging.Handler:
    try:
        handler = logging.FileHandler(logfile) if logfile else logging.StreamHandler(sys.stderr)
    except OSError as error:
        raise UsageError(f"--logfile {logfile} cannot be written: {error.strerror}.") from error
    handler.setFormatter(logging.Formatter(line))
    return handler
