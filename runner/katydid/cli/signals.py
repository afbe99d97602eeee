"""SIGTERM, SIGINT and what they mean: the first asks to stop, a second one ends at once."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable

import gevent

logger = logging.getLogger(__name__)


class StopSignals:
    """Calls `on_stop(signal name)` in a greenlet of its own at the first signal."""

    def __init__(self, on_stop: Callable[[str], object], interrupts: bool = True) -> None:
        self._on_stop = on_stop
        self.received: str | None = None
        gevent.signal_handler(signal.SIGTERM, self._handle, "SIGTERM")
        if interrupts:
            gevent.signal_handler(signal.SIGINT, self._handle, "SIGINT")

    def _handle(self, name: str) -> None:
        if self.received is not None:
            logger.warning("Got a second signal (%s): ending at once", name)
            os._exit(128 + getattr(signal, name))
        self.received = name
        logger.info("Got %s, shutting down", name)
        self._on_stop(name)
