"""Every YAML block of the documentation and every example, applied by a dry run.

The API server validates, defaults and admits as it would for good, and stores nothing. Kinds of
other projects (Argo, Flux, Tekton) are unknown to it: tests/docs looks at these.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
OURS = "katydid.dev/v1alpha1"
OTHERS = ("argoproj.io/", "kustomize.toolkit.fluxcd.io/", "tekton.dev/")


def load_reader() -> ModuleType:
    path = ROOT / "tests" / "docs" / "reader.py"
    spec = importlib.util.spec_from_file_location("docs_reader", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by its name
    spec.loader.exec_module(module)
    return module


READER = load_reader()
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))


def objects_of(block: Any) -> list[dict[str, Any]]:
    """What of a block an API server may be asked about; values and pipelines are for others."""
    if READER.file_of(block):
        return []
    found = [one for one in READER.documents(block) if "apiVersion" in one]
    within = [test for one in found for test in READER.embedded(one)]
    return [one for one in found if not one["apiVersion"].startswith(OTHERS)] + within


BLOCKS = [block for block in READER.all_blocks("yaml") if objects_of(block)]


def try_out(cluster: Any, document: dict[str, Any], namespace: str) -> dict[str, Any]:
    """The object as the API server would keep it."""
    [made] = cluster.apply(document, namespace, dry_run=True)
    assert made["kind"] == document["kind"]
    assert made["metadata"]["name"] == document["metadata"]["name"]
    return dict(made)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.id)
def test_a_block_of_the_documentation(
    cluster: Any, crd: dict[str, Any], dry_namespace: str, block: Any
) -> None:
    for document in objects_of(block):
        made = try_out(cluster, document, dry_namespace)
        if document["apiVersion"] == OURS:  # defaults are in, and nothing that was said is lost
            assert made["spec"]["deadline"]
            assert made["spec"]["source"].items() >= document["spec"]["source"].items()


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
def test_an_example(cluster: Any, crd: dict[str, Any], dry_namespace: str, file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text("utf-8")):
        try_out(cluster, document, dry_namespace)


def test_enough_is_asked() -> None:
    assert len(BLOCKS) >= 45
    assert len(EXAMPLES) >= 8


def test_the_server_finds_what_is_wrong(
    cluster: Any, crd: dict[str, Any], dry_namespace: str, refusal: type[Exception]
) -> None:
    wrong = {**READER.BASE, "spec": {**READER.BASE["spec"], "laod": {}}}
    with pytest.raises(refusal, match="laod"):
        try_out(cluster, wrong, dry_namespace)


@pytest.fixture
def dry_namespace() -> str:
    """Dry runs need a namespace that exists, and leave nothing in it."""
    return "default"
