"""The tables of the report: every request, percentile, failure, exception and worker.

Nothing is cut: a table has a row for each thing that the document knows. Only the small drawings
stop at the busiest names, as the history does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from katydid import tunables
from katydid.results import charts, figures
from katydid.results.charts import LatencyScale
from katydid.results.markup import NOTHING, Html, fill, join
from katydid.run.document import (
    ExceptionRow,
    FailureRow,
    LatencyRow,
    RequestRow,
    RunDocument,
    WorkerRow,
)


@dataclass(frozen=True)
class Column:
    """A head; `kind` is its CSS class: "n" numbers, "" text, "x" a drawing (not sortable)."""

    title: str
    kind: str = ""
    hint: str = ""


def table(columns: Sequence[Column], rows: Html, total: Html = NOTHING, kind: str = "") -> Html:
    """A table whose heads sort it; `total` stays below whatever the order."""
    return fill(
        '<div class="scroll"><table class="{kind}"><thead><tr>{heads}</tr></thead>'
        "<tbody>{rows}</tbody>{foot}</table></div>",
        kind=f"sortable {kind}".strip(),
        heads=join(
            fill(
                '<th class="{kind}" title="{hint}">{title}</th>',
                kind=column.kind, title=column.title, hint=column.hint,
            )
            for column in columns
        ),
        rows=rows,
        foot=fill("<tfoot>{total}</tfoot>", total=total) if total else NOTHING,
    )  # fmt: skip


def section(name: str, title: str, body: Html, count: int | None = None, note: str = "") -> Html:
    return fill(
        '<section id="{name}"><h2>{title} {count}</h2>{note}{body}</section>',
        name=name,
        title=title,
        count=NOTHING if count is None else fill("<small>{n}</small>", n=figures.count(count)),
        note=fill('<p class="note">{note}</p>', note=note) if note else NOTHING,
        body=body,
    )


def empty(text: str) -> Html:
    return fill('<p class="empty">{text}</p>', text=text)


def tables(document: RunDocument) -> Html:
    """All sections of tables, in the order of the page."""
    return join(
        [
            _requests(document),
            _response_times(document),
            _service_times(document),
            _failures(document),
            _exceptions(document),
            _workers(document),
        ]
    )


_REQUEST_COLUMNS = [
    Column("Method"), Column("Name"), Column("Requests", "n"), Column("Failures", "n"),
    Column("Failures %", "n"), Column("RPS", "n", "requests per second over the whole run"),
    Column("Mean", "n", "ms"), Column("p50", "n", "ms"), Column("p95", "n", "ms"),
    Column("p99", "n", "ms"), Column("Max", "n", "ms"),
    Column("Size", "n", "mean size of a response"), Column("Status codes"),
    Column("p95 over time", "x"),
]  # fmt: skip


def _requests(document: RunDocument) -> Html:
    if not document.requests:
        body = empty("No request was made.")
        return section("requests", "Requests", body)
    total = document.status.total
    body = table(
        _REQUEST_COLUMNS,
        join(_request(row, _trend(document, row)) for row in document.requests),
        _request(total, charts.sparkline(charts.thin([p.p95_ms for p in document.history]))),
        "requests",
    )
    note = "Latencies in ms."
    if total.none_requests:
        note += f" {figures.count(total.none_requests)} requests have no response time."
    return section("requests", "Requests", body, len(document.requests), note)


def _trend(document: RunDocument, row: RequestRow) -> Html:
    points = document.request_history.get(f"{row.method} {row.name}", [])
    return charts.sparkline(charts.thin([point.p95_ms for point in points]))


def _request(row: RequestRow, trend: Html) -> Html:
    latency = row.latency
    numbers = [latency.mean_ms, *(latency.percentiles_ms.get(p) for p in ("p50", "p95", "p99"))]
    return fill(
        '<tr><td class="m">{method}</td><td class="w">{name}</td><td class="n">{requests}</td>'
        '<td class="n{bad}">{failures}</td><td class="n{bad}">{percent}</td>'
        '<td class="n">{rps}</td>{numbers}<td class="n" data-v="{bytes}">{size}</td>'
        '<td class="codes">{codes}</td><td class="x">{trend}</td></tr>',
        method=row.method,
        name=row.name,
        requests=figures.count(row.requests),
        bad=" bad" if row.failures else "",
        failures=figures.count(row.failures),
        percent=figures.percent(row.fail_percent),
        rps=figures.rate(row.rps),
        numbers=join(_ms(value) for value in [*numbers, latency.max_ms]),
        bytes=round(row.mean_length),
        size=figures.size(row.mean_length),
        codes=join(_codes(row), " "),
        trend=trend,
    )


def _ms(value: float | None) -> Html:
    return fill('<td class="n">{value}</td>', value=figures.decimal(value))


def _codes(row: RequestRow) -> list[Html]:
    """Responses by status, the most frequent first."""
    ordered = sorted(row.codes.items(), key=lambda item: -item[1])
    return [
        fill(
            '<span class="{kind}">{code} <small>{n}</small></span>',
            kind="bad" if charts.code_class(code) in ("4xx", "5xx", "no response") else "",
            code="none" if code == "0" else code,
            n=figures.count(responses),
        )
        for code, responses in ordered
        if responses
    ]


def _response_times(document: RunDocument) -> Html:
    if not document.requests:
        return NOTHING
    rows = [(row, row.latency) for row in document.requests]
    open_model = any(row.service for row in document.requests)
    note = "From the intended start of each iteration, in ms. " if open_model else "In ms. "
    return section(
        "response-times",
        "Response times",
        _latency_table(rows, document.status.total.latency),
        note=f"{note}Percentiles are exact to 0.4 %; the distribution has a logarithmic axis.",
    )


def _service_times(document: RunDocument) -> Html:
    """The open model's second latency; without it the first one could not be judged."""
    rows = [(row, row.service) for row in document.requests if row.service is not None]
    if not rows:
        return NOTHING
    return section(
        "service-times",
        "Service times",
        _latency_table(rows, document.status.total.service),
        note="From the actual send of each request, in ms: what the target took once it was asked. "
        "Where these are much lower than the response times, requests had to wait for their turn.",
    )


