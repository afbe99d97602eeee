"""What recording one sample costs: CPU nanoseconds, counting included.

    python bench/record_sample.py [--locust-python VENV/bin/python]

Goal: at most 1 µs. With the interpreter of an environment that has Locust, the same samples go
through its `RequestStats.log_request`, and the ratio is printed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time

SAMPLES = 200_000
NAMES = 20
ROUNDS = 5
GOAL_NS = 1000

LOCUST = f"""
import json, time
from locust.stats import RequestStats
stats = RequestStats()
names = ["/item/%d" % number for number in range({NAMES})]
samples = [(names[i % {NAMES}], 5.0 + (i * 7919 % 1000) / 7) for i in range({SAMPLES})]
best = None
for _ in range({ROUNDS}):
    log, start = stats.log_request, time.process_time_ns()
    for name, ms in samples:
        log("GET", name, ms, 200)
    spent = (time.process_time_ns() - start) / {SAMPLES}
    best = spent if best is None else min(best, spent)
print(json.dumps(best))
"""


def measure(failing: bool = False) -> float:
    """CPU nanoseconds per sample, best of ROUNDS; flushes and a final read are in it."""
    from katydid.stats import RequestStats

    stats = RequestStats()
    names = [f"/item/{number}" for number in range(NAMES)]
    samples = [(names[i % NAMES], 5.0 + (i * 7919 % 1000) / 7) for i in range(SAMPLES)]
    error = ValueError("no such item") if failing else None
    best = float("inf")
    for _ in range(ROUNDS):
        record, start = stats.record, time.process_time_ns()
        for name, ms in samples:
            record("GET", name, ms, 200, error, 200)
        stats.flush()
        best = min(best, (time.process_time_ns() - start) / SAMPLES)
    assert stats.num_requests == ROUNDS * SAMPLES
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--locust-python", help="interpreter of an environment with Locust")
    arguments = parser.parse_args()
    ours, failing = measure(), measure(failing=True)
    print(f"katydid record           {ours:7.0f} ns   (goal: {GOAL_NS} ns)")
    print(f"katydid record, failures {failing:7.0f} ns")
    if arguments.locust_python:
        answer = subprocess.run(
            [arguments.locust_python, "-c", LOCUST], capture_output=True, text=True, check=True
        )
        theirs = float(json.loads(answer.stdout.splitlines()[-1]))
        print(f"locust log_request       {theirs:7.0f} ns   ({theirs / ours:.1f} times ours)")
    return 0 if ours <= GOAL_NS else 1


if __name__ == "__main__":
    sys.exit(main())
