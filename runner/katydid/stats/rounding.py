"""Locust's rounding of response times, and its way to write a time.

Our statistics do not use it; `StatsEntry.response_times` and Locust's JSON do. Locustfiles may
replace `locust.stats.bucket_response_time`, which writes here: call it as
`rounding.bucket_response_time(...)`, never by an imported name.
"""

from __future__ import annotations

from datetime import UTC, datetime


def bucket_response_time(response_time: float) -> int:
    """Milliseconds kept to two significant digits above 100 (half to even), whole below."""
    if response_time < 100:
        return round(response_time)
    if response_time < 1000:
        return int(round(response_time, -1))
    if response_time < 10000:
        return int(round(response_time, -2))
    return int(round(response_time, -3))


def proper_round(value: float, digits: int = 0) -> float:
    """Round half away from zero, as Locust shows minimum and maximum."""
    scale = 10.0**digits
    return float(int(value * scale + (0.5 if value >= 0 else -0.5))) / scale


def utc_text(seconds: float) -> str:
    """Seconds since the epoch as Locust writes times: ISO 8601 in UTC, `Z` at the end."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
