"""`locust.util.timespan`."""

from __future__ import annotations

from katydid.load import text

__all__ = ["parse_timespan"]


def parse_timespan(time_str: str | float) -> int:
    """Whole seconds of "20", "20s", "3m", "1h20m". ValueError for anything else."""
    return int(text.parse_timespan(time_str))
