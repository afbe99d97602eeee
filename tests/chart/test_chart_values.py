"""Every value has a sentence, a schema, a row in the README and a test that changes it."""

from __future__ import annotations

import json
import runpy
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture(scope="module")
def generate(chart: Path) -> dict[str, Any]:
    """The names of charts/katydid/generate.py."""
    return runpy.run_path(str(chart / "generate.py"))


@pytest.fixture(scope="module")
def described(generate: dict[str, Any], chart: Path) -> Any:
    return generate["read"]((chart / "values.yaml").read_text())


@pytest.fixture(scope="module")
def schema(chart: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((chart / "values.schema.json").read_text())
    return found


def in_values(values: dict[str, Any], schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Paths of values.yaml, as deep as the schema has closed groups."""
    for name, value in values.items():
        inside = schema.get("properties", {}).get(name, {})
        yield f"{prefix}{name}"
        if isinstance(value, dict) and "properties" in inside:
            yield from in_values(value, inside, f"{prefix}{name}.")


def in_schema(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, inside in schema.get("properties", {}).items():
        yield f"{prefix}{name}"
        yield from in_schema(inside, f"{prefix}{name}.")


def test_schema_and_values_have_the_same_names(schema: dict[str, Any], chart: Path) -> None:
    values = yaml.safe_load((chart / "values.yaml").read_text())
    assert sorted(in_values(values, schema)) == sorted(in_schema(schema))


def test_schema_is_what_the_generator_makes(
    schema: dict[str, Any], generate: dict[str, Any], described: Any
) -> None:
    assert schema == generate["schema"](described), "run charts/katydid/generate.py"


def test_readme_is_what_the_generator_makes(
    generate: dict[str, Any], described: Any, chart: Path
) -> None:
    text = (chart / "README.md").read_text()
    assert text == generate["readme"](text, described), "run charts/katydid/generate.py"
    for value in generate["leaves"](described):
        assert text.count(f"\n| `{value.path}` | ") == 1, value.path


def test_every_value_has_one_sentence(generate: dict[str, Any], described: Any) -> None:
    for value in generate["leaves"](described):
        assert value.sentence.endswith("."), value.path
        assert ". " not in value.sentence, value.path


def test_groups_take_no_unknown_names(schema: dict[str, Any]) -> None:
    def check(group: dict[str, Any]) -> None:
        assert group["additionalProperties"] is False
        for inside in group["properties"].values():
            if "properties" in inside:
                check(inside)

    check(schema)


def test_everything_changes_every_value(
    generate: dict[str, Any], described: Any, chart_values: Path
) -> None:
    everything = yaml.safe_load((chart_values / "everything.yaml").read_text())
    for value in generate["leaves"](described):
        if value.path == "rbac.ignoreNamespaces":
            continue  # for the scope `cluster` only, and everything.yaml has the other
        given = everything
        for name in value.path.split("."):
            assert name in given, f"{value.path} is not in everything.yaml"
            given = given[name]
        assert given != value.default, value.path


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("typo=1", "typo"),
        ("operator.logLevl=DEBUG", "logLevl"),
        ("operator.probes.startup.periodSeconds=1", "startup"),
        ("metrics.podMonitor.label.release=x", "label"),
        ("image.pullSecrets[0].nam=x", "nam"),
        ("defaults.pod.nodeSelectors.a=b", "nodeSelectors"),
    ],
)
def test_unknown_values_are_refused(helm: Any, setting: str, named: str) -> None:
    said = helm.refusal("--set", setting)
    assert "values don't meet the specifications of the schema" in said
    assert named in said


@pytest.mark.parametrize(
    "setting",
    [
        "operator.logLevel=debug",
        "operator.logFormat=xml",
        "operator.pollSeconds=0",
        "operator.reconcileWorkers=0",
        "operator.reconcileWorkers=many",
        "image.pullPolicy=Sometimes",
        "image.digest=sha256:short",
        "image.repository=",
        "rbac.scope=global",
        "rbac.scope=namespaced,rbac.watchNamespaces={Team A}",
        "rbac.scope=namespaced,rbac.watchNamespaces={a,a}",
        "crds.enabled=yes",
        "networkPolicy.apiServerPorts={0}",
        "commonLabels.a.b=c",
        "metrics.serviceMonitor.enabled=1",
    ],
)
def test_impossible_values_are_refused(helm: Any, setting: str) -> None:
    said = helm.refusal("--set", setting)
    assert "values don't meet the specifications of the schema" in said


def test_pod_defaults_are_the_fields_of_a_load_test(schema: dict[str, Any], chart: Path) -> None:
    crd = yaml.safe_load((chart.parents[1] / "crds" / "loadtest.yaml").read_text())
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    names = schema["properties"]["defaults"]["properties"]["pod"]["propertyNames"]["enum"]
    assert sorted(names) == sorted(spec["properties"]["pod"]["properties"])


def test_version_is_that_of_the_images(chart: Path) -> None:
    meta = yaml.safe_load((chart / "Chart.yaml").read_text())
    project = tomllib.loads((chart.parents[1] / "pyproject.toml").read_text())["project"]
    assert meta["appVersion"] == project["version"]


def test_readmes_values_for_people_without_rights_on_the_cluster(
    chart: Path, helm: Any, tmp_path: Path
) -> None:
    text = (chart / "README.md").read_text()
    (block,) = (part.split("```")[0] for part in text.split("```yaml\n")[1:])
    (tmp_path / "values.yaml").write_text(block)
    rendered = helm.template("--values", str(tmp_path / "values.yaml"))
    assert all(one["metadata"].get("namespace") for one in rendered.objects)
    assert "ClusterRole" not in rendered.kinds()


def test_as_a_part_of_another_chart(helm: Any, chart: Path, tmp_path: Path) -> None:
    """A parent passes `global`, and `enabled` where its condition asks for it."""
    parent = tmp_path / "parent"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts" / "katydid").symlink_to(chart)
    dependency = {"name": "katydid", "version": ">=0", "condition": "katydid.enabled"}
    meta = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(yaml.safe_dump(meta))
    for enabled, kinds in ((True, 12), (False, 0)):
        done = helm.run(
            "template", "shop", str(parent), "--kube-version", "1.34.0",
            "--set", f"katydid.enabled={str(enabled).lower()},global.region=here",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len([one for one in yaml.safe_load_all(done.stdout) if one]) == kinds
