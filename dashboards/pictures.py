"""Makes docs/images/dashboard-*.png: `python dashboards/pictures.py` (`make pictures`, 5 minutes).

A Prometheus scrapes a few runs of a test against the demo shop, and the operator's own metrics of
them; then each dashboard is drawn from its answers. Only the operator's passes and calls are made
up, since there is no cluster. With --again everything is drawn anew from the answers of the last
time, which build/ keeps.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests
import yaml
from draw import Board

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
ANSWERS = ROOT / "build" / "dashboard-answers.json"
OPERATOR = ROOT / "tests" / "metrics_prometheus" / "operator_process.py"
RATE_INTERVAL = "8s"
SHORT_RUNS, LONG_SECONDS = 4, 80

LOCUSTFILE = ROOT / "examples" / "quickstart" / "locustfile.py"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


PORTS = {"engine": free_port(), "operator": free_port()}
PROMETHEUS, SHOP = free_port(), free_port()


def manifest(seconds: int) -> str:
    steps = [(seconds // 4, users) for users in (6, 6, 14, 14)]
    return yaml.safe_dump({
        "apiVersion": "katydid.dev/v1alpha1",
        "kind": "LoadTest",
        "metadata": {"name": "checkout"},
        "spec": {
            "source": {"inline": {"locustfile.py": LOCUSTFILE.read_text("utf-8")}},
            "target": {"host": f"http://127.0.0.1:{SHOP}"},
            "load": {"stages": [
                {"duration": f"{length}s", "users": users, "spawnRate": 4}
                for length, users in steps
            ]},
            "thresholds": [
                {"name": "fast", "metric": "p95", "below": "900ms"},
                {"name": "few failures", "metric": "failures", "below": "1.4%"},
                {"name": "search is never slow", "metric": "p90", "below": "600ms",
                 "scope": {"name": "/search"}, "window": "10s"},
            ],
        },
    })  # fmt: skip


class Stage:
    """Processes of a picture; all end with it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, *command: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([str(word) for word in command], cwd=self._home)
        self._running.append(process)
        return process

    def prometheus(self) -> None:
        folder = subprocess.run(
            [ROOT / "tools" / "prometheus.sh", "bin"], check=True, capture_output=True, text=True
        ).stdout.strip()
        config = {
            "global": {"scrape_interval": "2s"},
            "scrape_configs": [
                {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for name, port in PORTS.items()
            ],
        }
        (self._home / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.start(
            f"{folder}/prometheus", "--config.file=prometheus.yml", "--log.level=error",
            f"--web.listen-address=127.0.0.1:{PROMETHEUS}", "--storage.tsdb.path=data",
        )  # fmt: skip

    def run(self, number: int, seconds: int) -> Path:
        """One run of the test; its run.json."""
        (self._home / "loadtest.yaml").write_text(manifest(seconds))
        results = self.results(number).parent
        done = subprocess.run(
            [sys.executable, "-m", "katydid", "run", "loadtest.yaml", "--headless", "--workers",
             "2", "--results", str(results), "--run-id", str(number), "--metrics-linger", "20s",
             "--metrics-port", str(PORTS["engine"])],
            cwd=self._home, env={**os.environ, "KATYDID_NAMESPACE": "shop"},
            stdout=subprocess.DEVNULL, check=False, timeout=300,
        )  # fmt: skip
        print(f"run {number}: exit code {done.returncode}")
        return self.results(number)

    def results(self, number: int) -> Path:
        return self._home / f"results-{number}" / "run.json"

    def wait_for(self, url: str) -> None:
        """Until somebody answers there; a minute at most."""
        for _ in range(300):
            try:
                requests.get(url, timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.2)
        raise TimeoutError(f"nobody answers at {url}")

    def set_shop(self, **settings: str) -> None:
        requests.put(f"http://127.0.0.1:{SHOP}/_demo/settings", json=settings, timeout=5)

    def end(self) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait(20)


class Ask:
    """Answers to the queries of a dashboard, with its variables put in."""

    def __init__(self, start: float, end: float, variables: dict[str, str], known: Json) -> None:
        self.start, self.end = start, end
        self._known = known  # question → answer, of this and of earlier times
        self._step = max(1, round((end - start) / 200))
        self._values = variables | {
            "__range": f"{int(end - start)}s", "__rate_interval": RATE_INTERVAL,
            "__interval": f"{self._step}s",
        }  # fmt: skip

    def __call__(self, target: Json) -> list[Json]:
        expr = re.sub(r"\$\{?(\w+)\}?", lambda found: self._values[found[1]], target["expr"])
        params: Json = {"query": expr, "time": self.end}
        if not target["instant"]:
            params = {"query": expr, "start": self.start, "end": self.end, "step": self._step}
        key = json.dumps(params)
        if key not in self._known:
            path = "query" if target["instant"] else "query_range"
            url = f"http://127.0.0.1:{PROMETHEUS}/api/v1/{path}"
            self._known[key] = requests.get(url, params=params, timeout=30).json()["data"]["result"]
        return [
            {**one, "value": float(one["value"][1])} if "value" in one else one
            for one in self._known[key]
        ]


def times_of(path: Path) -> tuple[float, float]:
    status = json.loads(path.read_text("utf-8"))["status"]
    return status["load_started_at"], status["finished_at"]


def main(arguments: list[str]) -> int:
    if "--again" not in arguments:
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(Path(folder))
            try:
                play(stage)
            finally:
                stage.end()
    draw(json.loads(ANSWERS.read_text("utf-8")))
    return 0


def play(stage: Stage) -> None:
    """Have the runs, and write down what the dashboards' queries answer."""
    began = time.time()
    stage.prometheus()
    stage.start(sys.executable, "-m", "katydid", "demo", "--port", SHOP, "--seed", 7)
    stage.wait_for(f"http://127.0.0.1:{SHOP}/_demo/health")
    expected = [stage.results(number) for number in range(1, SHORT_RUNS + 2)]
    stage.start(sys.executable, OPERATOR, PORTS["operator"], *expected)
    paths = []
    for number in range(1, SHORT_RUNS + 1):
        stage.set_shop(latency=f"{16 + 7 * number}ms", errorRate=f"{0.4 * number}%")
        paths.append(stage.run(number, 12))
    stage.set_shop(latency="30ms", errorRate="1.2%")
    paths.append(stage.run(SHORT_RUNS + 1, LONG_SECONDS))
    time.sleep(10)  # of the operator's charts, with the last result
    ended = time.time()
    start, end = times_of(paths[-1])
    played: Json = {
        "variables": {
            "namespace": ".*", "loadtest": "checkout", "run": str(SHORT_RUNS + 1),
            "run_a": str(SHORT_RUNS), "run_b": str(SHORT_RUNS + 1),
            "shift": str(round(start - times_of(paths[-2])[0])),
        },
        "spans": {"load-test": (start - 4, end + 8), "runs": (began, ended),
                  "operator": (began, ended)},
        "answers": {},
    }  # fmt: skip
    for name, span in played["spans"].items():
        ask = Ask(*span, played["variables"], played["answers"])
        for panel in board_of(name)["panels"]:
            for target in panel.get("targets", ()):
                ask(target)
    ANSWERS.parent.mkdir(exist_ok=True)
    ANSWERS.write_text(json.dumps(played), "utf-8")


def board_of(name: str) -> Json:
    path = ROOT / "charts" / "katydid" / "dashboards" / f"{name}.json"
    found: Json = json.loads(path.read_text("utf-8"))
    return found


def draw(played: Json) -> None:
    IMAGES.mkdir(exist_ok=True)
    for name, (start, end) in played["spans"].items():
        ask = Ask(start, end, played["variables"], played["answers"])
        path = IMAGES / f"dashboard-{name}.png"
        Board(board_of(name), ask, start, end, played["variables"]).save(path)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
