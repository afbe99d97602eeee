"""The how-tos say something about every field, and the security page the operator's real rights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"

OPAQUE = {"resources", "affinity", "tolerations", "podSecurityContext", "securityContext", "pod",
          "env", "envFrom", "initContainers", "sidecars", "volumes", "volumeMounts", "dnsConfig",
          "topologySpreadConstraints", "hostAliases", "imagePullSecrets"}  # fmt: skip
"""Shapes of core/v1, and the pod overlays of the roles: the same fields as spec.pod."""


def fields(schema: dict[str, Any], path: str) -> Iterator[str]:
    """Names of the fields that Katydid defines itself, as paths."""
    for name, field in schema.get("properties", {}).items():
        where = f"{path}.{name}"
        yield where
        if name not in OPAQUE or where == "spec.pod":
            yield from fields(field.get("items", field), where)


def test_every_field_is_in_a_how_to(definition: dict[str, Any]) -> None:
    text = "\n".join(page.read_text("utf-8") for page in sorted(HOW_TO.glob("*.md")))
    words = set(re.findall(r"\w+", text))
    spec = definition["schema"]["openAPIV3Schema"]["properties"]["spec"]
    wanted = list(fields(spec, "spec"))
    assert len(wanted) > 80
    missing = [where for where in wanted if where.rpartition(".")[2] not in words]
    assert not missing, f"no how-to says anything about {', '.join(missing)}"


def test_the_operators_rights_are_those_of_the_chart() -> None:
    template = (ROOT / "charts" / "katydid" / "templates" / "rbac.yaml").read_text("utf-8")
    [rules] = re.findall(r'define "katydid\.rules" -}}\n(.*?){{- end }}', template, re.DOTALL)
    granted = {
        resource: set(rule["verbs"])
        for rule in yaml.safe_load(rules)
        for resource in rule["resources"]
    }
    page = (ROOT / "docs" / "security.md").read_text("utf-8")
    section = page.partition("## What the operator may do")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z/]+) \| ([^|]+) \|", section, re.MULTILINE)
    told = {
        resource: set(re.findall(r"\w+", verbs))
        for resource, verbs in rows
        if resource != "resource"
    }
    assert told == granted
