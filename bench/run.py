"""Run every benchmark, one after the other, and end with a table of goals.

    python bench/run.py [--quick] [--only NAME …]

Takes about a quarter of an hour; `--quick` about five minutes, with shorter and fewer rounds. The
exit code is 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

import peers

HERE = Path(__file__).resolve().parent
TIMEOUT_SECONDS = 900
BENCHMARKS: dict[str, tuple[list[str], list[str]]] = {
    "record_sample.py": ([], []),
    "merge_reports.py": ([], []),
    "users.py": ([], ["--rounds", "1"]),
    "master_load.py": ([], ["--seconds", "10"]),
    "master_load.py --curve": (["--curve"], ["--curve", "--seconds", "10"]),
    "metrics_scrape.py": ([], ["--scrapes", "10"]),
    "many_names.py": ([], ["--seconds", "15"]),
    "kubernetes_start.py": ([], ["--runs", "2"]),
    "operator_scale.py": ([], ["--tests", "40", "--ramp", "5"]),
    "page.py": ([], ["--rounds", "3", "--seconds", "5"]),
    "long_run.py": ([], ["--hours", "1", "--real", "12"]),
}
"""Name → arguments of a full and of a quick run."""


def run(name: str, quick: bool) -> tuple[int, str, float]:
    """Exit code, output, seconds; the output is shown as it comes to an end."""
    arguments = BENCHMARKS[name][quick]
    if name == "record_sample.py":
        arguments = ["--locust-python", str(peers.install())]
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, str(HERE / name.split()[0]), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout, time.monotonic() - start


def goal_lines(output: str) -> list[str]:
    """The lines that compare a figure with its goal."""
    return [
        line for line in output.splitlines() if line.startswith(("ok  ", "MISS")) or "goal:" in line
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter and fewer rounds")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help="just these")
    options = parser.parse_args()
    rows: list[tuple[str, int, str]] = []
    for name in options.only or BENCHMARKS:
        print(f"== {name}", flush=True)
        code, output, seconds = run(name, options.quick)
        print(output, end="")
        print(f"   ({seconds:.0f} s)", flush=True)
        rows += [(name, code, line) for line in goal_lines(output) or ["no figure: it failed"]]
    print("\n== Goals")
    for name, _, line in rows:
        print(f"{name:24} {line}")
    failed = sorted({name for name, code, _ in rows if code})
    print("all goals met" if not failed else f"missed or failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
