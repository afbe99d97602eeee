"""The workers of a run as the collector reads them.

A master knows its workers by their heartbeats. A local run is its own worker, of index 0, so that
the same panels and alerts show the health of the generator.
"""

from __future__ import annotations

from collections.abc import Sequence

import katydid
from katydid.run import snapshot
from katydid.run.document import WorkerRow
from katydid.run.local import LocalRunner
from katydid.run.master import MasterRunner


class MasterWorkers:
    """Those of a master."""

    def __init__(self, master: MasterRunner) -> None:
        self._master = master

    def rows(self) -> Sequence[WorkerRow]:
        return snapshot.worker_rows(self._master)

    def expected(self) -> int:
        return self._master.settings.expected_workers

    def lost(self) -> int:
        return self._master.workers_lost


class LocalWorker:
    """This process."""

    def __init__(self, runner: LocalRunner) -> None:
        self._runner = runner

    def rows(self) -> Sequence[WorkerRow]:
        runner = self._runner
        return [
            WorkerRow(
                id=runner.client_id,
                index=runner.worker_index,
                incarnation=runner.incarnation,
                state=runner.state.value,
                users=runner.user_count,
                cpu_percent=runner.health.cpu_percent,
                memory_bytes=runner.health.memory_bytes,
                loop_lag_ms=runner.health.recent_lag_ms,
                heartbeat_age_seconds=0.0,
                version=katydid.__version__,
            )
        ]

    def expected(self) -> int:
        return 1

    def lost(self) -> int:
        return 0
