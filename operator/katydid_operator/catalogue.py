"""Every metric of the operator, once: name, type, help and labels.

`metrics` collects exactly these, docs/reference/metrics.md is generated from them, and dashboards
and alerts may name no others; tests compare all three.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """What `# TYPE` says."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


@dataclass(frozen=True)
class Family:
    """A metric with all its labels."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Upper bounds of the histograms."""

TEST = ("loadtest_namespace", "loadtest")
RUN = (*TEST, "run")

INFO = Family("katydid_operator_info", Kind.GAUGE, "Always 1.", ("version",))
RECONCILES = Family(
    "katydid_operator_reconcile_total", Kind.COUNTER,
    "Passes; the result is success, conflict or error.", ("handler", "result"),
)  # fmt: skip
RECONCILE_SECONDS = Family(
    "katydid_operator_reconcile_duration_seconds", Kind.HISTOGRAM, "Time of a pass.", ("handler",)
)
REQUESTS = Family(
    "katydid_operator_kube_requests_total", Kind.COUNTER,
    "Requests to the API server; code 0: no answer.", ("verb", "resource", "code"),
)  # fmt: skip
REQUEST_SECONDS = Family(
    "katydid_operator_kube_request_duration_seconds", Kind.HISTOGRAM,
    "Time of a request to the API server.", ("verb",),
)  # fmt: skip
RUNS = Family(
    "katydid_loadtest_runs_total", Kind.COUNTER,
    "Finished runs that this process has seen the end of, by verdict.", ("result",),
)  # fmt: skip
BY_PHASE = Family(
    "katydid_loadtests", Kind.GAUGE, "LoadTests by phase.", ("loadtest_namespace", "phase")
)
PHASE = Family(
    "katydid_loadtest_phase", Kind.GAUGE, "1 for the phase it is in, else 0.", (*TEST, "phase")
)
WORKERS = Family(
    "katydid_loadtest_workers", Kind.GAUGE,
    "Worker pods of the latest run; the state is desired or ready.", (*TEST, "state"),
)  # fmt: skip
STARTED = Family(
    "katydid_loadtest_start_timestamp_seconds", Kind.GAUGE, "Start of the latest run.", RUN
)
COMPLETED = Family(
    "katydid_loadtest_completion_timestamp_seconds", Kind.GAUGE, "End of a finished run.", RUN
)
RESULT_REQUESTS = Family(
    "katydid_loadtest_result_requests", Kind.GAUGE, "Requests of the latest run.", RUN
)
RESULT_FAILURES = Family(
    "katydid_loadtest_result_failures", Kind.GAUGE, "Failed requests of the latest run.", RUN
)
RESULT_RATIO = Family(
    "katydid_loadtest_result_failure_ratio", Kind.GAUGE,
    "Share of the run's requests that failed, 0 to 1.", RUN,
)  # fmt: skip
RESULT_RPS = Family(
    "katydid_loadtest_result_requests_per_second", Kind.GAUGE, "Requests per second of the run.",
    RUN,
)  # fmt: skip
RESULT_USERS = Family(
    "katydid_loadtest_result_users_peak", Kind.GAUGE, "Most users at a time in the run.", RUN
)
RESULT_SECONDS = Family(
    "katydid_loadtest_result_duration_seconds", Kind.GAUGE, "Length of the latest run's load.", RUN
)
RESULT_LATENCY = Family(  # a summary, since promtool finds a label `quantile` on a gauge wrong
    "katydid_loadtest_result_response_time_seconds", Kind.SUMMARY,
    "Response times of the run; of runs before the latest only the quantile 0.95.",
    (*RUN, "quantile"),
)  # fmt: skip
RESULT_PASSED = Family(
    "katydid_loadtest_result_passed", Kind.GAUGE, "1 if the run passed, else 0.", RUN
)
RESULT_VERDICT = Family(
    "katydid_loadtest_result_verdict", Kind.GAUGE, "1 for the verdict of the run.",
    (*RUN, "verdict"),
)  # fmt: skip

OF_THE_PROCESS = (INFO, RECONCILES, RECONCILE_SECONDS, REQUESTS, REQUEST_SECONDS, RUNS)
OF_LOADTESTS = (BY_PHASE, PHASE, WORKERS, STARTED, COMPLETED)
OF_RESULTS = (
    RESULT_PASSED, RESULT_VERDICT, RESULT_REQUESTS, RESULT_FAILURES, RESULT_RATIO, RESULT_RPS,
    RESULT_USERS, RESULT_SECONDS, RESULT_LATENCY,
)  # fmt: skip
FAMILIES = (*OF_THE_PROCESS, *OF_LOADTESTS, *OF_RESULTS)
"""In the order in which they are documented."""
