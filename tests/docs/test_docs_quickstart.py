"""The LoadTest of the quickstart runs, and passes, against the shop that comes with Katydid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.processes
def test_the_test_of_the_quickstart_passes(reader: ModuleType, tmp_path: Path) -> None:
    [test] = [
        document
        for block in reader.blocks(ROOT / "docs" / "quickstart.md")
        if block.language == "yaml"
        for document in reader.documents(block)
        if document["kind"] == "LoadTest"
    ]
    test["spec"]["load"] |= {"runTime": "4s", "spawnRate": 20}
    # How fast a busy machine answers is no question of the documentation's.
    test["spec"]["thresholds"][0]["below"] = "5s"
    file = tmp_path / "first.yaml"
    file.write_text(yaml.safe_dump(test))
    done = subprocess.run(
        [sys.executable, "-m", "katydid", "demo", "--run", str(file)],
        cwd=tmp_path, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed: All 2 thresholds were met." in done.stdout
    [results] = (tmp_path / "results").iterdir()
    names = {path.name for path in results.iterdir()}
    assert {"report.html", "run.json", "junit.xml"} <= names