def _latency_table(rows: Sequence[tuple[RequestRow, LatencyRow]], total: LatencyRow | None) -> Html:
    percentiles = list(rows[0][1].percentiles_ms)
    scale = charts.latency_scale(
        [latency for _, latency in rows] + ([total] if total is not None else [])
    )
    busiest = sorted((row for row, _ in rows), key=lambda row: -row.requests)
    drawn = {id(row) for row in busiest[: tunables.MAX_CHARTED_NAMES]}
    columns = [
        Column("Method"), Column("Name"), Column("Min", "n"),
        *(Column(percentile, "n") for percentile in percentiles), Column("Distribution", "x"),
    ]  # fmt: skip
    body = join(
        _latency(row.method, row.name, latency, scale if id(row) in drawn else None)
        for row, latency in rows
    )
    foot = NOTHING if total is None else _latency("", "Aggregated", total, scale)
    return join([table(columns, body, foot, "times"), _scale_note(scale)])


def _latency(method: str, name: str, latency: LatencyRow, scale: LatencyScale | None) -> Html:
    return fill(
        '<tr><td class="m">{method}</td><td class="w">{name}</td>{numbers}'
        '<td class="x">{drawing}</td></tr>',
        method=method,
        name=name,
        numbers=join(_ms(value) for value in [latency.min_ms, *latency.percentiles_ms.values()]),
        drawing=NOTHING if scale is None else charts.latency_histogram(latency, scale),
    )


def _scale_note(scale: LatencyScale) -> Html:
    return fill(
        '<p class="note">The distributions reach from {low} to {high}; lines stand at {lines}.</p>',
        low=figures.latency_text(scale.low_ms),
        high=figures.latency_text(scale.high_ms),
        lines=", ".join(text for _, text in scale.decades()),
    )


