"""The kinds of panels that our dashboards use, and what values and series look like in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafana import P95, Column, Json, Panel, Query


def stat(
    title: str, description: str, unit: str, *queries: Query, width: int = 3, height: int = 4,
    name_is_value: bool = False, **more: Any,
) -> Panel:  # fmt: skip
    """A number. With a range it has a small chart behind it and shows the last value."""
    has_chart = any(not query.instant for query in queries)
    options = {
        "colorMode": "value",
        "graphMode": "area" if has_chart else "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "name" if name_is_value else "value" if len(queries) == 1 else "value_and_name",
        "wideLayout": True,
    }
    more.setdefault("no_value", "–")  # noqa: RUF001  # a dash is what one sees
    return Panel("stat", title, description, unit, queries, width, height, options, **more)


def series(
    title: str, description: str, unit: str, *queries: Query, width: int = 12, height: int = 8,
    stacked: bool = False, stairs: bool = False, **more: Any,
) -> Panel:  # fmt: skip
    """A chart over time. Gaps stay gaps."""
    custom = {
        "drawStyle": "line",
        "lineInterpolation": "stepAfter" if stairs else "linear",
        "lineWidth": 1,
        "fillOpacity": 18 if stacked else 0,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "axisSoftMin": 0,
    }
    options = {
        "legend": {
            "displayMode": "table", "placement": "bottom", "showLegend": True,
            "calcs": ["lastNotNull", "mean", "max"],
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }  # fmt: skip
    return Panel(
        "timeseries", title, description, unit, queries, width, height, options, custom, **more
    )


def heatmap(title: str, description: str, query: Query, width: int = 12, height: int = 8) -> Panel:
    """The buckets of a classic histogram over time; `query` sums them by `le`."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "cellValues": {"unit": "short"},
        "color": {
            "mode": "scheme", "scheme": "Purples", "steps": 64, "scale": "exponential",
            "exponent": 0.5, "reverse": False, "fill": P95,
        },
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": "s"},
        "showValue": "never",
    }  # fmt: skip
    custom = {"scaleDistribution": {"type": "linear"}}
    return Panel("heatmap", title, description, "s", [query], width, height, options, custom)


def table(
    title: str, description: str, columns: Sequence[Column], *queries: Query,
    sort: str, width: int = 24, height: int = 9,
) -> Panel:  # fmt: skip
    """Instant answers joined on their common labels: a row for each. `sort`: a column, "-" before
    it for the largest first. Fields that are no column are hidden."""
    transformations: list[Json] = []
    if len(queries) > 1:
        transformations.append({"id": "merge", "options": {}})
    names = [column.name for column in columns]
    transformations.append({"id": "filterFieldsByName", "options": {"include": {"names": names}}})
    order = {name: index for index, name in enumerate(names)}
    renamed = {column.name: column.title for column in columns}
    transformations.append(
        {"id": "organize", "options": {"indexByName": order, "renameByName": renamed}}
    )
    options = {
        "cellHeight": "sm",
        "showHeader": True,
        "footer": {"show": False, "reducer": ["sum"], "fields": ""},
        "sortBy": [{"displayName": sort.lstrip("-"), "desc": sort.startswith("-")}],
    }
    made = Panel("table", title, description, "none", queries, width, height, options)
    made.custom = {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}
    made.transformations = transformations
    made.minimum = None
    made.overrides = [_look(column) for column in columns]
    return made


def _look(column: Column) -> Json:
    properties: list[Json] = [{"id": "unit", "value": column.unit}]
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.width is not None:
        properties.append({"id": "custom.width", "value": column.width})
    if column.steps:
        steps = {"mode": "absolute", "steps": [vars(step) for step in column.steps]}
        properties.append({"id": "thresholds", "value": steps})
    if column.mappings:
        properties.append({"id": "mappings", "value": list(column.mappings)})
    if column.cell != "auto":
        properties.append({"id": "custom.cellOptions", "value": {"type": column.cell}})
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def bars(
    title: str, description: str, unit: str, query: Query, label: str, width: int = 8,
    height: int = 7, **more: Any,
) -> Panel:  # fmt: skip
    """A bar for each series of an instant answer, ordered by the number in `label`."""
    transformations = [
        {
            "id": "convertFieldType",
            "options": {"conversions": [{"targetField": label, "destinationType": "number"}]},
        },
        {"id": "sortBy", "options": {"sort": [{"field": label, "desc": False}]}},
        {"id": "filterFieldsByName", "options": {"include": {"names": [label, "Value"]}}},
    ]  # fmt: skip
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "color",
        "namePlacement": "left",
        "reduceOptions": {
            "calcs": ["lastNotNull"], "fields": "/^Value$/", "values": True, "limit": 25,
        },
    }  # fmt: skip
    return Panel(
        "bargauge", title, description, unit, [query], width, height, options,
        transformations=transformations, display_name=f"{label} ${{__data.fields.{label}}}",
        **more,
    )  # fmt: skip


def timeline(
    title: str, description: str, query: Query, mappings: Sequence[Json], width: int = 12,
    height: int = 6,
) -> Panel:  # fmt: skip
    """A row for each series; the mapped value colours the time that it holds."""
    options = {
        "mergeValues": True,
        "showValue": "auto",
        "alignValue": "left",
        "rowHeight": 0.8,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"fillOpacity": 75, "lineWidth": 0, "spanNulls": False}
    made = Panel("state-timeline", title, description, "none", [query], width, height, options)
    made.custom, made.mappings, made.minimum = custom, mappings, None
    return made


def name_colors(mapping: Json) -> list[Json]:
    """For a stat that shows the series' name: what `value_map` says, by name."""
    return [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [
                {"id": "displayName", "value": look["text"]},
                {"id": "color", "value": {"mode": "fixed", "fixedColor": look["color"]}},
            ],
        }
        for name, look in mapping["options"].items()
    ]


def colors(*pairs: tuple[str, str]) -> list[Json]:
    """Colours of series by their names: (regular expression, colour)."""
    return [
        {
            "matcher": {"id": "byRegexp", "options": f"/^{pattern}$/"},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}],
        }
        for pattern, color in pairs
    ]


def value_map(**entries: tuple[str, str]) -> Json:
    """What a value reads as: `value_map(Passed=("✓ Passed", OK))`; keys are values as text."""
    options = {
        value.removeprefix("_"): {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(entries.items())
    }
    return {"type": "value", "options": options}
