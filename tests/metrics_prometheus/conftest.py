"""A real Prometheus that watches the real engine: two runs of a master with two workers.

Everything happens once for all tests of this folder: run 1 passes, run 2 breaches a threshold and
is looked at while it goes. Then the operator's metrics are served with what the engine wrote down
about both. Grafana's part is small: `World.answers` puts the variables in and asks.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from katydid.metrics.catalogue import BUCKETS_SECONDS

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "charts" / "katydid" / "dashboards"
ALERTS = ROOT / "charts" / "katydid" / "files" / "alerts.yaml"
SCRAPE_SECONDS = 1
RATE_INTERVAL = "6s"  # Grafana: four scrapes, and as much as a chart's step
Json = dict[str, Any]

LOCUSTFILE = """
from locust import HttpUser, constant_throughput, task

class Visitor(HttpUser):
    wait_time = constant_throughput(5)

    @task(3)
    def product(self):
        self.client.get("/quick")

    @task(1)
    def search(self):
        self.client.get("/slow?q=1", name="/slow")

class Bot(HttpUser):
    wait_time = constant_throughput(2)

    @task
    def crawl(self):
        self.client.get("/quick")
        raise LookupError("a class of exceptions for the metrics")
"""


class Target(ThreadingHTTPServer):
    """/quick takes 15 ms, /slow 180 ms; every twentieth request fails: exactly 5 %."""

    daemon_threads = True
    request_queue_size = 128
    seconds = {"/quick": 0.015, "/slow": 0.180}

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.requests = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def fails(self) -> bool:
        with self.lock:
            self.requests += 1
            return self.requests % 20 == 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Target

    def do_GET(self) -> None:
        time.sleep(Target.seconds[self.path.partition("?")[0]])  # the latency that is known
        body = b"x" * 100
        self.send_response(503 if self.server.fails() else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def eventually(what: str, probe: Callable[[], Any], seconds: float = 60) -> Any:
    """What `probe` gives once it is true; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = probe()
        except requests.ConnectionError:
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.1)  # asks another process again


class Processes:
    """Child processes, ended by their ids."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: Any, log: Path, **more: Any) -> subprocess.Popen[bytes]:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(word) for word in command],
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **more,
            )  # fmt: skip
        self._running.append(process)
        return process

    def end(self) -> None:
        for process in reversed(self._running):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in reversed(self._running):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@dataclass
class Prometheus:
    """A Prometheus by its API."""

    url: str

    def get(self, path: str, **params: Any) -> Any:
        answer = requests.post(f"{self.url}/api/v1/{path}", data=params, timeout=30)
        if answer.status_code == 405:
            answer = requests.get(f"{self.url}/api/v1/{path}", params=params, timeout=30)
        body = answer.json()
        assert body["status"] == "success", f"{body.get('error')}: {params}"
        return body["data"]

    def instant(self, expr: str, at: float | None = None) -> list[Json]:
        """Series with one value each, as {"metric": …, "value": float}."""
        params = {"query": expr} | ({"time": at} if at is not None else {})
        found = self.get("query", **params)
        assert found["resultType"] == "vector", f"{expr} is a {found['resultType']}"
        return [
            {"metric": one["metric"], "value": float(one["value"][1])} for one in found["result"]
        ]

    def value(self, expr: str, at: float | None = None) -> float:
        [one] = self.instant(expr, at)
        return float(one["value"])

    def over(self, expr: str, start: float, end: float) -> list[Json]:
        params = {"query": expr, "start": start, "end": end, "step": SCRAPE_SECONDS}
        found: list[Json] = self.get("query_range", **params)["result"]
        return found


@dataclass
class World:
    """What was set up and what has happened."""

    prometheus: Prometheus  # scrapes
    receiver: Prometheus  # scrapes nothing: run 1 writes to it
    target: Target
    began: float
    logs: dict[str, str] = field(default_factory=dict)  # run → what the engine logged
    documents: dict[str, Json] = field(default_factory=dict)  # run → run.json
    live: list[tuple[Json, dict[str, float], Json]] = field(default_factory=list)
    ended: float = 0.0
    metrics: dict[str, str] = field(default_factory=dict)  # engine, operator → a scrape

    def variables(self, at: float) -> dict[str, str]:
        """What Grafana puts in, with run 2 chosen."""
        shift = (
            self.documents["2"]["status"]["load_started_at"]
            - self.documents["1"]["status"]["load_started_at"]
            if len(self.documents) == 2
            else 0
        )
        return {
            "namespace": "shop", "loadtest": "checkout", "run": "2", "run_a": "1", "run_b": "2",
            "shift": str(round(shift)), "__range": f"{int(at - self.began) + 1}s",
            "__rate_interval": RATE_INTERVAL, "__interval": f"{SCRAPE_SECONDS}s",
        }  # fmt: skip

    def filled(self, expr: str, at: float) -> str:
        """An expression of a dashboard with its variables put in."""
        values = self.variables(at)
        return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], expr)

    def answers(self, target: Json, at: float | None = None) -> list[Json]:
        """What Prometheus says to one query of a panel."""
        at = at or self.ended
        expr = self.filled(target["expr"], at)
        if target["instant"]:
            return self.prometheus.instant(expr, at)
        return self.prometheus.over(expr, self.began, at)

    def board_path(self, dashboard: str) -> Path:
        return DASHBOARDS / f"{dashboard}.json"

    def panel(self, dashboard: str, title: str) -> Json:
        board = json.loads(self.board_path(dashboard).read_text("utf-8"))
        [panel] = [one for one in board["panels"] if one["title"] == title and one["type"] != "row"]
        return panel

    def shown(self, dashboard: str, title: str, query: int = 0, at: float | None = None) -> float:
        """The number that a panel shows: of an instant answer, or the last of a range."""
        target = self.panel(dashboard, title)["targets"][query]
        [one] = self.answers(target, at)
        return float(one["value"] if target["instant"] else one["values"][-1][1])


def binaries() -> Path | None:
    done = subprocess.run(
        [str(ROOT / "tools" / "prometheus.sh"), "bin"], capture_output=True, text=True
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None


@pytest.fixture(scope="session")
def promtool() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs promtool."""
    folder = binaries()
    if folder is None:
        pytest.skip("There is no Prometheus here: `tools/prometheus.sh get` fetches it.")

    def run(*arguments: Any, **more: Any) -> subprocess.CompletedProcess[str]:
        command = [str(folder / "promtool"), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, **more)

    return run


