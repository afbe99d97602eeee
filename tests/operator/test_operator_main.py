from __future__ import annotations

import os
import subprocess
import sys


def test_an_operator_without_an_image_says_so() -> None:
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
    found = subprocess.run(
        [sys.executable, "-m", "katydid_operator"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 64
    assert found.stderr.strip() == (
        "KATYDID_RUNNER_IMAGE is not set: which image should the pods run?"
    )
