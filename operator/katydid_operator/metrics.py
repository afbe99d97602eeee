"""The operator's metrics (METRICS.md §2), collected when they are scraped.

Families about single LoadTests come from the cache at that moment: a resource that is deleted
takes its series with it.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from katydid_operator.loadtest import Json
from katydid_operator.observed import time_of
from katydid_operator.status import Phase

LABELS = ("loadtest_namespace", "loadtest")
RUN_LABELS = (*LABELS, "run")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """Counters of this process, and the collector of all LoadTests."""

    def __init__(self, tests: Callable[[], Iterable[Json]], version: str) -> None:
        self.registry = CollectorRegistry()
        given: dict[str, Any] = {"registry": self.registry}
        self._reconciles = Counter(
            "katydid_operator_reconcile", "Passes.", ("handler", "result"), **given
        )
        self._reconcile_seconds = Histogram(
            "katydid_operator_reconcile_duration_seconds",
            "Time of a pass.",
            ("handler",),
            buckets=SECONDS,
            **given,
        )
        self._requests = Counter(
            "katydid_operator_kube_requests",
            "Requests to the API server; code 0: no answer.",
            ("verb", "resource", "code"),
            **given,
        )
        self._request_seconds = Histogram(
            "katydid_operator_kube_request_duration_seconds",
            "Time of a request to the API server.",
            ("verb",),
            buckets=SECONDS,
            **given,
        )
        self._runs = Counter(
            "katydid_loadtest_runs",
            "Finished runs that this process has seen the end of.",
            ("result",),
            **given,
        )
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


class _LoadTests(Collector):
    def __init__(self, tests: Callable[[], Iterable[Json]], version: str) -> None:
        self._tests = tests
        self._version = version

    def collect(self) -> Iterator[Metric]:
        info = GaugeMetricFamily("katydid_operator_info", "The operator.", labels=("version",))
        info.add_metric((self._version,), 1)
        yield info
        tests = list(self._tests())
        yield _by_phase(tests)
        yield from _each(tests)


def _by_phase(tests: list[Json]) -> Metric:
    family = GaugeMetricFamily(
        "katydid_loadtests", "LoadTests by phase.", labels=("loadtest_namespace", "phase")
    )
    tally = Tally(
        (test["metadata"]["namespace"], (test.get("status") or {}).get("phase") or "Pending")
        for test in tests
    )
    for key, count in sorted(tally.items()):
        family.add_metric(key, count)
    return family


def _each(tests: list[Json]) -> Iterator[Metric]:
    phase = GaugeMetricFamily(
        "katydid_loadtest_phase", "1 for the phase it is in.", labels=(*LABELS, "phase")
    )
    workers = GaugeMetricFamily(
        "katydid_loadtest_workers", "Worker pods.", labels=(*LABELS, "state")
    )
    started = _gauge("katydid_loadtest_start_timestamp_seconds", "Start of the latest run.")
    completed = _gauge("katydid_loadtest_completion_timestamp_seconds", "End of the latest run.")
    results = _results()
    for test in tests:
        metadata, status = test["metadata"], test.get("status") or {}
        labels = (metadata["namespace"], metadata["name"])
        now = status.get("phase") or "Pending"
        for one in Phase:
            phase.add_metric((*labels, str(one)), 1 if now == one else 0)
        for state in ("desired", "ready"):
            count = (status.get("workers") or {}).get(state)
            if count is not None:
                workers.add_metric((*labels, state), count)
        run = status.get("run") or {}
        run_labels = (*labels, str(run.get("number", 0)))
        for family, key in ((started, "startedAt"), (completed, "finishedAt")):
            at = time_of(run.get(key))
            if at is not None:
                family.add_metric(run_labels, at.timestamp())
        if run.get("finishedAt"):
            _add_result(results, run_labels, status)
    yield from (phase, workers, started, completed, *results.values())


def _gauge(name: str, text: str, *more: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=(*RUN_LABELS, *more))


def _results() -> dict[str, GaugeMetricFamily]:
    prefix = "katydid_loadtest_result_"
    return {
        "requests": _gauge(f"{prefix}requests", "Requests of the run."),
        "failures": _gauge(f"{prefix}failures", "Failed requests of the run."),
        "ratio": _gauge(f"{prefix}failure_ratio", "Share of requests that failed, 0 to 1."),
        "rps": _gauge(f"{prefix}requests_per_second", "Requests per second over the run."),
        "users": _gauge(f"{prefix}users_peak", "Most users at a time."),
        "duration": _gauge(f"{prefix}duration_seconds", "Length of the load."),
        "latency": _gauge(f"{prefix}response_time_seconds", "Latency of the run.", "quantile"),
        "passed": _gauge(f"{prefix}passed", "1 if the run passed."),
    }


def _add_result(
    families: dict[str, GaugeMetricFamily], labels: tuple[str, ...], status: Json
) -> None:
    load, run = status.get("load") or {}, status["run"]
    families["passed"].add_metric(labels, 1 if status.get("verdict") == "Passed" else 0)
    latest: Json = next(
        (one for one in status.get("history") or () if one["number"] == run["number"]), {}
    )
    if "users" in latest:
        families["users"].add_metric(labels, latest["users"])
    begun, ended = time_of(run.get("loadStartedAt")), time_of(run["finishedAt"])
    if begun is not None and ended is not None:
        families["duration"].add_metric(labels, max(0.0, (ended - begun).total_seconds()))
    for key in ("requests", "failures"):
        if key in load:
            families[key].add_metric(labels, load[key])
    for key, name, scale in (("rps", "rps", 1.0), ("failPercent", "ratio", 0.01)):
        if key in load:
            families[name].add_metric(labels, float(load[key]) * scale)
    for key, quantile in (("p50Ms", "0.5"), ("p95Ms", "0.95"), ("p99Ms", "0.99")):
        if key in load:
            families["latency"].add_metric((*labels, quantile), float(load[key]) / 1000)
