"""What the master spends on the reports of its workers: merging, and closing each second.

    python bench/merge_reports.py

One report is 100 names x 200 requests. Printed: CPU per merge, and the share of a core that 500
workers reporting each second would take for merging and closing (receiving and decoding are the
wire's). Goals: 15 times Locust's 1.91 ms per report, and half a core for everything.
"""

from __future__ import annotations

import sys
import time

import numpy as np

NAMES = 100
REQUESTS = 200
WORKERS = 500
SECONDS = 12
LOCUST_MS = 1.91
GOAL = 15


class FixedClock:
    """Time as the benchmark says it is."""

    now = 1_000_000.0

    def wall(self) -> float:
        return self.now

    monotonic = wall

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def main() -> int:
    from katydid.stats import RequestStats, StatsDelta

    clock = FixedClock()
    random = np.random.default_rng(7)
    deltas: list[StatsDelta] = []
    for _ in range(8):  # different ones, as different workers send
        worker = RequestStats(clock)
        for number in range(NAMES):
            times = random.lognormal(3 + number / 50, 0.5, REQUESTS)
            for ms in times.tolist():
                worker.record("GET", f"/item/{number}", ms, 200, None, 200)
        deltas.append(worker.take_delta(int(clock.now)))
    cells = int(np.mean([len(delta.bucket) for delta in deltas]))

    master = RequestStats(clock, grace_seconds=1)
    merging, closing, worst = 0, 0, 0
    merges = 0
    for _ in range(SECONDS):
        second = int(clock.now)
        for worker_number in range(WORKERS):
            delta = deltas[worker_number % len(deltas)]
            object.__setattr__(delta, "second", second)  # frozen: sent again as another second's
            start = time.process_time_ns()
            master.merge(delta)
            merging += time.process_time_ns() - start
            merges += 1
        clock.now += 1
        start = time.process_time_ns()
        master.close_second(second, 1000, WORKERS)
        spent = time.process_time_ns() - start
        closing, worst = closing + spent, max(worst, spent)
    assert master.num_requests == merges * NAMES * REQUESTS

    merge_ms = merging / merges / 1e6
    close_ms = closing / SECONDS / 1e6
    share = (merge_ms * WORKERS + close_ms) / 10
    print(f"report of {NAMES} names x {REQUESTS} requests: {cells} buckets")
    print(f"merge        {merge_ms:7.3f} ms per report ({LOCUST_MS / merge_ms:.0f} times Locust's)")
    print(f"close second {close_ms:7.3f} ms (worst {worst / 1e6:.1f} ms)")
    print(f"{WORKERS} workers at 1 s: {share:.1f} % of a core for merging and closing")
    return 0 if LOCUST_MS / merge_ms >= GOAL and share <= 50 else 1


if __name__ == "__main__":
    sys.exit(main())
