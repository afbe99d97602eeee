"""Types of option values: each takes the text of an argument and returns a value in its unit.

argparse turns an ArgumentTypeError into `argument --x: <sentence>`.
"""

from __future__ import annotations

import argparse
import math

from katydid.load.text import parse_timespan

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def timespan(text: str) -> float:
    """Seconds from `300`, `20s`, `3m` or `1h30m`; whole numbers stay whole."""
    try:
        seconds = float(parse_timespan(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time span; write 20, 20s, 3m, 2h, 1h20m or 3h30m10s"
        ) from error
    return int(seconds) if seconds.is_integer() else seconds


def whole_number(text: str) -> int:
    """An integer ≥ 0."""
    try:
        value = int(text)
    except ValueError:
        value = -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of zero or more")
    return value


def positive_rate(text: str) -> float:
    """A finite number > 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number greater than zero")
    return value


def ascending_numbers(text: str) -> tuple[float, ...]:
    """Numbers > 0 between commas, each larger than the one before."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    ascend = all(one < next_one for one, next_one in zip((0.0, *values), values, strict=False))
    if not values or not ascend or math.isinf(values[-1]):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of ascending numbers above zero, such as 0.1,0.5,1"
        )
    return values


def port(text: str) -> int:
    """A TCP port; 0 lets the system choose."""
    value = whole_number(text)
    if value > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; ports end at 65535")
    return value


def process_count(text: str) -> int:
    """A number of processes ≥ 1, or -1 for one per core."""
    if text.strip() == "-1":
        return -1
    value = whole_number(text)
    if value == 0:
        raise argparse.ArgumentTypeError("0 processes cannot run a test; -1 means one per core")
    return value


def log_level(text: str) -> str:
    """One of Python's log levels, in any case."""
    level = text.upper()
    if level not in LOG_LEVELS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(LOG_LEVELS)}")
    return level


def url_path(text: str) -> str:
    """A path that starts with a slash, without one at its end; or nothing."""
    if text and not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} must start with a slash")
    return text.rstrip("/")
