"""docs/how-to/prometheus.md: its PromQL answers, its YAML is what Prometheus and the chart take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "prometheus.md"
TEXT = PAGE.read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


PROMQL = blocks("promql")


def test_there_is_something_to_check() -> None:
    assert len(PROMQL) >= 7


@pytest.mark.parametrize("expr", PROMQL, ids=range(len(PROMQL)))
def test_promql_answers(world: Any, expr: str) -> None:
    # The rate and the present quantiles are of a running test: of the last one while it ran
    at = world.ended
    if "rate(" in expr or "quantile_seconds" in expr:
        at = world.documents["2"]["status"]["finished_at"] - 1
    answer = world.prometheus.instant(expr, at)
    assert answer, expr


def test_totals_of_the_page_are_the_engines(world: Any) -> None:
    total = world.documents["2"]["status"]["total"]
    assert world.prometheus.value(PROMQL[0], world.ended) == total["requests"]
    ratio = total["failures"] / total["requests"]
    assert world.prometheus.value(PROMQL[1], world.ended) == pytest.approx(ratio)


def test_the_scrape_configuration_is_one(promtool: Any, tmp_path: Path) -> None:
    [config] = [text for text in blocks("yaml") if "kubernetes_sd_configs" in text]
    rules = (ROOT / "charts" / "katydid" / "files" / "alerts.yaml").read_text("utf-8")
    (tmp_path / "alerts.yaml").write_text(rules)
    # Debian builds its Prometheus without Kubernetes discovery; the rules of relabelling are known
    plain = re.sub(r"kubernetes_sd_configs: .*", "static_configs: [{targets: [a:1]}]", config)
    assert plain.count("static_configs") == 2
    (tmp_path / "prometheus.yml").write_text(plain)
    done = promtool("check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_values_of_the_chart_are_known() -> None:
    """Every `metrics.….…` that the page names is a value, and so is its first example."""
    values = yaml.safe_load((ROOT / "charts" / "katydid" / "values.yaml").read_text("utf-8"))
    named = re.findall(r"(?<![\w.])metrics\.(\w+)\.(\w+)", TEXT)
    assert named
    example = yaml.safe_load(next(text for text in blocks("yaml") if "serviceMonitor" in text))
    pairs = {*named, *((part, key) for part, keys in example["metrics"].items() for key in keys)}
    for part, key in pairs:
        assert key in values["metrics"][part], (part, key)


def test_every_alert_is_told(alerts: list[dict[str, Any]]) -> None:
    told = re.findall(r"^\| `(Katydid\w+)` \|", TEXT, re.MULTILINE)
    assert told == [rule["alert"] for rule in alerts]


def test_pictures_are_there_and_small() -> None:
    for name in ("load-test", "runs", "operator"):
        picture = ROOT / "docs" / "images" / f"dashboard-{name}.png"
        assert f"../images/{picture.name}" in TEXT
        assert picture.stat().st_size < 100_000
