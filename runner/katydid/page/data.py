"""A run in the columns that the page draws: the same for the API and for the report.

A history of ten minutes is 600 points; as columns it is a fifth of the text that it is as objects.
Times are seconds since the epoch, latencies milliseconds, as in `run.document`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from katydid.run.document import HistoryPoint, LatencyRow, RequestRow, RunDocument

POINT_FIELDS = ("time", "width_seconds", "users", "requests", "failures", "rps",
                "failures_per_second", "p50_ms", "p95_ms", "p99_ms", "length", "workers",
                "dropped_iterations")  # fmt: skip
TABLE_FIELDS = ("method", "name", "requests", "failures", "fail_percent", "rps",
                "failures_per_second", "current_rps", "mean_ms", "min_ms", "p50", "p90", "p95",
                "p99", "max_ms", "current_p50", "current_p95", "current_p99", "mean_length",
                "total_length")  # fmt: skip
SPARK_POINTS = 40
"""Of the small curve beside a name."""


def columns(points: Sequence[HistoryPoint]) -> dict[str, Any]:
    """Field → values of all points; `codes` is status → responses per point."""
    body: dict[str, Any] = {
        name: [_short(getattr(point, name)) for point in points] for name in POINT_FIELDS
    }
    codes = sorted({code for point in points for code in point.codes})
    body["codes"] = {code: [point.codes.get(code, 0) for point in points] for code in codes}
    return body


Trend = Callable[[RequestRow], Sequence[float | None]]


def table(
    rows: Sequence[RequestRow], total: RequestRow, trend: Trend, count: int, names_dropped: int = 0
) -> dict[str, Any]:
    """Some request names, of `count` that there are, as rows of TABLE_FIELDS, and the total.

    `sparks` has the `trend` of each name that has one.
    """
    return {
        "fields": TABLE_FIELDS,
        "rows": [_cells(row) for row in rows],
        "total": _cells(total),
        "sparks": {
            key_of(row): [_short(value) for value in values]
            for row in rows
            if (values := trend(row))
        },
        "count": count,
        "names_dropped": names_dropped,
    }


def saved_table(document: RunDocument) -> dict[str, Any]:
    """The table of a whole document; each trend is of the last points in it."""

    def trend(row: RequestRow) -> list[float | None]:
        points = document.request_history.get(key_of(row), [])
        return [point.p95_ms for point in points[-SPARK_POINTS:]]

    rows = document.requests
    return table(rows, document.status.total, trend, len(rows), document.names_dropped)


def request(
    document: RunDocument, method: str, name: str, points: Sequence[HistoryPoint]
) -> dict[str, Any] | None:
    """One request name whole: its row with the histogram, its history, its failures."""
    row = next((r for r in document.requests if (r.method, r.name) == (method, name)), None)
    if row is None:
        return None
    return {
        "row": row,
        "histogram": histogram(row.latency),
        "history": columns(points) if points else None,
        "failures": [f for f in document.failures if (f.method, f.name) == (method, name)],
    }


def test(document: RunDocument) -> dict[str, Any]:
    """What ran, and where: files, manifest, options, versions, shares of the tasks."""
    return {
        "sources": document.sources,
        "manifest": document.manifest,
        "options": document.options,
        "versions": document.versions,
        "task_ratio": document.task_ratio,
    }


def histogram(latency: LatencyRow) -> list[list[int]]:
    """[bucket, samples] pairs; the page knows the bounds of stats.histogram's buckets."""
    return [list(pair) for pair in zip(latency.buckets, latency.counts, strict=True)]


def key_of(row: RequestRow) -> str:
    """The key of a name in `request_history`."""
    return f"{row.method} {row.name}"


def _cells(row: RequestRow) -> list[Any]:
    latency = row.latency
    known = {
        "mean_ms": latency.mean_ms,
        "min_ms": latency.min_ms,
        "max_ms": latency.max_ms,
        **latency.percentiles_ms,
        **{f"current_{name}": value for name, value in row.current_percentiles_ms.items()},
    }
    return [known[name] if name in known else getattr(row, name, None) for name in TABLE_FIELDS]


def _short(value: Any) -> Any:
    """Five significant digits: more than a chart shows, and half the text."""
    return float(f"{value:.5g}") if isinstance(value, float) else value
