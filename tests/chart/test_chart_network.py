"""What finds the metrics, and what the operator's network policy lets through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from katydid_operator import names
from katydid_operator.loadtest import LoadTest
from katydid_operator.resources import master, workers
from katydid_operator.resources.sources import Files, Snapshot
from katydid_operator.settings import Settings

Render = Callable[..., Any]


@pytest.fixture(scope="module")
def pods() -> dict[str, dict[str, Any]]:
    """The pods of a LoadTest as the operator makes them, by role."""
    test = LoadTest(
        {
            "metadata": {"name": "checkout", "namespace": "shop", "uid": "0b5c1d4e-7a8f"},
            "spec": {
                "source": {"inline": {"locustfile.py": ""}},
                "load": {"users": 1, "runTime": "1m"},
            },
        }
    )
    taken = Snapshot((Files("", {"locustfile.py": ""}),))
    settings = Settings(runner_image="runner:1")
    return {
        names.MASTER: master.master_pod(test, 1, taken, "keys", settings),
        names.WORKER: workers.worker_job(test, 1, taken, "keys", settings)["spec"]["template"],
    }


def matches(selector: dict[str, Any], pod: dict[str, Any]) -> bool:
    assert set(selector) == {"matchLabels"}
    wanted: dict[str, str] = selector["matchLabels"]
    return bool(wanted.items() <= pod["metadata"]["labels"].items())


def ports(pod: dict[str, Any]) -> dict[str, int]:
    (container,) = pod["spec"]["containers"]
    return {port["name"]: port["containerPort"] for port in container["ports"]}


def test_off_by_default(render: Render) -> None:
    rendered = render()
    assert not {"ServiceMonitor", "PodMonitor", "NetworkPolicy"} & set(rendered.kinds())
    annotations = rendered.one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert not [name for name in annotations if name.startswith("prometheus.io/")]


def test_service_monitor_finds_the_operator_only(render: Render, pods: Any) -> None:
    rendered = render("--set", "metrics.serviceMonitor.enabled=true")
    monitor, service = rendered.one("ServiceMonitor"), rendered.one("Service")
    assert monitor["metadata"]["namespace"] == "load"
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["load"]}
    assert matches(monitor["spec"]["selector"], service)
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint == {"port": "http", "path": "/metrics", "interval": "15s"}
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]
    assert not any(matches(monitor["spec"]["selector"], pod) for pod in pods.values())


def test_pod_monitor_finds_masters_only(render: Render, pods: Any) -> None:
    rendered = render("--set", "metrics.podMonitor.enabled=true")
    monitor = rendered.one("PodMonitor")
    assert monitor["spec"]["namespaceSelector"] == {"any": True}
    selector = monitor["spec"]["selector"]
    assert matches(selector, pods[names.MASTER])
    assert not matches(selector, pods[names.WORKER])
    assert not matches(selector, rendered.one("Deployment")["spec"]["template"])
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint == {"port": "metrics", "path": "/metrics", "interval": "5s"}
    assert endpoint["port"] in ports(pods[names.MASTER])


def test_pod_monitor_of_a_namespaced_release(render: Render) -> None:
    monitor = render(flavour="namespaced").one("PodMonitor")
    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["team-a", "team-b"]}


def test_monitors_take_everything_that_prometheus_may_want(render: Render) -> None:
    rendered = render(flavour="everything")
    for kind, endpoints, what, interval, timeout in (
        ("ServiceMonitor", "endpoints", "operator", "21s", "9s"),
        ("PodMonitor", "podMetricsEndpoints", "tests", "7s", "3s"),
    ):
        monitor = rendered.one(kind)
        assert monitor["metadata"]["namespace"] == "monitoring"
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert monitor["metadata"]["annotations"] == {"monitor.example/kind": what}
        (endpoint,) = monitor["spec"][endpoints]
        assert (endpoint["interval"], endpoint["scrapeTimeout"]) == (interval, timeout)
        assert endpoint["relabelings"][0]["action"] == "labeldrop"
        assert endpoint["metricRelabelings"][0]["regex"] == "quiet"


def test_network_policy(render: Render, pods: Any) -> None:
    rendered = render("--set", "networkPolicy.enabled=true")
    spec = rendered.one("NetworkPolicy")["spec"]
    assert matches(spec["podSelector"], rendered.one("Deployment")["spec"]["template"])
    assert not any(matches(spec["podSelector"], pod) for pod in pods.values())
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert spec["ingress"] == [{"ports": [{"port": "http", "protocol": "TCP"}]}]
    dns, api_server, masters = spec["egress"]
    assert dns == {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    assert api_server == {
        "ports": [{"port": 443, "protocol": "TCP"}, {"port": 6443, "protocol": "TCP"}]
    }
    (peer,) = masters["to"]
    assert peer["namespaceSelector"] == {}
    assert matches(peer["podSelector"], pods[names.MASTER])
    assert not matches(peer["podSelector"], pods[names.WORKER])
    assert masters["ports"] == [{"port": ports(pods[names.MASTER])["http"], "protocol": "TCP"}]


def test_network_policy_with_everything(render: Render) -> None:
    spec = render(flavour="everything").one("NetworkPolicy")["spec"]
    (rule,) = spec["ingress"]
    (peer,) = rule["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "monitoring"}
    assert spec["egress"][1]["ports"] == [{"port": 16443, "protocol": "TCP"}]
    assert spec["egress"][3]["ports"] == [{"port": 3128, "protocol": "TCP"}]
