"""Charts as inline SVG: lines over one time axis, sparklines, latency histograms.

Pure geometry: numbers in, markup out. The drawings stretch with the page (their text is HTML laid
over them), take their colours from the style sheet by class name, and break where data is absent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from katydid.results import figures
from katydid.results.markup import NOTHING, Html, fill, join
from katydid.run.document import HistoryPoint, LatencyRow, Mark
from katydid.stats import histogram

WIDTH, HEIGHT = 2000, 400
"""The drawing's own units, whole numbers: enough for any screen, small in the file."""

MAX_POINTS = 600
"""More intervals than this are drawn together: no screen shows them."""

DASHED = "-after"
"""Ends the keys of a second run's series, which look like the first one's but dashed."""

HISTOGRAM_BARS = 40
_CLOCK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600)

Values = Sequence[float | None]


@dataclass(frozen=True)
class Frame:
    """One drawn interval. Seconds since the epoch, rates per second, latencies ms."""

    start: float
    end: float
    users: float
    rps: float
    failures_per_second: float
    dropped_per_second: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    codes_per_second: dict[str, float]  # by class: "2xx" … "5xx", "other", "no response"


@dataclass(frozen=True)
class Series:
    """One line of a chart; `values[i]` belongs to frame i."""

    key: str  # the CSS class that colours it
    label: str
    values: Values
    area: bool = False
    dashed: bool = False  # the second run of a comparison


@dataclass(frozen=True)
class Limit:
    """A threshold's line."""

    value: float
    label: str


@dataclass(frozen=True)
class Axis:
    """The time axis that all charts of a report share. Seconds since the epoch."""

    start: float
    end: float

    def x(self, time: float) -> float:
        """Position of `time`, 0 to 1."""
        return min(1.0, max(0.0, (time - self.start) / (self.end - self.start)))

    def ticks(self) -> list[tuple[float, str]]:
        """(position, label) of five to ten round times, counted from the start."""
        span = self.end - self.start
        step = next((s for s in _CLOCK_STEPS if span / s <= 8), None)
        if step is None:
            step = 86_400 * max(1, round(span / 86_400 / 8))
        return [(s / span, figures.clock(s)) for s in range(0, int(span) + 1, step)]


def frames_of(points: Sequence[HistoryPoint], limit: int = MAX_POINTS) -> list[Frame]:
    """The history in at most `limit` intervals: rates are means, users the most, latencies the
    worst of those drawn together, so that a spike is never averaged away."""
    group = max(1, math.ceil(len(points) / limit))
    return [_frame(points[i : i + group]) for i in range(0, len(points), group)]


def _frame(points: Sequence[HistoryPoint]) -> Frame:
    seconds = sum(max(1, point.width_seconds) for point in points)
    codes: dict[str, float] = {}
    for point in points:
        for code, responses in point.codes.items():
            kind = code_class(code)
            codes[kind] = codes.get(kind, 0.0) + responses / seconds
    return Frame(
        start=points[0].time,
        end=points[-1].time + max(1, points[-1].width_seconds),
        users=max(point.users for point in points),
        rps=sum(point.requests for point in points) / seconds,
        failures_per_second=sum(point.failures for point in points) / seconds,
        dropped_per_second=sum(point.dropped_iterations for point in points) / seconds,
        p50_ms=_worst(point.p50_ms for point in points),
        p95_ms=_worst(point.p95_ms for point in points),
        p99_ms=_worst(point.p99_ms for point in points),
        codes_per_second=codes,
    )


