"""A Prometheus finds a real run by itself, and what it knows is what the LoadTest's status says.

It runs beside the tests, with the scrape jobs of docs/how-to/prometheus.md (what the chart's
PodMonitor is to the Prometheus operator). Debian builds it without Kubernetes discovery, so this
file tells it by HTTP which pods there are, with the labels that discovery gives them; which are
scraped, the page's rules decide. Scrapes go through the API server: the cluster may be anywhere.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

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


def pods_of(api: str, namespaces: Sequence[str]) -> list[Json]:
    """Each port of each pod, as `kubernetes_sd_configs` with `role: pod` describes it."""
    found = []
    paths = [f"{api}/api/v1/namespaces/{namespace}/pods" for namespace in namespaces]
    lists = [requests.get(path, timeout=30).json() for path in paths]
    for pod in (pod for answer in lists for pod in answer["items"]):
        metadata = pod["metadata"]
        labels = {
            "__meta_kubernetes_namespace": metadata["namespace"],
            "__meta_kubernetes_pod_name": metadata["name"],
            "__meta_kubernetes_pod_phase": pod["status"].get("phase", ""),
        }
        for name, value in (metadata.get("labels") or {}).items():
            labels["__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", name)] = value
        address = pod["status"].get("podIP", "")
        for container in pod["spec"]["containers"]:
            for port in container.get("ports", ()):
                number = str(port["containerPort"])
                own = {
                    "__meta_kubernetes_pod_container_port_name": port.get("name", ""),
                    "__meta_kubernetes_pod_container_port_number": number,
                }
                if address:
                    found.append({"targets": [f"{address}:{number}"], "labels": labels | own})
    return found


class Discovery(ThreadingHTTPServer):
    """Answers with the pods that there are now."""

    daemon_threads = True

    def __init__(self, api: str, namespaces: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _DiscoveryHandler)
        self.api, self.namespaces = api, namespaces
        self.url = f"http://127.0.0.1:{self.server_address[1]}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _DiscoveryHandler(BaseHTTPRequestHandler):
    server: Discovery

    def do_GET(self) -> None:
        body = json.dumps(pods_of(self.server.api, self.server.namespaces)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


def scrape_jobs(api: str, discovery: str) -> list[Json]:
    """The page's job for tests and one for the operator; both scrape through the API server."""
    text = next(
        block
        for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
        if "kubernetes_sd_configs" in block
    )
    tests = yaml.safe_load(text)["scrape_configs"][0]
    assert tests.pop("kubernetes_sd_configs") == [{"role": "pod"}]
    operator: Json = {
        "job_name": "katydid-operator",
        "relabel_configs": [{
            "source_labels": ["__meta_kubernetes_pod_label_app_kubernetes_io_component",
                              "__meta_kubernetes_pod_container_port_name"],
            "regex": "operator;http", "action": "keep",
        }],
    }  # fmt: skip
    labels = [
        "__meta_kubernetes_namespace", "__meta_kubernetes_pod_name",
        "__meta_kubernetes_pod_container_port_number",
    ]  # fmt: skip
    path = "/api/v1/namespaces/$1/pods/$2:$3/proxy/metrics"
    for job in (tests, operator):
        job["scrape_interval"] = "1s"
        job["http_sd_configs"] = [{"url": discovery, "refresh_interval": "5s"}]
        job["relabel_configs"] += [
            {"source_labels": labels, "regex": "(.+);(.+);(.+)", "replacement": path,
             "target_label": "__metrics_path__"},
            {"source_labels": labels[:2], "separator": "/", "target_label": "instance"},
            {"target_label": "__address__", "replacement": api.removeprefix("http://")},
        ]  # fmt: skip
    return [tests, operator]


@pytest.fixture
def prometheus(cluster: Any, operator: str, namespace: str, tmp_path: Path) -> Iterator[Prometheus]:
    where = subprocess.run(
        [str(ROOT / "tools" / "prometheus.sh"), "bin"], capture_output=True, text=True
    )
    if where.returncode:
        pytest.skip("There is no Prometheus here: `tools/prometheus.sh get` fetches it.")
    discovery = Discovery(cluster.url, (namespace, operator))
    config = {"scrape_configs": scrape_jobs(cluster.url, discovery.url)}
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
        discovery.shutdown()
        discovery.server_close()


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
    tests.apply(load={"users": 4, "runTime": "30s", "stopTimeout": "5s"})

    def shown(title: str) -> float:
        seconds = int(time.monotonic() - began) + 2
        return prometheus.value(filled(title, tests.namespace, seconds))

    tests.running(seconds=120)
    own = f'{{loadtest_namespace="{tests.namespace}",loadtest="test",run="1"}}'
    cluster.wait_until("its metrics", lambda: prometheus.ask(f"katydid_requests_total{own} > 0"))
    cluster.wait_until("all users", lambda: shown("Users") == 4)
    assert shown("Workers") == 2
    cluster.wait_until("requests", lambda: shown("Requests now") > 0)

    status = tests.finished(seconds=120)
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
