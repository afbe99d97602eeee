"""What a scrape reads: the engine's own numbers, at the moment of the scrape.

`EngineCollector` is a collector of prometheus_client for the small families; the large ones
(requests, workers) it hands to `render` as plain figures. Nothing is measured here and no
method yields to other greenlets, so all counters of requests are of one moment.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from katydid.environment import Environment
from katydid.metrics import catalogue
from katydid.metrics.catalogue import Family, label
from katydid.metrics.counting import RequestCounters, RequestFigures
from katydid.metrics.render import Rows
from katydid.run import snapshot
from katydid.run.document import WorkerRow
from katydid.run.health import Health
from katydid.run.settings import RunSettings
from katydid.run.states import State, Verdict

RUNNER_STATES = (
    State.READY, State.SPAWNING, State.RUNNING, State.STOPPING, State.CLEANUP, State.STOPPED,
)  # fmt: skip
"""States of a test; a worker has some more."""

_SCALE = {"ms": 0.001, "%": 0.01}
"""Unit of a threshold → what makes it a base unit."""


class Measured(snapshot.Judged, Protocol):
    """What is read of a runner; `LocalRunner` and `MasterRunner` have it."""

    environment: Environment
    settings: RunSettings
    state: State
    health: Health
    exception_types: dict[str, int]
    users_spawned: dict[str, int]
    peak_users: int
    dropped_before: int
    dropped_iterations: int
    load_started_at: float | None
    finished_at: float | None

    @property
    def user_classes_count(self) -> dict[str, int]: ...
    @property
    def target_user_count(self) -> int: ...


class Workers(Protocol):
    """The workers of a run, however they are known."""

    def rows(self) -> Sequence[WorkerRow]: ...
    def expected(self) -> int: ...
    def lost(self) -> int:
        """Times that one went missing, ever."""


class EngineCollector(Collector):
    """The metrics of one runner, for as long as its process lives."""

    def __init__(
        self,
        runner: Measured,
        workers: Workers,
        mode: str,
        bounds_seconds: Sequence[float] = catalogue.BUCKETS_SECONDS,
    ) -> None:
        self.constant = {
            "loadtest_namespace": label(os.environ.get("KATYDID_NAMESPACE", "")),
            "loadtest": label(runner.settings.name),
            "run": label(runner.settings.run),
        }
        self.bounds_seconds = tuple(bounds_seconds)
        self._runner = runner
        self._workers = workers
        self._mode = mode
        self._counters = RequestCounters(runner.stats, self.bounds_seconds)

    def requests(self) -> RequestFigures:
        """Everything about requests."""
        return self._counters.read()

    def quantiles(self) -> Mapping[int, Sequence[float]]:
        """Slot of a request → its response times at `catalogue.QUANTILES`, in seconds."""
        return self._counters.quantiles()

    def collect(self) -> Iterator[Metric]:
        """The small families."""
        for family, rows in self._small():
            metric = Metric(family.name.removesuffix("_total"), family.help, family.kind)
            for values, value in rows:
                labels = dict(zip(family.labels, values, strict=True))
                metric.add_sample(family.name, self.constant | labels, value)
            yield metric

    def workers(self) -> Iterator[tuple[Family, Rows]]:
        """What each worker says of itself; there may be hundreds."""
        rows = [(str(row.index), row) for row in self._workers.rows()]
        yield catalogue.WORKER_USERS, [((i,), row.users) for i, row in rows]
        yield catalogue.WORKER_CPU, [((i,), row.cpu_percent / 100) for i, row in rows]
        yield catalogue.WORKER_MEMORY, [((i,), row.memory_bytes) for i, row in rows]
        yield catalogue.WORKER_LAG, [((i,), row.loop_lag_ms / 1000) for i, row in rows]
        yield catalogue.WORKER_AGE, [((i,), row.heartbeat_age_seconds) for i, row in rows]

    def _small(self) -> Iterator[tuple[Family, Rows]]:
        runner = self._runner
        yield catalogue.EXCEPTIONS, _by_name(runner.exception_types)
        yield catalogue.USERS, _by_name(runner.user_classes_count)
        yield catalogue.USERS_TARGET, [((), runner.target_user_count)]
        yield catalogue.USERS_PEAK, [((), runner.peak_users)]
        yield catalogue.USERS_SPAWNED, _by_name(runner.users_spawned)
        dropped = runner.dropped_before + runner.dropped_iterations
        yield catalogue.DROPPED, [((), dropped)]
        yield catalogue.WORKERS, _by_name(self._states_of_workers())
        yield catalogue.WORKERS_EXPECTED, [((), self._workers.expected())]
        yield catalogue.WORKERS_LOST, [((), self._workers.lost())]
        states = {state.value: runner.state is state for state in RUNNER_STATES}
        yield catalogue.STATE, _by_name(states)
        yield catalogue.VERDICT, _by_name(self._verdicts())
        yield from self._thresholds()
        yield catalogue.STARTED, _if_known(runner.load_started_at)
        yield catalogue.ENDED, _if_known(runner.finished_at)
        yield catalogue.INFO, [(self._info(), 1)]

    def _verdicts(self) -> dict[str, bool]:
        if self._runner.finished_at is None:
            return {}
        verdict = snapshot.judgement_of(self._runner).verdict
        return {one.value: verdict is one for one in Verdict}

    def _states_of_workers(self) -> dict[str, int]:
        counts = {state.value: 0 for state in State}
        for row in self._workers.rows():
            counts[row.state] += 1
        return counts

    def _thresholds(self) -> Iterator[tuple[Family, Rows]]:
        met: dict[str, float] = {}
        values: dict[str, float] = {}
        for row in self._runner.threshold_rows():
            name = label(row.name)
            if row.status != "Pending":  # of two with one name, the worse
                met[name] = min(met.get(name, 1.0), float(row.status == "Met"))
            if row.value is not None:
                values[name] = row.value * _SCALE.get(row.unit, 1)
        yield catalogue.THRESHOLD_MET, _by_name(met)
        yield catalogue.THRESHOLD_VALUE, _by_name(values)

    def _info(self) -> tuple[str, ...]:
        versions = self._runner.settings.versions
        host = without_credentials(self._runner.environment.host or "")
        return versions.get("katydid", ""), versions.get("python", ""), self._mode, label(host)


def without_credentials(host: str) -> str:
    """A base URL as everybody may see it."""
    try:
        parts = urlsplit(host)
    except ValueError:
        return ""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _by_name(counts: Mapping[str, Any]) -> list[tuple[tuple[str], float]]:
    summed: dict[str, float] = {}  # names may become the same label
    for name, count in counts.items():
        summed[label(name)] = summed.get(label(name), 0) + float(count)
    return [((name,), count) for name, count in summed.items()]


def _if_known(time: float | None) -> list[tuple[tuple[()], float]]:
    return [] if time is None else [((), time)]
