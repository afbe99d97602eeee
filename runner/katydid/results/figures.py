"""How numbers and foreign text read, in the report and in the terminal alike.

UI.md's rules: thousands separated thinly, durations humane, never more digits than are known
(latencies carry 0.4 %, so four). Nothing here knows of HTML, colours or widths.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

NONE = "\u2013"  # an en dash
"""Stands for a number that is not known."""

THIN_SPACE = "\u202f"  # narrow and unbreakable: a number never wraps


def count(value: float | None) -> str:
    """41203 → "41 203" with a thin space."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{round(value):,}".replace(",", THIN_SPACE)


def times(occurrences: int) -> str:
    """ "1 time", "17 times"."""
    return f"{count(occurrences)} time{'' if occurrences == 1 else 's'}"


def decimal(value: float | None, digits: int = 3) -> str:
    """At least `digits` significant digits, none of them after a whole number of 100 or more.

    412.345 → "412", 41.27 → "41.3", 0.0412 → "0.041" (three places at most).
    """
    if value is None or not math.isfinite(value):
        return NONE
    size = abs(value)
    places = digits - 1 if size < 10 else digits - 2 if size < 100 else max(0, digits - 3)
    if 0 < size < 1:
        places = min(3, digits)
    text = f"{value:,.{places}f}".replace(",", THIN_SPACE)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def rate(value: float | None) -> str:
    """Per second: 412.3, one place from 10 up to 10,000, whole above."""
    if value is None or not math.isfinite(value):
        return NONE
    return count(value) if value >= 10_000 else decimal(value, 4 if value >= 100 else 3)


def percent(value: float | None) -> str:
    """A percentage without its sign: 0.04, 12.5, and never "0" or "100" for nearly so."""
    if value is None or not math.isfinite(value):
        return NONE
    if 0 < value < 0.01:
        return "<0.01"
    if 99.99 < value < 100:
        return ">99.99"
    return decimal(value, 3) if value < 1 else f"{value:.2f}".rstrip("0").rstrip(".")


def latency(value_ms: float | None) -> tuple[str, str]:
    """(number, unit) of a latency: ("0.34", "ms"), ("212", "ms"), ("1.24", "s")."""
    if value_ms is None or not math.isfinite(value_ms):
        return NONE, ""
    if abs(value_ms) < 10_000:
        return decimal(value_ms), "ms"
    if abs(value_ms) < 600_000:
        return decimal(value_ms / 1000), "s"
    return decimal(value_ms / 60_000), "min"


def latency_text(value_ms: float | None) -> str:
    """A latency with its unit: "212 ms"."""
    number, unit = latency(value_ms)
    return f"{number} {unit}" if unit else number


def with_unit(value: float | None, unit: str) -> str:
    """A threshold's value in its own unit: "412 ms", "0.04 %", "98.2 /s", "12"."""
    if value is None:
        return NONE
    if unit == "ms":
        return latency_text(value)
    number = percent(value) if unit == "%" else rate(value)
    return f"{number} {unit}" if unit else number


def size(value: float | None) -> str:
    """Bytes in binary units: "512 B", "1.42 MiB"."""
    if value is None or not math.isfinite(value):
        return NONE
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{decimal(value)} {unit}"
        value /= 1024
    return f"{decimal(value)} TiB"


def duration(seconds: float | None) -> str:
    """A span as a person says it: "0.8 s", "42 s", "1 m 04 s", "2 h 03 m", "3 d 04 h"."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    if seconds < 9.95:
        return f"{decimal(max(0.0, seconds), 2)} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3600:02d} h"


def clock(seconds: float) -> str:
    """A position on the time axis: "02:14", "1:02:14"."""
    whole = int(max(0.0, seconds))
    if whole < 3600:
        return f"{whole // 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def moment(epoch_seconds: float | None) -> str:
    """A point in time, UTC: "2026-03-01 12:30:05 UTC"."""
    time = _utc(epoch_seconds)
    return NONE if time is None else time.strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(epoch_seconds: float | None) -> str:
    """A point in time as Locust's CSV writes it: "2026-03-01T12:30:05Z"; "" when unknown."""
    time = _utc(epoch_seconds)
    return "" if time is None else time.strftime("%Y-%m-%dT%H:%M:%SZ")


def file_time(epoch_seconds: float | None) -> str:
    """A point in time for a file name: "20260301-123005"; "unstarted" when unknown."""
    time = _utc(epoch_seconds)
    return "unstarted" if time is None else time.strftime("%Y%m%d-%H%M%S")


def _utc(epoch_seconds: float | None) -> datetime | None:
    if epoch_seconds is None or not math.isfinite(epoch_seconds):
        return None
    try:
        return datetime.fromtimestamp(epoch_seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def visible(text: str, keep: str = "") -> str:
    """Foreign text with its invisible characters written out, so that it stays text.

    Control characters (escape sequences for a terminal, NUL), lone surrogates (no encoding takes
    them) and direction overrides become `\\x1b` and the like; characters in `keep` stay.
    """
    return "".join(char if char in keep or _is_plain(char) else _written_out(char) for char in text)


def _is_plain(char: str) -> bool:
    code = ord(char)
    if code < 0x7F:
        return code >= 0x20
    return not (
        code < 0xA0
        or 0xD800 <= code <= 0xDFFF
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or code in (0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)
    )


def _written_out(char: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(char)
    return named.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
