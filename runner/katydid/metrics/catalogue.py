"""Every metric of a test, once: name, type, help and labels.

The collector and the renderer take names and help from here, `docs/reference/metrics.md` is
generated from it, and the tests compare what a scrape answers with it.
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
    """A metric. `labels` come after the constant ones."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()


CONSTANT_LABELS = ("loadtest_namespace", "loadtest", "run")
"""On every series: the resource's namespace ("" outside Kubernetes), its name, the run."""

BUCKETS_SECONDS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.4, 0.65, 1.0, 1.6, 2.5, 5.0, 10.0, 30.0, 60.0,
)  # fmt: skip
"""Upper bounds of the duration histogram where nobody asked for others."""

QUANTILES = (0.5, 0.95, 0.99)

MAX_NAMES = 200
"""Requests with series of their own; those seen later are counted under `OTHER_NAME`."""

MAX_REASONS = 20
"""Reasons of failures per request; those seen later are counted under `OTHER_REASON`."""

OTHER_NAME = "(other)"
OTHER_REASON = "other"

MAX_LABEL = 256
"""Characters of a label's value; a longer one ends in an ellipsis."""

_REQUEST = ("method", "name")

REQUESTS = Family(
    "katydid_requests_total", Kind.COUNTER,
    "Requests that ended.", (*_REQUEST, "outcome"),
)  # fmt: skip
DURATION = Family(
    "katydid_request_duration_seconds", Kind.HISTOGRAM,
    "Response times; in the open model from the intended start.", _REQUEST,
)  # fmt: skip
QUANTILE = Family(  # a summary, since promtool finds a label `quantile` on a gauge wrong
    "katydid_request_duration_quantile_seconds", Kind.SUMMARY,
    "Response times of the last ten seconds: the numbers of the web page.",
    (*_REQUEST, "quantile"),
)  # fmt: skip
RESPONSE_BYTES = Family(
    "katydid_response_bytes_total", Kind.COUNTER,
    "Bytes of response bodies.", _REQUEST,
)  # fmt: skip
RESPONSES = Family(
    "katydid_http_responses_total", Kind.COUNTER,
    'HTTP responses by status code; code "0" is no response.', (*_REQUEST, "code"),
)  # fmt: skip
FAILURES = Family(
    "katydid_request_failures_total", Kind.COUNTER,
    "Failed requests by exception class or HTTP status.", (*_REQUEST, "reason"),
)  # fmt: skip
EXCEPTIONS = Family(
    "katydid_user_exceptions_total", Kind.COUNTER,
    "Uncaught exceptions of users by class.", ("exception",),
)  # fmt: skip
USERS = Family("katydid_users", Kind.GAUGE, "Users now.", ("user_class",))
USERS_TARGET = Family("katydid_users_target", Kind.GAUGE, "Users that the load asks for now.")
USERS_PEAK = Family("katydid_users_peak", Kind.GAUGE, "Most users at a time in the test.")
USERS_SPAWNED = Family(
    "katydid_users_spawned_total", Kind.COUNTER, "Users started.", ("user_class",)
)
DROPPED = Family(
    "katydid_iterations_dropped_total", Kind.COUNTER,
    "Iterations of the open model that could not start.",
)  # fmt: skip
WORKERS = Family(
    "katydid_workers", Kind.GAUGE,
    "Workers by state. A local run is its own worker.", ("state",),
)  # fmt: skip
WORKERS_EXPECTED = Family(
    "katydid_workers_expected", Kind.GAUGE, "Workers that the run was told to wait for."
)
WORKERS_LOST = Family(
    "katydid_workers_lost_total", Kind.COUNTER, "Times that a worker went missing."
)
WORKER_USERS = Family("katydid_worker_users", Kind.GAUGE, "Users of a worker.", ("worker",))
WORKER_CPU = Family(
    "katydid_worker_cpu_ratio", Kind.GAUGE, "Use of one core by a worker; 1 is all of it.",
    ("worker",),
)  # fmt: skip
WORKER_MEMORY = Family(
    "katydid_worker_memory_bytes", Kind.GAUGE, "Resident memory of a worker.", ("worker",)
)
WORKER_LAG = Family(
    "katydid_worker_loop_lag_seconds", Kind.GAUGE,
    "How late a worker's event loop was at worst since its last heartbeat.", ("worker",),
)  # fmt: skip
WORKER_AGE = Family(
    "katydid_worker_heartbeat_age_seconds", Kind.GAUGE,
    "Time since the last heartbeat of a worker.", ("worker",),
)  # fmt: skip
VERDICT = Family(
    "katydid_verdict", Kind.GAUGE,
    "1 for the verdict of the test, else 0; no series before the load ended.", ("verdict",),
)  # fmt: skip
STATE = Family("katydid_state", Kind.GAUGE, "1 for the state of the test, else 0.", ("state",))
THRESHOLD_MET = Family(
    "katydid_threshold_met", Kind.GAUGE,
    "1 while a threshold is met, 0 when it is breached; no series while it is pending.",
    ("threshold",),
)  # fmt: skip
THRESHOLD_VALUE = Family(
    "katydid_threshold_value", Kind.GAUGE,
    "What a threshold is compared with: seconds, a ratio, per second or a count.",
    ("threshold",),
)  # fmt: skip
STARTED = Family(
    "katydid_test_start_timestamp_seconds", Kind.GAUGE, "When the load began; no series before."
)
ENDED = Family(
    "katydid_test_end_timestamp_seconds", Kind.GAUGE, "When the load ended; no series before."
)
NAMES_DROPPED = Family(
    "katydid_request_names_dropped_total", Kind.COUNTER,
    f"Request names beyond the first {MAX_NAMES}; their requests are counted under {OTHER_NAME}.",
)  # fmt: skip
INFO = Family("katydid_info", Kind.GAUGE, "Always 1.", ("version", "python", "mode", "host"))

FAMILIES = (
    REQUESTS, DURATION, QUANTILE, RESPONSE_BYTES, RESPONSES, FAILURES, EXCEPTIONS, USERS,
    USERS_TARGET, USERS_PEAK, USERS_SPAWNED, DROPPED, WORKERS, WORKERS_EXPECTED, WORKERS_LOST,
    WORKER_USERS, WORKER_CPU, WORKER_MEMORY, WORKER_LAG, WORKER_AGE, STATE, VERDICT,
    THRESHOLD_MET, THRESHOLD_VALUE, STARTED, ENDED, NAMES_DROPPED, INFO,
)  # fmt: skip
"""In the order in which they are documented."""


def label(value: object) -> str:
    """A label's value: bounded, and text that UTF-8 can carry."""
    text = str(value)
    if len(text) <= MAX_LABEL and text.isascii():
        return text
    if len(text) > MAX_LABEL:
        text = text[: MAX_LABEL - 1] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")
