"""What LoadTests cost the operator: 200 of them from apply to verdict, one minute of load each.

    python bench/operator_scale.py [--tests 200] [--workers 2] [--seconds 60] [--profile FILE]

The operator is the real process (`python -m katydid_operator`); the API server, kubelets and
masters are emulated in this one (`emulated_cluster.py`), with the real pace of a run. CPU and
memory are those of the operator's process. A write is a request that creates, changes or deletes;
those of the clean-up, an hour later in real life, are counted apart. Goals: at most 25 writes a
test from apply to stored results, children and events included; at most 120 MB when idle.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import kmock
import psutil
import yaml
from emulated_cluster import NAMESPACE, Cluster, Played
from measuring import median

WRITES_GOAL = 25
IDLE_GOAL_MB = 120
SETTLE_SECONDS = 5.0
IDLE_SECONDS = 10.0
STUCK_SECONDS = 240.0  # beyond the run itself
MB = 1_000_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def kubeconfig(url: str) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "bench",
            "contexts": [{"name": "bench", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {}}],
        }
    )


@contextlib.asynccontextmanager
async def operator(url: str, folder: Path, profile: str) -> AsyncIterator[psutil.Process]:
    """The operator's process, from its start until it is told to stop."""
    config = folder / "kubeconfig"
    config.write_text(kubeconfig(url))
    environment = {
        **os.environ,
        "KUBECONFIG": str(config),
        "KATYDID_RUNNER_IMAGE": "runner:1",
        "KATYDID_OPERATOR_NAMESPACE": NAMESPACE,
        "KATYDID_HTTP_PORT": str(free_port()),
        "KATYDID_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, *(["-m", "cProfile", "-o", profile] if profile else [])]
    process = await asyncio.create_subprocess_exec(
        *command, "-m", "katydid_operator", env=environment
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        if await process.wait():
            print(f"the operator ended with exit code {process.returncode}", file=sys.stderr)


def cpu_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Measured:
    """Figures of one run of the benchmark."""

    idle_mb = 0.0  # before the first LoadTest
    peak_mb = 0.0
    after_mb = 0.0  # all LoadTests finished and still there
    cpu_seconds = 0.0  # from the first apply to the last stored results
    cores_running = 0.0  # while all make load
    cores_idle = 0.0  # with all finished


async def watch_memory(process: psutil.Process, found: Measured) -> None:
    while True:
        found.peak_mb = max(found.peak_mb, process.memory_info().rss / MB)
        await asyncio.sleep(0.5)


async def measure(options: argparse.Namespace, cluster: Cluster, process: psutil.Process) -> None:
    """Play all LoadTests and print what they cost."""
    found = Measured()
    while not any(verb == "WATCH" and plural == "pods" for _, verb, plural in cluster.calls):
        await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLE_SECONDS)
    found.idle_mb = process.memory_info().rss / MB
    memory = asyncio.create_task(watch_memory(process, found))
    tests = [
        Played(cluster, number, options.workers, options.seconds) for number in range(options.tests)
    ]
    begun, cpu = time.monotonic(), cpu_of(process)
    playing: list[asyncio.Task[None]] = []
    for test in tests:
        playing.append(asyncio.create_task(test.play()))
        await asyncio.sleep(options.ramp / options.tests)
    async with asyncio.timeout(options.seconds + STUCK_SECONDS):
        middle = max(0.0, begun + options.ramp + 15 - time.monotonic())
        await asyncio.sleep(min(middle, options.seconds / 2))
        mark, at = cpu_of(process), time.monotonic()
        await asyncio.sleep(min(20.0, options.seconds / 4))
        found.cores_running = (cpu_of(process) - mark) / (time.monotonic() - at)
        await asyncio.gather(*playing)
        kept = Counter(test.results() for test in tests)
        found.cpu_seconds = cpu_of(process) - cpu
        await asyncio.gather(*(test.cleaned() for test in tests))
    await asyncio.sleep(SETTLE_SECONDS)
    mark, at = cpu_of(process), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    found.cores_idle = (cpu_of(process) - mark) / (time.monotonic() - at)
    found.after_mb = process.memory_info().rss / MB
    memory.cancel()
    options.good = report(options, found, tests, cluster, kept)


def is_write(verb: str) -> bool:
    return verb in ("POST", "PATCH", "PUT", "DELETE")


def report(
    options: argparse.Namespace,
    found: Measured,
    tests: list[Played],
    cluster: Cluster,
    kept: Counter[str],
) -> bool:
    """Print the figures; whether the goals are met."""
    a_test = Counter[str]()
    for (test, verb, _), count in cluster.calls.items():
        if test and is_write(verb):
            a_test[test] += count
    kinds = Counter[tuple[str, str]]()
    for (test, verb, plural), count in cluster.calls.items():
        if test:
            kinds[verb, plural] += count
    print(f"{options.tests} LoadTests of {options.workers} workers, {options.seconds:g} s of load")
    for (verb, plural), count in sorted(kinds.items()):
        print(f"  {verb:<7} {plural:<20} {count / options.tests:6.1f} a test")
    reads = sum(count for (verb, _), count in kinds.items() if not is_write(verb))
    cleaning = sum(count for (_, verb, _), count in cluster.later.items() if is_write(verb))
    print(f"API calls: {reads / options.tests:.1f} reads a test; "
          f"{cleaning / options.tests:.1f} writes more to clean up")  # fmt: skip
    print(f"CPU: {1000 * found.cpu_seconds / options.tests:.0f} ms a test; "
          f"{found.cores_running:.2f} cores while all make load, "
          f"{found.cores_idle:.3f} when all are over")  # fmt: skip
    print(f"memory: {found.idle_mb:.0f} MB idle, {found.peak_mb:.0f} MB at most, "
          f"{found.after_mb:.0f} MB with {options.tests} finished LoadTests")  # fmt: skip
    print(f"median (longest) seconds from apply to all children: "
          f"{median([one.seconds_to_pods for one in tests]):.1f} "
          f"({max(one.seconds_to_pods for one in tests):.1f}), from the end to the verdict: "
          f"{median([one.seconds_to_verdict for one in tests]):.1f} "
          f"({max(one.seconds_to_verdict for one in tests):.1f})")  # fmt: skip
    if set(kept) != {"ConfigMap"}:
        print(f"results that were not stored, mostly for want of CPU here: {dict(kept)}")
    most = max(a_test.values())
    few, small = most <= WRITES_GOAL, found.idle_mb <= IDLE_GOAL_MB
    print(f"{'ok  ' if few else 'MISS'} writes a test: {median(list(a_test.values())):.0f}, "
          f"{most} at most (goal: {WRITES_GOAL})")  # fmt: skip
    print(f"{'ok  ' if small else 'MISS'} idle memory: {found.idle_mb:.0f} MB "
          f"(goal: {IDLE_GOAL_MB})")  # fmt: skip
    return few and small


async def run(options: argparse.Namespace) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # end the operator
    cluster = Cluster()
    cluster.start()
    async with cluster, kmock.Server(cluster):
        url = str(cluster.url).rstrip("/")
        with tempfile.TemporaryDirectory() as folder:
            async with operator(url, Path(folder), options.profile) as process:
                await measure(options, cluster, process)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", type=int, default=200, metavar="N")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="worker pods each")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the load")
    parser.add_argument("--ramp", type=float, default=20.0, help="seconds over which all begin")
    parser.add_argument("--profile", default="", metavar="FILE", help="cProfile of the operator")
    options = parser.parse_args()
    try:
        asyncio.run(run(options))
    except TimeoutError:
        print("MISS not all LoadTests came to their end in time: is the machine busy?")
        return 1
    return 0 if options.good else 1


if __name__ == "__main__":
    sys.exit(main())
