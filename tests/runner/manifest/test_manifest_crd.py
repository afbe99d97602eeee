"""The CRD itself: what Kubernetes needs of it, and that its mirrors keep up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from katydid.manifest import args, checks, schema

ROOT = Path(__file__).parents[3]


def parts(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, field in node.get("properties", {}).items():
        yield from parts(field, f"{path}.{name}")
    if "items" in node:
        yield from parts(node["items"], f"{path}[]")
    if isinstance(node.get("additionalProperties"), dict):
        yield from parts(node["additionalProperties"], f"{path}{{}}")


def whole() -> dict[str, Any]:
    return schema.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]  # type: ignore[no-any-return]


def test_the_package_carries_the_one_file() -> None:
    packaged = resources.files("katydid.manifest").joinpath("loadtest.crd.yaml").read_text("utf-8")

    assert packaged == (ROOT / "crds" / "loadtest.yaml").read_text("utf-8")


def test_names_scale_and_columns() -> None:
    crd = schema.crd()
    version = crd["spec"]["versions"][0]

    assert crd["metadata"]["name"] == "loadtests.katydid.dev"
    assert crd["spec"]["names"]["shortNames"] == ["kdt"]
    assert crd["spec"]["names"]["categories"] == ["katydid"]
    assert version["subresources"] == {
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.workers.replicas",
            "statusReplicasPath": ".status.workers.current",
            "labelSelectorPath": ".status.workers.selector",
        },
    }
    columns = version["additionalPrinterColumns"]
    names = [column["name"] for column in columns if not column.get("priority")]
    wide = [column["name"] for column in columns if column.get("priority") == 1]
    assert names == ["Phase", "Verdict", "Users", "RPS", "Fail%", "P95", "Workers", "Age"]
    assert wide == ["Run", "Target", "Duration", "Reason"]


def test_every_list_map_and_string_has_a_bound() -> None:
    unbounded = []
    for path, node in parts(whole()):
        if path in (".apiVersion", ".kind"):
            continue
        kind = node.get("type")
        if kind == "string" and "maxLength" not in node and "enum" not in node:
            unbounded.append(path)
        if kind == "array" and not {"maxItems", "x-kubernetes-list-type"} <= node.keys():
            unbounded.append(path)
        if "additionalProperties" in node and "maxProperties" not in node:
            unbounded.append(path)
        if node.get("x-kubernetes-int-or-string") and "maxLength" not in node:
            unbounded.append(path)

    assert unbounded == []


def test_fields_of_the_design_are_described() -> None:
    def bare(node: dict[str, Any], path: str) -> Iterator[str]:
        # a shape of core/v1 says so; its inside belongs to Kubernetes' own reference
        if "core/v1" in node.get("description", "") or path == ".spec.pod.imagePullSecrets":
            return
        for name, field in node.get("properties", {}).items():
            if "description" not in field:
                yield f"{path}.{name}"
            inner = field.get("items", field)
            yield from bare({**inner, **field, "properties": inner.get("properties", {})}, name)

    assert list(bare(whole()["properties"]["spec"]["properties"]["load"], ".spec.load")) == []
    assert list(bare(whole()["properties"]["status"], ".status")) == []
    spec = whole()["properties"]["spec"]["properties"]
    assert [name for name, field in spec.items() if "description" not in field] == []
    for part in ("source", "target", "workers", "master", "results", "pod"):
        fields = spec[part]["properties"]
        assert [name for name, field in fields.items() if "description" not in field] == []


def test_it_fits_into_the_annotation_of_a_client_side_apply() -> None:
    assert len(json.dumps(schema.crd())) < 200_000  # 262,144 bytes are all that kubectl may write


def test_every_rule_has_one_mirror_and_one_message() -> None:
    rules: dict[str, str] = {}
    for _, node in parts(whole()):
        for rule in node.get("x-kubernetes-validations", ()):
            assert rules.setdefault(rule["message"], rule["rule"]) == rule["rule"]
    permanent = {message for message, rule in rules.items() if "oldSelf" not in rule}

    assert permanent == checks.MIRRORS.keys()


def test_transition_rules_stand_at_the_root_where_the_phase_is_visible() -> None:
    for path, node in parts(whole()):
        for rule in node.get("x-kubernetes-validations", ()):
            if "oldSelf" in rule["rule"]:
                assert path == ""
                assert str(list(checks.BUSY_PHASES)) in rule["rule"]


def test_the_rule_on_options_lists_what_the_engine_refuses() -> None:
    [rule] = schema.at("spec", "args")["items"]["x-kubernetes-validations"]
    letters = re.search(r"\^-\[(\w+)\]", rule["rule"])

    assert re.findall(r"'(--[-a-z]*)'", rule["rule"])[1:] == list(args.MANAGED_OPTIONS)
    assert letters is not None
    assert set(letters[1]) == set(args.MANAGED_LETTERS)
