"""What is known of a run, as plain values: the one source of every output.

`run.snapshot` makes a `RunDocument` of a live runner; console, CSV, JSON, JUnit, HTML, the API
and the final summary are functions of it, so they cannot disagree. `to_json` / `from_json` are
exact inverses: a saved run.json rebuilds every report. Times are seconds since the epoch,
latencies milliseconds, sizes bytes, ratios per cent, unless a field says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SCHEMA = 1
"""Version of the JSON form; raised when a reader of the old one would misread the new."""


@dataclass(frozen=True)
class LatencyRow:
    """A latency distribution. None where there was no sample."""

    mean_ms: float | None
    min_ms: float | None
    max_ms: float | None
    percentiles_ms: dict[
        str, float | None
    ]  # "p50" "p66" "p75" "p80" "p90" "p95" "p98" "p99" "p99.9" "p99.99" "p100"
    buckets: list[int] = field(default_factory=list)  # histogram: index of each non-empty bucket
    counts: list[int] = field(
        default_factory=list
    )  # and its samples (stats.histogram has the bounds)


@dataclass(frozen=True)
class RequestRow:
    """Statistics of one (method, name), or of all together (method "", name "Aggregated")."""

    method: str
    name: str
    requests: int
    none_requests: int
    failures: int
    fail_percent: float
    rps: float  # over the whole run
    failures_per_second: float
    current_rps: float  # over the last ten seconds
    current_failures_per_second: float
    mean_length: float  # bytes
    total_length: int  # bytes
    latency: LatencyRow  # open model: from the intended start
    service: LatencyRow | None = None  # open model: from the actual send
    codes: dict[str, int] = field(
        default_factory=dict
    )  # HTTP status ("0": no response) → responses
    current_percentiles_ms: dict[str, float | None] = field(
        default_factory=dict
    )  # p50 p95 p99, last 10 s


@dataclass(frozen=True)
class FailureRow:
    method: str
    name: str
    error: str
    reason: str  # exception class or "HTTP 503"
    occurrences: int
    first_seen: float
    last_seen: float


@dataclass(frozen=True)
class ExceptionRow:
    message: str
    traceback: str
    count: int
    nodes: list[str]
    first_seen: float
    last_seen: float


@dataclass(frozen=True)
class WorkerRow:
    id: str
    index: int
    incarnation: int
    state: str  # ready spawning running stopping stopped missing stalled left
    users: int
    cpu_percent: float
    memory_bytes: int
    loop_lag_ms: float
    heartbeat_age_seconds: float
    version: str
    lost_at: float | None = None
    cpu_trend: list[float] = field(default_factory=list)  # per cent, of its last heartbeats


@dataclass(frozen=True)
class HistoryPoint:
    """One interval of the whole test (or of one request name)."""

    time: int  # start of the interval
    width_seconds: int
    users: int
    requests: int
    failures: int
    rps: float
    failures_per_second: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    length: int  # bytes received in it
    workers: int
    dropped_iterations: int
    codes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """Something that happened, drawn as a line in the charts."""

    time: float
    kind: str  # start stop edit breach gap worker-lost worker-joined saturated
    text: str


@dataclass(frozen=True)
class ThresholdRow:
    name: str
    expression: str  # as a person writes it: "POST /checkout: p99 < 1s"
    status: str  # Met Breached Pending
    value: float | None
    limit: float
    unit: str  # ms, %, /s or ""
    breached_at: float | None = None
    reason: str = ""  # a sentence, where the status needs one ("no request named … was made")


@dataclass(frozen=True)
class GeneratorRow:
    """Health of the load generator itself, while the load ran."""

    max_cpu_percent: float  # of one core, the worst process
    max_loop_lag_ms: float
    saturated: bool  # at any time of the run, not only now
    reasons: list[str]  # sentences
    saturated_seconds: float = 0.0  # of load, in which any process was
    first_saturated_at: float | None = None
    last_saturated_at: float | None = None


@dataclass(frozen=True)
class LoadRow:
    model: str  # users stages shape arrivalRate
    users: int
    target_users: int
    spawn_rate: float | None
    run_time_seconds: float | None
    rate: float | None = None  # open model: iterations per second aimed at now
    max_users: int | None = None
    dropped_iterations: int = 0
    peak_users: int = 0
    spec: dict[str, Any] = field(default_factory=dict)  # the load as the manifest writes it


@dataclass(frozen=True)
class Status:
    """`GET /api/v1/status`."""

    run: str
    generation: int  # of the live part in force
    state: str  # Locust's: ready spawning running cleanup stopping stopped
    phase: str  # Pending Starting Running Finishing Succeeded Failed Stopped
    final: bool
    verdict: str | None  # Passed Failed Error Stopped
    reason: str  # CamelCase, "" while it runs
    message: str  # a sentence
    name: str  # of the test
    host: str | None
    user_classes: list[str]
    started_at: float | None
    load_started_at: float | None
    finished_at: float | None
    elapsed_seconds: float  # of load
    load: LoadRow
    total: RequestRow
    workers_expected: int
    workers_ready: int
    workers_lost: int
    generator: GeneratorRow
    thresholds: list[ThresholdRow]
    latency_clock: str  # "process" or "kernel" (DESIGN §2.10)
    partial: bool = False  # True: a master was killed without a checkpoint, or the run was cut


@dataclass(frozen=True)
class RunDocument:
    """Everything a report shows."""

    schema: int
    status: Status
    requests: list[RequestRow]  # sorted by (name, method)
    failures: list[FailureRow]
    exceptions: list[ExceptionRow]
    workers: list[WorkerRow]
    history: list[HistoryPoint]
    request_history: dict[str, list[HistoryPoint]]  # "METHOD name" → points
    marks: list[Mark]
    logs: dict[str, list[str]]  # node → lines
    sources: dict[str, str]  # file name → text
    manifest: str
    options: dict[str, Any]
    versions: dict[str, str]  # katydid, python, gevent, platform
    task_ratio: dict[str, Any]  # {"per_class": …, "total": …} as Locust's /tasks answers
    names_dropped: int = 0
