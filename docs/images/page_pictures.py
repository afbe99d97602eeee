"""Makes the pictures of page, report and comparison: `python docs/images/page_pictures.py`.

Four minutes of real runs, seen by Debian's chromium (`tools/test-ui.sh` installs it). Take them on
a machine that does nothing else, or they show a generator that was disturbed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image  # matplotlib, which draws the dashboards, brings it

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COLOURS = 256
NAMES = ("overview", "request", "report", "compare")

sys.path.insert(0, str(ROOT / "runner/ui"))

from build_ui import node_and_npm  # noqa: E402 - found by the line above


def main() -> None:
    """Run the script that takes them, and write them with few colours: a quarter of the bytes."""
    with tempfile.TemporaryDirectory() as folder:
        script = ROOT / "tests/ui/pictures.mjs"
        subprocess.run([node_and_npm()[0], str(script), folder], check=True)
        for name in NAMES:
            taken = Image.open(Path(folder, f"{name}.png")).convert("RGB")
            # A colour that is rare, as that of a mark, is as much part of the picture as any.
            few = taken.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, 2, dither=Image.Dither.NONE)
            few.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
