"""Alerts and dashboards: what is in the objects is what is in the files, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Render = Callable[..., Any]
NAMES = ["load-test", "operator", "runs"]
ON = ("--set", "metrics.dashboards.enabled=true")


def test_none_unless_asked_for(render: Render) -> None:
    assert not {"PrometheusRule", "ConfigMap", "GrafanaDashboard"} & set(render().kinds())


def test_rules_are_the_file_of_the_unit_tests(render: Render, chart: Path) -> None:
    rule = render("--set", "metrics.rules.enabled=true,metrics.rules.labels.release=prom").one(
        "PrometheusRule"
    )
    assert rule["metadata"]["namespace"] == "load"
    assert rule["metadata"]["labels"]["release"] == "prom"
    assert rule["spec"] == yaml.safe_load((chart / "files" / "alerts.yaml").read_text("utf-8"))
    assert "{{ $labels.loadtest }}" in str(rule["spec"])  # Helm left Prometheus' templates alone


def test_dashboards_for_the_sidecar(render: Render, chart: Path) -> None:
    maps = render(*ON).all("ConfigMap")
    assert [one["metadata"]["name"] for one in maps] == [
        f"katydid-dashboard-{name}" for name in NAMES
    ]
    for one, name in zip(maps, NAMES, strict=True):
        assert one["metadata"]["namespace"] == "load"
        assert one["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert one["metadata"]["annotations"] == {"grafana_folder": "Katydid"}
        [(file, text)] = one["data"].items()
        assert file == f"katydid-{name}.json"
        assert text + "\n" == (chart / "dashboards" / f"{name}.json").read_text("utf-8")


def test_label_and_folder_are_a_choice(render: Render) -> None:
    labels = "metrics.dashboards.labels"
    chosen = render(
        *ON, "--set", f"{labels}.grafana_dashboard=null", "--set-string", f"{labels}.mine=yes",
        "--set", "metrics.dashboards.folderAnnotation=k8s-folder",
    ).all("ConfigMap")  # fmt: skip
    assert len(chosen) == 3
    for one in chosen:
        assert one["metadata"]["labels"]["mine"] == "yes"
        assert "grafana_dashboard" not in one["metadata"]["labels"]
        assert one["metadata"]["annotations"] == {"k8s-folder": "Katydid"}
    for one in render(*ON, "--set", "metrics.dashboards.folder=").all("ConfigMap"):
        assert not one["metadata"]["annotations"]


def test_dashboards_for_grafanas_operator(render: Render, chart: Path) -> None:
    made = render(flavour="everything").all("GrafanaDashboard")
    assert len(made) == 3
    for one, name in zip(made, NAMES, strict=True):
        assert one["apiVersion"] == "grafana.integreatly.org/v1beta1"
        assert one["metadata"]["namespace"] == "grafana"
        assert one["metadata"]["labels"]["team-dashboards"] == "yes"
        assert one["metadata"]["annotations"] == {"dashboard.example/kind": "load"}
        assert one["spec"]["folder"] == "Load tests"
        assert one["spec"]["instanceSelector"] == {"matchLabels": {"instance": "main"}}
        committed = json.loads((chart / "dashboards" / f"{name}.json").read_text("utf-8"))
        assert json.loads(one["spec"]["json"]) == committed


def test_native_histograms_are_one_field_of_the_monitor(render: Render) -> None:
    spec = render(flavour="everything").one("PodMonitor")["spec"]
    assert spec["convertClassicHistogramsToNHCB"] is True
    assert set(spec) - {"convertClassicHistogramsToNHCB"} == {
        "namespaceSelector", "selector", "podMetricsEndpoints"
    }  # fmt: skip


def test_grafanas_that_are_not_named(render: Render) -> None:
    made = render(*ON, "--set", "metrics.dashboards.kind=GrafanaDashboard").all("GrafanaDashboard")
    assert [one["spec"]["instanceSelector"] for one in made] == [
        {"matchLabels": {"dashboards": "grafana"}}
    ] * 3


@pytest.mark.parametrize("kind", ["Ingress", "configmap"])
def test_another_kind_is_refused(helm: Any, kind: str) -> None:
    assert "metrics.dashboards.kind" in helm.refusal(
        *ON, "--set", f"metrics.dashboards.kind={kind}"
    ).replace("/", ".")