def _worst(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def code_class(code: str) -> str:
    """ "503" → "5xx"; "0" → "no response"."""
    if code == "0":
        return "no response"
    return f"{code[0]}xx" if len(code) == 3 and code[0] in "12345" else "other"


def time_chart(
    title: str,
    unit: str,
    series: Sequence[Series],
    frames: Sequence[Frame],
    axis: Axis,
    marks: Sequence[Mark] = (),
    limits: Sequence[Limit] = (),
    stacked: bool = False,
) -> Html:
    """A figure with title, key, y axis from zero, time axis and marks."""
    tops = _stack(series) if stacked else [one.values for one in series]
    highest = max((v for values in tops for v in values if v is not None), default=0.0)
    limits = [limit for limit in limits if limit.value <= 3 * highest]
    top, steps = nice_top(max([highest, *(limit.value for limit in limits)]))
    # The last of a stack lies behind the others, which paint over it.
    order = range(len(series))[::-1] if stacked else range(len(series))
    drawn = join(_draw(series[i], tops[i], frames, axis, top) for i in order)
    return fill(
        '<figure class="chart"><figcaption><b>{title}</b> <small>{unit}</small>'
        '<span class="keys">{keys}</span></figcaption>'
        '<div class="plot"><div class="ys">{ys}</div>'
        '<div class="canvas"><svg viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img"'
        ' aria-label="{title}">{grid}{drawn}{limits}{marks}</svg>{flags}</div>'
        '<div class="xs">{xs}</div></div></figure>',
        title=title,
        unit=unit,
        keys=join(
            fill(
                '<span class="key {kind}" data-k="{key}">{label} <output></output></span>',
                kind=_kind(one),
                key=one.key,
                label=one.label,
            )
            for one in series
        ),
        ys=join(
            fill('<span style="bottom:{y}%">{text}</span>', y=_trim(100 * i / steps), text=text)
            for i, text in enumerate(_tick_texts(top, steps))
        ),
        w=WIDTH,
        h=HEIGHT,
        grid=_path(
            "grid", "".join(f"M0 {round(HEIGHT * i / steps)}H{WIDTH}" for i in range(steps))
        ),
        drawn=drawn,
        limits=join(_limit(limit, top) for limit in limits),
        marks=_path(
            "mark", "".join(f"M{round(WIDTH * axis.x(mark.time))} 0V{HEIGHT}" for mark in marks)
        ),
        flags=join(
            fill(
                '<i class="flag {kind}" style="left:{x}%" title="{text}"></i>',
                kind=mark_class(mark.kind),
                x=_trim(100 * axis.x(mark.time)),
                text=f"{figures.clock(mark.time - axis.start)} {mark.text}",
            )
            for mark in marks
        ),
        xs=join(
            fill('<span style="left:{x}%">{text}</span>', x=_trim(100 * x), text=text)
            for x, text in axis.ticks()
        ),
    )


def mark_class(kind: str) -> str:
    """The CSS class of a mark; foreign kinds have none of their own."""
    known = ("start", "stop", "edit", "breach", "gap", "worker-lost", "worker-joined", "saturated")
    return f"m-{kind}" if kind in known else "m-other"


def nice_top(highest: float) -> tuple[float, int]:
    """(top of a y axis from zero, number of steps): the least round number that holds `highest`."""
    if not 0 < highest < math.inf:
        return 1.0, 2
    scale = 10.0 ** math.floor(math.log10(highest))
    for top, steps in ((1, 2), (1.5, 3), (2, 4), (3, 3), (4, 4), (5, 5), (6, 3), (8, 4), (10, 5)):
        if highest <= top * scale * 1.0001:
            return top * scale, steps
    return 10 * scale, 5


def _tick_texts(top: float, steps: int) -> list[str]:
    return [figures.decimal(top * i / steps) for i in range(steps + 1)]


def _stack(series: Sequence[Series]) -> list[list[float | None]]:
    """Cumulative values, the first series lowest."""
    tops: list[list[float | None]] = []
    below = [0.0] * len(series[0].values) if series else []
    for one in series:
        below = [low + (value or 0.0) for low, value in zip(below, one.values, strict=True)]
        tops.append(list(below))
    return tops


def _draw(one: Series, values: Values, frames: Sequence[Frame], axis: Axis, top: float) -> Html:
    line, area = [], []
    for run in _runs(values, frames):
        spots = [
            (
                round(WIDTH * axis.x((frames[i].start + frames[i].end) / 2)),
                round(HEIGHT * (1 - (values[i] or 0.0) / top)),
            )
            for i in run
        ]
        # A lone point is a line of no length, which a round cap makes a dot.
        text = polyline(spots) + ("h0" if len(spots) == 1 else "")
        line.append(text)
        area.append(f"{text}V{HEIGHT}H{spots[0][0]}z")
    drawn = _path(f"line {_kind(one)}", "".join(line))
    return join([_path(f"area {_kind(one)}", "".join(area)), drawn]) if one.area else drawn


def _kind(one: Series) -> str:
    """The CSS classes of a series: a second run's are those of the first, dashed."""
    return f"{one.key.removesuffix(DASHED)} dashed" if one.dashed else one.key


def _runs(values: Values, frames: Sequence[Frame]) -> list[list[int]]:
    """Indexes that one line may join: no value missing, no time missing between them."""
    runs: list[list[int]] = []
    previous: int | None = None
    for i, value in enumerate(values):
        if value is None:
            continue
        joined = previous == i - 1 and i > 0 and frames[i].start <= frames[i - 1].end + 0.5
        if joined and runs:
            runs[-1].append(i)
        else:
            runs.append([i])
        previous = i
    return runs


def polyline(spots: Sequence[tuple[int, int]]) -> str:
    """Path data through `spots`, relative moves (they are the shortest)."""
    parts = [f"M{spots[0][0]} {spots[0][1]}"]
    for (x0, y0), (x1, y1) in itertools.pairwise(spots):
        parts.append(f"l{x1 - x0} {y1 - y0}" if y1 != y0 else f"h{x1 - x0}")
    return "".join(parts)


def _path(kind: str, data: str) -> Html:
    return fill('<path class="{kind}" d="{data}"/>', kind=kind, data=data) if data else NOTHING


def _limit(limit: Limit, top: float) -> Html:
    y = round(HEIGHT * (1 - limit.value / top))
    return fill(
        '<path class="limit" d="M0 {y}H{w}"><title>{label}</title></path>',
        y=y,
        w=WIDTH,
        label=limit.label,
    )


def _trim(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def sparkline(values: Values, width: int = 100, height: int = 20) -> Html:
    """A line without axes, from zero to its own highest value."""
    highest = max((value for value in values if value is not None), default=0.0)
    if highest <= 0:
        return NOTHING
    data, spots = [], list[tuple[int, int]]()
    for i, value in enumerate([*values, None]):
        if value is not None:
            x = round(width * i / max(1, len(values) - 1))
            spots.append((x, round((height - 2) * (1 - value / highest)) + 1))
        elif spots:
            data.append(polyline(spots) + ("h0" if len(spots) == 1 else ""))
            spots = []
    return fill(
        '<svg class="spark" viewBox="0 0 {w} {h}" preserveAspectRatio="none">{path}</svg>',
        w=width,
        h=height,
        path=_path("line p95", "".join(data)),
    )


def thin(values: Values, limit: int = 60) -> list[float | None]:
    """At most `limit` values, the worst of each group."""
    group = max(1, math.ceil(len(values) / limit))
    return [_worst(values[i : i + group]) for i in range(0, len(values), group)]


@dataclass(frozen=True)
class LatencyScale:
    """A logarithmic latency axis that the histograms of a report share. Milliseconds."""

    low_ms: float
    high_ms: float

    def x(self, latency_ms: float) -> float:
        """Position of a latency, 0 to 1."""
        span = math.log(self.high_ms / self.low_ms)
        return min(1.0, max(0.0, math.log(max(latency_ms, 1e-9) / self.low_ms) / span))

    def decades(self) -> list[tuple[float, str]]:
        """(position, label) of the powers of ten inside the axis."""
        first = math.ceil(math.log10(self.low_ms) - 1e-9)
        last = math.floor(math.log10(self.high_ms) + 1e-9)
        return [(self.x(10.0**i), figures.latency_text(10.0**i)) for i in range(first, last + 1)]


def latency_scale(rows: Iterable[LatencyRow]) -> LatencyScale:
    """The axis that holds every bucket of `rows`; a decade at least."""
    filled = [row.buckets for row in rows if row.buckets]
    if not filled:
        return LatencyScale(1.0, 1000.0)
    low = max(2.0**-10, histogram.bounds(min(buckets[0] for buckets in filled))[0])
    high = histogram.bounds(max(buckets[-1] for buckets in filled))[1]
    return LatencyScale(low, max(high, 10 * low))


def latency_bars(row: LatencyRow, scale: LatencyScale) -> list[int]:
    """Samples in each of HISTOGRAM_BARS equal parts of the axis; their sum is all samples."""
    bars = [0] * HISTOGRAM_BARS
    for bucket, samples in zip(row.buckets, row.counts, strict=True):
        low, high = histogram.bounds(bucket)
        place = int(HISTOGRAM_BARS * scale.x((low + high) / 2))
        bars[min(HISTOGRAM_BARS - 1, place)] += samples
    return bars


def latency_histogram(row: LatencyRow, scale: LatencyScale, height: int = 24) -> Html:
    """Bars of samples over the logarithmic axis; a bar with any sample is at least visible."""
    bars = latency_bars(row, scale)
    highest = max(bars)
    if highest == 0:
        return NOTHING
    data = "".join(
        f"M{5 * i} {height}v-{max(1, round(height * samples / highest))}h4v"
        f"{max(1, round(height * samples / highest))}"
        for i, samples in enumerate(bars)
        if samples
    )
    return fill(
        '<svg class="hist" viewBox="0 0 {w} {h}" preserveAspectRatio="none">{ticks}{path}</svg>',
        w=5 * HISTOGRAM_BARS,
        h=height,
        ticks=_path(
            "grid",
            "".join(f"M{round(5 * HISTOGRAM_BARS * x)} 0V{height}" for x, _ in scale.decades()),
        ),
        path=_path("bars", data),
    )
