"""Every YAML block is what it claims to be, by the checks of whoever would read it.

LoadTests are read by the engine, Kubernetes' own kinds by its schemas, values by the chart's
schema, pipelines by the schemas of their services. tests/e2e/test_docs.py shows the same blocks to
a real API server.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from katydid.manifest import parse_stream
from katydid_operator import names

ROOT = Path(__file__).resolve().parents[2]
OURS = "katydid.dev/v1alpha1"
KUBERNETES = (
    "",
    "apps",
    "batch",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
)
"""API groups whose schemas are Kubernetes' own."""

PIPELINES = {
    ".github/workflows/load-test.yaml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
}
"""Files of pipelines, with the name of their schema in check-jsonschema."""

PROMETHEUS = {"global", "scrape_configs", "rule_files", "alerting", "remote_write"}
"""What a configuration of Prometheus consists of."""

OTHERS = {
    ("argoproj.io", "WorkflowTemplate"),
    ("argoproj.io", "Application"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
    ("tekton.dev", "Task"),
}
"""Kinds of other projects: below is tested what in them is about us."""


def group_of(document: dict[str, Any]) -> str:
    group, slash, _ = document["apiVersion"].rpartition("/")
    return group if slash else ""


def check(document: dict[str, Any], where: str) -> None:
    """Raise if the owner of this kind would not take it."""
    group, kind = group_of(document), document["kind"]
    if document["apiVersion"] == OURS:
        [test] = parse_stream(yaml.safe_dump(document), where).load_tests
        assert test.name == document["metadata"]["name"]
    elif group in KUBERNETES:
        kubernetes_validate.validate(document, "1.34", strict=True)
    else:
        assert (group, kind) in OTHERS, f"{where}: nothing checks a {kind} of {group}"


def test_a_yaml_block(
    reader: ModuleType, yaml_block: Any, values_schema: dict[str, Any], tmp_path: Path
) -> None:
    file = reader.file_of(yaml_block)
    if file in PIPELINES:
        check_pipeline(yaml_block.text, PIPELINES[file], tmp_path)
        return
    documents = reader.documents(yaml_block)
    assert documents, "an empty block"
    for document in documents:
        if set(document) <= PROMETHEUS:
            check_prometheus(document)
        elif "apiVersion" not in document:
            unknown = set(document) - set(values_schema["properties"])
            assert not unknown, f"neither objects, nor a part of spec, nor values: {unknown}"
            jsonschema.validate(document, values_schema)
        else:
            check(document, yaml_block.id)


def check_prometheus(configuration: dict[str, Any]) -> None:
    """What it selects by are labels and ports that the operator gives.

    tests/metrics_prometheus shows the metrics to a real Prometheus.
    """
    labels = {re.sub(r"\W", "_", text) for text in vars(names).values() if isinstance(text, str)}
    for job in configuration["scrape_configs"]:
        assert job["job_name"].startswith("katydid-")
        for rule in job.get("relabel_configs", ()):
            for source in rule["source_labels"]:
                label = re.fullmatch(r"__meta_kubernetes_(?:pod|service)_label_(\w+)", source)
                assert label is None or label[1] in labels, source
                if source.endswith("_port_name"):
                    assert rule["regex"] in names.PORTS, rule["regex"]


def check_pipeline(text: str, schema: str, folder: Path) -> None:
    file = folder / "pipeline.yaml"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "file", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda file: file.parent.name
)
def test_a_manifest_of_the_examples(file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text("utf-8")):
        check(document, file.name)


def test_there_is_much_to_check(reader: ModuleType) -> None:
    blocks = reader.all_blocks("yaml")
    assert len(blocks) >= 60
    kinds = {
        document.get("kind", "values")
        for block in blocks
        if reader.file_of(block) not in PIPELINES
        for document in reader.documents(block)
    }
    assert {"LoadTest", "values", "NetworkPolicy", "Secret", "Role", "ConfigMap"} <= kinds


@pytest.mark.parametrize(
    "wrong",
    [
        {"apiVersion": OURS, "kind": "LoadTest", "metadata": {"name": "x"}, "spec": {"load": {}}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "stringDatum": {}},
        {"apiVersion": "nobody.example/v1", "kind": "Thing", "metadata": {"name": "x"}},
    ],
)
def test_what_is_wrong_is_found(wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # each checker has its own
        check(wrong, "here")


def test_load_tests_within_workflows(reader: ModuleType) -> None:
    found = [
        test
        for block in reader.all_blocks("yaml")
        if reader.file_of(block) not in PIPELINES
        for document in reader.documents(block)
        for test in reader.embedded(document)
    ]
    assert found
    for test in found:
        check(test, "workflow")


def test_fields_that_a_gitops_tool_looks_at(reader: ModuleType, definition: dict[str, Any]) -> None:
    """Pointers into a LoadTest and references to it are right."""
    page = ROOT / "docs" / "how-to" / "gitops.md"
    by_kind = {
        document["kind"]: document
        for block in reader.blocks(page)
        if block.language == "yaml"
        for document in reader.documents(block)
    }
    [ignored] = by_kind["Application"]["spec"]["ignoreDifferences"]
    assert (ignored["group"], ignored["kind"]) == ("katydid.dev", "LoadTest")
    for pointer in ignored["jsonPointers"]:
        schema = definition["schema"]["openAPIV3Schema"]
        for key in pointer.strip("/").split("/"):
            schema = schema["properties"][key]
    [health] = by_kind["Kustomization"]["spec"]["healthChecks"]
    assert (health["apiVersion"], health["kind"]) == (OURS, "LoadTest")
