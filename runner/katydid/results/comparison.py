"""Two runs side by side: what changed in total and by request, and whether that is tolerated.

Pure: two documents in, a `Comparison` out; the compare_ modules and `to_plain` show it.
The first run is called *before*, the second *after*, whatever their times say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from katydid.results import figures, verdict
from katydid.run.document import RequestRow, RunDocument
from katydid.stats import histogram
from katydid.thresholds.expression import fraction_of
from katydid.thresholds.tolerance import EACH, LESS_IS_WORSE, Tolerance

Key = tuple[str, str]  # (method, name)

METRICS: dict[str, str] = {
    "requests": "", "rps": "/s", "failures": "%", "mean": "ms", "p50": "ms", "p95": "ms",
    "p99": "ms", "max": "ms",
}  # fmt: skip
"""What every comparison shows, with its unit; failures as a share of the requests."""

KNOWN_PERCENT = 1.0
"""Two latencies that are nearer than this are the same as far as is known: each is 0.4 % off."""

POINT_WEIGHT = 10.0
"""One percentage point more failures weighs as much as a p95 that is 10 % slower."""


@dataclass(frozen=True)
class Change:
    """One metric of both runs, in its unit; None where a run has no value."""

    metric: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """After minus before."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before

    @property
    def percent(self) -> float | None:
        """The difference in per cent of before; infinite when that was 0."""
        difference = self.difference
        if difference is None or self.before is None:
            return None
        if difference == 0:
            return 0.0
        return (
            100 * difference / self.before if self.before else math.copysign(math.inf, difference)
        )

    @property
    def tone(self) -> str:
        """ "bad", "ok", or "" for what is the same, neither good nor bad, or not known."""
        difference, percent = self.difference, self.percent
        if difference is None or percent is None or self.metric == "requests":
            return ""
        if self.metric == "failures":
            same = abs(difference) < 0.005  # no digit that is shown changes
        else:
            same = abs(percent) < KNOWN_PERCENT
        if same:
            return ""
        return "bad" if (difference < 0) == (self.metric in LESS_IS_WORSE) else "ok"


@dataclass(frozen=True)
class RequestChange:
    """One (method, name), or all together; None where a run did not make it."""

    method: str
    name: str
    before: RequestRow | None
    after: RequestRow | None

    @property
    def presence(self) -> str:
        """ "both", "new" or "gone"."""
        return "new" if self.before is None else "gone" if self.after is None else "both"

    def change(self, metric: str) -> Change:
        """`metric` in both runs: one of METRICS, or another one that a threshold knows."""
        return Change(metric, value_of(self.before, metric), value_of(self.after, metric))

    @property
    def regression(self) -> float:
        """How much worse, for the order: per cent of p95, or weighted points of failures."""
        slower, failing = self.change("p95").percent, self.change("failures").difference
        scores = [] if slower is None else [slower]
        if failing:
            scores.append(failing * POINT_WEIGHT)
        return max(scores, default=0.0)


@dataclass(frozen=True)
class FailureChange:
    """How often one error occurred in each run."""

    method: str
    name: str
    error: str
    before: int
    after: int

    @property
    def tone(self) -> str:
        return "bad" if self.after > self.before else "ok" if self.after < self.before else ""


@dataclass(frozen=True)
class Judged:
    """What became of one tolerance for one request, or for all together."""

    tolerance: Tolerance
    method: str
    name: str
    change: Change
    exceeded: bool
    reason: str = ""  # a sentence, where there was nothing to compare

    @property
    def expression(self) -> str:
        """The tolerance as it holds for this request."""
        if self.tolerance.request_name != EACH:
            return self.tolerance.expression
        return self.tolerance.expression.replace(EACH, f"{self.method} {self.name}".strip(), 1)


@dataclass(frozen=True)
class Comparison:
    """Everything that is shown."""

    before: RunDocument
    after: RunDocument
    total: RequestChange
    requests: list[RequestChange]  # the largest regression first, then new ones, then gone ones
    judged: list[Judged]  # in the order of the tolerances

    @property
    def exceeded(self) -> list[Judged]:
        return [one for one in self.judged if one.exceeded]


def compare(
    before: RunDocument, after: RunDocument, tolerances: Sequence[Tolerance] = ()
) -> Comparison:
    """Compare two runs."""
    olds = {(row.method, row.name): row for row in before.requests}
    news = {(row.method, row.name): row for row in after.requests}
    changes = [RequestChange(*key, olds.get(key), news.get(key)) for key in olds | news]
    total = RequestChange("", "Aggregated", before.status.total, after.status.total)
    judged = [one for tolerance in tolerances for one in _judge(tolerance, total, changes)]
    return Comparison(before, after, total, sorted(changes, key=_order), judged)


def _order(change: RequestChange) -> tuple[int, float, str, str]:
    place = ("both", "new", "gone").index(change.presence)
    return place, -change.regression, change.name, change.method


