"""The words and numbers of a comparison; terminal and page take them from here."""

from __future__ import annotations

import math

from katydid.results import figures
from katydid.results.comparison import METRICS, Change, Comparison, Judged, RequestChange

MINUS = "\u2212"
ARROW = "\u2192"

TITLES = {
    "requests": "Requests", "rps": "RPS", "failures": "Failures", "mean": "Mean", "max": "Max",
}  # fmt: skip
"""Of metrics that are not called by their own name."""


def title(metric: str) -> str:
    return TITLES.get(metric, metric)


def unit(metric: str) -> str:
    return METRICS.get(metric, "ms")


def value(metric: str, number: float | None) -> str:
    """A metric without its unit: "412", "0.04", "240 000"."""
    if metric == "requests":
        return figures.count(number)
    if metric == "rps":
        return figures.rate(number)
    return figures.percent(number) if metric == "failures" else figures.decimal(number)


def difference(change: Change) -> str:
    """ "+37 %" of a latency, a rate or a count; "+1.16" points of failures; "" if unknown."""
    if change.metric == "failures":
        points = change.difference
        if points is None:
            return ""
        return _signed(points, f"{abs(points):.2f}".rstrip("0").rstrip("."))
    return percent(change)


def percent(change: Change) -> str:
    """The relative change with its sign; "" where there is none to be told."""
    share = change.percent
    if share is None:
        return ""
    if math.isinf(share):
        return "from 0"
    if share >= 1000:
        return f"{figures.times(round(1 + share / 100))}"
    if abs(share) < 0.05:
        return "0 %"
    return f"{_signed(share, f'{abs(share):.1f}' if abs(share) < 9.95 else f'{abs(share):.0f}')} %"


def _signed(number: float, text: str) -> str:
    return text if text == "0" else f"{'+' if number > 0 else MINUS}{text}"


def cell(request: RequestChange, metric: str) -> str:
    """The second run's value and how it differs: "412 (+37 %)"."""
    change = request.change(metric)
    told = difference(change)
    text = value(metric, change.after)
    return f"{text} ({told})" if told.strip("0 %") else text


def presence(request: RequestChange) -> str:
    """ "new", "gone" or ""."""
    return "" if request.presence == "both" else request.presence


def judged(one: Judged) -> str:
    """ "p95=10%: 300 ms → 412 ms (+37 %)"."""
    if one.reason:
        return f"{one.expression}: {one.reason}"
    change, of = one.change, one.tolerance.unit if one.change.metric == "failures" else None
    kind = unit(change.metric) if of is None else of
    ends = (
        f"{figures.with_unit(change.before, kind)} {ARROW} {figures.with_unit(change.after, kind)}"
    )
    told = difference(change) if kind == "%" else percent(change)
    return f"{one.expression}: {ends} ({told})" if told else f"{one.expression}: {ends}"


def tests(comparison: Comparison) -> str:
    """The name of the test, or of both."""
    return " and ".join(
        dict.fromkeys((comparison.before.status.name, comparison.after.status.name))
    )


def tone(comparison: Comparison) -> str:
    """The key of verdict.ICONS for the whole comparison."""
    if comparison.exceeded:
        return "bad"
    return "ok" if comparison.judged else "run"


def word(comparison: Comparison) -> str:
    """ "Worse than tolerated", "Within the tolerances", "Compared"."""
    if comparison.exceeded:
        return "Worse than tolerated"
    return "Within the tolerances" if comparison.judged else "Compared"


def sentence(comparison: Comparison) -> str:
    """What matters most, in a sentence."""
    exceeded = comparison.exceeded
    if exceeded:
        more = f" (and {len(exceeded) - 1} more)" if len(exceeded) > 1 else ""
        return f"{judged(exceeded[0]).removesuffix('.')}{more}."
    both = [one for one in comparison.requests if one.presence == "both"]
    if not both:
        return "The two runs have no request in common."
    worst = both[0]
    slower, failing = worst.change("p95"), worst.change("failures")
    name = f"{worst.method} {worst.name}".strip()
    if slower.tone != "bad" and failing.tone != "bad":
        return "No request got slower (p95) or failed more often."
    kind = failing if failing.tone == "bad" and (failing.difference or 0) > 0 else slower
    if slower.tone == "bad" and (slower.percent or 0) >= worst.regression:
        kind = slower
    ends = [figures.with_unit(end, unit(kind.metric)) for end in (kind.before, kind.after)]
    what = "failures" if kind.metric == "failures" else kind.metric
    return f"The largest regression: {name}, {what} {ends[0]} {ARROW} {ends[1]}."
