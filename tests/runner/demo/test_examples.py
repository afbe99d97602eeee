"""The examples on paper: their manifests carry exactly the files that stand beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

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
