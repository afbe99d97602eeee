"""No metric and no label is named in a dashboard, rule or document that is not exported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from katydid.metrics import catalogue as engine
from katydid_operator import catalogue as operator

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"katydid_operator"}  # not a metric, though it looks like one

LABELS: dict[str, set[str]] = {}
for family in (*engine.FAMILIES, *operator.FAMILIES):
    constant = engine.CONSTANT_LABELS if family in engine.FAMILIES else ()
    labels = {*constant, *family.labels}
    if family.kind == "histogram":
        LABELS[f"{family.name}_bucket"] = labels | {"le"}
        LABELS[f"{family.name}_sum"] = LABELS[f"{family.name}_count"] = labels
    LABELS[family.name] = labels


def names_in(text: str) -> set[str]:
    """Everything that looks like a metric of ours; a folder or module does not."""
    return set(re.findall(r"(?<![\w/.])katydid_[a-z_]+(?![\w/.]\w|\w)", text)) - PACKAGES


def expressions() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of all dashboards and alerts."""
    for path in sorted((ROOT / "charts" / "katydid" / "dashboards").glob("*.json")):
        board = json.loads(path.read_text("utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield f"{path.name}: {panel['title']}", target["expr"]
        for mark in board["annotations"]["list"]:
            yield f"{path.name}: {mark['name']}", mark["expr"]
        for variable in board["templating"]["list"]:
            yield f"{path.name}: ${variable['name']}", variable.get("definition", "")
    rules = yaml.safe_load((ROOT / "charts/katydid/files/alerts.yaml").read_text("utf-8"))
    for rule in rules["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]


EXPRESSIONS = dict(expressions())


def test_there_is_something_to_check() -> None:
    assert len(EXPRESSIONS) > 70
    assert len(names_in("\n".join(EXPRESSIONS.values()))) > 35


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_metrics_of_dashboards_and_alerts(where: str) -> None:
    assert names_in(EXPRESSIONS[where]) <= LABELS.keys()


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_labels_of_dashboards_and_alerts(where: str) -> None:
    expr = EXPRESSIONS[where]
    for name, selector in re.findall(r"\b(katydid_\w+)\{([^{}]*)\}", expr):
        used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', selector)))
        assert used <= LABELS[name], name
    grouped = re.findall(r"\b(?:by|on|group_left) \(([^)]*)\)", expr)
    named = {label.strip() for group in grouped for label in group.split(",") if label.strip()}
    known = set().union(*(LABELS[name] for name in names_in(expr))) if names_in(expr) else named
    assert named <= known


DOCUMENTS = [
    path
    for folder in ("docs", "examples", "charts", "changelog.d", "bench")
    for path in sorted((ROOT / folder).rglob("*.md"))
] + [ROOT / "README.md"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_metrics_of_documents(path: Path) -> None:
    assert names_in(path.read_text("utf-8")) <= LABELS.keys()


def test_descriptions_name_the_panels_metrics(dashboards: dict[str, Json]) -> None:
    """What a stranger reads under a title is what is asked for; filters need no mention."""
    for name, board in dashboards.items():
        for panel in board["panels"]:
            if panel["type"] == "row":
                continue
            asked = names_in("\n".join(target["expr"] for target in panel["targets"]))
            families = {re.sub(r"_(bucket|sum|count)$", "", one) for one in asked}
            told = names_in(panel["description"])
            where = (name, panel["title"])
            assert told, where
            assert told <= families, where
            assert told & families, where


def exported(text: str) -> dict[str, str]:
    """Family → type, as a scrape says."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): family.type
        for family in text_string_to_metric_families(text)
    }


@pytest.mark.parametrize(("part", "catalogue"), [("engine", engine), ("operator", operator)])
def test_a_scrape_has_the_catalogue_and_no_more(world: Any, part: str, catalogue: Any) -> None:
    wanted = {family.name: str(family.kind) for family in catalogue.FAMILIES}
    assert exported(world.metrics[part]) == wanted


@pytest.mark.parametrize("part", ["engine", "operator"])
def test_every_series_has_the_labels_of_its_family(world: Any, part: str) -> None:
    for family in text_string_to_metric_families(world.metrics[part]):
        for sample in family.samples:
            assert set(sample.labels) == LABELS[sample.name], sample.name


@pytest.mark.parametrize("part", ["engine", "operator"])
def test_promtool_finds_nothing(world: Any, promtool: Any, part: str) -> None:
    done = promtool("check", "metrics", input=world.metrics[part])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
