"""Does a test of hours keep its memory flat?

    python bench/long_run.py [--hours 6] [--names 100] [--real 60]

Hours are simulated: a clock that the benchmark moves, a master's statistics that get the deltas
of two workers and close a second, again and again, windows and a threshold's look at the last half
minute included. Then a real minute of a local run with 100 users of HttpUser against a server of
ours. Memory is shown at each quarter.

Goals: the last quarter of the hours adds at most 2 MiB, and so does that of the real minute.
"""

from __future__ import annotations

import katydid._patch  # noqa: F401 - patches the standard library: before everything else

# isort: split
import argparse
import gc
import sys
from dataclasses import replace

import gevent
import numpy as np
import plain_server
from measuring import cpu_seconds, memory_bytes, verdict

from katydid.environment import Environment
from katydid.load.spec import ConstantLoad
from katydid.run import snapshot
from katydid.run.local import LocalRunner
from katydid.stats import RequestStats, StatsDelta
from katydid.user import HttpUser, constant, task

GOAL_MIB = 2.0
WORKERS = 2
REQUESTS = 5  # per name, worker and second
DIFFERENT = 50


class SteppedClock:
    """Time as the benchmark says it is."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def some_deltas(clock: SteppedClock, names: int) -> list[StatsDelta]:
    """Reports of one second, different ones, with a failure now and then."""
    generator = np.random.default_rng(11)
    deltas = []
    for number in range(DIFFERENT):
        stats = RequestStats(clock)
        for name in range(names):
            for ms in generator.lognormal(3 + name / 50, 0.6, REQUESTS).tolist():
                stats.record("GET", f"/item/{name}", ms, 200, None, 200)
        stats.record("GET", "/item/0", 9.0, 0, ValueError(f"broken {number}"), 500)
        deltas.append(stats.take_delta(int(clock.now)))
    return deltas


def simulated(hours: float, names: int) -> list[float]:
    """MiB at the quarters of so many hours."""
    clock = SteppedClock()
    deltas = some_deltas(clock, names)
    stats = RequestStats(clock, grace_seconds=1)
    seconds = int(hours * 3600)
    quarters = {seconds * quarter // 4 for quarter in (1, 2, 3, 4)}
    memory, cpu = [], cpu_seconds()
    for elapsed in range(1, seconds + 1):
        second = int(clock.now)
        for worker in range(WORKERS):
            delta = deltas[(elapsed * WORKERS + worker) % DIFFERENT]
            stats.merge(replace(delta, second=second))
        clock.now += 1
        stats.close_second(second, 100, WORKERS)
        stats.window(30, "GET", "/item/1").percentile(0.95)
        stats.total.current_percentiles((0.5, 0.95))
        if elapsed in quarters:
            gc.collect()
            memory.append(memory_bytes() / 2**20)
    points = len(stats.history_points())
    expected = seconds * WORKERS * (names * REQUESTS + 1)
    assert stats.num_requests == expected, (stats.num_requests, expected)
    cost = (cpu_seconds() - cpu) / seconds * 1000
    print(f"     {seconds} seconds closed, {cost:.1f} ms each, {points} points of history")
    return memory


def real(seconds: float) -> list[float]:
    """MiB at the quarters of a local run."""
    with plain_server.running() as address:

        class Visitor(HttpUser):
            host = address
            wait_time = constant(0.2)

            @task
            def visit(self) -> None:
                self.client.get("/", name="page")

        environment = Environment(user_classes=[Visitor])
        runner = LocalRunner(environment)
        environment.runner = runner
        runner.begin_load(ConstantLoad(100, 100))
        memory = []
        for _ in range(4):
            gevent.sleep(seconds / 4)
            snapshot.document(runner)
            gc.collect()
            memory.append(memory_bytes() / 2**20)
        runner.stop()
        total = runner.stats.total
        print(f"     {total.num_requests} requests, {total.num_failures} failures")
        assert total.num_requests
        assert not total.num_failures
        runner.quit()
        return memory


def show(title: str, memory: list[float]) -> bool:
    print(f"     {title}: " + ", ".join(f"{mib:.1f}" for mib in memory) + " MiB at the quarters")
    return verdict(f"growth in the last quarter of {title}", memory[3] - memory[2], GOAL_MIB, "MiB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=6)
    parser.add_argument("--names", type=int, default=100)
    parser.add_argument("--real", type=float, default=60, help="seconds of the real run")
    options = parser.parse_args()
    print(f"a run of hours, {options.names} names, {WORKERS} workers:")
    met = [show(f"{options.hours:g} simulated hours", simulated(options.hours, options.names))]
    if options.real > 0:
        met.append(show(f"{options.real:g} real seconds", real(options.real)))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
