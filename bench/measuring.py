"""What the benchmarks measure by: memory and CPU of a process, lag of the hub, the goal's line."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def memory_bytes() -> int:
    """Resident memory of this process that is its own (without shared pages)."""
    fields = Path("/proc/self/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds() -> float:
    """User and system time of this process, all threads."""
    return time.process_time()


def quantile(values: Sequence[float], fraction: float) -> float:
    """Nearest rank; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))] if ordered else 0.0


def median(values: Sequence[float]) -> float:
    return quantile(values, 0.5)


class LagWatch:
    """How late the hub serves a timer: milliseconds, one sample every `STEP` seconds."""

    STEP = 0.005

    def __init__(self) -> None:
        import gevent

        self.samples: list[float] = []
        self._greenlet = gevent.spawn(self._watch)

    def _watch(self) -> None:
        import gevent

        while True:
            due = time.monotonic() + self.STEP
            gevent.sleep(self.STEP)
            self.samples.append((time.monotonic() - due) * 1000)

    def take(self) -> list[float]:
        """The samples since the last take."""
        taken, self.samples = self.samples, []
        return taken

    def stop(self) -> None:
        self._greenlet.kill()

    def __str__(self) -> str:
        p50, p99 = quantile(self.samples, 0.5), quantile(self.samples, 0.99)
        return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {max(self.samples, default=0):.0f} ms"


def run_json(command: Sequence[str | Path], timeout: float = 300) -> dict[str, Any]:
    """Run a process whose last line of output is JSON; its other output is shown when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{command[-1]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def verdict(what: str, value: float, goal: float, unit: str, at_most: bool = True) -> bool:
    """Print a figure beside its goal; whether it is met."""
    met = value <= goal if at_most else value >= goal
    relation = "at most" if at_most else "at least"
    print(
        f"{'ok  ' if met else 'MISS'} {what}: {value:.3g} {unit} (goal: {relation} {goal:g} {unit})"
    )
    return met
