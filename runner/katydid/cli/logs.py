"""Logging of a run: Locust's line format on stderr or into a file, and a ring for the web UI."""

from __future__ import annotations

import logging
import socket
import sys
from collections import deque

from katydid import tunables
from katydid.errors import UsageError

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class LogRing(logging.Handler):
    """Keeps the last lines, and those that have not been taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=tunables.MAX_LOG_LINES)
        self._new: deque[str] = deque(maxlen=tunables.MAX_LOG_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self.lines.append(line)
        self._new.append(line)

    def take(self) -> list[str]:
        """Lines since the last call."""
        lines = list(self._new)
        self._new.clear()
        return lines


def setup(level: str, logfile: str | None, skip: bool = False) -> LogRing:
    """Configure the root logger; returns the ring that the web UI reads.

    With `skip` (--skip-log-setup) only the ring is added. UsageError for an unknown level or a
    file that cannot be written.
    """
    ring = LogRing()
    formatter = logging.Formatter(
        f"[%(asctime)s] {socket.gethostname()}/%(levelname)s/%(name)s: %(message)s"
    )
    ring.setFormatter(formatter)
    root = logging.getLogger()
    root.addHandler(ring)
    if skip:
        return ring
    if level.upper() not in LEVELS:
        raise UsageError(f"--loglevel {level} is not one of {', '.join(LEVELS)}.")
    root.setLevel(level.upper())
    if logfile:
        try:
            handler: logging.Handler = logging.FileHandler(logfile)
        except OSError as error:
            raise UsageError(f"--logfile {logfile} cannot be written: {error.strerror}.") from error
    else:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    for noisy in ("urllib3", "requests", "geventwebsocket", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    return ring
