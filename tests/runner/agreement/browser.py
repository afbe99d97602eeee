"""What a person reads on page and report in Debian's chromium, by tests/ui/read_page.mjs.

`tools/test-ui.sh` brings the browser and runs what needs it; elsewhere it is used where it is.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

from katydid.page import bundle

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 180


def why_not() -> str:
    """Why there is no browser to read with; "" where there is one."""
    chromium = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    if not chromium.exists() or not (ROOT / "tests/ui/node_modules").is_dir():
        return "There is no browser here yet: `tools/test-ui.sh` installs it and runs this."
    return "" if bundle.find() else "The page is not built: `make ui`."


def read(url: str) -> dict[str, Any]:
    """{rows, total, verdict, thresholds} as shown at `url`; nothing may have gone wrong there."""
    done = subprocess.run(
        [_node(), str(ROOT / "tests/ui/read_page.mjs"), url],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    assert shown["troubles"] == []
    return shown


def milliseconds(value: float) -> str:
    """As the page writes them: whole from 10 up."""
    return f"{value:.1f}" if value < 10 else str(math.floor(value + 0.5))


def _node() -> str:
    """Node as `make ui` finds it: that of the PATH, or PyPI's."""
    spec = importlib.util.spec_from_file_location("build_ui", ROOT / "runner/ui/build_ui.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.node_and_npm()[0])
