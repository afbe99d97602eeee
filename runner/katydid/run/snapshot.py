"""From a live runner to the document that every output is made of."""

from __future__ import annotations

import heapq
import re
from typing import Any, Protocol

from katydid import tunables
from katydid.load.spec import ArrivalLoad, ConstantLoad, Load, ShapeLoad, StagedLoad
from katydid.load.text import load_to_manifest
from katydid.run.controller import ControllingRunner
from katydid.run.document import (
    SCHEMA,
    ExceptionRow,
    FailureRow,
    GeneratorRow,
    HistoryPoint,
    LatencyRow,
    LoadRow,
    RequestRow,
    RunDocument,
    Status,
    ThresholdRow,
    WorkerRow,
)
from katydid.run.master import MasterRunner
from katydid.run.states import LOADED, PHASE_OF_VERDICT, Phase, State
from katydid.run.turns import Turns
from katydid.run.verdict import Ending, Judgement, judge
from katydid.stats import RequestStats, StatsEntry
from katydid.stats.batch import NONE, REQUESTS, Batch
from katydid.stats.histogram import percentiles
from katydid.user.inspect import task_ratio

AGGREGATED = "Aggregated"
CURRENT = (0.50, 0.95, 0.99)
FRACTIONS = (0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)


def percentile_name(fraction: float) -> str:
    """0.95 → "p95", 0.999 → "p99.9"."""
    return f"p{fraction * 100:.6g}"


CURRENT_NAMES = [percentile_name(fraction) for fraction in CURRENT]
FRACTION_NAMES = [percentile_name(fraction) for fraction in FRACTIONS]


def status(runner: ControllingRunner) -> Status:
    """What `GET /api/v1/status` answers; cheap enough for every second."""
    rows = runner.threshold_rows()
    entry = runner.stats.total
    judgement = judgement_of(runner) if runner.finished_at is not None else None
    control = runner.control
    workers = runner.clients if isinstance(runner, MasterRunner) else None
    return Status(
        run=runner.settings.run,
        generation=runner.generation,
        state=runner.state.value,
        phase=_phase(runner, judgement).value,
        final=runner.final,
        verdict=judgement.verdict.value if judgement else None,
        reason=judgement.reason if judgement else "",
        message=judgement.message if judgement else "",
        name=runner.settings.name,
        host=_without_password(host) if (host := runner.environment.host) else host,
        user_classes=[c.__name__ for c in runner.environment.user_classes],
        started_at=runner.created_at,
        load_started_at=runner.load_started_at,
        finished_at=runner.finished_at,
        elapsed_seconds=runner.elapsed_seconds,
        load=_load_row(runner, control.load or runner.settings.load),
        total=_request_row(entry, "", AGGREGATED),
        workers_expected=runner.settings.expected_workers if workers is not None else 0,
        workers_ready=_workers_ready(runner),
        workers_lost=len(workers.missing) if workers is not None else 0,
        generator=generator(runner),
        thresholds=rows,
        latency_clock="process",
        partial=runner.partial,
    )


def _workers_ready(runner: ControllingRunner) -> int:
    if not isinstance(runner, MasterRunner):
        return 0
    return runner.final_workers if runner.final else runner.workers_ready


def document(runner: ControllingRunner, histories: bool = True) -> RunDocument:
    """Everything a report shows, without the `histories` of names when they are not wanted: they
    are most of the work. Others run meanwhile: ten thousand names take a second.
    """
    stats = runner.stats
    turns = Turns(runner.clock)
    rows = []
    for _, entry in sorted(stats.entries.items(), key=lambda item: item[0]):
        rows.append(_request_row(entry, entry.method, entry.name))
        turns.end_if_due()
    request_history = {}
    for row in rows[: tunables.MAX_CHARTED_NAMES] if histories else ():
        points = stats.history_points(row.method, row.name)
        request_history[f"{row.method} {row.name}"] = [_history_point(point) for point in points]
        turns.end_if_due()
    return RunDocument(
        schema=SCHEMA,
        status=status(runner),
        requests=rows,
        failures=[FailureRow(*row) for row in _failures(runner)],
        exceptions=[_exception_row(entry) for entry in runner.exceptions.values()],
        workers=worker_rows(runner),
        history=[_history_point(point) for point in stats.history_points()],
        request_history=request_history,
        marks=list(runner.marks),
        logs=_logs(runner),
        sources=dict(runner.settings.sources),
        manifest=runner.settings.manifest,
        options=_options(runner.environment.parsed_options, runner.settings.secret_options),
        versions=dict(runner.settings.versions),
        task_ratio=shares(runner),
        names_dropped=stats.names_dropped,
    )