@pytest.fixture(scope="session")
def start_prometheus(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Prometheus]]:
    """Starts a Prometheus that scrapes {job: port}; it takes remote writes too."""
    folder = binaries()
    if folder is None:
        pytest.skip("There is no Prometheus here: `tools/prometheus.sh get` fetches it.")
    processes = Processes()

    def start(jobs: dict[str, int]) -> Prometheus:
        home = tmp_path_factory.mktemp("prometheus")
        config = {
            "global": {"scrape_interval": f"{SCRAPE_SECONDS}s", "evaluation_interval": "1s"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for job, port in jobs.items()
            ],
        }
        (home / "prometheus.yml").write_text(yaml.safe_dump(config))
        port = a_free_port()
        processes.start(
            folder / "prometheus", f"--config.file={home / 'prometheus.yml'}",
            f"--storage.tsdb.path={home / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            "--web.enable-remote-write-receiver", "--log.level=warn", log=home / "log",
        )  # fmt: skip
        prometheus = Prometheus(f"http://127.0.0.1:{port}")
        ready = lambda: requests.get(f"{prometheus.url}/-/ready", timeout=5).ok  # noqa: E731
        eventually("Prometheus is ready", ready)
        return prometheus

    yield start
    processes.end()


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.end()


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    return a_free_port


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    server = Target()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def manifest(url: str, run_time: str, limit: str, **fields: Any) -> str:
    return yaml.safe_dump({
        "apiVersion": "katydid.dev/v1alpha1",
        "kind": "LoadTest",
        "metadata": {"name": "checkout"},
        "spec": {
            "source": {"inline": {"locustfile.py": LOCUSTFILE}},
            "target": {"host": url},
            "load": {"users": 8, "spawnRate": 8, "runTime": run_time, "stopTimeout": "10s"},
            "thresholds": [
                {"name": "answers", "metric": "requests", "above": 20},
                {"name": "quick enough", "metric": "p95", "below": limit},
            ],
            **fields,
        },
    })  # fmt: skip


@dataclass
class Engine:
    """`katydid run` with two workers, its web page and its metrics."""

    process: subprocess.Popen[bytes]
    web: str
    results: Path
    log: Path

    def status(self) -> Json:
        found: Json = requests.get(f"{self.web}/api/v1/status", timeout=10).json()
        return found

    def document(self) -> Json:
        """What it wrote down at its end."""
        found: Json = json.loads((self.results / "run.json").read_text("utf-8"))
        return found


