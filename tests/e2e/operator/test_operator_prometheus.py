"""A Prometheus finds a real run by itself, and what it knows is what the LoadTest's status says.

It runs beside the tests, with the scrape job of docs/how-to/prometheus.md (what the chart's
PodMonitor is to the Prometheus operator). Discovery and scrapes go through the API server, so that
the cluster may be anywhere.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "prometheus.md"
DASHBOARD = ROOT / "charts" / "katydid" / "dashboards" / "load-test.json"
Json = dict[str, Any]


class Prometheus:
    """One by its API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, expr: str) -> list[Json]:
        answer = requests.get(f"{self.url}/api/v1/query", params={"query": expr}, timeout=10).json()
        assert answer["status"] == "success", answer
        found: list[Json] = answer["data"]["result"]
        return found

    def value(self, expr: str) -> float:
        found = self.ask(expr)
        assert len(found) == 1, f"{expr}: {found}"
        return float(found[0]["value"][1])


def scrape_jobs(url: str) -> list[Json]:
    """The jobs of the page, asking the API server at `url` and scraping through it."""
    text = next(
        block
        for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        if "kubernetes_sd_configs" in block
    )
    tests, operator = yaml.safe_load(text)["scrape_configs"]
    address = url.removeprefix("http://")
    to_api = {"target_label": "__address__", "replacement": address}
    for job, kind, port in ((tests, "pod", "9646"), (operator, "endpoint", "8080")):
        job["kubernetes_sd_configs"][0]["api_server"] = url
        job["scrape_interval"] = "1s"
        labels = ["__meta_kubernetes_namespace", "__meta_kubernetes_pod_name"]
        path = f"/api/v1/namespaces/$1/pods/$2:{port}/proxy/metrics"
        assert kind in job["kubernetes_sd_configs"][0]["role"]
        job["relabel_configs"] += [
            {"source_labels": labels, "separator": ";", "regex": "(.+);(.+)",
             "target_label": "__metrics_path__", "replacement": path},
            {"source_labels": labels, "separator": "/", "target_label": "instance"},
            to_api,
        ]  # fmt: skip
    return [tests, operator]


@pytest.fixture
def prometheus(cluster: Any, tmp_path: Path) -> Iterator[Prometheus]:
    where = subprocess.run(
        [str(ROOT / "tools" / "prometheus.sh"), "bin"], capture_output=True, text=True
    )
    if where.returncode:
        pytest.skip("There is no Prometheus here: `make prometheus` fetches it.")
    config = {"scrape_configs": scrape_jobs(cluster.url)}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [f"{where.stdout.strip()}/prometheus", f"--config.file={tmp_path / 'prometheus.yml'}",
         f"--storage.tsdb.path={tmp_path / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
         "--log.level=warn"]
    )  # fmt: skip
    found = Prometheus(f"http://127.0.0.1:{port}")
    try:
        cluster.wait_until("Prometheus is ready", lambda: is_ready(found))
        yield found
    finally:
        process.terminate()
        process.wait(30)


def is_ready(prometheus: Prometheus) -> bool:
    try:
        return requests.get(f"{prometheus.url}/-/ready", timeout=5).ok
    except requests.ConnectionError:
        return False


def filled(title: str, namespace: str, seconds: int) -> str:
    """The first query of a panel with its variables put in."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    expr: str = next(one for one in panels if one["title"] == title)["targets"][0]["expr"]
    values = {
        "namespace": namespace, "loadtest": "test", "run": "1", "__range": f"{seconds}s",
        "__rate_interval": "8s",
    }  # fmt: skip
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], expr)


def test_prometheus_knows_what_status_says(
    cluster: Any, tests: Any, prometheus: Prometheus
) -> None:
    began = time.monotonic()
    tests.apply(load={"users": 4, "runTime": "15s", "stopTimeout": "5s"})

    def shown(title: str) -> float:
        seconds = int(time.monotonic() - began) + 2
        return prometheus.value(filled(title, tests.namespace, seconds))

    tests.running()
    own = f'{{loadtest_namespace="{tests.namespace}",loadtest="test",run="1"}}'
    cluster.wait_until("its metrics", lambda: prometheus.ask(f"katydid_requests_total{own} > 0"))
    cluster.wait_until("all users", lambda: shown("Users") == 4)
    assert shown("Workers") == 2
    cluster.wait_until("requests", lambda: shown("Requests now") > 0)

    status = tests.finished()
    load = status["load"]
    # The last scrape comes while the master lingers, which does not hold the verdict up
    end = f"last_over_time(katydid_test_end_timestamp_seconds{own}[5m])"
    cluster.wait_until("the last scrape", lambda: prometheus.ask(end))
    cluster.wait_until("all requests", lambda: shown("Requests") == load["requests"])
    assert shown("Failures") == load["failures"] == 0
    assert shown("Mean rate") == pytest.approx(float(load["rps"]), rel=0.15)
    assert shown("p95") < 1

    def result(name: str) -> float:
        return prometheus.value(f"katydid_loadtest_result_{name}{own}")

    cluster.wait_until("the operator's results", lambda: result("passed") == 1)
    assert result("requests") == load["requests"]
    assert result("failure_ratio") == 0
    assert result("users_peak") == 4
    phase = f'katydid_loadtest_phase{{loadtest_namespace="{tests.namespace}",phase="Succeeded"}}'
    assert prometheus.value(phase) == 1