def busiest(runner: ControllingRunner, count: int) -> list[RequestRow]:
    """The names with the most requests; cheap, however many names there are."""
    entries = heapq.nlargest(count, runner.stats.entries.values(), key=lambda e: e.num_requests)
    return [_request_row(entry, entry.method, entry.name) for entry in entries]


def shares(runner: ControllingRunner) -> dict[str, Any]:
    """How classes and tasks share the users, as Locust's /tasks answers."""
    counts = runner.final_user_classes_count or runner.user_classes_count
    return task_ratio(runner.environment.user_classes, counts)


def history(
    runner: ControllingRunner,
    since: float = 0.0,
    width: int = 1,
    request: tuple[str, str] | None = None,
) -> list[HistoryPoint]:
    """Intervals that began after `since` (epoch), oldest first: of the whole test or of a request
    (method, name).

    Each has at least `width` seconds; above 1 the last one may still change.
    """
    method, name = request or (None, None)
    points = runner.stats.history_points(method, name, since, width)
    return [_history_point(point) for point in points]


class Judged(Protocol):
    """What the verdict is made of; every controlling runner has it."""

    ending: Ending | None
    exceptions: dict[str, dict[str, Any]]

    @property
    def stats(self) -> RequestStats: ...
    def threshold_rows(self) -> list[ThresholdRow]: ...


def judgement_of(runner: Judged) -> Judgement:
    """The verdict, as far as it can be said now."""
    return judge(
        runner.ending or Ending(),
        runner.threshold_rows(),
        runner.stats.total.num_requests,
        runner.stats.total.num_failures,
        sum(entry["count"] for entry in runner.exceptions.values()),
    )


def generator(runner: ControllingRunner) -> GeneratorRow:
    """How the load generator itself fared while the load ran: the worst of all its processes."""
    processes = [runner.health.saturation]
    if isinstance(runner, MasterRunner):
        processes += [node.saturation for node in runner.clients.all]
    reasons = [process.reason for process in processes if process.saturated]
    test = runner.saturation
    return GeneratorRow(
        max_cpu_percent=max(process.max_cpu_percent for process in processes),
        max_loop_lag_ms=max(process.max_lag_ms for process in processes),
        saturated=bool(reasons),
        reasons=reasons,
        saturated_seconds=test.seconds if reasons else 0.0,
        first_saturated_at=test.first_at,
        last_saturated_at=test.last_at,
    )


def _phase(runner: ControllingRunner, judgement: Judgement | None) -> Phase:
    if judgement is not None and runner.final:
        return PHASE_OF_VERDICT[judgement.verdict]
    if runner.state in (State.CLEANUP, State.STOPPING) or runner.ending is not None:
        return Phase.FINISHING
    if runner.state in LOADED:
        return Phase.RUNNING
    if judgement is not None:
        return PHASE_OF_VERDICT[judgement.verdict]
    return Phase.STARTING if runner.workers_ready else Phase.PENDING


def _load_row(runner: ControllingRunner, load: Load | None) -> LoadRow:
    control = runner.control
    return LoadRow(
        model=_model(load),
        users=runner.user_count,
        target_users=control.target_users,
        spawn_rate=control.spawn_rate,
        run_time_seconds=control.ends_at() if control.load is not None else _planned(load),
        rate=control.rate,
        max_users=load.max_users if isinstance(load, ArrivalLoad) else None,
        dropped_iterations=runner.dropped_iterations,
        peak_users=runner.peak_users,
        spec=load_to_manifest(load) if load is not None else {},
    )


def _model(load: Load | None) -> str:
    if isinstance(load, StagedLoad):
        return "stages"
    if isinstance(load, ShapeLoad):
        return "shape"
    return "arrivalRate" if isinstance(load, ArrivalLoad) else "users"


def _planned(load: Load | None) -> float | None:
    return load.run_time_seconds if isinstance(load, ConstantLoad | ArrivalLoad) else None


