"""Locust's four CSV files, made of a finished run's document.

Names, columns, order and number forms are Locust's, so that its users' spreadsheets go on working.
The files of a run in progress are csv_live's, which shares the columns with this module.

The document keeps p50, p95 and p99 of each interval, so the history made from it has those three
(of the interval, where Locust's are cumulative) and "N/A" for what an interval does not know.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from katydid.results import figures
from katydid.results.csv_columns import (
    EXCEPTION_COLUMNS,
    FAILURE_COLUMNS,
    NOT_KNOWN,
    history_columns,
    number,
    percentile_heads,
    stats_columns,
)
from katydid.results.csv_live import StatsCSV, StatsCSVFileWriter
from katydid.run.document import HistoryPoint, RequestRow, RunDocument

__all__ = [
    "StatsCSV", "StatsCSVFileWriter", "exceptions_csv", "failures_csv", "history_csv", "render",
    "stats_csv",
]  # fmt: skip

_DOCUMENT_PERCENTILES = (0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0)


def render(document: RunDocument, full_history: bool = False) -> dict[str, str]:
    """The four files: "stats", "stats_history", "failures", "exceptions" → their text."""
    return {
        "stats": stats_csv(document),
        "stats_history": history_csv(document, full_history),
        "failures": failures_csv(document),
        "exceptions": exceptions_csv(document),
    }


def _text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def stats_csv(document: RunDocument) -> str:
    """A line per (name, method), then "Aggregated"."""
    rows = [*document.requests, document.status.total]
    return _text(stats_columns(_DOCUMENT_PERCENTILES), [_stats_line(row) for row in rows])


def _stats_line(row: RequestRow) -> list[object]:
    latency = row.latency
    percentiles = [
        number(latency.percentiles_ms.get(f"p{head.removesuffix('%')}"))
        for head in percentile_heads(_DOCUMENT_PERCENTILES)
    ]
    return [
        row.method,
        row.name,
        row.requests,
        row.failures,
        number(latency.percentiles_ms.get("p50") or 0),
        latency.mean_ms or 0,
        latency.min_ms or 0,
        latency.max_ms or 0,
        row.mean_length,
        row.rps,
        row.failures_per_second,
        *(percentiles if row.requests else [NOT_KNOWN] * len(percentiles)),
    ]


def history_csv(document: RunDocument, full_history: bool = False) -> str:
    """A line per interval of the whole test; of each name before it, with `full_history`."""
    series = [("", "Aggregated", document.history)]
    if full_history:
        known = {f"{row.method} {row.name}": row for row in document.requests}
        series = [
            (known[key].method, known[key].name, points)
            for key, points in document.request_history.items()
            if key in known
        ] + series
    lines = [
        (point.time, order, line)
        for order, (method, name, points) in enumerate(series)
        for point, line in zip(points, _history_lines(method, name, points), strict=True)
    ]
    lines.sort(key=lambda entry: entry[:2])
    return _text(history_columns(_DOCUMENT_PERCENTILES), [line for _, _, line in lines])


def _history_lines(method: str, name: str, points: list[HistoryPoint]) -> Iterable[list[object]]:
    requests = failures = length = 0
    for point in points:
        requests += point.requests
        failures += point.failures
        length += point.length
        known = {0.5: point.p50_ms, 0.95: point.p95_ms, 0.99: point.p99_ms}
        yield [
            point.time + point.width_seconds,  # the moment at which these totals were true
            point.users,
            method,
            name,
            point.rps,
            point.failures_per_second,
            *(number(known.get(percentile)) for percentile in _DOCUMENT_PERCENTILES),
            requests,
            failures,
            *[NOT_KNOWN] * 4,  # median, average, min, max of all so far
            length / requests if requests else 0,
        ]


def failures_csv(document: RunDocument) -> str:
    """A line per kind of failure."""
    return _text(
        FAILURE_COLUMNS,
        [
            [row.method, row.name, row.error, row.occurrences, figures.iso(row.first_seen),
             figures.iso(row.last_seen)]
            for row in document.failures
        ],
    )  # fmt: skip


def exceptions_csv(document: RunDocument) -> str:
    """A line per kind of exception; a traceback spans lines inside its quotes."""
    return _text(
        EXCEPTION_COLUMNS,
        [
            [row.count, row.message, row.traceback, ", ".join(row.nodes)]
            for row in document.exceptions
        ],
    )
