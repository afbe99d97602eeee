"""The pieces of a Grafana dashboard (classic JSON, schema 39): panels, queries, columns, variables.

Only what our three dashboards use. A panel cannot be made without a unit and a description; the
description names the metrics that the panel shows. Colours are those of the web page (UI.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SCHEMA_VERSION = 39
COLUMNS = 24
MIN_STEP = "5s"
"""The scrape interval of tests. Grafana makes `$__rate_interval` four times as long."""

OK, BAD, WARN, ACCENT, GREY, TEXT = (
    "#3ecf8e", "#ff6b74", "#f0b429", "#6ea0ff", "#8a919e", "text",
)  # fmt: skip
P50, P95, P99 = "#c9b8ff", "#9a7bf2", "#6b46d6"

DATA_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Query:
    """One PromQL expression of a panel. `instant` asks for the present, not for the range."""

    expr: str
    legend: str = ""
    instant: bool = False
    form: str = "time_series"  # or table, heatmap
    color: str = ""
    style: str = ""  # "dashed", "area" or "line"
    unit: str = ""  # where it differs from the panel's
    axis: str = ""  # "right" for one of its own

    def target(self, ref: str) -> Json:
        return {
            "refId": ref,
            "datasource": DATA_SOURCE,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legend or "__auto",
            "format": self.form,
            "instant": self.instant,
            "range": not self.instant,
            "interval": MIN_STEP,
        }


@dataclass(frozen=True)
class Step:
    """From `value` on (None: from below), a value has this colour."""

    value: float | None
    color: str


@dataclass(frozen=True)
class Column:
    """A column of a table: the field's name in the answer, its title, and how it looks."""

    name: str
    title: str
    unit: str = "none"
    decimals: int | None = None
    width: int | None = None
    steps: tuple[Step, ...] = ()
    mappings: tuple[Json, ...] = ()
    cell: str = "auto"  # or color-background, color-text, gauge


@dataclass
class Panel:
    """A panel before it has its place. Sizes in grid units."""

    kind: str
    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    width: int
    height: int
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    decimals: int | None = None
    minimum: float | None = 0
    maximum: float | None = None
    no_value: str = ""
    steps: Sequence[Step] = (Step(None, TEXT),)
    mappings: Sequence[Json] = ()
    overrides: list[Json] = field(default_factory=list)
    transformations: Sequence[Json] = ()
    fixed_color: str = ""
    display_name: str = ""

    def to_json(self, number: int, x: int, y: int) -> Json:
        defaults: Json = {
            "unit": self.unit,
            "color": self._color(),
            "custom": self.custom,
            "mappings": list(self.mappings),
            "thresholds": {"mode": "absolute", "steps": [vars(step) for step in self.steps]},
        }
        for name, value in (
            ("decimals", self.decimals), ("min", self.minimum), ("max", self.maximum),
            ("noValue", self.no_value or None), ("displayName", self.display_name or None),
        ):  # fmt: skip
            if value is not None:
                defaults[name] = value
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATA_SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [
                query.target(chr(ord("A") + index)) for index, query in enumerate(self.queries)
            ],
            "fieldConfig": {"defaults": defaults, "overrides": self._overrides()},
            "options": self.options,
            "transformations": list(self.transformations),
        }

    def _color(self) -> Json:
        if self.fixed_color:
            return {"mode": "fixed", "fixedColor": self.fixed_color}
        return {"mode": "palette-classic" if self.kind == "timeseries" else "thresholds"}

    def _overrides(self) -> list[Json]:
        made = list(self.overrides)
        for query in self.queries:
            properties: list[Json] = []
            if query.color:
                color = {"mode": "fixed", "fixedColor": query.color}
                properties.append({"id": "color", "value": color})
            if query.style == "dashed":
                dashes = {"fill": "dash", "dash": [8, 6]}
                properties.append({"id": "custom.lineStyle", "value": dashes})
                properties.append({"id": "custom.fillOpacity", "value": 0})
                properties.append({"id": "custom.stacking", "value": {"mode": "none"}})
            if query.style == "area":
                properties.append({"id": "custom.fillOpacity", "value": 18})
            if query.unit:
                properties.append({"id": "unit", "value": query.unit})
            if query.axis:
                properties.append({"id": "custom.axisPlacement", "value": query.axis})
            if properties:
                matcher = {"id": "byName", "options": query.legend}
                made.append({"matcher": matcher, "properties": properties})
        return made


def row(title: str, panels: Sequence[Panel]) -> tuple[str, Sequence[Panel]]:
    """Panels under a heading; "" for none. They flow from left to right, 24 units a line."""
    return title, panels


def variable(name: str, title: str, query: str, **more: Any) -> Json:
    """A choice that Prometheus offers."""
    made: Json = {
        "name": name,
        "label": title,
        "type": "query",
        "datasource": DATA_SOURCE,
        "definition": query,
        "query": {"query": query, "refId": f"variable-{name}"},
        "refresh": 2,  # whenever the time range changes: runs come and go
        "sort": 1,
        "regex": "",
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "current": {},
    }
    return made | more


def any_of(made: Json) -> Json:
    """The same variable with "All" first. All also means: none, as outside of Kubernetes."""
    chosen = {"selected": True, "text": "All", "value": "$__all"}
    return made | {"includeAll": True, "allValue": ".*", "current": chosen}


def data_source() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "regex": "",
        "hide": 0,
        "multi": False,
        "includeAll": False,
        "current": {},
        "refresh": 1,
    }


def annotation(name: str, expr: str, text: str, color: str) -> Json:
    """A mark at the time that a series has as its value, in milliseconds."""
    return {
        "name": name,
        "datasource": DATA_SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "step": MIN_STEP,
        "titleFormat": name,
        "textFormat": text,
        "tagKeys": "",
        "useValueForTime": True,
    }


def dashboard(
    uid: str, title: str, description: str, rows: Sequence[tuple[str, Sequence[Panel]]],
    variables: Sequence[Json], annotations: Sequence[Json] = (), span: str = "now-30m",
    refresh: str = "5s",
) -> Json:  # fmt: skip
    """The whole, with every panel in its place."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["katydid"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "liveNow": False,
        "timezone": "",
        "time": {"from": span, "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m"]},
        "refresh": refresh,
        "links": [{
            "type": "dashboards", "tags": ["katydid"], "title": "Katydid", "asDropdown": True,
            "includeVars": True, "keepTime": True, "icon": "external link", "targetBlank": False,
            "tooltip": "", "url": "",
        }],
        "annotations": {"list": list(annotations)},
        "templating": {"list": [data_source(), *variables]},
        "panels": _placed(rows),
    }  # fmt: skip


def _placed(rows: Sequence[tuple[str, Sequence[Panel]]]) -> list[Json]:
    placed: list[Json] = []
    y = 0
    for title, panels in rows:
        if title:
            place = {"x": 0, "y": y, "w": COLUMNS, "h": 1}
            placed.append(
                {"id": len(placed) + 1, "type": "row", "title": title, "collapsed": False,
                 "gridPos": place, "panels": []}
            )  # fmt: skip
            y += 1
        x = height = 0
        for panel in panels:
            if x + panel.width > COLUMNS:
                x, y, height = 0, y + height, 0
            placed.append(panel.to_json(len(placed) + 1, x, y))
            x, height = x + panel.width, max(height, panel.height)
        y += height
    return placed
