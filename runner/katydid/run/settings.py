"""What a run is told beside the locustfile: one frozen value, made by the command line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from katydid.load.spec import Load
from katydid.thresholds import Threshold


@dataclass(frozen=True)
class RunSettings:
    """Settings of a run. Durations in seconds; ratios 0 … 1."""

    name: str = "locust"  # of the test
    run: str = "1"  # its number under the operator
    load: Load | None = None  # None: whatever start() is given (web UI, Locust's API)
    thresholds: tuple[Threshold, ...] = ()
    expected_workers: int = 1
    processes_per_replica: int = 0  # 0: the replicas of a live update say nothing of workers
    ready_timeout: float = 0.0  # wait this long for the expected workers; 0: for ever
    max_lost: float = 1.0  # more workers missing for over a minute end the run with Error
    deadline: float | None = None  # wall clock for the whole run, start-up included
    formats: tuple[str, ...] = ()  # of the result files; empty: all
    checkpoint: Path | None = None
    curve_seed: str = ""  # "": no encryption
    orphan_timeout: float = 10.0  # workers stop their users when the master is silent for so long
    master_timeout: float | None = None  # and exit after this; 0: never; None: the tunable
    worker_id: str = ""  # "": <host>_<random>
    reset_stats: bool = False
    stop_when_empty: bool = True  # end the test when its last worker is gone
    versions: dict[str, str] = field(default_factory=dict)
    secret_options: frozenset[str] = frozenset()  # names of options that no output shows
    manifest: str = ""  # its text, for the report
    sources: dict[str, str] = field(default_factory=dict)  # locustfiles' text, for the report
