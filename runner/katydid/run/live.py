"""What a live update makes of the settings of a run."""

from __future__ import annotations

import math
from dataclasses import replace

from katydid.manifest.live import LiveUpdate
from katydid.manifest.spec import WorkersLive
from katydid.run.settings import RunSettings


def settings_after(settings: RunSettings, update: LiveUpdate) -> RunSettings:
    """`settings` with the live part replaced."""
    workers, expected = update.workers, settings.expected_workers
    if settings.processes_per_replica:
        expected = workers.replicas * settings.processes_per_replica
    counted = max(1, expected)
    return replace(
        settings,
        load=update.load,
        expected_workers=expected,
        ready_timeout=workers.ready_timeout_seconds,
        max_lost=lost_ratio(workers, counted),
        deadline=update.deadline_seconds,
        formats=update.results.formats,
    )


def lost_ratio(workers: WorkersLive, processes: int) -> float:
    """Share (0 … 1) of `processes` that may be lost; exactly maxLost of them is not too many."""
    return math.nextafter(workers.max_lost_of(processes) / processes, 1.0)
