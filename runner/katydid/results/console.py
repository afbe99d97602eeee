"""What the terminal shows of a run: progress line, live view, final summary.

Functions of a document that return lines; `Display` decides which of them a stream gets and when.
Lines fit `columns`; no colour and no cursor movement ever goes into a pipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from katydid.results import figures, verdict
from katydid.results.text_table import (
    RULE,
    Head,
    Paint,
    Row,
    fitting,
    pad,
    shorten,
    sparkline,
    table,
    width,
)
from katydid.run.document import ExceptionRow, RequestRow, RunDocument, Status, ThresholdRow

BUSIEST = 10
"""Requests that the live view shows, where the screen is high enough."""

LEAST_BUSIEST = 3
_TABLE_LINES = 5  # of the table beside its rows: a blank, heads, rule, total, how many more

# Locust's columns, in Locust's order.
_HEADS = [
    Head("Type", False), Head("Name", False), Head("# reqs"), Head("# fails"), Head("Avg"),
    Head("Min"), Head("Max"), Head("Med"), Head("req/s"), Head("failures/s"),
]  # fmt: skip
_NAME = 1  # the column that gives way
_DISPENSABLE = (5, 9, 6, 4)  # on a narrow screen Min goes first, then failures/s, Max, Avg
_RARE_PERCENTILES = ("p66", "p80", "p98", "p99.99", "p75", "p99.9", "p90")
_STATUS_CELLS = 8  # "breached"
_NO_PAINT = Paint()


def progress_line(status: Status, columns: int = 80, paint: Paint = _NO_PAINT) -> str:
    """One line: state, time, users, RPS, failures, p95, thresholds, workers."""
    percentile = status.total.current_percentiles_ms.get("p95")
    parts = [
        (f"{verdict.ICONS[verdict.tone(status)]} {verdict.word(status)}", verdict.tone(status)),
        (_time(status), ""),
        (f"{figures.count(status.load.users)} users", ""),
        (f"{figures.rate(status.total.current_rps)} req/s", ""),
        (f"{figures.percent(status.total.fail_percent)} % failed",
         "bad" if status.total.failures else ""),
        (f"p95 {figures.latency_text(percentile)}", ""),
    ]  # fmt: skip
    breached = sum(row.status == "Breached" for row in status.thresholds)
    if breached:
        parts.append((f"{breached} of {len(status.thresholds)} thresholds breached", "bad"))
    if status.workers_expected:
        short = status.workers_ready < status.workers_expected
        tone = "warn" if short else ""
        parts.append((f"{status.workers_ready}/{status.workers_expected} workers", tone))
    if status.load.dropped_iterations:
        parts.append((f"{figures.count(status.load.dropped_iterations)} dropped", "warn"))
    if status.generator.saturated:
        parts.append(("generator saturated", "warn"))
    return _fitted(parts, columns, paint)


def _fitted(parts: Sequence[tuple[str, str]], columns: int, paint: Paint) -> str:
    """As many parts as fit, the first ones first; colours take no cells."""
    line, used = "", 0
    for text, tone in parts:
        visible = figures.visible(text)
        gap = 2 if line else 0
        if used + gap + width(visible) > columns:
            if not line:
                line = paint(shorten(visible, columns), tone)
            break
        line += " " * gap + paint(visible, tone)
        used += gap + width(visible)
    return line


def _time(status: Status) -> str:
    elapsed = figures.clock(status.elapsed_seconds)
    total = status.load.run_time_seconds
    return elapsed if total is None else f"{elapsed} / {figures.clock(total)}"


def live_view(
    document: RunDocument, columns: int = 80, paint: Paint = _NO_PAINT, height: int = 1000
) -> list[str]:
    """The whole live display: status line, busiest requests, thresholds, sparklines.

    On a low screen the table gets shorter before anything else is cut.
    """
    status = document.status
    lines = [progress_line(status, columns, paint)]
    foot = []
    if status.thresholds:
        foot += ["", *(_threshold_line(row, columns, paint) for row in status.thresholds)]
    foot += _sparklines(document, columns, paint)
    if document.requests:
        spare = height - len(lines) - len(foot) - _TABLE_LINES
        lines += ["", *_busiest(document, columns, paint, min(BUSIEST, max(LEAST_BUSIEST, spare)))]
    return (lines + foot)[: max(1, height)]


def _busiest(document: RunDocument, columns: int, paint: Paint, most: int) -> list[str]:
    busiest = sorted(document.requests, key=lambda row: -row.requests)[:most]
    lines = _request_table(busiest, document.status.total, columns, paint, cut=True, now=True)
    if more := len(document.requests) - len(busiest):
        text = f"and {more} more request{'' if more == 1 else 's'}"
        lines.append(paint(shorten(text, columns), "dim"))
    return lines


def _sparklines(document: RunDocument, columns: int, paint: Paint) -> list[str]:
    recent = document.history[-120:]
    if len(recent) < 2:
        return []
    cells = min(60, columns - 22)
    rows: list[tuple[str, list[float | None], str, str]] = [
        ("req/s", [p.rps for p in recent], figures.rate(recent[-1].rps), "run"),
        ("p95", [p.p95_ms for p in recent], figures.latency_text(recent[-1].p95_ms), ""),
    ]
    return ["", *(
        f"{pad(label, 6)} {paint(sparkline(values, cells), tone)} {now}"
        for label, values, now, tone in rows
        if cells > 4
    )]  # fmt: skip


def _request_table(
    rows: Sequence[RequestRow], total: RequestRow, columns: int, paint: Paint, cut: bool, now: bool
) -> list[str]:
    lines = [*(_cells(row, now) for row in rows), RULE, _cells(total, now)]
    heads, lines = fitting(_HEADS, lines, columns, _NAME, _DISPENSABLE)
    return table(heads, lines, columns, paint, flexible=_NAME, cut=cut)


def _cells(row: RequestRow, now: bool) -> Row:
    latency = row.latency
    cells = (
        row.method,
        row.name,
        figures.count(row.requests),
        _failures(row),
        figures.decimal(latency.mean_ms),
        figures.decimal(latency.min_ms),
        figures.decimal(latency.max_ms),
        figures.decimal(latency.percentiles_ms.get("p50")),
        figures.rate(row.current_rps if now else row.rps),
        figures.rate(row.current_failures_per_second if now else row.failures_per_second),
    )
    return Row(cells, ("dim", "", "", "bad" if row.failures else ""))


def _failures(row: RequestRow) -> str:
    """ "2 (1.64%)", "0"."""
    count = figures.count(row.failures)
    return f"{count} ({figures.percent(row.fail_percent)}%)" if row.failures else count


def final_summary(
    document: RunDocument,
    columns: int = 80,
    paint: Paint = _NO_PAINT,
    files: Sequence[Path | str] = (),
    command: str | None = None,
) -> list[str]:
    """Everything at the end: all requests, percentiles, errors, thresholds, verdict, files.

    No row and no text is cut here; a narrow screen gets fewer columns. `files` are the results
    that were written, `command` shows more of them.
    """
    status = document.status
    lines: list[str] = []
    if document.requests:
        lines += _request_table(document.requests, status.total, columns, paint, False, False)
        lines += ["", *_percentiles(document, columns, paint)]
        if any(row.service for row in document.requests):
            lines += ["", *_percentiles(document, columns, paint, service=True)]
    else:
        lines.append("No request was made.")
    lines += _errors(document, columns, paint)
    if status.thresholds:
        lines += ["", paint("Thresholds", "bold")]
        lines += [_threshold_line(row, None, paint) for row in status.thresholds]
    lines += ["", *(paint(f"! {figures.visible(c)}", "warn") for c in verdict.cautions(document))]
    lines += _verdict(status, paint)
    if files:
        lines += ["", *(f"  {figures.visible(str(file))}" for file in files)]
    if command:
        lines += ["", f"More: {figures.visible(command)}"]
    return lines


def _percentiles(
    document: RunDocument, columns: int, paint: Paint, service: bool = False
) -> list[str]:
    pairs = [
        (row, row.service if service else row.latency)
        for row in [*document.requests, document.status.total]
    ]
    known = [(row, latency) for row, latency in pairs if latency is not None]
    names = list(known[0][1].percentiles_ms)
    heads = [
        Head("Type", False), Head("Name", False),
        *(Head(f"{name.removeprefix('p')}%") for name in names), Head("# reqs"),
    ]  # fmt: skip
    rows = [
        Row(
            (row.method, row.name,
             *(figures.decimal(latency.percentiles_ms.get(name)) for name in names),
             figures.count(row.requests)),
            ("dim",),
        )
        for row, latency in known
    ]  # fmt: skip
    if known[-1][0] is document.status.total:
        rows.insert(-1, RULE)
    title = "Service times, from the actual send (ms)" if service else "Response times (ms)"
    rare = [2 + names.index(name) for name in _RARE_PERCENTILES if name in names]
    heads, rows = fitting(heads, rows, columns, _NAME, rare)
    return [paint(title, "bold"), *table(heads, rows, columns, paint, flexible=1, cut=False)]


def _errors(document: RunDocument, columns: int, paint: Paint) -> list[str]:
    lines: list[str] = []
    if document.failures:
        heads = [Head("# occurrences"), Head("Error", False)]
        ordered = sorted(document.failures, key=lambda row: -row.occurrences)
        rows = [
            Row((figures.count(row.occurrences), f"{row.method} {row.name}: {row.error}"), ("bad",))
            for row in ordered
        ]
        lines += ["", paint("Error report", "bold")]
        lines += table(heads, rows, columns, paint, flexible=1, cut=False)
    for exception in document.exceptions:
        lines += ["", *_exception(exception, paint)]
    return lines


def _exception(row: ExceptionRow, paint: Paint) -> list[str]:
    head = f"{figures.times(row.count)} a user raised {figures.visible(row.message)}"
    trace = (figures.visible(line, keep="\t") for line in row.traceback.splitlines())
    return [paint(head, "bad"), *(f"  {line}" for line in trace)]


def _threshold_line(row: ThresholdRow, columns: int | None, paint: Paint) -> str:
    """ "✓ p95 < 300ms was 212 ms"; `columns` None: whole, with its reason."""
    tone = verdict.threshold_tone(row)
    state = pad(row.status.lower(), _STATUS_CELLS)
    text = f"{verdict.ICONS[tone]} {state}  {verdict.threshold_text(row)}"
    if columns is None and row.reason:
        text += f"  ({row.reason})"
    text = figures.visible(text)
    return paint(text if columns is None else shorten(text, columns), tone)


def _verdict(status: Status, paint: Paint) -> list[str]:
    tone = verdict.tone(status)
    why = verdict.sentence(status)
    text = f"{verdict.ICONS[tone]} {verdict.word(status)}" + (f": {why}" if why else "")
    total = status.total
    numbers = (
        f"{figures.count(total.requests)} requests in {figures.duration(status.elapsed_seconds)}, "
        f"{figures.rate(total.rps)} /s, {figures.percent(total.fail_percent)} % failed, "
        f"p95 {figures.latency_text(total.latency.percentiles_ms.get('p95'))}"
    )
    return [paint(figures.visible(text), tone), numbers]