def _failures(document: RunDocument) -> Html:
    rows = document.failures
    if not rows:
        return section("failures", "Failures", empty("No request failed."), 0)
    start = document.status.load_started_at
    columns = [
        Column("Count", "n"), Column("Method"), Column("Name"), Column("Reason"), Column("Error"),
        Column("First seen", "n"), Column("Last seen", "n"),
    ]  # fmt: skip
    newest = sorted(rows, key=lambda row: (-row.last_seen, -row.occurrences))
    body = table(columns, join(_failure(row, start) for row in newest))
    return section("failures", "Failures", body, len(rows))


def _failure(row: FailureRow, start: float | None) -> Html:
    return fill(
        '<tr><td class="n">{count}</td><td class="m">{method}</td><td class="w">{name}</td>'
        '<td>{reason}</td><td class="w">{error}</td>{first}{last}</tr>',
        count=figures.count(row.occurrences),
        method=row.method,
        name=row.name,
        reason=row.reason,
        error=row.error,
        first=_seen(row.first_seen, start),
        last=_seen(row.last_seen, start),
    )


def _seen(time: float, start: float | None) -> Html:
    """A time of the run: on the charts' axis, the wall clock as its hint."""
    text = figures.moment(time) if start is None else figures.clock(time - start)
    return fill(
        '<td class="n" data-v="{v}" title="{full}">{text}</td>',
        v=round(time, 3), full=figures.moment(time), text=text,
    )  # fmt: skip


def _exceptions(document: RunDocument) -> Html:
    rows = sorted(document.exceptions, key=lambda row: (-row.last_seen, -row.count))
    if not rows:
        return section("exceptions", "Exceptions", empty("No user raised an exception."), 0)
    start = document.status.load_started_at
    body = join(_exception(row, start) for row in rows)
    return section("exceptions", "Exceptions", body, len(rows))


def _exception(row: ExceptionRow, start: float | None) -> Html:
    base = start if start is not None else row.first_seen
    return fill(
        '<details open class="exception"><summary><b>{times}</b> {message}</summary>'
        '<p class="note">From {first} to {last} on {nodes}</p><pre>{traceback}</pre></details>',
        times=figures.times(row.count),
        message=row.message,
        first=figures.clock(row.first_seen - base),
        last=figures.clock(row.last_seen - base),
        nodes=", ".join(row.nodes) or "this process",
        traceback=row.traceback,
    )


def _workers(document: RunDocument) -> Html:
    rows = document.workers
    if not rows:
        text = "Load was made in one process." if document.requests else "No worker ever came."
        return section("workers", "Workers", empty(text))
    columns = [
        Column("Index", "n"), Column("Worker"), Column("State"), Column("Users", "n"),
        Column("CPU %", "n", "of one core"), Column("Memory", "n"),
        Column("Loop lag", "n", "ms: how late the event loop runs"),
        Column("Heartbeat", "n", "seconds since the last one"), Column("Version"),
        Column("Incarnation", "n", "processes that have had this index"),
    ]  # fmt: skip
    body = table(columns, join(_worker(row, document.status.load_started_at) for row in rows))
    return section("workers", "Workers", body, len(rows))


def _worker(row: WorkerRow, start: float | None) -> Html:
    state = row.state
    if row.lost_at is not None:
        when = figures.moment(row.lost_at) if start is None else figures.clock(row.lost_at - start)
        state = f"{state} since {when}"
    return fill(
        '<tr class="{kind}"><td class="n">{index}</td><td class="w">{id}</td><td>{state}</td>'
        '<td class="n">{users}</td><td class="n">{cpu}</td>'
        '<td class="n" data-v="{bytes}">{memory}</td><td class="n">{lag}</td>'
        '<td class="n">{age}</td><td>{version}</td><td class="n">{incarnation}</td></tr>',
        kind="lost" if row.lost_at is not None else "",
        index=row.index,
        id=row.id,
        state=state,
        users=figures.count(row.users),
        cpu=figures.decimal(row.cpu_percent),
        bytes=row.memory_bytes,
        memory=figures.size(row.memory_bytes),
        lag=figures.decimal(row.loop_lag_ms),
        age=figures.decimal(row.heartbeat_age_seconds, 2),
        version=row.version,
        incarnation=row.incarnation,
    )
