"""Writes the dashboards into the chart: `python dashboards/build.py`.

With --check nothing is written; the exit code is 1 if what is committed is not what this makes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import load_test
import operator_board
import runs

TARGET = Path(__file__).resolve().parents[1] / "charts" / "katydid" / "dashboards"
BUILDERS = {"load-test": load_test.build, "runs": runs.build, "operator": operator_board.build}


def main(arguments: list[str]) -> int:
    TARGET.mkdir(exist_ok=True)
    stale = []
    for name, build in BUILDERS.items():
        path = TARGET / f"{name}.json"
        text = json.dumps(build(), indent=1, ensure_ascii=False) + "\n"
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path.name)
        if "--check" not in arguments:
            path.write_text(text, "utf-8")
    unknown = {path.stem for path in TARGET.glob("*.json")} - BUILDERS.keys()
    if "--check" in arguments and (stale or unknown):
        print(f"Not what dashboards/build.py makes: {', '.join([*stale, *sorted(unknown)])}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