def _request_row(entry: StatsEntry, method: str, name: str) -> RequestRow:
    numbers = entry.as_batch()
    requests, none_requests, failures, length = numbers.counters[0].tolist()
    current = entry.current_percentiles(CURRENT)
    current_rps, current_failing = entry.current_rates()
    active_seconds = entry.stats.active_seconds()
    service = entry.service
    return RequestRow(
        method=method,
        name=name,
        requests=requests,
        none_requests=none_requests,
        failures=failures,
        fail_percent=100 * failures / requests if requests else 0.0,
        rps=requests / active_seconds,
        failures_per_second=failures / active_seconds,
        current_rps=current_rps,
        current_failures_per_second=current_failing,
        mean_length=length / requests if requests else 0,
        total_length=length,
        latency=_latency_row(numbers),
        service=_latency_row(service.as_batch()) if service is not None else None,
        codes={str(code): count for _, code, count in sorted(numbers.codes)},
        current_percentiles_ms=dict(zip(CURRENT_NAMES, current, strict=True)),
    )


def _latency_row(numbers: Batch) -> LatencyRow:
    """The response times of the one row of a batch."""
    requests, none_requests = numbers.counters[0, [REQUESTS, NONE]].tolist()
    low, high, total = (float(c[0]) for c in (numbers.min_ms, numbers.max_ms, numbers.total_ms))
    timed = requests - none_requests
    values: list[float | None] = [None] * len(FRACTIONS)
    if timed:
        values = percentiles(numbers.cells, numbers.counts, FRACTIONS, low, high)
    return LatencyRow(
        mean_ms=total / timed if timed else None,
        min_ms=low if timed else None,
        max_ms=high if timed else None,
        percentiles_ms=dict(zip(FRACTION_NAMES, values, strict=True)),
        buckets=numbers.cells.tolist(),
        counts=numbers.counts.tolist(),
    )


def _history_point(point: Any) -> HistoryPoint:
    return HistoryPoint(**vars(point))


def _failures(runner: ControllingRunner) -> list[tuple[Any, ...]]:
    rows = [
        (e.method, e.name, e.error, e.reason, e.occurrences, e.first_seen, e.last_seen)
        for e in runner.stats.errors.values()
    ]
    return sorted(rows, key=lambda row: (-row[4], row[1], row[0], row[2]))


def _exception_row(entry: dict[str, Any]) -> ExceptionRow:
    return ExceptionRow(
        message=entry["msg"],
        traceback=entry["traceback"],
        count=entry["count"],
        nodes=sorted(entry["nodes"]),
        first_seen=entry["first_seen"],
        last_seen=entry["last_seen"],
    )


def worker_rows(runner: ControllingRunner) -> list[WorkerRow]:
    """The workers by index; none of a local run."""
    if not isinstance(runner, MasterRunner):
        return []
    now = runner.clock.monotonic()
    return [
        WorkerRow(
            id=node.id,
            index=node.index,
            incarnation=node.incarnation,
            state=node.state.value,
            users=node.user_count,
            cpu_percent=node.cpu_usage,
            memory_bytes=node.memory_usage,
            loop_lag_ms=node.loop_lag_ms,
            heartbeat_age_seconds=max(0.0, now - node.last_beat),
            version=node.version,
            lost_at=node.lost_at,
            cpu_trend=[round(cpu, 1) for cpu in node.cpu_trend],
        )
        for node in sorted(runner.clients.all, key=lambda node: node.index)
    ]


def _logs(runner: ControllingRunner) -> dict[str, list[str]]:
    logs = {"master": runner.log_lines()}
    if isinstance(runner, MasterRunner):
        logs |= {node: list(lines) for node, lines in runner.worker_logs.items()}
    return logs


SECRET_OPTIONS = ("token", "seed", "password", "secret", "key")
_USER_OF_ADDRESS = re.compile(r"(?<=://)[^/@\s]*@")


def _without_password(text: str) -> str:
    """An address may carry `user:password@`."""
    return _USER_OF_ADDRESS.sub("", text)


def _options(options: Any, secret: frozenset[str]) -> dict[str, Any]:
    """The options that were given, without secrets, as JSON can carry them."""
    if options is None:
        return {}
    return {
        name: value if isinstance(value, int | float | list) else _without_password(str(value))
        for name, value in sorted(vars(options).items())
        if value not in (None, "", [], False)
        and name not in secret
        and not any(word in name.lower() for word in SECRET_OPTIONS)
    }
