"""The dashboards as JSON: what Grafana needs, and what makes a panel readable."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"timeseries", "stat", "table", "heatmap", "bargauge", "state-timeline", "row"}
UNITS = {
    "none", "s", "reqps", "ops", "percentunit", "bytes", "dateTimeAsIso",
}  # fmt: skip
BUILT_IN = {"__range", "__rate_interval", "__interval"}
Json = dict[str, Any]


def panels(dashboards: dict[str, Json]) -> list[tuple[str, Json]]:
    return [
        (name, panel)
        for name, board in dashboards.items()
        for panel in board["panels"]
        if panel["type"] != "row"
    ]


def test_what_is_committed_is_what_the_builder_makes() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "dashboards" / "build.py"), "--check"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_three_of_them(dashboards: dict[str, Json]) -> None:
    assert {name: board["uid"] for name, board in dashboards.items()} == {
        "load-test": "katydid-load-test", "runs": "katydid-runs", "operator": "katydid-operator"
    }  # fmt: skip
    for board in dashboards.values():
        assert 39 <= board["schemaVersion"] <= 41
        assert "id" not in board  # Grafana gives one at import
        assert board["tags"] == ["katydid"]
        assert len(str(board)) < 900_000  # a ConfigMap holds 1 MiB


def test_panels_fit_the_grid_and_have_one_place_each(dashboards: dict[str, Json]) -> None:
    for name, board in dashboards.items():
        taken: set[tuple[int, int]] = set()
        numbers = [panel["id"] for panel in board["panels"]]
        titles = [panel["title"] for panel in board["panels"] if panel["type"] != "row"]
        assert len(set(numbers)) == len(numbers)
        assert len(set(titles)) == len(titles)
        for panel in board["panels"]:
            assert panel["type"] in KINDS
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not cells & taken, (name, panel["title"])
            taken |= cells


def test_every_panel_has_a_unit_a_title_and_a_description(dashboards: dict[str, Json]) -> None:
    for name, panel in panels(dashboards):
        where = (name, panel["title"])
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] in UNITS, where
        assert len(panel["description"]) > 20, where
        for override in panel["fieldConfig"]["overrides"]:
            for one in override["properties"]:
                assert one["id"] != "unit" or one["value"] in UNITS, where
        steps = defaults["thresholds"]["steps"]
        assert steps[0]["value"] is None, where
        limits = [step["value"] for step in steps[1:]]
        assert limits == sorted(limits), where


def test_seconds_and_ratios_are_shown_as_such(dashboards: dict[str, Json]) -> None:
    """A metric in seconds never reads as a bare number, a ratio never as 0.05."""
    for name, panel in panels(dashboards):
        if panel["type"] == "table":
            continue
        for target in panel["targets"]:
            expr, unit = target["expr"], panel["fieldConfig"]["defaults"]["unit"]
            where = (name, panel["title"], unit)
            if re.match(r"(histogram_quantile|max by \(worker\) \(katydid_\w+_seconds\{)", expr):
                assert unit == "s", where
            if "_ratio" in expr:
                assert unit == "percentunit", where
            if re.match(r"sum(?: by \(\w+\))? \(?rate\(katydid_requests_total", expr):
                assert unit in ("reqps", "percentunit"), where


def test_queries(dashboards: dict[str, Json]) -> None:
    for name, panel in panels(dashboards):
        refs = [target["refId"] for target in panel["targets"]]
        assert refs == sorted(set(refs)), panel["title"]
        for target in panel["targets"]:
            where = (name, panel["title"], target["refId"])
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, where
            assert target["interval"] == "5s", where  # so that $__rate_interval is 20 s
            assert target["instant"] != target["range"], where
            # Totals outlive the series: no increase over the dashboard's range of a test's counter
            assert not re.search(r"increase\(katydid_re\w+\{[^}]*\}\[\$__range\]", target["expr"])
            if panel["type"] == "timeseries":
                assert target["legendFormat"] != "__auto", where
            if panel["type"] == "table":
                assert target["format"] == "table", where
                assert target["instant"], where


def test_legends_name_labels_that_the_query_keeps(dashboards: dict[str, Json]) -> None:
    for name, panel in panels(dashboards):
        for target in panel["targets"]:
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                grouped = re.search(r"(?:sum|max|min) by \(([^)]*)\)", target["expr"])
                if grouped:
                    kept = [one.strip() for one in grouped[1].split(",")]
                    assert label in kept, (name, panel["title"], label)


def test_columns_of_tables_are_fields_of_their_queries(dashboards: dict[str, Json]) -> None:
    for name, panel in panels(dashboards):
        if panel["type"] != "table":
            continue
        steps = {one["id"]: one["options"] for one in panel["transformations"]}
        shown = steps["filterFieldsByName"]["include"]["names"]
        renamed = steps["organize"]["renameByName"]
        assert set(renamed) == set(shown)
        several = len(panel["targets"]) > 1
        assert ("merge" in steps) == several, panel["title"]
        values = {f"Value #{target['refId']}" for target in panel["targets"]}
        for field in shown:
            if field.startswith("Value"):
                assert field in (values if several else {"Value"}), (name, panel["title"], field)
            else:
                exprs = [target["expr"] for target in panel["targets"]]
                assert any(field in expr or "katydid_info" in expr for expr in exprs), field
        sorted_by = panel["options"]["sortBy"][0]["displayName"]
        assert sorted_by in renamed.values()
        looks = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
        assert looks <= set(renamed.values())


def test_variables(dashboards: dict[str, Json]) -> None:
    for name, board in dashboards.items():
        variables = [one["name"] for one in board["templating"]["list"]]
        assert variables[0] == "datasource"
        assert board["templating"]["list"][0]["type"] == "datasource"
        for variable in board["templating"]["list"][1:]:
            assert variable["refresh"] == 2, name
            before = variables[: variables.index(variable["name"])]
            used = set(re.findall(r"\$\{?(\w+)\}?", variable["definition"])) - BUILT_IN
            assert used <= set(before), (name, variable["name"])
        used = set(re.findall(r"\$\{?(\w+)\}?", str(board["panels"]) + str(board["annotations"])))
        fields = {"__data"}  # of a bar gauge's name
        assert used - BUILT_IN - fields <= set(variables), name
        namespace = next(one for one in board["templating"]["list"] if one["name"] == "namespace")
        assert namespace["allValue"] == ".*"  # matches no label too: a run on a laptop has none


def test_what_variables_offer(world: Any, dashboards: dict[str, Json]) -> None:
    wanted = {
        ("load-test", "namespace"): {"shop"}, ("load-test", "loadtest"): {"checkout"},
        ("load-test", "run"): {"1", "2"}, ("runs", "namespace"): {"shop"},
        ("runs", "loadtest"): {"checkout", "search"}, ("runs", "run_a"): {"1", "2"},
        ("runs", "run_b"): {"1", "2"}, ("operator", "namespace"): {"shop"},
    }  # fmt: skip
    offered = {}
    for name, board in dashboards.items():
        for variable in board["templating"]["list"]:
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable.get("definition", ""))
            if found is None:
                continue
            params = {"match[]": world.filled(found[1], world.ended), "start": world.began}
            values = world.prometheus.get(f"label/{found[2]}/values", **params)
            offered[name, variable["name"]] = set(values)
    assert offered == wanted


def test_annotations_mark_start_and_end(world: Any, dashboards: dict[str, Json]) -> None:
    status = world.documents["2"]["status"]
    found = {}
    for mark in dashboards["load-test"]["annotations"]["list"]:
        assert mark["useValueForTime"] is True
        expr = world.filled(mark["expr"], world.ended)
        [one] = world.prometheus.over(expr, world.began, world.ended)
        found[mark["name"]] = {round(float(value)) for _, value in one["values"]}
    assert found == {
        "Start": {round(status["load_started_at"] * 1000)},
        "End": {round(status["finished_at"] * 1000)},
    }
