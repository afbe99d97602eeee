"""What a master spends on its workers: simulated ones, real messages, a real MasterRunner.

    python bench/master_load.py [--workers 500] [--names 100] [--seconds 25] [--curve]

Each simulated worker says Hello, beats once a second on a socket of its own and sends a report of
its own each second: 100 names with 200 requests each, at a moment of its own within the second
(`--burst`: all of them right on the second, as workers with good clocks do). They live in
processes of their own. The master runs a test, closes its seconds and answers a status each second.

Goal: at most half a core for the master's process, its socket threads included. On a machine that
is busy with other things the simulated workers may deliver fewer reports than they should: what is
compared is the CPU per report, times the reports that were due.
"""

from __future__ import annotations

import katydid._patch  # patches the standard library: before everything else

# isort: split
import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gevent
import numpy as np
import zmq
from measuring import LagWatch, cpu_seconds, memory_bytes, quantile, verdict

import katydid
from katydid.environment import Environment
from katydid.load.spec import ConstantLoad
from katydid.run import snapshot
from katydid.run.master import MasterRunner
from katydid.run.settings import RunSettings
from katydid.stats import RequestStats
from katydid.user import User
from katydid.wire import codec
from katydid.wire import messages as m
from katydid.wire.interner import Interner
from katydid.wire.keys import derive_keys
from katydid.wire.port import Port, configure_client, endpoint

GOAL_CORES = 0.5
PER_PROCESS = 250
WARM_SECONDS = 5
DIFFERENT = 16  # reports that differ from each other, per process
SEED = "0123456789abcdef0123456789abcdef"
REQUESTS = 200


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=500)
    parser.add_argument("--names", type=int, default=100)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="per name and report")
    parser.add_argument("--seconds", type=int, default=25, help="measured, after a warm-up")
    parser.add_argument("--curve", action="store_true", help="encrypt as under the operator")
    parser.add_argument("--burst", action="store_true", help="all reports right on the second")
    parser.add_argument("--document", action="store_true", help="build the whole document too")
    parser.add_argument("--profile", metavar="FILE", help="write a cProfile of the master")
    parser.add_argument("--role", choices=("all", "workers"), default="all", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


# -- the simulated workers


class SimulatedWorker:
    """The wire half of a worker: it does what it is told, at once, and invents its reports."""

    def __init__(self, name: str, port: int, keys: Any, context: Any, deltas: list[Any]) -> None:

        self.name = name
        self.incarnation = int(time.time() * 1e6)
        identity = f"{name}#{self.incarnation}"
        self._ports = []
        for own in (identity, identity + "/hb"):
            socket = context.socket(zmq.DEALER)
            configure_client(socket, own, keys)
            socket.connect(endpoint("127.0.0.1", port))
            self._ports.append(Port(socket))
        self._link, self._beats = self._ports
        self._names = Interner()
        self._deltas = deltas
        self._run = ""
        self._state = "ready"
        self._users: dict[str, int] = {}
        self.number = 0
        self.acknowledged = 0
        self.resyncs = 0

    def receive(self) -> None:
        """Greet the master and do what it says, for ever."""

        hello = m.Hello(
            protocol=m.PROTOCOL, engine=katydid.__version__, worker=self.name,
            incarnation=self.incarnation, state="ready", run=None, first_number=0,
            last_number=0, wall=time.time(),
        )  # fmt: skip
        while not self._send(hello):
            gevent.sleep(0.05)
        while True:
            frames = self._link.receive()
            if frames is None:
                continue
            message = codec.decode(frames, self._names)
            if isinstance(message, m.Start):
                self._run, self._state = message.run, "running"
            elif isinstance(message, m.Targets):
                self._users = message.users
                self._send(m.Settled(message.number, message.users))
            elif isinstance(message, m.Ack):
                self.acknowledged = message.applied
            elif isinstance(message, m.Resync):
                self.resyncs += 1
                self._names.reset()
            elif isinstance(message, m.Stop):
                self._state = "ready"
                self._send(m.Stopped(self.number))

    def report(self) -> None:
        """One second's report, encoded as a worker does."""

        if not self._run or self._state != "running":
            return
        self.number += 1
        delta = self._deltas[(self.number + self.incarnation) % len(self._deltas)]
        self._send(
            m.Report(
                number=self.number,
                run=self._run,
                state=self._state,
                users=self._users,
                delta=replace(delta, second=int(time.time() - 0.5)),
            )
        )

    def beat(self) -> None:
        """One heartbeat; replies are read and dropped."""

        beat = m.Beat(self.incarnation, self._state, sum(self._users.values()), 40.0,
                      80_000_000, 2.0, 0.05, time.time())  # fmt: skip
        self._beats.send(codec.encode(beat, self._names))
        while self._beats.receive(0) is not None:
            pass

    def _send(self, message: Any) -> bool:

        return self._link.send(codec.encode(message, self._names))


def some_deltas(names: int, requests: int) -> list[Any]:
    """Deltas as workers cut them: log-normal response times, a different median for each name."""

    generator = np.random.default_rng(7)
    deltas = []
    for _ in range(DIFFERENT):
        stats = RequestStats()
        for number in range(names):
            times = generator.lognormal(3 + number / max(50, names / 2), 0.5, requests)
            for ms in times.tolist():
                stats.record("GET", f"/item/{number}", ms, 200, None, 200)
        deltas.append(stats.take_delta(int(time.time())))
    return deltas


def simulate(options: argparse.Namespace) -> None:

    deltas = some_deltas(options.names, options.requests)
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 4 * options.workers + 100)
    keys = curve_keys() if options.curve else None
    workers = [
        SimulatedWorker(str(options.first + i), options.port, keys, context, deltas)
        for i in range(options.workers)
    ]
    chance = random.Random(3)
    for worker in workers:
        offset = 0.0 if options.burst else chance.random()
        gevent.spawn(worker.receive)
        gevent.spawn(every_second, worker.report, offset)
        gevent.spawn(every_second, worker.beat, chance.random())
    print("ready", flush=True)
    gevent.get_hub().threadpool.apply(sys.stdin.readline)  # the master's side says when to end
    cpu = cpu_seconds()
    answer = {
        "sent": sum(worker.number for worker in workers),
        "acknowledged": sum(worker.acknowledged for worker in workers),
        "resyncs": sum(worker.resyncs for worker in workers),
        "cpu": cpu,
    }
    print(json.dumps(answer), flush=True)


