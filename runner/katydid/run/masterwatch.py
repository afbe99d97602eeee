"""A worker's doubts about its master: is a report overdue, has it fallen silent for good?

A report that is not acknowledged in time leads to another Hello, then to a new connection. A
master that is silent makes an orphan of the worker: its users stop, and in the end it goes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from katydid import tunables
from katydid.run.states import LOADED, State

if TYPE_CHECKING:
    from katydid.run.worker import WorkerRunner

logger = logging.getLogger(__name__)

ACK_SECONDS = 3.0
"""A report that is not acknowledged for so long: say Hello and send it again."""

WATCH_SECONDS = 0.25

MAX_HELLOS = 1
"""Without a welcome after so many, the connection itself is made anew."""


class MasterWatch:
    """Watches the master of one worker."""

    def __init__(self, worker: WorkerRunner) -> None:
        self._worker = worker
        self._started = worker.clock.monotonic()
        self._progress_at = 0.0  # monotonic time of the last acknowledgement or Hello
        self._hellos = 0  # since the last welcome
        self._orphaned = False

    def said_hello(self) -> None:
        self.progressed()
        self._hellos += 1

    def was_welcomed(self) -> None:
        self.progressed()
        self._hellos = 0
        self._orphaned = False

    def progressed(self) -> None:
        """The master has acknowledged something new."""
        self._progress_at = self._worker.clock.monotonic()

    def loop(self) -> None:
        """Look every WATCH_SECONDS until the worker is gone."""
        worker = self._worker
        while not worker.gone.is_set():
            worker.clock.sleep(WATCH_SECONDS)
            worker.update_beat()
            now = worker.clock.monotonic()
            if not worker.outbox.pending and worker.welcomed:
                self._progress_at = max(self._progress_at, now - ACK_SECONDS / 2)
            unknown = worker.welcomed and worker.beat.run != worker.session
            if unknown or now - self._progress_at > ACK_SECONDS:
                if self._hellos >= MAX_HELLOS:
                    self._hellos = 0
                    worker.link.reconnect()  # a connection that swallows everything
                else:
                    worker.hello()
            self._check_orphan(now - max(worker.beat.master_heard, self._started))

    def _check_orphan(self, silence: float) -> None:
        worker = self._worker
        if silence > worker.settings.orphan_timeout and not self._orphaned:
            self._orphaned = True
            worker.lost_master()
            if worker.state in (*LOADED, State.STOPPING):
                logger.warning(
                    "The master has been silent for %.0f s: the users stop until it is back.",
                    silence,
                )
                worker.halt(drain=0.0, pause=True)
        limit = worker.settings.master_timeout
        limit = tunables.MASTER_HEARTBEAT_TIMEOUT if limit is None else limit
        if limit and silence > max(limit, worker.settings.orphan_timeout):
            worker.quit_reason = f"The master has been silent for {silence:.0f} s."
            logger.error("%s This worker ends.", worker.quit_reason)
            worker.gone.set()
