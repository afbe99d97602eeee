"""What the kubectl plugin writes is what the engine accepts; its exit codes are the engine's."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from katydid.errors import ExitCode
from katydid.manifest import parse
from katydid.thresholds import tolerance
from katydid_operator.kubectl import compare, scaffold
from katydid_operator.kubectl.convert import convert
from katydid_operator.kubectl.exits import Exit
from katydid_operator.kubectl.locust_flags import FIELDS, GOES
from katydid_operator.kubectl.sides import Side


def test_exit_codes_are_the_engines() -> None:
    assert {one.name: int(one) for one in Exit} == {one.name: int(one) for one in ExitCode}


def test_the_scaffold_is_valid(tmp_path: Path) -> None:
    scaffold.create(tmp_path, "checkout", "https://shop.example")
    assert parse(tmp_path / "loadtest.yaml").load_test.name == "checkout"


@given(
    st.sampled_from(["p95", "rps", "failures"]), st.integers(0, 500),
    st.decimals(0, 1000, places=2), st.decimals(0, 1000, places=2),
)  # fmt: skip
def test_rows_of_runs_are_judged_as_the_engine_would(
    metric: str, percent: int, before: Decimal, after: Decimal
) -> None:
    text = f"{metric}={percent}%"
    key = {"p95": "p95Ms", "rps": "rps", "failures": "failPercent"}[metric]
    sides = [Side("a run", {key: str(value)}) for value in (before, after)]
    told = compare.exceeded(*sides, [compare.limit(text, "")])
    assert bool(told) == tolerance.parse(text).exceeded(float(before), float(after))


OFFICIAL = {
    "workers": 2,
    "args": "--host https://shop.example -u 5 -r 0.5 -t 1h30m --only-summary --csv x Buyer",
    "env": [{"name": "TENANT", "value": "blue"}, {"name": "LOCUST_HEADLESS", "value": "true"}],
    "locustfile": {"inline": {"filename": "a.py", "content": "x = 1\n"}},
    "worker": {"resources": {"limits": {"cpu": "1"}}, "labels": {"a": "b"}},
}
BAKED = {"image": "mine:1", "workers": 1, "args": "-f tests/a.py --headless"}
GROUPED = {
    "image": "locustio/locust",
    "master": {"command": "--locustfile /lotest/src/a.py -u 5 --run-time 3m -s 10"},
    "worker": {"command": "--locustfile /lotest/src/a.py --loglevel DEBUG", "replicas": 3},
    "testFiles": {"configMapRef": "tests", "libConfigMapRef": "libs"},
    "env": {
        "secretRefs": [{"name": "s", "prefix": "APP_"}],
        "secretMounts": [{"name": "tls", "mountPath": "/etc/tls"}],
    },
    "volumes": [{"name": "data", "emptyDir": {}}],
    "volumeMounts": [{"name": "data", "mountPath": "/w", "target": "worker"}],
    "scheduling": {"nodeSelector": {"pool": "load"}, "runtimeClassName": "gvisor"},
    "security": {"podSecurityContext": {"runAsUser": 7}},
}


@pytest.mark.parametrize("spec", [OFFICIAL, BAKED, GROUPED])
def test_converted_tests_are_valid(spec: dict[str, Any], tmp_path: Path) -> None:
    metadata = {"name": "Demo.Test", "namespace": "shop"}
    old = {"apiVersion": "locust.io/v1", "kind": "LocustTest", "metadata": metadata, "spec": spec}
    file = tmp_path / "loadtest.yaml"
    file.write_text(yaml.safe_dump(convert(old)[0]))
    assert parse(file).load_test.name == "demo-test"


KATYDIDS = {
    "--checkpoint",
    "--control-token",
    "--curve-seed",
    "--env-file",
    "--junit",
    "--metrics-buckets",
    "--metrics-port",
    "--orphan-timeout",
    "--results",
    "--role",
    "--run-id",
    "--source-dir",
    "--summary-bytes",
    "--summary-file",
    "--threshold",
    "--worker-id",
    "--workers",
}
"""Options that are Katydid's own: no command line for Locust has them."""


def test_no_option_that_the_schema_refuses_is_kept() -> None:
    crd = Path(__file__).parents[2] / "crds" / "loadtest.yaml"
    version = yaml.safe_load(crd.read_text())["spec"]["versions"][0]
    spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    rule = spec["args"]["items"]["x-kubernetes-validations"][0]["rule"]
    refused = {part for part in rule.split("'") if part.startswith("--") and part != "--"}
    assert refused - {*FIELDS, *GOES} == KATYDIDS
