"""A master's status document, checked: the master runs a user's code, which may answer anything.

What is not of its type is dropped here, as if it had not been sent, so that no answer can keep a
LoadTest from being looked after. Values may be null. What the numbers mean is `numbers`' part.
"""

from __future__ import annotations

import math
import re
from typing import Any

from katydid_operator.loadtest import Json

MOST = 2**53  # beyond it a JSON number is not exact, and the API server takes no integer
LATEST = 2**35  # seconds since 1970: the year 3058, which a date can hold
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{0,127}")


def _number(value: Any) -> bool:
    is_one = isinstance(value, int | float) and not isinstance(value, bool)
    return is_one and math.isfinite(value) and abs(value) < MOST


def _time(value: Any) -> bool:
    return _number(value) and 0 <= value < LATEST


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _word(value: Any) -> bool:
    """A reason, as conditions and events have it; "" for none."""
    return isinstance(value, str) and (not value or _WORD.fullmatch(value) is not None)


_SHAPE: Json = {
    "state": _text, "verdict": _text, "reason": _word, "message": _text, "generation": _number,
    "elapsed_seconds": _time, "load_started_at": _time, "workers_ready": _number,
    "workers_lost": _number,
    "load": {"users": _number, "target_users": _number, "peak_users": _number},
    "total": {
        "requests": _number, "failures": _number, "fail_percent": _number, "rps": _number,
        "current_rps": _number,
        "latency": {"percentiles_ms": {"p50": _number, "p95": _number, "p99": _number}},
    },
    "generator": {"max_cpu_percent": _number, "max_loop_lag_ms": _number},
    "thresholds": [{"name": _text, "status": _text, "value": _number, "unit": _text}],
}  # fmt: skip


def checked(found: Any) -> Json | None:
    """What can be used of an answer; None if it is no document."""
    return _part(found, _SHAPE) if isinstance(found, dict) else None


def _part(found: Json, shape: Json) -> Json:
    made = {}
    for key, value in found.items():
        wanted = shape.get(key)
        if value is None or wanted is None:
            made[key] = value
        elif isinstance(wanted, dict):
            if isinstance(value, dict):
                made[key] = _part(value, wanted)
        elif isinstance(wanted, list):
            if isinstance(value, list):
                made[key] = [_part(one, wanted[0]) for one in value if isinstance(one, dict)]
        elif wanted(value):
            made[key] = value
    return made
