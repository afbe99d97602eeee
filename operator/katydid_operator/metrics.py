"""The operator's metrics (METRICS.md §2), collected when they are scraped.

Families about single LoadTests come from the cache at that moment: a resource that is deleted
takes its series with it. Results are there for every run that status remembers.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from katydid_operator import catalogue
from katydid_operator.catalogue import Family
from katydid_operator.loadtest import Json
from katydid_operator.observed import time_of
from katydid_operator.status import Phase, Verdict


class _Gauges:
    """Families whose values are only known now."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._metrics = {
            family: Metric(family.name, family.help, str(family.kind)) for family in families
        }

    def add(self, family: Family, values: Sequence[str], number: float) -> None:
        labels = dict(zip(family.labels, values, strict=True))
        self._metrics[family].add_sample(family.name, labels, number)

    def add_time(self, family: Family, values: Sequence[str], text: Any) -> None:
        """Seconds since the epoch of a time in a status; nothing where there is none."""
        at = time_of(text)
        if at is not None:
            self.add(family, values, at.timestamp())

    def metrics(self) -> Iterable[Metric]:
        return self._metrics.values()


class Metrics:
    """Counters of this process, and the collector of all LoadTests."""

    def __init__(self, tests: Callable[[], Iterable[Json]], version: str) -> None:
        # Without this there is a gauge of its creation beside each counter.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations
        self.registry = CollectorRegistry()
        self._reconciles = self._counter(catalogue.RECONCILES)
        self._reconcile_seconds = self._histogram(catalogue.RECONCILE_SECONDS)
        self._requests = self._counter(catalogue.REQUESTS)
        self._request_seconds = self._histogram(catalogue.REQUEST_SECONDS)
        self._runs = self._counter(catalogue.RUNS)
        for verdict in Verdict:  # from 0 on, so that the first run counts as an increase
            self._runs.labels(str(verdict))
        self.registry.register(_LoadTests(tests, version))

    def reconciled(self, result: str, seconds: float) -> None:
        self._reconciles.labels("loadtest", result).inc()
        self._reconcile_seconds.labels("loadtest").observe(seconds)

    def requested(self, verb: str, resource: str, status: int, seconds: float) -> None:
        self._requests.labels(verb, resource, str(status)).inc()
        self._request_seconds.labels(verb).observe(seconds)

    def finished(self, verdict: str) -> None:
        self._runs.labels(verdict).inc()

    def text(self) -> bytes:
        """The exposition."""
        return generate_latest(self.registry)

    def _counter(self, family: Family) -> Counter:
        name = family.name.removesuffix("_total")
        return Counter(name, family.help, family.labels, registry=self.registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(
            family.name,
            family.help,
            family.labels,
            buckets=catalogue.SECONDS,
            registry=self.registry,
        )


class _LoadTests(Collector):
    def __init__(self, tests: Callable[[], Iterable[Json]], version: str) -> None:
        self._tests = tests
        self._version = version

    def collect(self) -> Iterator[Metric]:
        gauges = _Gauges((catalogue.INFO, *catalogue.OF_LOADTESTS, *catalogue.OF_RESULTS))
        gauges.add(catalogue.INFO, (self._version,), 1)
        tests = list(self._tests())
        for key, count in sorted(_tally(tests).items()):
            gauges.add(catalogue.BY_PHASE, key, count)
        for test in tests:
            _add_test(gauges, test)
        yield from gauges.metrics()


def _tally(tests: list[Json]) -> Tally[tuple[str, str]]:
    return Tally(
        (test["metadata"]["namespace"], (test.get("status") or {}).get("phase") or "Pending")
        for test in tests
    )


def _add_test(gauges: _Gauges, test: Json) -> None:
    metadata, status = test["metadata"], test.get("status") or {}
    labels = (metadata["namespace"], metadata["name"])
    now = status.get("phase") or "Pending"
    for one in Phase:
        gauges.add(catalogue.PHASE, (*labels, str(one)), 1 if now == one else 0)
    for state in ("desired", "ready"):
        count = (status.get("workers") or {}).get(state)
        if count is not None:
            gauges.add(catalogue.WORKERS, (*labels, state), count)
    run = status.get("run") or {}
    number = run.get("number", 0)
    gauges.add_time(catalogue.STARTED, (*labels, str(number)), run.get("startedAt"))
    finished = {entry["number"]: entry for entry in status.get("history") or ()}
    if run.get("finishedAt"):
        finished[number] = {**finished.get(number, {}), **_latest(status)}
    for which, entry in finished.items():
        _add_result(gauges, (*labels, str(which)), entry)


def _latest(status: Json) -> Json:
    """The latest run in the form of `status.history`, with what only it has."""
    run = status["run"]
    begun, ended = time_of(run.get("loadStartedAt")), time_of(run["finishedAt"])
    latest: Json = {**(status.get("load") or {}), "finishedAt": run["finishedAt"]}
    latest.pop("users", None)  # those at the end; the history has the peak
    if status.get("verdict"):
        latest["verdict"] = status["verdict"]
    if begun is not None and ended is not None:
        latest["seconds"] = max(0.0, (ended - begun).total_seconds())
    return latest


_PLAIN = (
    ("users", catalogue.RESULT_USERS, 1.0),
    ("seconds", catalogue.RESULT_SECONDS, 1.0),
    ("requests", catalogue.RESULT_REQUESTS, 1.0),
    ("failures", catalogue.RESULT_FAILURES, 1.0),
    ("rps", catalogue.RESULT_RPS, 1.0),
    ("failPercent", catalogue.RESULT_RATIO, 0.01),
)
"""Field of a run → family, and what makes its unit the base unit."""


def _add_result(gauges: _Gauges, labels: tuple[str, ...], entry: Json) -> None:
    verdict = str(entry.get("verdict") or "")
    gauges.add(catalogue.RESULT_PASSED, labels, 1 if verdict == Verdict.PASSED else 0)
    if verdict:
        gauges.add(catalogue.RESULT_VERDICT, (*labels, verdict), 1)
    gauges.add_time(catalogue.COMPLETED, labels, entry.get("finishedAt"))
    for key, family, scale in _PLAIN:
        if key in entry:
            gauges.add(family, labels, float(entry[key]) * scale)
    for key, quantile in (("p50Ms", "0.5"), ("p95Ms", "0.95"), ("p99Ms", "0.99")):
        if key in entry:
            gauges.add(catalogue.RESULT_LATENCY, (*labels, quantile), float(entry[key]) / 1000)