def value_of(row: RequestRow | None, metric: str) -> float | None:
    """A metric of a row: ms, per second, a count, and of failures the share in per cent."""
    if row is None:
        return None
    if metric == "requests":
        return float(row.requests)
    if metric == "rps":
        return row.rps
    if metric == "failures":
        return row.fail_percent if row.requests else None
    latency = row.latency
    if metric in ("mean", "max"):
        return latency.mean_ms if metric == "mean" else latency.max_ms
    fraction = fraction_of(metric)
    if fraction is None or latency.min_ms is None or latency.max_ms is None:
        return None
    known = latency.percentiles_ms.get(metric)
    return known if known is not None else histogram.percentile(
        latency.buckets, latency.counts, fraction, latency.min_ms, latency.max_ms
    )  # fmt: skip


def _judge(
    tolerance: Tolerance, total: RequestChange, changes: Iterable[RequestChange]
) -> list[Judged]:
    if tolerance.request_name is None:
        return [_judged(tolerance, total)]
    if tolerance.request_name == EACH:
        return [_judged(tolerance, one) for one in changes if one.before is not None]
    found = [
        change
        for change in changes
        if change.name == tolerance.request_name
        and tolerance.method in (None, change.method)
    ]  # fmt: skip
    if found:
        return [_judged(tolerance, one) for one in found]
    nothing = RequestChange(tolerance.method or "", tolerance.request_name, None, None)
    return [_judged(tolerance, nothing)]


def _judged(tolerance: Tolerance, request: RequestChange) -> Judged:
    """Data that is missing is no better: what cannot be compared is not tolerated."""
    change = request.change(tolerance.metric)
    if tolerance.metric == "failures" and tolerance.unit == "":
        before, after = request.before, request.after
        change = Change(
            "failures",
            None if before is None else float(before.failures),
            None if after is None else float(after.failures),
        )
    if change.before is not None and change.after is not None:
        exceeded = tolerance.exceeded(change.before, change.after)
        return Judged(tolerance, request.method, request.name, change, exceeded)
    missing = {
        (True, True): "Neither run has",
        (True, False): "The first run has no",
        (False, True): "The second run has no",
    }[change.before is None, change.after is None]
    what = request.name if tolerance.request_name is not None else "requests"
    data = f"{tolerance.metric} of {what}"
    return Judged(
        tolerance, request.method, request.name, change, True, f"{missing} {data} to compare."
    )


def failures(comparison: Comparison) -> list[FailureChange]:
    """Errors of either run, those that grew most first."""
    counts: dict[tuple[str, str, str], list[int]] = {}
    for place, document in enumerate((comparison.before, comparison.after)):
        for row in document.failures:
            pair = counts.setdefault((row.method, row.name, row.error), [0, 0])
            pair[place] += row.occurrences
    found = [FailureChange(*key, *pair) for key, pair in counts.items()]
    return sorted(found, key=lambda one: one.before - one.after)


def cautions(comparison: Comparison) -> list[str]:
    """Sentences on what makes the two less comparable than they look; mostly empty."""
    found = []
    before, after = comparison.before.status, comparison.after.status
    if before.name != after.name:
        found.append(f"These are two tests: {before.name} and {after.name}.")
    loads = verdict.load_text(before.load), verdict.load_text(after.load)
    if loads[0] != loads[1]:
        found.append(f"The load was another: {loads[0]}, then {loads[1]}.")
    if before.host != after.host:
        hosts = [status.host or "the user classes' own host" for status in (before, after)]
        found.append(f"The target was another: {hosts[0]}, then {hosts[1]}.")
    if before.latency_clock != after.latency_clock:
        clocks = f"{before.latency_clock}, then {after.latency_clock}"
        found.append(f"Latencies were taken by another clock: {clocks}.")
    for called, document in (("first", comparison.before), ("second", comparison.after)):
        found += [f"Of the {called} run: {text}" for text in verdict.cautions(document)]
    return found


def to_plain(comparison: Comparison) -> dict[str, Any]:
    """The comparison in JSON's own types; numbers in the units of METRICS."""
    return {
        "before": _run(comparison.before),
        "after": _run(comparison.after),
        "total": _plain(comparison.total),
        "requests": [_plain(one) for one in comparison.requests],
        "tolerances": [
            {
                "expression": one.expression,
                "method": one.method,
                "name": one.name,
                "before": one.change.before,
                "after": one.change.after,
                "change_percent": _finite(one.change.percent),
                "exceeded": one.exceeded,
                "reason": one.reason,
            }
            for one in comparison.judged
        ],
        "exceeded": bool(comparison.exceeded),
        "cautions": cautions(comparison),
    }


def _run(document: RunDocument) -> dict[str, Any]:
    status = document.status
    return {
        "name": status.name,
        "run": status.run,
        "verdict": status.verdict,
        "started_at": figures.iso(status.load_started_at or status.started_at) or None,
        "elapsed_seconds": status.elapsed_seconds,
        "load": verdict.load_text(status.load),
        "host": status.host,
    }


def _plain(request: RequestChange) -> dict[str, Any]:
    metrics = {}
    for metric in METRICS:
        change = request.change(metric)
        metrics[metric] = {
            "before": change.before,
            "after": change.after,
            "change": change.difference,
            "change_percent": _finite(change.percent),
        }
    return {
        "method": request.method,
        "name": request.name,
        "presence": request.presence,
        "metrics": metrics,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