@pytest.fixture(scope="session")
def start_engine(
    tmp_path_factory: pytest.TempPathFactory, target: Target
) -> Iterator[Callable[..., Engine]]:
    """Starts `katydid run` on a manifest for the target."""
    processes = Processes()

    def start(run_time: str, limit: str, *more: Any, run: str = "1", **fields: Any) -> Engine:
        home = tmp_path_factory.mktemp("engine")
        (home / "loadtest.yaml").write_text(manifest(target.url, run_time, limit, **fields))
        web = a_free_port()
        process = processes.start(
            sys.executable, "-m", "katydid", "run", "loadtest.yaml", "--workers", "2",
            "--web-host", "127.0.0.1", "--web-port", web, "--results", home / "results",
            "--run-id", run, *more, cwd=home, log=home / "log",
            env={**os.environ, "KATYDID_NAMESPACE": "shop"},
        )  # fmt: skip
        return Engine(process, f"http://127.0.0.1:{web}", home / "results", home / "log")

    yield start
    processes.end()


@pytest.fixture(scope="session")
def receiver(start_prometheus: Callable[..., Prometheus]) -> Prometheus:
    """A Prometheus that scrapes nothing."""
    return start_prometheus({})


@pytest.fixture(scope="session")
def world(
    start_prometheus: Callable[..., Prometheus],
    receiver: Prometheus,
    start_engine: Callable[..., Engine],
    target: Target,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    ports = {"engine": a_free_port(), "operator": a_free_port()}
    prometheus = start_prometheus(ports)
    world = World(prometheus, receiver, target, began=time.time())
    options = ("--metrics-port", ports["engine"], "--metrics-linger", "60s")
    paths = []
    writes = ("--remote-write", f"{receiver.url}/api/v1/write", "--remote-write-interval", "1s")
    finer = {"buckets": [*(f"{bound:g}s" for bound in BUCKETS_SECONDS[:6]), "200ms",
                         *(f"{bound:g}s" for bound in BUCKETS_SECONDS[6:])]}  # fmt: skip
    for run, seconds, limit, more, fields in (
        ("1", "6s", "60s", writes, {"metrics": finer}), ("2", "14s", "20ms", (), {})
    ):  # fmt: skip
        engine = start_engine(seconds, limit, *options, *more, run=run, **fields)
        if run == "2":
            watch(world, engine, ports["engine"])
        engine.process.wait(90)
        assert (engine.results / "run.json").exists(), engine.log.read_text("utf-8")
        world.documents[run] = engine.document()
        world.logs[run] = engine.log.read_text("utf-8")
        paths.append(engine.results / "run.json")
    processes = Processes()
    script = Path(__file__).with_name("operator_process.py")
    log = tmp_path_factory.mktemp("operator") / "log"
    processes.start(sys.executable, script, ports["operator"], *paths, log=log)
    passes = f"count_over_time(katydid_operator_reconcile_total[{RATE_INTERVAL}]) >= 4"
    eventually("the operator is scraped", lambda: len(prometheus.instant(passes)) == 2)
    text = requests.get(f"http://127.0.0.1:{ports['operator']}/metrics", timeout=10).text
    world.metrics["operator"] = text
    world.ended = time.time()
    yield world
    processes.end()


def watch(world: World, engine: Engine, port: int) -> None:
    """Look at a run while it goes: the engine before, Prometheus, the engine after."""
    users = f'sum(katydid_users{{run="2"}})[{RATE_INTERVAL}:1s]'
    # For a whole interval, so that rates over it have the scrapes that they need.
    steady = f"min_over_time({users}) == 8 and count_over_time({users}) >= 6"
    eventually("the load is steady", lambda: world.prometheus.instant(steady))
    before = engine.status()
    now = time.time()
    fresh = f'min(timestamp(katydid_requests_total{{run="2"}})) > {now}'
    eventually("a scrape after that", lambda: world.prometheus.instant(fresh))
    at = time.time()
    shown = {
        title: world.shown("load-test", title, at=at)
        for title in (
            "Users", "Requests now", "Failures now", "p95 now", "Workers", "Requests", "Peak users"
        )
    }  # fmt: skip
    [state] = world.answers(world.panel("load-test", "State")["targets"][0], at)
    shown["State " + state["metric"]["state"]] = 1
    world.metrics["engine"] = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    world.live.append((before, shown, engine.status()))


@pytest.fixture(scope="session")
def dashboards() -> dict[str, Json]:
    """Name → the dashboard as the chart ships it."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in DASHBOARDS.glob("*.json")}


@pytest.fixture(scope="session")
def alerts() -> list[Json]:
    [group] = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    rules: list[Json] = group["rules"]
    return rules
