"""`locust.log`: logging set up as Locust does it, and the last lines kept for the web UI."""

from __future__ import annotations

import logging
import logging.config
import socket
import traceback
from collections import deque

import gevent

from katydid import events, tunables
from katydid.compat import properties

__all__ = ["LogReader", "get_logs", "greenlet_exception_logger", "setup_logging"]

HOSTNAME = socket.gethostname()

# True once a listener or a background greenlet failed: exit code 2.
properties.forward(__name__, {"unhandled_greenlet_exception": (events, "unhandled_exception")})


class LogReader(logging.Handler):
    """Keeps the last `tunables.MAX_LOG_LINES` lines, formatted, in `logs`."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: deque[str] = deque(maxlen=tunables.MAX_LOG_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self.logs.append(self.format(record))


def setup_logging(loglevel: str, logfile: str | None = None) -> None:
    """Log to `logfile` or stderr, statistics tables (locust.stats_logger) without a prefix.

    Loggers that exist already stay as they are. Raises ValueError for a level that is none.
    """
    destination = (
        {"class": "logging.FileHandler", "filename": logfile}
        if logfile
        else {"class": "logging.StreamHandler"}
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "default": {
                    "format": f"[%(asctime)s] {HOSTNAME}/%(levelname)s/%(name)s: %(message)s"
                },
                "plain": {"format": "%(message)s"},
            },
            "handlers": {
                "output": {**destination, "formatter": "default"},
                "plain": {**destination, "formatter": "plain"},
                "log_reader": {"()": LogReader, "formatter": "default"},
            },
            "loggers": {
                "locust.stats_logger": {
                    "handlers": ["plain", "log_reader"],
                    "level": "INFO",
                    "propagate": False,
                },
            },
            "root": {"handlers": ["output", "log_reader"], "level": loglevel.upper()},
        }
    )


def get_logs() -> list[str]:
    """The lines that the LogReader of the root logger has kept."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogReader):
            return list(handler.logs)
    return []


def greenlet_exception_logger(logger: logging.Logger, level: int = logging.CRITICAL) -> object:
    """A callback for `greenlet.link_exception`: log the exception, remember there was one."""

    def on_exception(greenlet: gevent.Greenlet[..., object]) -> None:
        error = greenlet.exception
        text = "".join(traceback.format_exception(error)) if error is not None else ""
        logger.log(level, "Unhandled exception in greenlet: %s\n%s", greenlet, text.rstrip())
        events.note_unhandled_exception()

    return on_exception
