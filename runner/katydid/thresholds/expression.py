"""A threshold as a value, and the two forms in which people write it.

    [REQUEST: ]METRIC < LIMIT [over WINDOW] [after GRACE] [abort]

    p95 < 300ms                          POST /checkout: p99 < 1s
    failures < 1%                        failures < 10
    rps > 100 over 30s after 1m          requests > 1000

In a manifest the same parts are fields. Whether a threshold holds is judged in `judging`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from katydid.errors import UsageError
from katydid.stats.seconds import MAX_WINDOW

_EXPRESSION = re.compile(
    r"(?:(?P<scope>.+):\s+)?(?P<metric>[A-Za-z][\w.]*)\s*(?P<operator>[<>]=?|==?|!=)"
    r"\s*(?P<limit>\S+)(?P<suffixes>(?:\s+(?:over|after)\s+\S+|\s+abort)*)"
)
_SUFFIX = re.compile(r"(over|after)\s+(\S+)|(abort)")
_LIMIT = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s|%|/s)?")
_PERCENTILE = re.compile(r"p(\d{2,4}|\d{1,2}\.\d+)")
_SPAN_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_SPAN_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_METHOD = re.compile(r"(?P<method>[A-Z][A-Z0-9_-]*) (?P<name>.+)")
_UNITS_OF = {
    "failures": ("%", ""),
    "rps": ("/s", ""),
    "requests": ("",),
    "latency": ("ms", "s"),
}
_EXAMPLE_OF = {
    "failures": "a share such as 1% or a whole number",
    "rps": "a rate such as 100/s",
    "requests": "a whole number",
    "latency": "a time such as 300ms or 1.5s",
}


@dataclass(frozen=True)
class Threshold:
    """One condition. `below` and `above` are in `unit`; exactly one of them is given."""

    name: str
    metric: str  # p50 … p9999, max, mean, failures, rps, requests
    method: str | None = None  # of the requests it is about; None: of any method
    request_name: str | None = None  # None: all requests together
    below: float | None = None
    above: float | None = None
    window_seconds: int | None = None  # None: the whole run
    after_seconds: float = 0.0  # of load, in which it is not judged
    abort: bool = False  # a breach ends the run
    unit: str = "ms"  # ms, %, /s or "" (a count)

    @property
    def limit(self) -> float:
        """The value it is compared with, in `unit`."""
        limit = self.below if self.below is not None else self.above
        assert limit is not None
        return limit

    @property
    def fraction(self) -> float | None:
        """0.999 of p999; None when the metric is no percentile."""
        return fraction_of(self.metric)

    @property
    def scope(self) -> str:
        """The request as a person writes it, "" for all together."""
        return " ".join(part for part in (self.method, self.request_name) if part)

    @property
    def expression(self) -> str:
        """The whole condition; `parse` reads it back."""
        operator = "<" if self.below is not None else ">"
        parts = [f"{self.scope}:"] if self.scope else []
        parts += [self.metric, operator, format_value(self.limit, self.unit)]
        if self.window_seconds is not None:
            parts += ["over", _span_text(self.window_seconds)]
        if self.after_seconds:
            parts += ["after", _span_text(self.after_seconds)]
        if self.abort:
            parts.append("abort")
        return " ".join(parts)

    def holds(self, value: float) -> bool:
        """Whether a value is on the right side of the limit."""
        if self.below is not None:
            return value < self.below
        return value > self.limit

    @property
    def needs_time(self) -> bool:
        """Whether it says nothing before the end or before it is passed: users are still coming.

        A rate over the whole run with a grace or an abort was told when it counts.
        """
        if self.above is None or self.window_seconds is not None:
            return False
        counts = self.metric in ("requests", "failures") and self.unit == ""
        return counts or (self.metric == "rps" and not self.after_seconds and not self.abort)


def parse(text: str) -> Threshold:
    """A `--threshold` expression; UsageError with a sentence if it is none."""
    match = _EXPRESSION.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f'"{text}" is not a threshold; write METRIC < LIMIT, such as "p95 < 300ms", '
            '"failures < 1%" or "POST /checkout: p99 < 1s over 30s abort".'
        )
    if match["operator"] not in "<>":
        raise UsageError(f'"{text}": comparisons are strict; use < or >.')
    scope = match["scope"]
    method, name = scope_of(scope) if scope else (None, None)
    metric = metric_of(match["metric"], text)
    limit, unit = _limit_of(metric, match["limit"], text)
    window, after, abort = _suffixes(match["suffixes"], text)
    threshold = Threshold(
        name="",
        metric=metric,
        method=method,
        request_name=name,
        below=limit if match["operator"] == "<" else None,
        above=limit if match["operator"] == ">" else None,
        window_seconds=window,
        after_seconds=after,
        abort=abort,
        unit=unit,
    )
    return _named(threshold)


def from_manifest(item: Mapping[str, Any]) -> Threshold:
    """A member of `spec.thresholds`; UsageError with a sentence if it is none."""
    where = f"threshold {item.get('name', '')!r}"
    sides = [side for side in ("below", "above") if item.get(side) is not None]
    if len(sides) != 1:
        raise UsageError(f"{where}: give exactly one of below and above.")
    metric = metric_of(str(item["metric"]), where)
    limit, unit = _limit_of(metric, str(item[sides[0]]), where)
    scope = item.get("scope") or {}
    threshold = Threshold(
        name=str(item.get("name") or ""),
        metric=metric,
        method=scope.get("method"),
        request_name=scope.get("name"),
        below=limit if sides[0] == "below" else None,
        above=limit if sides[0] == "above" else None,
        window_seconds=_window(str(item["window"]), where) if item.get("window") else None,
        after_seconds=_span(str(item["after"]), where) if item.get("after") else 0.0,
        abort=bool(item.get("abort", False)),
        unit=unit,
    )
    return threshold if threshold.name else _named(threshold)


def _named(threshold: Threshold) -> Threshold:
    return replace(threshold, name=threshold.expression)


def scope_of(text: str) -> tuple[str | None, str]:
    """ "POST /cart" → ("POST", "/cart"), "/cart" → (None, "/cart")."""
    match = _METHOD.fullmatch(text.strip())
    return (match["method"], match["name"]) if match else (None, text.strip())


def metric_of(text: str, where: str) -> str:
    """The metric that a person calls `text`; UsageError, about `where`, when there is none."""
    if text in ("max", "mean", "failures", "rps", "requests"):
        return text
    metric = text.replace(".", "")
    if _PERCENTILE.fullmatch(text) and metric != "p100" and fraction_of(metric):
        return metric
    hint = " (p100 is max)" if text == "p100" else ""
    raise UsageError(
        f'{where}: "{text}" is not a metric{hint}; there are p50 … p99, p999, max, mean, failures, '
        "rps and requests."
    )


def fraction_of(metric: str) -> float | None:
    """0.999 of "p999"; None for a metric that is no percentile."""
    digits = metric[1:]
    if not metric.startswith("p") or not digits.isdecimal():
        return None
    return float(f"0.{digits}")


def _limit_of(metric: str, text: str, where: str) -> tuple[float, str]:
    """Limit and unit: milliseconds of a latency, else per cent, per second or a count."""
    kind = metric if metric in _UNITS_OF else "latency"
    match = _LIMIT.fullmatch(text)
    unit = "" if match is None else match["unit"] or ""
    if match is None or unit not in _UNITS_OF[kind]:
        raise UsageError(f'{where}: {metric} is limited by {_EXAMPLE_OF[kind]}, not by "{text}".')
    number = float(match["number"])
    if kind == "latency":
        return (round(number * 1000, 6) if unit == "s" else number), "ms"
    return number, "/s" if kind == "rps" else unit


def _suffixes(text: str, where: str) -> tuple[int | None, float, bool]:
    window, after, abort = None, 0.0, False
    for word, span, _ in _SUFFIX.findall(text):
        if word == "over":
            window = _window(span, where)
        elif word == "after":
            after = _span(span, where)
        else:
            abort = True
    return window, after, abort


def _window(text: str, where: str) -> int:
    seconds = _span(text, where)
    if not 1 <= seconds <= MAX_WINDOW or seconds != int(seconds):
        raise UsageError(
            f"{where}: a window is a whole number of seconds from 1s to {_span_text(MAX_WINDOW)}, "
            f'not "{text}".'
        )
    return int(seconds)


def _span(text: str, where: str) -> float:
    """Seconds of `30s`, `1m30s`, `20`. (load/ has the same reader, but is a sibling.)"""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = _SPAN_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise UsageError(f'{where}: "{text}" is not a time span; write it such as 30s or 1m30s.')
    return sum(float(number) * _SPAN_SECONDS[unit] for number, unit in parts)


def _span_text(seconds: float) -> str:
    if seconds != int(seconds):
        return f"{seconds:.6g}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def format_value(value: float, unit: str) -> str:
    """`300ms`, `1.5s`, `1%`, `100/s`, `1000`: exact enough that a limit reads back as it was."""
    if unit == "ms" and value >= 1000 and value % 100 == 0:
        return f"{value / 1000:.12g}s"
    return f"{value:.12g}{unit}"
