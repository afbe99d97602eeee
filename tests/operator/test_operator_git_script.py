"""The clone's script, run by a real shell against a real repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from katydid_operator.resources import sources


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for key, value in (("user.name", "n"), ("user.email", "e@e")):
        git(folder, "config", key, value)
    for number in (1, 2):
        (folder / "locustfile.py").write_text(f"version = {number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", str(number))
    git(folder, "tag", "v1", "HEAD~1")
    return folder


@pytest.mark.parametrize(
    ("ref", "text"), [("HEAD", "version = 2\n"), ("main", "version = 2\n"), ("v1", "version = 1\n")]
)
def test_the_script_checks_out_the_ref(
    repository: Path, tmp_path: Path, ref: str, text: str
) -> None:
    checkout, log = tmp_path / "checkout", tmp_path / "termination-log"
    checkout.mkdir()
    script = sources.GIT_SCRIPT.replace("/dev/termination-log", str(log))
    environment = {
        **os.environ,
        "KATYDID_CHECKOUT": str(checkout),
        "KATYDID_GIT_URL": f"file://{repository}",
        "KATYDID_GIT_REF": ref,
    }
    for _ in range(2):  # a container that is started again finds what the one before it left
        subprocess.run(["sh", "-c", script], check=True, env=environment)
    assert (checkout / "locustfile.py").read_text() == text
    assert log.read_text().strip() == git(repository, "rev-parse", ref)
