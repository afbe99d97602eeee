"""The definition of LoadTest in the chart is that of crds/, and it stays when the release goes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Render = Callable[..., Any]


def test_is_the_one_definition(render: Render, chart: Path) -> None:
    found = render().one("CustomResourceDefinition")
    original = yaml.safe_load((chart.parents[1] / "crds" / "loadtest.yaml").read_text())
    assert found["metadata"].pop("annotations") == {"helm.sh/resource-policy": "keep"}
    labels = found["metadata"].pop("labels")
    assert labels["app.kubernetes.io/managed-by"] == "Helm"
    assert found == original


def test_is_a_relative_link(chart: Path) -> None:
    link = chart / "files" / "loadtest.crd.yaml"
    assert os.readlink(link) == "../../../crds/loadtest.yaml"


def test_belongs_to_no_folder_that_helm_never_upgrades(chart: Path) -> None:
    assert not (chart / "crds").exists()


def test_keep_can_be_switched_off(render: Render) -> None:
    found = render("--set", "crds.keep=false").one("CustomResourceDefinition")
    assert "annotations" not in found["metadata"]
    assert found["metadata"]["labels"]["app.kubernetes.io/instance"] == "katydid"


def test_second_release_leaves_it_out(render: Render) -> None:
    first = render().kinds()
    second = render("--set", "crds.enabled=false", release="second").kinds()
    assert [*second, "CustomResourceDefinition"] == sorted(
        first, key=lambda kind: (kind == "CustomResourceDefinition", kind)
    )
