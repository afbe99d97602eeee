"""Numbers of a master's status document, as the LoadTest's status writes them.

Integers or decimal strings: JSON floats would read differently in every client. A document may
be shortened (a termination message): what it lacks keeps its last value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from katydid_operator.loadtest import Json
from katydid_operator.observed import text_of


def decimal(value: Any, places: int) -> str:
    """A decimal string that the schema accepts; "0" for what is no number or less than 0."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return "0"
    return f"{max(0.0, value):.{places}f}"


def whole(value: Any) -> int:
    """A whole number of at least 0; 0 for what is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return 0
    return max(0, int(value))


def load_of(document: Json, before: Json, at: datetime) -> Json:
    """`status.load`. While it runs, rps is that of the last seconds; at the end, of the run."""
    load, total = document.get("load") or {}, document.get("total") or {}
    found = dict(before)
    for key, name in (("users", "users"), ("target_users", "targetUsers")):
        if key in load:
            found[name] = whole(load[key])
    for key in ("requests", "failures"):
        if key in total:
            found[key] = whole(total[key])
    rate = "rps" if document.get("final") else "current_rps"
    if rate in total:
        found["rps"] = decimal(total[rate], 1)
    if "fail_percent" in total:
        found["failPercent"] = decimal(total["fail_percent"], 2)
    percentiles = (total.get("latency") or {}).get("percentiles_ms") or {}
    for key in ("p50", "p95", "p99"):
        if percentiles.get(key) is not None:
            found[f"{key}Ms"] = decimal(percentiles[key], 1)
    found["updatedAt"] = text_of(at)
    return found


def peak_users(document: Json | None, load: Json) -> int:
    peak = ((document or {}).get("load") or {}).get("peak_users")
    return max(whole(peak), whole(load.get("users")))


def generator_of(document: Json, before: Json) -> Json:
    """`status.generator`."""
    given = document.get("generator") or {}
    found = dict(before)
    if "max_cpu_percent" in given:
        found["maxCPUPercent"] = whole(math.ceil(given["max_cpu_percent"] or 0))
    if "max_loop_lag_ms" in given:
        found["maxLoopLagMs"] = whole(math.ceil(given["max_loop_lag_ms"] or 0))
    if "saturated" in given:
        found["saturated"] = bool(given["saturated"])
    return found


def thresholds_of(wanted: Iterable[Json], document: Json | None, before: list[Json]) -> list[Json]:
    """`status.thresholds`, in the order of the spec.

    A final document that passed may have dropped the rows that were met.
    """
    rows = {row.get("name"): row for row in (document or {}).get("thresholds") or ()}
    last = {row["name"]: row for row in before}
    passed = bool(document and document.get("final") and document.get("verdict") == "Passed")
    found = []
    for threshold in wanted:
        name = threshold["name"]
        row = rows.get(name)
        if row is not None:
            found.append(_threshold(name, row))
        elif passed:
            found.append({**last.get(name, {}), "name": name, "status": "Met"})
        else:
            found.append(last.get(name) or {"name": name, "status": "Pending"})
    return found


def _threshold(name: str, row: Json) -> Json:
    status = row.get("status")
    made = {"name": name, "status": status if status in ("Met", "Breached") else "Pending"}
    value = row.get("value")
    if isinstance(value, int | float) and math.isfinite(value):
        digits = f"{value:.2f}".rstrip("0").rstrip(".")
        made["value"] = f"{digits}{row.get('unit') or ''}"[:32]
    return made
