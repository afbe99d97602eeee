"""The geometry of charts: axes, gaps, folding, histograms whose bars are all the samples."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.results import charts
from katydid.results.charts import Axis, LatencyScale, Limit, Series
from katydid.run.document import HistoryPoint, Mark


def paths(markup: str, kind: str) -> list[str]:
    return re.findall(rf'<path class="{re.escape(kind)}" d="([^"]*)"', markup)


def chart_of(points: list[HistoryPoint], **more: Any) -> str:
    frames = charts.frames_of(points)
    axis = Axis(frames[0].start, frames[-1].end)
    series = [Series("rps", "requests", [frame.rps for frame in frames])]
    return charts.time_chart("Requests", "/s", series, frames, axis, **more)


@given(st.floats(1e-6, 1e12))
def test_an_axis_holds_its_highest_value_and_wastes_little(highest: float) -> None:
    top, steps = charts.nice_top(highest)
    assert highest <= top * 1.0001
    assert top <= 2.01 * highest
    assert 2 <= steps <= 5


@pytest.mark.parametrize("nothing", [0.0, -1.0, float("inf"), float("nan")])
def test_an_axis_of_nothing_ends_at_one(nothing: float) -> None:
    assert charts.nice_top(nothing) == (1.0, 2)


@given(st.integers(1, 10_000_000))
def test_the_time_axis_has_few_round_ticks(seconds: int) -> None:
    ticks = Axis(1000.0, 1000.0 + seconds).ticks()
    assert 1 <= len(ticks) <= 14
    assert ticks[0] == (0.0, "00:00")
    assert all(0 <= position <= 1 for position, _ in ticks)


def test_each_second_is_a_point_of_the_line(samples: Any) -> None:
    points = samples.history_of(3, 100.0, 30.0, 1)
    (line,) = paths(chart_of(points), "line rps")
    spots = [(x, y) for x, y in re.findall(r"[Ml](-?\d+) (-?\d+)", line)]
    assert len(spots) == 3
    first = points[0]
    top, _ = charts.nice_top(max(point.rps for point in points))
    assert spots[0] == (str(round(2000 / 6)), str(round(400 * (1 - first.rps / top))))


def test_one_second_is_a_dot(samples: Any) -> None:
    (line,) = paths(chart_of(samples.history_of(1, 100.0, 30.0, 1)), "line rps")
    assert re.fullmatch(r"M1000 \d+h0", line)


def test_gaps_are_gaps(samples: Any) -> None:
    points = samples.history_of(10, 100.0, 30.0, 1)
    (whole,) = paths(chart_of(points), "line rps")
    (gone,) = paths(chart_of(points[:4] + points[6:]), "line rps")
    assert whole.count("M") == 1
    assert gone.count("M") == 2


def test_seconds_without_latency_break_the_line(samples: Any) -> None:
    points = samples.history_of(6, 100.0, 30.0, 1)
    points[2] = dataclasses.replace(points[2], p95_ms=None)
    frames = charts.frames_of(points)
    series = [Series("p95", "p95", [frame.p95_ms for frame in frames])]
    chart = charts.time_chart("L", "ms", series, frames, Axis(frames[0].start, frames[-1].end))
    (line,) = paths(chart, "line p95")
    assert line.count("M") == 2


def test_long_histories_are_folded_without_losing_a_spike(samples: Any) -> None:
    points = samples.history_of(5000, 50.0, 30.0, 10)
    points[1234] = dataclasses.replace(points[1234], p95_ms=9999.0)
    frames = charts.frames_of(points)
    assert len(frames) <= charts.MAX_POINTS
    assert max(frame.p95_ms or 0 for frame in frames) == 9999.0
    assert sum(f.rps * (f.end - f.start) for f in frames) == pytest.approx(
        sum(point.requests for point in points)
    )


def test_marks_and_limits_are_drawn_in_their_place(samples: Any) -> None:
    points = samples.history_of(10, 100.0, 30.0, 1)
    marks = [Mark(points[0].time + 5, "breach", "p95 < 1s"), Mark(points[0].time + 1, "x y", "?")]
    chart = chart_of(points, marks=marks, limits=[Limit(60.0, "rps < 60"), Limit(1e6, "far off")])
    assert paths(chart, "mark") == ["M1000 0V400M200 0V400"]
    assert '<i class="flag m-breach" style="left:50%" title="00:05 p95 &lt; 1s"></i>' in chart
    assert '<i class="flag m-other"' in chart
    assert "<title>rps &lt; 60</title>" in chart
    assert "far off" not in chart


def test_stacked_series_reach_their_sum(samples: Any) -> None:
    frames = charts.frames_of(samples.history_of(4, 100.0, 30.0, 1))
    series = [Series("a", "a", [10.0] * 4, True), Series("b", "b", [30.0] * 4, True)]
    chart = charts.time_chart(
        "S", "/s", series, frames, Axis(frames[0].start, frames[-1].end), stacked=True
    )
    assert paths(chart, "line a")[0].startswith("M250 300")  # 10 of 40
    assert paths(chart, "line b")[0].startswith("M250 0")  # 40 of 40
    assert chart.index('class="area b"') < chart.index('class="area a"')


@pytest.mark.parametrize(
    ("code", "kind"),
    [("200", "2xx"), ("503", "5xx"), ("0", "no response"), ("999", "other"), ("", "other")],
)
def test_codes_have_classes(code: str, kind: str) -> None:
    assert charts.code_class(code) == kind


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=200))
def test_the_bars_of_a_histogram_are_all_samples(samples: Any, times: list[float]) -> None:
    row = samples.latency_of(np.array(times))
    bars = charts.latency_bars(row, charts.latency_scale([row]))
    assert sum(bars) == len(times)


def test_histograms_share_an_axis(samples: Any) -> None:
    fast = samples.latency_of(np.array([1.0] * 50))
    slow = samples.latency_of(np.array([1000.0] * 5))
    scale = charts.latency_scale([fast, slow])
    assert charts.latency_bars(fast, scale)[0] == 50
    assert charts.latency_bars(slow, scale)[-1] == 5
    assert [text for _, text in scale.decades()] == ["1 ms", "10 ms", "100 ms", "1\u202f000 ms"]
    assert 'class="hist"' in charts.latency_histogram(slow, scale)


def test_no_samples_draw_nothing(samples: Any) -> None:
    nothing = samples.latency_of(np.array([]))
    scale = charts.latency_scale([nothing])
    assert scale == LatencyScale(1.0, 1000.0)
    assert charts.latency_histogram(nothing, scale) == ""
    assert charts.sparkline([None, None]) == ""
    assert charts.sparkline([]) == ""


def test_sparklines_break_at_gaps_and_keep_the_worst() -> None:
    (line,) = paths(charts.sparkline([1.0, 2.0, None, 4.0]), "line p95")
    assert line == "M0 15l33 -5M100 1h0"
    assert charts.thin([1.0, 9.0, 2.0, None], 2) == [9.0, 2.0]
