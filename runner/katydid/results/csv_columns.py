"""Column heads and number forms of Locust's CSV files, for the document's and the live ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

NOT_KNOWN = "N/A"
"""Locust's word for a number that is not known."""

FAILURE_COLUMNS = ["Method", "Name", "Error", "Occurrences", "First Seen", "Last Seen"]
EXCEPTION_COLUMNS = ["Count", "Message", "Traceback", "Nodes"]


def percentile_heads(percentiles: Sequence[float]) -> list[str]:
    """[0.5, 0.999] → ["50%", "99.9%"]."""
    # Ten digits: 0.29 * 100 is 28.999999999999996.
    return [f"{round(percentile * 100, 8):.10g}%" for percentile in percentiles]


def stats_columns(percentiles: Sequence[float]) -> list[str]:
    """Heads of `_stats.csv`."""
    return [
        "Type", "Name", "Request Count", "Failure Count", "Median Response Time",
        "Average Response Time", "Min Response Time", "Max Response Time",
        "Average Content Size", "Requests/s", "Failures/s", *percentile_heads(percentiles),
    ]  # fmt: skip


def history_columns(percentiles: Sequence[float]) -> list[str]:
    """Heads of `_stats_history.csv`."""
    return [
        "Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s",
        *percentile_heads(percentiles), "Total Request Count", "Total Failure Count",
        "Total Median Response Time", "Total Average Response Time", "Total Min Response Time",
        "Total Max Response Time", "Total Average Content Size",
    ]  # fmt: skip


def number(value: float | None) -> float | int | str:
    """A percentile in ms: whole from 100 up (as Locust's are), four digits below."""
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    shown = round(value) if value >= 100 else float(f"{value:.4g}")
    return int(shown) if shown == int(shown) else shown
