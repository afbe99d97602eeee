"""The text form of the families that are large: requests and workers.

prometheus_client needs some microseconds for a line, which for the 5,600 lines of 200 requests
would hold the hub of the master up for 50 ms. Here a request is one `%` operation per family, on a
template that is made once. Pieces of text come one after the other, so that whoever joins them
can let the hub turn in between; all come from the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from katydid.metrics import catalogue
from katydid.metrics.catalogue import QUANTILES, Family
from katydid.metrics.counting import Counts, RequestFigures

SLOTS_A_PIECE = 50
"""Requests whose histograms are one piece of text."""

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

Rows = Iterable[tuple[Sequence[str], float]]
"""Label values, in the order of the family's labels, and a number."""


def head(family: Family) -> str:
    """The two comment lines of a family."""
    return f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"


def pairs(names: Sequence[str], values: Sequence[str]) -> str:
    """`name="value",…` with the values escaped."""
    return ",".join(
        f'{name}="{value.translate(_ESCAPED)}"' for name, value in zip(names, values, strict=True)
    )


def number(value: float) -> str:
    """As short as it can be said exactly."""
    whole = int(value)
    return str(whole) if whole == value else repr(float(value))


class Renderer:
    """Writes figures. Constant labels and bounds are those of the whole process."""

    def __init__(self, constant: Mapping[str, str], bounds_seconds: Sequence[float]) -> None:
        self._constant = pairs(tuple(constant), tuple(constant.values()))
        self._bounds = [repr(float(bound)) for bound in bounds_seconds]  # Prometheus 3 writes 1.0
        self._labels: list[str] = []  # slot → its labels, the constant ones included
        self._histograms: list[str] = []  # slot → template of its histogram

    def family(self, family: Family, rows: Rows) -> str:
        """A family of some hundred series."""
        start = f"{family.name}{{{self._constant},"
        lines = [f"{start}{pairs(family.labels, values)}}} {number(n)}\n" for values, n in rows]
        return head(family) + "".join(lines)

    def requests(self, figures: RequestFigures) -> Iterator[str]:
        """The request families, in pieces.

        Another scrape may run between two of them and know more requests: `figures` say how many.
        """
        self._prepare(figures.keys)
        yield self._outcomes(figures)
        yield from self._durations(figures)
        yield self._lengths(figures)
        yield self._counts(catalogue.RESPONSES, figures.codes)
        yield self._counts(catalogue.FAILURES, figures.reasons)
        dropped = catalogue.NAMES_DROPPED
        yield f"{head(dropped)}{dropped.name}{{{self._constant}}} {figures.names_dropped}\n"

    def _prepare(self, keys: Sequence[tuple[str, str]]) -> None:
        """Labels and templates of slots that are new."""
        for key in keys[len(self._labels) :]:
            labels = f"{self._constant},{pairs(catalogue.DURATION.labels, key)}"
            self._labels.append(labels)
            name, quoted = catalogue.DURATION.name, labels.replace("%", "%%")
            bounds = [*self._bounds, "+Inf"]
            lines = [f'{name}_bucket{{{quoted},le="{bound}"}} %d\n' for bound in bounds]
            lines.append(f"{name}_count{{{quoted}}} %d\n{name}_sum{{{quoted}}} %r\n")
            self._histograms.append("".join(lines))

    def _outcomes(self, figures: RequestFigures) -> str:
        name = catalogue.REQUESTS.name
        lines = [head(catalogue.REQUESTS)]
        for labels, requests, failures in zip(
            self._labels, figures.requests.tolist(), figures.failures.tolist(), strict=False
        ):
            lines.append(
                f'{name}{{{labels},outcome="success"}} {requests - failures}\n'
                f'{name}{{{labels},outcome="failure"}} {failures}\n'
            )
        return "".join(lines)

    def _durations(self, figures: RequestFigures) -> Iterator[str]:
        yield head(catalogue.DURATION)
        slots = list(
            zip(self._histograms, figures.buckets.tolist(), figures.seconds.tolist(), strict=False)
        )
        for first in range(0, len(slots), SLOTS_A_PIECE):
            yield "".join(
                template % (*buckets, buckets[-1], seconds)
                for template, buckets, seconds in slots[first : first + SLOTS_A_PIECE]
            )

    def quantiles(self, quantiles: Mapping[int, Sequence[float]]) -> str:
        """The family of recent quantiles, by slot. To be called after `requests`."""
        name = catalogue.QUANTILE.name
        lines = [head(catalogue.QUANTILE)]
        for slot, times in quantiles.items():
            if slot >= len(self._labels):
                continue  # first seen after the counters were read: in the next scrape
            labels = self._labels[slot]
            lines += [
                f'{name}{{{labels},quantile="{fraction}"}} {time!r}\n'
                for fraction, time in zip(QUANTILES, times, strict=True)
            ]
        return "".join(lines)

    def _lengths(self, figures: RequestFigures) -> str:
        name = catalogue.RESPONSE_BYTES.name
        lines = [
            f"{name}{{{labels}}} {length}\n"
            for labels, length in zip(self._labels, figures.length.tolist(), strict=False)
        ]
        return head(catalogue.RESPONSE_BYTES) + "".join(lines)

    def _counts(self, family: Family, counts: Counts) -> str:
        last = family.labels[-1]
        lines = [
            f"{family.name}{{{self._labels[slot]},{pairs((last,), (value,))}}} {count}\n"
            for (slot, value), count in counts.items()
        ]
        return head(family) + "".join(lines)
