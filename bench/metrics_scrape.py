"""What a scrape of the metrics costs the hub: 200 names, all of them busy.

    python bench/metrics_scrape.py [--names 200] [--scrapes 30]

A process answers scrapes over HTTP as a master does. The stall is the longest time for which the
hub did not turn during a scrape, in CPU time of the process, so that a busy machine does not
count. Goal: at most 10 ms. For comparison: the same metrics written by prometheus_client. The same
is measured of samples for --remote-write.
"""

from __future__ import annotations

import katydid._patch  # noqa: F401  # patches before anything else is imported

# isort: split
import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import gevent
import numpy as np
import requests
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from katydid.environment import Environment
from katydid.metrics.collector import EngineCollector
from katydid.metrics.server import Exposition, MetricsServer
from katydid.metrics.workers import LocalWorker
from katydid.metrics.write_request import Samples, compressed
from katydid.run.local import LocalRunner
from katydid.user import User

GOAL_MS = 10.0
SAMPLES_A_NAME = 2_000


class Nobody(User):
    """There are samples, but no users."""


def fill(runner: LocalRunner, names: int) -> None:
    """Log-normal response times of many names, some of which fail."""
    times = np.random.default_rng(7).lognormal(3.5, 1.0, SAMPLES_A_NAME).tolist()
    failure = ConnectionError("refused")
    for number in range(names):
        for at, milliseconds in enumerate(times):
            failed = at % 50 == 0
            runner.stats.record(
                "GET", f"/products/{number}", milliseconds, 900,
                failure if failed else None, 0 if failed else 200,
            )  # fmt: skip
    now = int(time.time())
    runner.stats.close_second(now - 2, 0)


class Stalls:
    """CPU milliseconds between two turns of the hub."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._greenlet = gevent.spawn(self._watch)

    def _watch(self) -> None:
        before = time.thread_time()
        while True:
            gevent.sleep(0)
            now = time.thread_time()
            self.longest = max(self.longest, (now - before) * 1000)
            before = now

    def stop(self) -> float:
        self._greenlet.kill()
        return self.longest


def scrape(server: MetricsServer) -> int:
    """Bytes of an answer; they are not unpacked, which would count as a stall."""
    answer = requests.get(server.url, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=30)
    return len(answer.raw.read())


def remote_write(pieces: Callable[[], Iterator[str]]) -> tuple[float, int, int]:
    """The longest turn of a sample for remote write, in ms; its bytes, and when compressed."""
    samples = Samples()
    worst, bodies = [], []
    for at in range(10):
        longest, before, bodies = 0.0, time.thread_time(), []
        for body in samples.encode(pieces(), 1_700_000_000_000 + at):
            longest = max(longest, time.thread_time() - before)
            if body:
                bodies.append(body)
            before = time.thread_time()
        worst.append(longest * 1000)
    sizes = sum(map(len, bodies)), sum(len(compressed(body)) for body in bodies)
    return statistics.median(worst), *sizes


class Whole:
    """The same families, as prometheus_client would write them."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=200)
    parser.add_argument("--scrapes", type=int, default=30)
    arguments = parser.parse_args()
    runner = LocalRunner(Environment(user_classes=[Nobody]))
    fill(runner, arguments.names)
    collector = EngineCollector(runner, LocalWorker(runner), "local")
    exposition = Exposition(collector)
    server = MetricsServer(exposition, "127.0.0.1", 0)
    text = exposition.text()  # templates are made once
    stalls, size = [], 0
    for _ in range(arguments.scrapes):
        watch = Stalls()
        size = scrape(server)
        stalls.append(watch.stop())
    families = list(text_string_to_metric_families(text.decode()))
    registry = CollectorRegistry()
    registry.register(Whole(families))
    before = time.thread_time()
    generate_latest(registry)
    theirs = (time.thread_time() - before) * 1000
    stall = statistics.median(stalls)
    lines = text.count(b"\n")
    print(f"{arguments.names} names: {lines} lines, {len(text) / 1e3:.0f} kB, "
          f"compressed {size / 1e3:.0f} kB")  # fmt: skip
    print(f"longest stall of the hub: {stall:.1f} ms (median scrape; goal: {GOAL_MS:g} ms), "
          f"{max(stalls):.1f} ms (worst of {len(stalls)})")  # fmt: skip
    print(f"prometheus_client, writing the same text: {theirs:.0f} ms")
    written, size, small = remote_write(exposition.pieces)
    print(f"remote write: longest turn {written:.1f} ms (median sample), {size / 1e3:.0f} kB, "
          f"compressed {small / 1e3:.0f} kB")  # fmt: skip
    server.stop()
    runner.quit()
    return 0 if max(stall, written) <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
