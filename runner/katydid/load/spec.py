"""What load a test asks for, as values: exactly one of four models (DESIGN §2.2).

Parsed at the edge (options, manifest, `PUT live`); nothing here knows how it is produced.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConstantLoad:
    """A number of users, reached at `spawn_rate`, held for `run_time_seconds`."""

    users: int  # ≥ 0
    spawn_rate: float  # users per second, > 0
    run_time_seconds: float | None = None  # from the start of load, ramp-up included; None: no end


@dataclass(frozen=True)
class Stage:
    """One step of a staged load."""

    duration_seconds: float  # > 0
    users: int  # the target of this stage
    spawn_rate: float | None = None  # users per second; None: linearly over the whole stage


@dataclass(frozen=True)
class StagedLoad:
    """Stages one after another, evaluated at the elapsed time; the test ends after the last."""

    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class ShapeLoad:
    """A LoadTestShape of the locustfile decides each second; `class_name` None: the only one."""

    class_name: str | None = None


@dataclass(frozen=True)
class RateStage:
    """One step of an arrival rate: `rate` is reached linearly over the stage."""

    duration_seconds: float  # > 0
    rate: float  # iterations per second at the end of the stage


@dataclass(frozen=True)
class ArrivalLoad:
    """The open model: iterations start on schedule, whatever the target does."""

    rate: float  # iterations per second of the whole test, > 0 (start value when stages are given)
    max_users: int  # the pool may grow to this many users over all workers
    run_time_seconds: float | None = None
    stages: tuple[RateStage, ...] = ()


Load = ConstantLoad | StagedLoad | ShapeLoad | ArrivalLoad
