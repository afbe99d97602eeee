"""Every knob that the resource definition has reaches the pods of its role.

The values come from the schema itself: a knob that is added there and goes nowhere fails here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from katydid_operator import names
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.resources import master, workers
from katydid_operator.resources.configmaps import pod_manifest
from katydid_operator.resources.sources import Files, Snapshot
from katydid_operator.settings import Settings

CRD = Path(__file__).parents[2] / "crds" / "loadtest.yaml"
(VERSION,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
SPEC = VERSION["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
TAKEN = Snapshot((Files("", {"locustfile.py": ""}),))
ROLES = {"master": names.MASTER, "workers": names.WORKER}

MANIFEST = {"args", "processesPerPod", "readyTimeout", "maxLost"}
"""What the engine reads from the manifest, which holds the whole spec."""

OPERATOR = {
    "deadline", "historyLimit", "load", "metrics", "podTTLSecondsAfterFinished", "rerunToken",
    "results", "source", "stop", "suspend", "target", "thresholds", "ttlSecondsAfterFinished",
}  # fmt: skip
"""What is no knob of a pod: the engine's, or the operator's own."""


def sample(schema: Json, text: str, numbers: Iterator[int]) -> Any:
    """A value with everything in it that the schema allows; texts and numbers are its own."""
    kind = schema.get("type")
    if "enum" in schema:
        return next(value for value in schema["enum"] if value)
    if kind == "object" and "properties" in schema:
        return {
            key: sample(inner, f"{text}-{key}", numbers)
            for key, inner in schema["properties"].items()
        }
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return {f"{text}-key": sample(schema["additionalProperties"], text, numbers)}
    if kind == "object":
        return {f"{text}-anything": text}
    if kind == "array":
        return [sample(schema["items"], text, numbers)]
    if kind == "boolean":
        return True
    return next(numbers) if kind in ("integer", "number") else text


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar with the key that it stands under."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)
    else:
        yield key, value


def flipped(value: Any, plain: set[tuple[str, Any]], key: str = "") -> Any:
    """The value with every truth that a pod has anyway turned round, so that it can be told."""
    if isinstance(value, dict):
        return {name: flipped(inner, plain, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [flipped(inner, plain, key) for inner in value]
    return value is not True if value is True and (key, True) in plain else value


def pods(test: LoadTest, settings: Settings) -> dict[str, set[tuple[str, Any]]]:
    """The leaves of each role's pod."""
    return {
        names.MASTER: set(leaves(master.master_pod(test, 1, TAKEN, "keys", settings))),
        names.WORKER: set(leaves(workers.worker_job(test, 1, TAKEN, "keys", settings))),
    }


Make = Callable[..., LoadTest]


def check(
    make_test: Make,
    settings: Settings,
    spec: Callable[[Json], Json],
    knob: str,
    value: Any,
    *roles: str,
) -> None:
    plain = pods(make_test(), settings)
    knobs = flipped({knob: value}, plain[roles[0]])
    found = pods(make_test(spec(knobs)), settings)
    for role, pod in found.items():
        missing = set(leaves(knobs)) - pod
        if role in roles:
            assert not missing, f"not in the pod of the {role}"
        else:
            assert pod == plain[role], f"the pod of the {role} is another one"


@pytest.mark.parametrize("knob", sorted(SPEC["pod"]["properties"]))
def test_knobs_of_all_pods(make_test: Make, settings: Settings, knob: str) -> None:
    value = sample(SPEC["pod"]["properties"][knob], "knob", itertools.count(7001))
    check(make_test, settings, lambda it: {"pod": it}, knob, value, names.MASTER, names.WORKER)


@pytest.mark.parametrize(
    ("field", "knob"),
    [
        (field, knob)
        for field in ROLES
        for knob in sorted(SPEC[field]["properties"]["pod"]["properties"])
    ],
)
def test_knobs_of_a_role(make_test: Make, settings: Settings, field: str, knob: str) -> None:
    schema = SPEC[field]["properties"]["pod"]["properties"][knob]
    value = sample(schema, "knob", itertools.count(7001))
    check(make_test, settings, lambda it: {field: {"pod": it}}, knob, value, ROLES[field])


def test_roles_have_the_knobs_that_all_pods_have() -> None:
    for field in ROLES:
        assert SPEC[field]["properties"]["pod"]["properties"] == SPEC["pod"]["properties"]


@pytest.mark.parametrize(
    ("field", "knob"),
    [
        (field, knob)
        for field in ROLES
        for knob in sorted(SPEC[field]["properties"].keys() - MANIFEST - {"pod"})
    ],
)
def test_other_fields_of_a_role(make_test: Make, settings: Settings, field: str, knob: str) -> None:
    value = sample(SPEC[field]["properties"][knob], "knob", itertools.count(7001))
    if knob == "replicas":
        job = workers.worker_job(make_test({field: {knob: value}}), 1, TAKEN, "keys", settings)
        assert (job["spec"]["parallelism"], job["spec"]["completions"]) == (value, value)
    else:
        check(make_test, settings, lambda it: {field: it}, knob, value, ROLES[field])


@pytest.mark.parametrize("knob", sorted(SPEC.keys() - OPERATOR - MANIFEST - {"pod", *ROLES}))
def test_fields_of_the_spec_that_are_about_pods(
    make_test: Make, settings: Settings, knob: str
) -> None:
    value = sample(SPEC[knob], "knob", itertools.count(7001))
    check(make_test, settings, lambda it: it, knob, value, names.MASTER, names.WORKER)


@pytest.mark.parametrize("field", sorted(SPEC))
def test_the_pods_read_the_spec_whole(make_test: Make, field: str) -> None:
    value = sample(SPEC[field], "knob", itertools.count(7001))
    if field == "target":
        del value["serviceRef"]  # it is resolved to a host
    assert pod_manifest(make_test({field: value}))["spec"][field] == value
