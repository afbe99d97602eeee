"""`locust.util.date`: times as text."""

from __future__ import annotations

from datetime import datetime

from katydid.stats.rounding import utc_text

__all__ = ["format_duration", "format_safe_timestamp", "format_utc_timestamp"]


def format_utc_timestamp(unix_timestamp: float) -> str:
    """ISO 8601 in UTC, whole seconds: 2026-01-31T10:00:00Z."""
    return utc_text(unix_timestamp)


def format_safe_timestamp(unix_timestamp: float) -> str:
    """Local time that may stand in a file name: 2026-01-31-10h00."""
    return datetime.fromtimestamp(unix_timestamp).strftime("%Y-%m-%d-%Hh%M")


def format_duration(start_unix_timestamp: float, end_unix_timestamp: float) -> str:
    """In words: "1 minute and 3 seconds"; "0 seconds" for none."""
    seconds = max(0, round(end_unix_timestamp - start_unix_timestamp))
    parts = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    if not parts:
        return "0 seconds"
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
