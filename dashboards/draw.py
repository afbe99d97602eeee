"""Draws a dashboard from its JSON and from what Prometheus answers, much as Grafana would.

A picture for the documentation, not a Grafana: no hover, no sort, the dark theme. Panels look at
the same queries, units, colours, mappings and transformations as Grafana does.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from looks import (
    DIM,
    TEXT,
    cell,
    color_of,
    formatted,
    last,
    legend,
    merged,
    overrides,
    points,
    solid,
    sort_key,
)
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

Json = dict[str, Any]
Answers = Callable[[Json], list[Json]]  # a target → its series

CANVAS, PANEL, LINE = "#111217", "#181b1f", "#2c3036"
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9")
WIDTH_PIXELS, CELL_PIXELS, GAP_PIXELS, DPI = 1200, 25, 6, 100
COLORS_OF_PNG = 80
MAX_ROWS = 9

mpl.use("Agg")
mpl.rcParams.update({"font.family": "DejaVu Sans", "text.color": TEXT, "font.size": 7.5})


class Board:
    """One picture. `start` and `end` are seconds since the epoch."""

    def __init__(
        self, board: Json, answers: Answers, start: float, end: float, names: dict[str, str]
    ) -> None:
        self._panels = board["panels"]
        self._answers = answers
        self._start, self._end = start, end
        self._names = names  # variables, for titles
        rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in self._panels)
        self._height = rows * CELL_PIXELS
        size = (WIDTH_PIXELS / DPI, self._height / DPI)
        self._figure = Figure(figsize=size, dpi=DPI, facecolor=CANVAS)

    def save(self, path: Path) -> None:
        for panel in self._panels:
            self._draw(panel)
        raw = path.with_suffix(".raw.png")
        self._figure.savefig(raw, facecolor=CANVAS)
        with Image.open(raw) as image:
            few = image.convert("RGB").quantize(COLORS_OF_PNG, Image.Quantize.MAXCOVERAGE)
            few.save(path, optimize=True)
        raw.unlink()

    def _draw(self, panel: Json) -> None:
        axes = self._frame(panel)
        if panel["type"] == "row":
            return
        answers = [self._answers(target) for target in panel["targets"]]
        {
            "stat": self._stat, "timeseries": self._series, "heatmap": self._heatmap,
            "table": self._table, "bargauge": self._bars, "state-timeline": self._timeline,
        }[panel["type"]](axes, panel, answers)  # fmt: skip

    def _frame(self, panel: Json) -> Axes:
        """The panel's box with its title, and axes over the inside of it."""
        place = panel["gridPos"]
        unit = WIDTH_PIXELS / 24
        left, top = place["x"] * unit + GAP_PIXELS / 2, place["y"] * CELL_PIXELS + GAP_PIXELS / 2
        width = place["w"] * unit - GAP_PIXELS
        height = place["h"] * CELL_PIXELS - GAP_PIXELS
        box = (
            left / WIDTH_PIXELS, 1 - (top + height) / self._height,
            width / WIDTH_PIXELS, height / self._height,
        )  # fmt: skip
        axes = self._figure.add_axes(box)
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        title = panel["title"]
        title = re.sub(r"\$(\w+)", lambda found: self._names.get(found[1], found[0]), title)
        if panel["type"] == "row":
            axes.text(4, height / 2 + 2, f"⌄ {title}", va="center", weight="bold", size=9)
            return axes
        axes.add_patch(
            FancyBboxPatch((0, 0), width, height, boxstyle="square,pad=0", fc=PANEL, ec=LINE, lw=1)
        )
        axes.text(8, 13, title, va="center", size=8, weight="bold")
        return axes

    def _inside(self, axes: Axes, left: float, top: float, right: float, bottom: float) -> Axes:
        """Axes within a panel, `left` … `bottom` pixels from its edges."""
        box = axes.get_position()
        inner = self._figure.add_axes((
            box.x0 + left / WIDTH_PIXELS, box.y0 + bottom / self._height,
            box.width - (left + right) / WIDTH_PIXELS, box.height - (top + bottom) / self._height,
        ))  # fmt: skip
        inner.set_facecolor(PANEL)
        for spine in inner.spines.values():
            spine.set_visible(False)
        inner.tick_params(colors=DIM, length=0, labelsize=6.5)
        return inner

    def _time_axis(self, inner: Axes) -> None:
        inner.set_xlim(self._start, self._end)
        count = 5  # the last would stand over the panel's edge
        ticks = [self._start + (self._end - self._start) * i / count for i in range(count)]
        shown = [time.strftime("%H:%M:%S", time.gmtime(tick)) for tick in ticks]
        inner.set_xticks(ticks, shown)
        inner.grid(color=LINE, lw=0.5)

    def _stat(self, axes: Axes, panel: Json, answers: list[list[Json]]) -> None:
        width, height = axes.get_xlim()[1], axes.get_ylim()[0]
        defaults = panel["fieldConfig"]["defaults"]
        shown = [(target, one) for target, found in zip(panel["targets"], answers, strict=True)
                 for one in found]  # fmt: skip
        if not shown:
            axes.text(width / 2, height * 0.6, defaults.get("noValue", "No data"), size=17,
                      color=DIM, ha="center", va="center")  # fmt: skip
            return
        for index, (target, one) in enumerate(shown):
            value = last(one)
            name = legend(target, one)
            override = overrides(panel, name)
            color = override.get("color") or color_of(panel, value)
            text = formatted(value, defaults["unit"], defaults.get("decimals"))
            if panel["options"]["textMode"] == "name":
                text = str(override.get("displayName", name))
            x = width * (index + 0.5) / len(shown)
            size = min(19, 1.4 * width / len(shown) / max(4, len(text)))
            axes.text(x, height * 0.62, text, size=size, color=color, ha="center", va="center",
                      weight="bold", zorder=3)  # fmt: skip
            if panel["options"]["textMode"] == "value_and_name":
                axes.text(x, height - 10, name, size=6.5, color=DIM, ha="center", va="center")
            if panel["options"]["graphMode"] == "area" and "values" in one:
                inner = self._inside(axes, 1, height * 0.55, 1, 1)
                inner.set_axis_off()
                inner.patch.set_alpha(0)
                inner.set_xlim(self._start, self._end)
                times, values = points(one)
                inner.fill_between(times, values, color=color, alpha=0.16, lw=0)
                inner.plot(times, values, color=color, alpha=0.6, lw=0.8)
                inner.set_ylim(0, max([v for v in values if math.isfinite(v)] + [1e-9]) * 1.15)

    def _series(self, axes: Axes, panel: Json, answers: list[list[Json]]) -> None:
        defaults = panel["fieldConfig"]["defaults"]
        unit, decimals = defaults["unit"], defaults.get("decimals")
        lines = [(legend(target, one), *points(one))
                 for target, found in zip(panel["targets"], answers, strict=True)
                 for one in found]  # fmt: skip
        rows = min(len(lines), 7)
        inner = self._inside(axes, 60, 26, 12, 36 + 12 * rows)
        self._time_axis(inner)
        stacked = defaults["custom"]["stacking"]["mode"] == "normal"
        below: dict[float, float] = {}
        top = 0.0
        for index, (name, times, values) in enumerate(lines[:7]):
            look = overrides(panel, name)
            color = str(look.get("color") or defaults["color"].get("fixedColor")
                        or PALETTE[index % len(PALETTE)])  # fmt: skip
            color = TEXT if color == "text" else color
            own = values  # without those below, for the legend
            dashed = "custom.lineStyle" in look
            step = "steps-post" if defaults["custom"]["lineInterpolation"] == "stepAfter" else None
            if stacked and not dashed:
                times, values = solid(times, values)
                floor = [below.get(at, 0.0) for at in times]
                values = [a + b for a, b in zip(floor, values, strict=True)]
                inner.fill_between(times, floor, values, color=color, alpha=0.18, lw=0)
                below.update(zip(times, values, strict=True))
            elif look.get("custom.fillOpacity"):
                inner.fill_between(times, values, color=color, alpha=0.18, lw=0)
            style = (0, (6, 4)) if dashed else "-"
            kind = {"drawstyle": step} if step else {}
            inner.plot(times, values, color=color, lw=1.1, ls=style, **kind)
            top = max([top, *[v for v in values if math.isfinite(v)]])
            self._legend_row(axes, index, rows, color, name, own, unit, decimals)
        inner.set_ylim(0, top * 1.12 or 1)
        ticks = [top * 1.1 * i / 4 for i in range(5)] if top else [0, 1]
        inner.set_yticks(ticks, [formatted(tick, unit, None) for tick in ticks])

    def _legend_row(
        self, axes: Axes, index: int, rows: int, color: str, name: str, values: Sequence[float],
        unit: str, decimals: int | None,
    ) -> None:  # fmt: skip
        width, height = axes.get_xlim()[1], axes.get_ylim()[0]
        y = height - 6 - 12 * (rows - index)
        if index == 0:
            for x, word in ((0.66, "last"), (0.80, "mean"), (0.95, "max")):
                axes.text(width * x, y - 11, word, size=6, color=DIM, ha="right", va="center")
        axes.plot([10, 20], [y, y], color=color, lw=2, clip_on=False)
        axes.text(25, y, name[:60], size=6.8, va="center")
        real = [value for value in values if math.isfinite(value)]
        if real:
            for x, number in ((0.66, real[-1]), (0.80, sum(real) / len(real)), (0.95, max(real))):
                text = formatted(number, unit, decimals)
                axes.text(width * x, y, text, size=6.8, ha="right", va="center")

    def _heatmap(self, axes: Axes, panel: Json, answers: list[list[Json]]) -> None:
        by_bound = sorted((float(one["metric"]["le"]), solid(*points(one))) for one in answers[0])
        inner = self._inside(axes, 60, 26, 12, 26)
        self._time_axis(inner)
        inner.grid(visible=False)
        times = sorted({at for _, (found, _) in by_bound for at in found})
        grid, before = [], dict.fromkeys(times, 0.0)
        for _, (found, values) in by_bound:
            now = dict(zip(found, values, strict=True))
            grid.append([max(0.0, now.get(at, before[at]) - before[at]) for at in times])
            before = {at: now.get(at, before[at]) for at in times}
        colors = LinearSegmentedColormap.from_list("k", [PANEL, "#4a3a8f", "#9a7bf2", "#efe8ff"])
        edges = [*times, times[-1] + (times[1] - times[0])]
        shown = [[math.sqrt(value) for value in line] for line in grid]
        inner.pcolormesh(edges, range(len(by_bound) + 1), shown, cmap=colors, ec=PANEL, lw=0.3)
        labels = ["∞" if math.isinf(b) else formatted(b, "s", None) for b, _ in by_bound]
        inner.set_yticks([i + 1 for i in range(0, len(labels), 2)], labels[::2])

    def _table(self, axes: Axes, panel: Json, answers: list[list[Json]]) -> None:
        width = axes.get_xlim()[1]
        steps = {one["id"]: one["options"] for one in panel["transformations"]}
        fields = steps["filterFieldsByName"]["include"]["names"]
        titles = steps["organize"]["renameByName"]
        rows = merged(panel["targets"], answers)
        order = panel["options"]["sortBy"][0]
        key = next(name for name in fields if titles[name] == order["displayName"])
        rows.sort(key=lambda row: sort_key(row.get(key)), reverse=order["desc"])
        texts = [name for name in fields if not name.startswith("Value")]
        weights = [2.0 if name in texts and name in ("name", "threshold", "host") else 1.0
                   for name in fields]  # fmt: skip
        x = 10.0
        for name, weight in zip(fields, weights, strict=True):
            look = overrides(panel, titles[name])
            room = (width - 20) * weight / sum(weights)
            right = name.startswith("Value")
            at, align = (x + room - 6, "right") if right else (x, "left")
            axes.text(at, 33, titles[name], size=7, color=DIM, ha=align, va="center")
            for index, row in enumerate(rows[:MAX_ROWS]):
                text, color = cell(row.get(name), look)
                axes.text(at, 52 + 18 * index, text[: int(room / 4.6)], size=7.5, color=color,
                          ha=align, va="center")  # fmt: skip
            x += room
        axes.axhline(42, color=LINE, lw=0.8, xmin=0.005, xmax=0.995)

    def _bars(self, axes: Axes, panel: Json, answers: list[list[Json]]) -> None:
        width, height = axes.get_xlim()[1], axes.get_ylim()[0]
        defaults = panel["fieldConfig"]["defaults"]
        found = sorted(answers[0], key=lambda one: float(one["metric"]["run"]))
        top = max([one["value"] for one in found] + [1e-9])
        room = min(26.0, (height - 34) / max(1, len(found)))
        for index, one in enumerate(found):
            y = 30 + room * index
            axes.text(10, y + room / 2, f"run {one['metric']['run']}", size=7, va="center")
            whole = width - 130
            for part, color, alpha in ((1.0, LINE, 1.0), (one["value"] / top, None, 0.9)):
                shade = color or defaults["color"]["fixedColor"]
                axes.barh(y + room / 2, whole * part, room * 0.7, left=55, color=shade, alpha=alpha)
            text = formatted(one["value"], defaults["unit"], defaults.get("decimals"))
            axes.text(width - 10, y + room / 2, text, size=7.5, ha="right", va="center")

    def _timeline(self, axes: Axes, panel: Json, answers: list[list[Json]]) -> None:
        inner = self._inside(axes, 110, 26, 12, 24)
        self._time_axis(inner)
        found = answers[0]
        names = [legend(panel["targets"][0], one) for one in found]
        options = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
        for index, one in enumerate(found):
            times, values = solid(*points(one))
            for at, value in zip(times, values, strict=True):
                look = options[f"{value:g}"]
                inner.barh(index, times[1] - times[0] if len(times) > 1 else 1, 0.7, left=at,
                           color=look["color"], alpha=0.75, lw=0)  # fmt: skip
            if times:
                last_look = options[f"{values[-1]:g}"]
                inner.text(times[0] + 1, index, last_look["text"], size=7, va="center",
                           color=CANVAS, weight="bold")  # fmt: skip
        inner.set_yticks(range(len(names)), names)
        inner.set_ylim(len(names) - 0.4, -0.6)
        inner.grid(visible=False)
