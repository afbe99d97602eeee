"""The shared list of manifests: the API server is asked about the same files elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from katydid.errors import ManifestError
from katydid.manifest import checks, parse_stream, schema
from katydid.manifest.document import dotted

DATA = Path(__file__).parents[2] / "contract" / "manifests"
GOOD = sorted((DATA / "good").glob("*.yaml"))
BAD = sorted((DATA / "bad").glob("*.yaml"))
UPDATES = sorted((DATA / "updates").glob("*.yaml"))
WAYS = {"rule", "schema", "unknown", "metadata", "kind", "yaml"}


def header(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines()[:3] if line.startswith("# ")]
    return {key[2:]: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def test_there_are_enough_of_them() -> None:
    assert len(BAD) >= 40
    assert len(GOOD) >= 10
    assert {header(file.read_text())["by"] for file in BAD} == WAYS


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_manifest_is_accepted(file: Path) -> None:
    stream = parse_stream(file.read_text(), file.name)

    assert len(stream.load_tests) == 1


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_manifest_has_exactly_one_problem_with_its_place(file: Path) -> None:
    text = file.read_text()
    expected = header(text)

    with pytest.raises(ManifestError) as caught:
        parse_stream(text, file.name)

    [problem] = caught.value.problems
    assert problem.path == expected["path"]
    assert expected["says"] in problem.message
    assert problem.line is not None
    assert 4 <= problem.line <= len(text.splitlines()) + 1


@pytest.mark.parametrize("file", UPDATES, ids=lambda file: file.stem)
def test_an_edit_is_refused_exactly_as_the_edit_table_says(file: Path) -> None:
    case = yaml.safe_load(file.read_text())
    old = schema.with_defaults(case["old"], schema.root())
    new = schema.with_defaults(case["new"], schema.root())
    assert schema.violations(new, schema.root()) == []
    assert checks.violations(new) == []

    found = checks.check_update(old, new, case["phase"])

    if case["says"]:
        [violation] = found
        assert dotted(violation.path) == case["path"]
        assert case["says"] in violation.message
    else:
        assert found == []


def test_every_frozen_field_has_a_case() -> None:
    frozen = {
        rule["fieldPath"].removeprefix(".")
        for rule in schema.root()["x-kubernetes-validations"]
        if checks.is_transition(rule)
    }
    cases = {yaml.safe_load(file.read_text())["path"] for file in UPDATES} - {""}

    assert cases == frozen


def test_every_rule_has_a_bad_manifest() -> None:
    said = [header(file.read_text())["says"] for file in BAD]

    for message in checks.MIRRORS:
        assert any(part in message for part in said), message
