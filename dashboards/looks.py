"""What a panel's JSON says of numbers: their text, colour, legend, and rows of joined answers."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Json = dict[str, Any]
TEXT, DIM = "#d5d6dd", "#8e919b"


def points(one: Json) -> tuple[list[float], list[float]]:
    """Times and values of a series; a gap is one value that is no number."""
    pairs = [(float(at), float(value)) for at, value in one.get("values", ())]
    real = [(at, value) for at, value in pairs if math.isfinite(value)]
    steps = [b[0] - a[0] for a, b in pairwise(pairs)]
    longest = 1.5 * min(steps, default=1.0)
    found = real[:1]
    for before, after in pairwise(real):
        if after[0] - before[0] > longest:
            found.append(((before[0] + after[0]) / 2, math.nan))
        found.append(after)
    return [at for at, _ in found], [value for _, value in found]


def solid(times: list[float], values: list[float]) -> tuple[list[float], list[float]]:
    """The same without gaps: areas stand on each other at common times."""
    real = [(at, value) for at, value in zip(times, values, strict=True) if math.isfinite(value)]
    return [at for at, _ in real], [value for _, value in real]


def last(one: Json) -> float:
    if "value" in one:
        return float(one["value"])
    _, values = solid(*points(one))
    return values[-1] if values else math.nan


def legend(target: Json, one: Json) -> str:
    text: str = target["legendFormat"]
    for name, value in one["metric"].items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text


def overrides(panel: Json, name: str) -> Json:
    """What the overrides say of a field: property → value; of a colour, the colour itself."""
    found: Json = {}
    for one in panel["fieldConfig"]["overrides"]:
        matcher = one["matcher"]
        wanted = matcher["options"]
        by_pattern = matcher["id"] == "byRegexp" and re.fullmatch(wanted.strip("/"), name)
        if by_pattern or wanted == name:
            for entry in one["properties"]:
                value = entry["value"]
                is_color = entry["id"] == "color"
                found[entry["id"]] = value["fixedColor"] if is_color else value
    return found


def stepped(steps: Sequence[Json], value: float) -> str:
    color = TEXT
    for step in steps:
        if step["value"] is None or value >= step["value"]:
            color = step["color"]
    return TEXT if color == "text" else color


def color_of(panel: Json, value: float) -> str:
    defaults = panel["fieldConfig"]["defaults"]
    fixed = defaults["color"].get("fixedColor")
    return str(fixed) if fixed else stepped(defaults["thresholds"]["steps"], value)


def merged(targets: Sequence[Json], answers: Sequence[list[Json]]) -> list[Json]:
    """Rows of all queries, joined on the labels that they share (Grafana's `merge`)."""
    rows: list[Json] = []
    for target, found in zip(targets, answers, strict=True):
        field = f"Value #{target['refId']}" if len(targets) > 1 else "Value"
        for one in found:
            labels = {k: v for k, v in one["metric"].items() if k != "__name__"}
            for row in rows:
                common = labels.keys() & row.keys()
                if field not in row and common and all(row[k] == labels[k] for k in common):
                    row.update(labels, **{field: one["value"]})
                    break
            else:
                rows.append({**labels, field: one["value"]})
    return rows


def sort_key(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    try:
        return (1, float(value))
    except ValueError:
        return (1, str(value))


def cell(value: Any, look: Json) -> tuple[str, str]:
    """Text and colour of a cell."""
    if value is None:
        return "", DIM
    for mapping in look.get("mappings", ()):
        key = value if isinstance(value, str) else f"{value:g}"
        if key in mapping["options"]:
            entry = mapping["options"][key]
            return entry["text"], entry["color"]
    if isinstance(value, str):
        return value, TEXT
    color = TEXT
    if "thresholds" in look:
        color = stepped(look["thresholds"]["steps"], value)
    return formatted(value, look.get("unit", "none"), look.get("decimals")), color


def formatted(value: float, unit: str, decimals: int | None) -> str:
    """A number as Grafana writes it in this unit."""
    if not math.isfinite(value):
        return "–"  # noqa: RUF001  # what one sees
    if unit == "dateTimeAsIso":
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(value / 1000))
    if unit == "percentunit":
        return f"{value * 100:.{1 if decimals is None else decimals}f}%"
    if unit == "s":
        return _seconds(value, decimals)
    if unit == "bytes":
        for name in ("B", "KiB", "MiB", "GiB"):
            if value < 1024 or name == "GiB":
                return f"{value:.3g} {name}"
            value /= 1024
    suffix = {"reqps": " req/s", "ops": " ops/s"}.get(unit, "")
    if decimals is None:
        return f"{value:.3g}{suffix}" if value < 1000 else f"{value:,.0f}{suffix}"
    return f"{value:,.{decimals}f}{suffix}"


def _seconds(value: float, decimals: int | None) -> str:
    if value == 0:
        return "0 s"
    if abs(value) < 1:
        return f"{value * 1000:.3g} ms"
    if abs(value) < 60:
        return f"{value:.{2 if decimals is None else decimals}f} s"
    return f"{value / 60:.2g} min"
