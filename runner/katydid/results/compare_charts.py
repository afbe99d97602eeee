"""Charts of two runs over one axis of elapsed time, the second run's lines dashed.

Both histories are put on one grid of intervals, as wide as the wider of their points, so that
the cursor reads both at the same second of load.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from katydid.results import charts, figures
from katydid.results.charts import DASHED, MAX_POINTS, Axis, Frame, Series
from katydid.results.comparison import Comparison
from katydid.results.html_overview import cursor_data
from katydid.results.html_tables import empty, section
from katydid.results.markup import Html, fill, join
from katydid.run.document import HistoryPoint, RunDocument

_LINES: list[tuple[str, str, list[tuple[str, str, Callable[[Frame], float | None]]]]] = [
    ("Requests", "/s", [("rps", "requests", lambda f: f.rps),
                        ("failures", "failures", lambda f: f.failures_per_second)]),
    ("Latency", "ms", [("p50", "p50", lambda f: f.p50_ms), ("p95", "p95", lambda f: f.p95_ms),
                       ("p99", "p99", lambda f: f.p99_ms)]),
    ("Users", "", [("users", "users", lambda f: f.users)]),
]  # fmt: skip


@dataclass(frozen=True)
class Overlay:
    """Both runs on one grid of intervals that begin with each load."""

    width_seconds: int
    cells: int
    frames: tuple[Mapping[int, Frame], Mapping[int, Frame]]  # interval → what happened in it

    def values(self, run: int, value: Callable[[Frame], float | None]) -> list[float | None]:
        """`value` of each interval of the first (0) or second (1) run; None where it has none."""
        frames = self.frames[run]
        return [value(frames[i]) if i in frames else None for i in range(self.cells)]


def overlay(comparison: Comparison) -> Overlay | None:
    """None when neither run has a second of load."""
    runs = [_elapsed(document) for document in (comparison.before, comparison.after)]
    if not any(runs):
        return None
    width = _width(runs)
    before, after = (_on_grid(points, width) for points in runs)
    return Overlay(width, 1 + max(before | after), (before, after))


def section_of(comparison: Comparison) -> Html:
    """The charts, with the numbers that the page's cursor reads."""
    grid = overlay(comparison)
    if grid is None:
        text = "No second of load was recorded in either run, so there is nothing to draw."
        return section("charts", "Over time", empty(text))
    width = grid.width_seconds
    axis = Axis(0.0, float(grid.cells * width))
    intervals = [_interval(i, width) for i in range(grid.cells)]
    drawn = [(title, unit, _series(lines, grid)) for title, unit, lines in _LINES]
    return fill(
        '<section id="charts"><h2>Over time</h2><p class="note">The first run solid, the second '
        "dashed, from the start of each load. Each point is {width}: rates are means, latencies "
        'the worst interval in it.</p><div class="charts">{charts}</div></section>'
        '<script type="application/json" id="data">{data}</script>',
        width=figures.duration(width),
        charts=join(
            charts.time_chart(title, unit, series, intervals, axis) for title, unit, series in drawn
        ),
        data=cursor_data(intervals, axis, drawn),
    )


def _elapsed(document: RunDocument) -> list[tuple[int, HistoryPoint]]:
    """The points with their start in seconds of load."""
    if not document.history:
        return []
    zero = math.floor(document.status.load_started_at or document.history[0].time)
    return [(max(0, point.time - zero), point) for point in document.history]


def _width(runs: Sequence[list[tuple[int, HistoryPoint]]]) -> int:
    """Seconds of an interval: none narrower than a point, and not too many of them."""
    points = [entry for run in runs for entry in run]
    span = max(start + max(1, point.width_seconds) for start, point in points)
    return max([math.ceil(span / MAX_POINTS), *(point.width_seconds for _, point in points)])


def _on_grid(points: list[tuple[int, HistoryPoint]], width: int) -> dict[int, Frame]:
    """Interval → what happened in it."""
    grouped: dict[int, list[HistoryPoint]] = {}
    for start, point in points:
        grouped.setdefault(start // width, []).append(point)
    return {cell: charts.frames_of(group, limit=1)[0] for cell, group in grouped.items()}


def _interval(cell: int, width: int) -> Frame:
    start = float(cell * width)
    return Frame(start, start + width, 0.0, 0.0, 0.0, 0.0, None, None, None, {})


def _series(
    lines: Sequence[tuple[str, str, Callable[[Frame], float | None]]], grid: Overlay
) -> list[Series]:
    """Each line of the first run, and beside it that of the second."""
    return [
        Series(
            key + (DASHED if second else ""),
            f"{label} {'after' if second else 'before'}",
            grid.values(second, value),
            dashed=bool(second),
        )
        for key, label, value in lines
        for second in (0, 1)
    ]
