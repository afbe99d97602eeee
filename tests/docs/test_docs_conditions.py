"""docs/reference/conditions.md names every phase, condition, reason and event, and no other.

Reasons are words in the code. Whatever word in CamelCase stands as a text in the modules that
decide must be on the page, or here among those that are something else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from katydid_operator.status import Phase, Verdict

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "conditions.md"
OPERATOR = ROOT / "operator" / "katydid_operator"
ENGINE = ROOT / "runner" / "katydid"

DECIDING = [
    *(OPERATOR / f"{name}.py" for name in
      ("act", "after", "before", "during", "ending", "failures", "news", "observe", "status")),
    OPERATOR / "resources" / "sources.py",
    *(ENGINE / "run" / f"{name}.py" for name in ("verdict", "controller", "liveness", "master")),
    ENGINE / "cli" / "controlling.py",
]  # fmt: skip

SOMETHING_ELSE = {
    "words of Kubernetes that are looked for": {
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull",
        "ImageInspectError", "RegistryUnavailable", "RunContainerError", "CreateContainerError",
        "StartError", "ContainerCannotRun", "CreateContainerConfigError",
    },
    "kinds and fields of Kubernetes": {"Service", "Pod", "Job", "FallbackToLogsOnError"},
    "states of a condition": {"True", "False", "Unknown"},
}  # fmt: skip

OF_KUBERNETES = {"Evicted", "NodeLost"}
"""Reasons of pods that are passed on; named on the page as examples."""


def words_of_code(files: Iterable[Path] = DECIDING) -> set[str]:
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if re.fullmatch(r"[A-Z][a-z]+\w*", node.value) else set()
    return found


def tables() -> dict[str, list[list[str]]]:
    """Rows of the page's tables by heading: the words between backquotes of each cell."""
    found: dict[str, list[list[str]]] = {}
    heading = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|") and "`" in line:
            found.setdefault(heading, []).append(line.strip("|").split("|"))
    return found


def names(cell: str) -> list[str]:
    return re.findall(r"`([A-Z]\w+)`", cell)


def first_names(heading: str) -> list[str]:
    return [name for row in tables()[heading] for name in names(row[0])]


def conditions_of_code() -> set[str]:
    """The types that `set_condition` is called with."""
    found: set[str] = set()
    for file in DECIDING:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "set_condition":
                kind = node.args[1]
                assert isinstance(kind, ast.Constant), f"{file.name}:{node.lineno}"
                found.add(kind.value)
    return found


def test_phases_and_verdicts() -> None:
    assert set(first_names("Phases")) == {str(one) for one in Phase}
    assert set(first_names("Verdicts")) == {str(one) for one in Verdict}


def test_conditions() -> None:
    assert set(first_names("Conditions")) == conditions_of_code()
    crd = yaml.safe_load((ROOT / "crds" / "loadtest.yaml").read_text("utf-8"))
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
    described = schema["properties"]["conditions"]["description"]
    assert set(re.findall(r"[A-Z]\w+", described)) == conditions_of_code()


def test_no_reason_of_the_code_is_missing() -> None:
    text = PAGE.read_text("utf-8")
    on_page = set(re.findall(r"`([A-Z]\w+)`", text))
    others = set().union(*SOMETHING_ELSE.values())
    missing = words_of_code() - on_page - others
    assert not missing, f"conditions.md says nothing about {sorted(missing)}"


def test_no_reason_of_the_page_is_invented() -> None:
    everywhere = [*OPERATOR.rglob("*.py"), *(ENGINE / "run").glob("*.py"), *DECIDING]
    known = words_of_code(everywhere) | {str(one) for one in (*Phase, *Verdict)} | OF_KUBERNETES
    text = PAGE.read_text("utf-8")
    invented = set(re.findall(r"`([A-Z][a-z]+\w*)`", text)) - known - {"StopTest"}
    assert not invented, f"the code knows nothing of {sorted(invented)}"


def test_what_is_something_else_is_in_the_code() -> None:
    others = set().union(*SOMETHING_ELSE.values())
    stale = others - words_of_code()
    assert not stale, f"no longer in the code: {sorted(stale)}"


@pytest.mark.parametrize("kind", ["Degraded", "ResultsStored"])
def test_reasons_of_a_condition_are_explained(kind: str) -> None:
    [row] = [row for row in tables()["Conditions"] if f"`{kind}`" in row[0]]
    assert set(names(row[-1])) == set(first_names(kind))


def test_every_reason_that_a_person_can_do_something_about_is_in_troubleshooting() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    nothing_to_do = {
        "Suspended", "Claimed", "AsExpected", "Fetching", "ConfigMap",
        "StopRequested", "StopTest", "ThresholdsMet", "NoFailures", "LoadRunning", "Finishing",
    }  # fmt: skip
    wanted: set[str] = set()
    for heading in ("While it waits and starts", "At the end", "Degraded", "ResultsStored"):
        wanted |= set(first_names(heading))
    missing = wanted - nothing_to_do - set(re.findall(r"`([A-Z]\w+)`", text))
    assert not missing, f"troubleshooting.md says nothing about {sorted(missing)}"


def test_reasons_of_troubleshooting_exist() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
    known = set(re.findall(r"`([A-Z]\w+)`", PAGE.read_text("utf-8")))
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    named = {name for line in rows for name in names(line.split("|")[1])}
    assert named <= known, sorted(named - known)
