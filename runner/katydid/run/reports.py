"""What a worker reports: deltas cut on whole seconds of the master's clock, and when they go out.

The outbox keeps each until the master holds it for good; what was sent and is not acknowledged is
the business of `run.worker`, which says Hello again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from katydid import tunables
from katydid.run.outbox import Outbox
from katydid.run.runner import tally
from katydid.run.states import LOADED, State
from katydid.wire import messages as m

if TYPE_CHECKING:
    from katydid.run.worker import WorkerRunner


class Reports:
    """The reports of one worker."""

    def __init__(self, worker: WorkerRunner) -> None:
        self._worker = worker
        self.outbox = Outbox()
        self._exceptions: dict[tuple[str, str], int] = {}  # (message, traceback) → times
        self._exception_types: dict[str, int] = {}

    def forget_exceptions(self) -> None:
        """A new test begins: what was not reported of the last one is not of this one."""
        self._exceptions.clear()

    def count_exception(self, message: str, traceback: str, kind: str) -> None:
        """A user raised; it goes out with the next report."""
        key = (message, traceback)
        if key not in self._exceptions and len(self._exceptions) >= tunables.MAX_EXCEPTIONS:
            key = ("(other)", "")
        self._exceptions[key] = self._exceptions.get(key, 0) + 1
        tally(self._exception_types, kind)

    def loop(self) -> None:
        """Report on whole seconds of the master's clock while there is a test; for ever."""
        worker = self._worker
        while True:
            now = worker.clock.wall() + worker.wall_offset
            interval = tunables.WORKER_REPORT_INTERVAL
            worker.clock.sleep(interval - now % interval)
            if worker.run is not None and (
                worker.state in LOADED or worker.state is State.STOPPING
            ):
                if not self.outbox.congested:
                    self.cut()
                self.flush()

    def cut(self) -> None:
        """Cut a report of what happened since the last one."""
        worker = self._worker
        extra: dict[str, Any] = {}
        worker.environment.events.report_to_master.fire(client_id=worker.client_id, data=extra)
        second = int(worker.clock.wall() + worker.wall_offset - 0.5)
        exceptions, self._exceptions = self._exceptions, {}
        types, self._exception_types = self._exception_types, {}
        self.outbox.add(
            m.Report(
                number=self.outbox.next_number(),
                run=worker.run or "",
                state=worker.state,
                users=worker.node.population.counts(),
                delta=worker.stats.take_delta(second),
                exceptions=tuple((msg, tb, n) for (msg, tb), n in exceptions.items()),
                dropped_iterations=worker.node.take_dropped(),
                extra=extra,
                spawned=worker.node.take_spawned(),
                exception_types=types,
            )
        )

    def flush(self) -> None:
        """Send what has not been sent on this connection."""
        if not self._worker.welcomed:
            return
        for report in self.outbox.unsent():
            if not self._worker.send(report):
                return
            self.outbox.mark_sent(report.number)
