"""Locust's `--json` form: a list of raw entries without totals, percentiles or errors.

`from_stats` takes live statistics and, unlike Locust, leaves them as they are. `from_document`
serves saved runs; where the document is coarser, its numbers are as near as it knows them.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from katydid.run.document import HistoryPoint, RequestRow, RunDocument
from katydid.stats import histogram, rounding

_KEYS = (
    "name", "method", "last_request_timestamp", "start_time", "num_requests", "num_none_requests",
    "num_failures", "total_response_time", "max_response_time", "min_response_time",
    "total_content_length", "response_times", "num_reqs_per_sec", "num_fail_per_sec",
)  # fmt: skip


def from_stats(stats: Any) -> list[dict[str, Any]]:
    """The entries of a RequestStats, sorted by (name, method); nothing is reset."""
    entries = sorted(list(stats.entries.values()), key=lambda entry: (entry.name, entry.method))
    return [{key: _copied(getattr(entry, key)) for key in _KEYS} for entry in entries]


def _copied(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


def from_document(document: RunDocument) -> list[dict[str, Any]]:
    """The same list of a saved run: seconds of the history, buckets from our finer ones."""
    started = document.status.load_started_at
    return [
        _entry(row, started, document.request_history.get(f"{row.method} {row.name}", []))
        for row in document.requests
    ]


def _entry(row: RequestRow, started: float | None, points: list[HistoryPoint]) -> dict[str, Any]:
    latency = row.latency
    busy = [point.time + point.width_seconds for point in points if point.requests]
    timed = row.requests - row.none_requests
    times: Counter[int] = Counter()
    for bucket, samples in zip(latency.buckets, latency.counts, strict=True):
        times[rounding.bucket_response_time(histogram.midpoint(bucket))] += samples
    values = (
        row.name, row.method, max(busy, default=None), started, row.requests, row.none_requests,
        row.failures, (latency.mean_ms or 0.0) * timed, latency.max_ms or 0, latency.min_ms,
        row.total_length, dict(times),
        {point.time: point.requests for point in points if point.requests},
        {point.time: point.failures for point in points if point.failures},
    )  # fmt: skip
    return dict(zip(_KEYS, values, strict=True))


def to_text(entries: list[dict[str, Any]]) -> str:
    """As Locust prints it: four spaces deep."""
    return json.dumps(entries, indent=4)
