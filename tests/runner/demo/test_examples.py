"""The examples on paper: their manifests carry exactly the files that stand beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from katydid import manifest
from katydid.load.spec import (
    ArrivalLoad,
    ConstantLoad,
    RateStage,
    ShapeLoad,
    Stage,
    StagedLoad,
)

EXAMPLES = Path(__file__).parents[3] / "examples"
FOLDERS = sorted(path.parent for path in EXAMPLES.glob("*/loadtest.yaml"))


def test_there_are_examples():
    assert [folder.name for folder in FOLDERS] == [
        "01-first-test",
        "02-stages",
        "03-shape",
        "04-open-model",
        "05-thresholds",
        "06-several-files",
        "07-custom-arguments",
        "quickstart",
    ]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_manifest_carries_the_files(folder):
    loadtest, *others = yaml.safe_load_all((folder / "loadtest.yaml").read_text())
    carried = loadtest["spec"]["source"].get("inline")
    if carried is None:
        [config_map] = others
        assert config_map["metadata"]["name"] == loadtest["spec"]["source"]["configMap"]["name"]
        carried = config_map["data"]
    assert carried == {path.name: path.read_text() for path in folder.glob("*.py")}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_readme_names_its_command_and_the_overview_names_it(folder):
    command = f"katydid demo --run examples/{folder.name}/loadtest.yaml"
    assert command in (folder / "README.md").read_text()
    assert f"]({folder.name}/README.md)" in (EXAMPLES / "README.md").read_text()


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("01-first-test", ConstantLoad(10, 5, 10)),
        (
            "02-stages",
            StagedLoad((Stage(3, 10), Stage(4, 10), Stage(2, 20, 20), Stage(3, 0))),
        ),
        ("03-shape", ShapeLoad("TwoWaves")),
        ("04-open-model", ArrivalLoad(10, 50, None, (RateStage(4, 30), RateStage(6, 30)))),
        ("05-thresholds", ConstantLoad(20, 20, 12)),
        ("06-several-files", ConstantLoad(10, 10, 8)),
        ("07-custom-arguments", ConstantLoad(10, 10, 8)),
        ("quickstart", ConstantLoad(20, 10, 20)),
    ],
)
def test_the_manifest_is_accepted_and_asks_for_its_load(name, load):
    test = manifest.parse(EXAMPLES / name / "loadtest.yaml").load_test
    assert (test.name, test.load) == (name.lstrip("0123456789-"), load)


def test_the_quickstart_has_two_workers_and_every_format():
    test = manifest.parse(EXAMPLES / "quickstart" / "loadtest.yaml").load_test
    assert test.workers.replicas == 2
    assert set(test.results.formats) == {"html", "json", "csv", "junit"}
    assert [(each.metric, each.request_name) for each in test.thresholds] == [
        ("p95", None),
        ("failures", None),
        ("p95", "/checkout"),
        ("rps", None),
    ]
