"""What the master spends on the reports of its workers: merging, and closing each second.

    python bench/merge_reports.py [--locust-python VENV/bin/python]

One report is 100 names x 200 requests. Printed: CPU per report to decode and to merge, and the
share of a core that 500 workers reporting each second would take (sockets not counted). Goal: at
most half a core. With the interpreter of an environment that has Locust, unpacking and merging
its report of the same samples is measured in the same run, and the ratio printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from statistics import mean, median

import numpy as np

from katydid.stats import RequestStats, StatsDelta
from katydid.wire.codec import decode, encode
from katydid.wire.interner import Interner
from katydid.wire.messages import Report

NAMES = 100
REQUESTS = 200
WORKERS = 500
SECONDS = 12
GOAL_SHARE = 50  # per cent of a core

LOCUST = f"""
import inspect, json, msgpack, random, statistics, time
from locust.stats import RequestStats, StatsEntry
random.seed(7)
worker, master = RequestStats(), RequestStats()
for number in range({NAMES}):
    for _ in range({REQUESTS}):
        ms = random.lognormvariate(3 + number / 50, 0.5)
        worker.log_request("GET", "/item/%d" % number, ms, 200)
report = dict(stats=[entry.serialize() for entry in worker.entries.values()])
report["stats_total"] = worker.total.serialize()
packed = msgpack.packb(report)
parameters = inspect.signature(StatsEntry.unserialize).parameters
needed = [master] if "stats" in parameters else []  # since Locust 2.47
spent = []
for _ in range(60):
    start = time.process_time_ns()
    unpacked = msgpack.unpackb(packed, strict_map_key=False)
    for row in unpacked["stats"]:
        entry = StatsEntry.unserialize(row, *needed)
        key = (entry.name, entry.method)
        if key not in master.entries:
            master.entries[key] = StatsEntry(
                master, entry.name, entry.method, use_response_times_cache=True
            )
        master.entries[key].extend(entry)
    master.total.extend(StatsEntry.unserialize(unpacked["stats_total"], *needed))
    spent.append(time.process_time_ns() - start)
print(json.dumps(statistics.median(spent) / 1e6))
"""


class FixedClock:
    """Time as the benchmark says it is."""

    now = 1_000_000.0

    def wall(self) -> float:
        return self.now

    monotonic = wall

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def reports(clock: FixedClock) -> list[StatsDelta]:
    """Different ones, as different workers send them."""
    random = np.random.default_rng(7)
    deltas = []
    for _ in range(8):
        worker = RequestStats(clock)
        for number in range(NAMES):
            for ms in random.lognormal(3 + number / 50, 0.5, REQUESTS).tolist():
                worker.record("GET", f"/item/{number}", ms, 200, None, 200)
        deltas.append(worker.take_delta(int(clock.now)))
    return deltas


def measure() -> tuple[float, float, float, float]:
    """CPU milliseconds: median decode and merge, mean and worst closing of a second."""
    clock = FixedClock()
    sent, received = Interner(), Interner()
    packed = [
        encode(Report(number, "run", "running", {"Shopper": 10}, delta), sent)
        for number, delta in enumerate(reports(clock), 1)
    ]
    for frames in packed:  # names travel with the first report only
        decode(frames, received)
    packed = packed[1:]
    master = RequestStats(clock, grace_seconds=1)
    decoding, merging, closing = [], [], []
    for _ in range(SECONDS):
        second = int(clock.now)
        for number in range(WORKERS):
            begun = time.process_time_ns()
            report = decode(packed[number % len(packed)], received)
            decoded = time.process_time_ns()
            assert isinstance(report, Report)
            delta = replace(report.delta, second=second)
            start = time.process_time_ns()
            master.merge(delta)
            merging.append(time.process_time_ns() - start)
            decoding.append(decoded - begun)
        clock.now += 1
        start = time.process_time_ns()
        master.close_second(second, 1000, WORKERS)
        closing.append(time.process_time_ns() - start)
    assert master.num_requests == SECONDS * WORKERS * NAMES * REQUESTS
    return median(decoding) / 1e6, median(merging) / 1e6, mean(closing) / 1e6, max(closing) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--locust-python", help="interpreter of an environment with Locust")
    arguments = parser.parse_args()
    decode_ms, merge_ms, close_ms, worst_ms = measure()
    share = ((decode_ms + merge_ms) * WORKERS + close_ms) / 10
    print(f"decode       {decode_ms:7.3f} ms per report of {NAMES} names x {REQUESTS} requests")
    print(f"merge        {merge_ms:7.3f} ms")
    print(f"close second {close_ms:7.3f} ms (worst {worst_ms:.1f} ms)")
    print(f"{WORKERS} workers at 1 s: {share:.1f} % of a core (goal: {GOAL_SHARE} %)")
    if arguments.locust_python:
        answer = subprocess.run(
            [arguments.locust_python, "-c", LOCUST], capture_output=True, text=True, check=True
        )
        theirs = float(json.loads(answer.stdout.splitlines()[-1]))
        ours = decode_ms + merge_ms
        print(f"locust       {theirs:7.3f} ms to unpack and merge ({theirs / ours:.1f} times ours)")
    return 0 if share <= GOAL_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
