"""The web page of a test in the cluster, by `kubectl katydid ui`, in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "tests" / "ui"
KATYDID = str(Path(sys.executable).parent / "kubectl-katydid")


@contextmanager
def forwarded(tests: Any) -> Iterator[tuple[str, str]]:
    """The page's URL and the run's token, as `kubectl katydid ui --token` prints them."""
    process = subprocess.Popen(
        [KATYDID, "ui", "test", "-n", tests.namespace, "--port", "0", "--token"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline(), process.stdout.readline()]
            url = re.search(r"http://127\.0\.0\.1:\d+/", "".join(lines))
            token = re.search(r"\b[0-9a-zA-Z_-]{32,}\b", "".join(lines))
            assert url, lines
            assert token, lines
            yield url.group(), token.group()
        finally:
            process.terminate()


def test_a_person_looks_changes_the_load_and_stops(tests: Any) -> None:
    node = shutil.which("node")
    if node is None or shutil.which("chromium") is None or not (PAGE / "node_modules").is_dir():
        pytest.skip(
            "There is no Node, chromium or tests/ui/node_modules here: make test-ui gets them."
        )
    tests.apply(load={"users": 4, "runTime": "10m", "stopTimeout": "5s"})
    tests.running()
    with forwarded(tests) as (url, token):
        done = subprocess.run(
            [node, str(PAGE / "cluster.mjs"), url, token],
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout)
    status = tests.finished()
    assert (status["verdict"], status["reason"]) == ("Stopped", "StopRequested"), status["message"]
    assert status["load"]["requests"] >= seen["requests"] > 0
    assert sum(tests.counted().values()) == status["load"]["requests"]