def every_second(action: Callable[[], None], offset: float) -> None:

    while True:
        now = time.time()
        due = int(now - offset) + 1 + offset
        gevent.sleep(due - now)
        action()


def curve_keys() -> Any:

    return derive_keys(SEED.encode(), "1")


# -- the master


def start_workers(options: argparse.Namespace, port: int) -> list[subprocess.Popen[str]]:
    processes = []
    for first in range(0, options.workers, PER_PROCESS):
        command = [
            sys.executable, __file__, "--role", "workers", "--port", str(port),
            "--workers", str(min(PER_PROCESS, options.workers - first)), "--first", str(first),
            "--names", str(options.names), "--requests", str(options.requests),
            *(["--curve"] if options.curve else []), *(["--burst"] if options.burst else []),
        ]  # fmt: skip
        processes.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    return processes


def measure(options: argparse.Namespace) -> dict[str, Any]:

    class Shopper(User):
        pass

    environment = Environment(user_classes=[Shopper])
    settings = RunSettings(
        expected_workers=options.workers, curve_seed=SEED if options.curve else ""
    )
    runner = MasterRunner(environment, "127.0.0.1", 0, settings)
    environment.runner = runner
    processes = start_workers(options, runner.server.port)
    if not runner.wait_for_workers(options.workers, 90):
        raise SystemExit(f"only {runner.worker_count} workers came")
    runner.begin_load(ConstantLoad(options.workers * 20, options.workers * 20))
    gevent.sleep(WARM_SECONDS)
    lag = LagWatch()
    profile = start_profile(options.profile)
    runner.health.reset()
    merged, cpu, started = sum(runner.applied.values()), cpu_seconds(), time.monotonic()
    status_ms: list[float] = []
    document_ms: list[float] = []
    for _ in range(options.seconds):
        gevent.sleep(1 - time.time() % 1 + 0.3)
        status_ms.append(timed(lambda: snapshot.status(runner)))
        if options.document:
            document_ms.append(timed(lambda: snapshot.document(runner)))
    cpu, seconds = cpu_seconds() - cpu, time.monotonic() - started
    merged = sum(runner.applied.values()) - merged
    lag.stop()
    if profile is not None:
        profile.disable()
        profile.dump_stats(options.profile)
    runner.stop()
    answers = []
    for process in processes:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("end\n")
        process.stdin.flush()
        answers.append(json.loads(process.stdout.readlines()[-1]))
    counted = runner.stats.total.num_requests
    assert counted == sum(a["sent"] for a in answers) * options.names * options.requests, counted
    return {
        "cores": cpu / seconds,
        "reports_per_second": merged / seconds,
        "lag": str(lag),
        "lag_p99": quantile(lag.samples, 0.99),
        "status_ms": quantile(status_ms, 0.5),
        "document_ms": quantile(document_ms, 0.5),
        "memory": memory_bytes(),
        "workers_cpu": sum(a["cpu"] for a in answers),
        "resyncs": sum(a["resyncs"] for a in answers),
        "lost": runner.workers_lost,
        "counted": counted,
    }


def start_profile(path: str | None) -> Any:
    if path is None:
        return None
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    return profile


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def main() -> int:
    options = arguments()

    if options.role == "workers":
        simulate(options)
        return 0
    figures = measure(options)
    how = "CURVE" if options.curve else "plain"
    print(
        f"master, {options.workers} workers x {options.names} names x {options.requests} requests "
        f"each second, {how}:"
    )
    print(f"     {figures['reports_per_second']:.0f} reports/s merged, every request counted")
    print(f"     loop lag {figures['lag']}; status {figures['status_ms']:.1f} ms", end="")
    print(f", document {figures['document_ms']:.0f} ms" if options.document else "")
    print(f"     memory {figures['memory'] / 2**20:.0f} MiB, workers lost {figures['lost']}")
    rate = figures["reports_per_second"]
    cores = figures["cores"] * options.workers / rate
    print(f"     {figures['cores']:.3f} cores used; below: for {options.workers} reports/s")
    if rate < 0.9 * options.workers:
        print("     too busy here: fewer reports share the fixed costs, so the figure is too high")
    return 0 if verdict("CPU of the master", cores, GOAL_CORES, "cores") else 1


if __name__ == "__main__":
    sys.exit(main())
