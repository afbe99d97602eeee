"""Ten thousand users that ask for ten thousand names, in one process: does it hold?

    python bench/many_names.py [--users 10000] [--names 10000] [--seconds 30]

The users record samples directly (what HTTP costs is not the question), each of them one every
two seconds, a name of its own each time. Each second a status is read, every five seconds the whole
document; at the end all results are written. Figures: memory, loop lag while it runs, how long
the reads and the results take.

Goals: no sample lost, and a loop that is not 250 ms late (the lag that a run flags), also while the
whole document is made. Other programs on the machine make single values larger: p99 is compared.
"""

from __future__ import annotations

import katydid._patch  # noqa: F401 - patches the standard library: before everything else

# isort: split
import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from measuring import LagWatch, cpu_seconds, memory_bytes, quantile, verdict

from katydid.environment import Environment
from katydid.load.spec import ConstantLoad
from katydid.results.write import write_all
from katydid.run import snapshot
from katydid.run.local import LocalRunner
from katydid.user import User, constant, task

LAG_GOAL_MS = 250.0
MEMORY_GOAL_MIB = 600.0
PERIOD_SECONDS = 2.0


def user_class(names: int) -> type[User]:
    """Users that record a sample under the next name, each starting somewhere else."""

    class Browser(User):
        wait_time = constant(PERIOD_SECONDS)
        recorded = 0

        @task
        def look(self) -> None:
            count = Browser.recorded
            Browser.recorded = count + 1
            record = self.environment.events.request.recorders[0]  # type: ignore[attr-defined]
            record("GET", f"/item/{count % names}", 5.0 + count * 7919 % 1000 / 7, 200, None, 200)

    return Browser


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds and the answer."""
    start = time.perf_counter()
    answer = action()
    return (time.perf_counter() - start) * 1000, answer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--names", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    browser: Any = user_class(options.names)
    environment = Environment(user_classes=[browser])
    runner = LocalRunner(environment)
    environment.runner = runner
    before = memory_bytes()
    lag = LagWatch()
    runner.begin_load(ConstantLoad(options.users, options.users / 5))
    status_ms, document_ms, quiet_lag, busy_lag = [], [], [], []
    cpu = cpu_seconds()
    for second in range(options.seconds):
        gevent.sleep(1 - time.time() % 1 + 0.5)
        status_ms.append(timed(lambda: snapshot.status(runner))[0])
        quiet_lag += lag.take()
        if second % 5 == 4:
            document_ms.append(timed(lambda: snapshot.document(runner))[0])
            gevent.sleep(0.05)
            busy_lag += lag.take()
    cpu = cpu_seconds() - cpu
    memory = memory_bytes() - before
    users = runner.user_count
    lag.stop()
    stop_ms, _ = timed(runner.stop)
    document = snapshot.document(runner)
    with tempfile.TemporaryDirectory() as folder:
        write_ms, files = timed(
            lambda: write_all(document, Path(folder), ("json", "html", "csv", "junit"))
        )
        size = sum(path.stat().st_size for path in files)
    counted = sum(row.requests for row in document.requests)
    print(f"{users} users, {len(document.requests)} names, {options.seconds} s:")
    print(f"     {browser.recorded} samples, {counted} of them counted; CPU {cpu:.1f} s")
    print(
        f"     status {quantile(status_ms, 0.5):.0f} ms, the whole document "
        f"{quantile(document_ms, 0.5):.0f} ms (in turns), stop {stop_ms:.0f} ms"
    )
    print(f"     results written in {write_ms:.0f} ms, {size / 2**20:.1f} MiB")
    worst, busy_worst = max(quiet_lag), max(busy_lag)
    print(f"     loop lag at most {worst:.0f} ms, {busy_worst:.0f} ms while documents are made")
    busy_p99 = quantile(busy_lag, 0.99)
    met = [
        verdict("users there", users, options.users, "", at_most=False),
        verdict("names kept", len(document.requests), options.names, "", at_most=False),
        verdict("samples lost", browser.recorded - counted, 0, ""),
        verdict("memory", memory / 2**20, MEMORY_GOAL_MIB, "MiB"),
        verdict("loop lag, p99", quantile(quiet_lag, 0.99), LAG_GOAL_MS, "ms"),
        verdict("loop lag while documents are made, p99", busy_p99, LAG_GOAL_MS, "ms"),
    ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
