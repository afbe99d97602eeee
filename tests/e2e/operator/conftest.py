"""The operator on a real cluster: installed by its chart, a shop to aim at, tests to apply."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
VERSION = "katydid.dev/v1alpha1"
CHART = ROOT / "charts" / "katydid"
RELEASE = "katydid"
NAMESPACE = "katydid-system"
SHOPS = "e2e-shop"
SHOP_URL = f"http://shop.{SHOPS}.svc:8080"
Json = dict[str, Any]
PATIENCE_SECONDS = 300.0

LOCUSTFILE = """
import os
import time

from locust import HttpUser, constant, task

# One key for each life of each worker: the shop counts by it, and so do we.
KEY = f"{os.environ.get('KATYDID_WORKER_ID')}.{time.time_ns()}"


class Visitor(HttpUser):
    wait_time = constant(0.2)

    @task
    def product(self):
        self.client.get("/products/1", name=KEY, headers={"X-Worker": KEY})
"""


def images(operator_image: str, runner_image: str) -> list[str]:
    """Values that make the chart use these images."""
    values = []
    for key, image in (("image", operator_image), ("runnerImage", runner_image)):
        name, _, tag = image.rpartition(":")
        values += [f"{key}.registry=", f"{key}.repository={name}", f"{key}.tag={tag}"]
    return values


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["helm", *arguments], capture_output=True, text=True, timeout=240, check=False
    )


def install_chart(
    cluster: Any, values: list[str], release: str = RELEASE, namespace: str = NAMESPACE
) -> None:
    """Install or upgrade a release of the chart in this checkout, and wait until it is ready."""
    done = helm(
        "upgrade", "--install", release, str(CHART), "--namespace", namespace, "--create-namespace",
        "--take-ownership",  # of a definition that other tests, or an earlier release, have left
        "--wait", "--timeout", "180s", "--set", ",".join(values),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + cluster.diagnostics(namespace)


Install = Callable[..., None]


@pytest.fixture
def install(cluster: Any, operator_image: str, runner_image: str) -> Install:
    """install(*values, release=…, namespace=…): the chart with these further values."""

    def do_install(*values: str, release: str = RELEASE, namespace: str = NAMESPACE) -> None:
        install_chart(cluster, [*images(operator_image, runner_image), *values], release, namespace)

    return do_install


@pytest.fixture
def run_helm() -> Callable[..., subprocess.CompletedProcess[str]]:
    return helm


@pytest.fixture(scope="session")
def operator(
    cluster: Any, once: Callable[..., None], runner_image: str, operator_image: str
) -> str:
    """The operator of the chart in this checkout; returns its namespace."""

    def install() -> None:
        install_chart(cluster, images(operator_image, runner_image))
        # The tag stays the same when the image is built anew: let the newest one run.
        cluster.kubectl("-n", NAMESPACE, "rollout", "restart", "deployment/katydid-operator")
        cluster.kubectl("-n", NAMESPACE, "rollout", "status", "deployment/katydid-operator")

    uninstall = ["helm", "uninstall", RELEASE, "--namespace", NAMESPACE, "--wait"]
    # Gone, not going: who comes next installs into it.
    remove = ["kubectl", "delete", "namespace", NAMESPACE, "--timeout=120s", "--ignore-not-found"]
    once("operator", install, [uninstall, remove])
    return NAMESPACE


@dataclass
class Shop:
    """The demo shop in the cluster, as tests ask it."""

    cluster: Any
    url: str = SHOP_URL

    def counts(self, key: str) -> Json:
        """What the shop received from and answered to clients that call themselves `key`."""
        found: Json = self._ask("counts")["workers"].get(key, {})
        return found

    def _ask(self, what: str) -> Json:
        path = f"/api/v1/namespaces/{SHOPS}/services/shop:http/proxy/_demo/{what}"
        answer: Json = self.cluster.request("GET", path).json()
        return answer


@pytest.fixture(scope="session")
def shop(cluster: Any, once: Callable[..., None], runner_image: str) -> Shop:
    """One shop for all tests; it answers everything, in 5 ms."""
    delete = ["kubectl", "delete", "namespace", SHOPS, "--timeout=120s", "--ignore-not-found"]
    once("shop", lambda: open_shop(cluster, runner_image), [delete])
    return Shop(cluster)


def open_shop(cluster: Any, image: str) -> None:
    labels = {"app": "shop"}
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOPS}})
    container = {
        "name": "shop",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["demo", "--host", "0.0.0.0", "--port", "8080", "--error-rate", "0",
                 "--latency", "5ms", "--jitter", "1ms"],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 1},
    }  # fmt: skip
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
    }
    deployment = {"selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]}
    for version, kind, spec in (("apps/v1", "Deployment", deployment), ("v1", "Service", service)):
        cluster.apply(
            {"apiVersion": version, "kind": kind, "metadata": {"name": "shop"}, "spec": spec}, SHOPS
        )
    cluster.wait_for_condition("apps/v1", "Deployment", "shop", SHOPS, "Available")


@dataclass
class Tests:
    """LoadTests of one namespace: apply, look, wait."""

    cluster: Any
    namespace: str

    def apply(
        self, name: str = "test", source: str | Json = LOCUSTFILE, **given: Any
    ) -> dict[str, Any]:
        """Apply a LoadTest: 4 users for 8 s on two workers, but for what is given."""
        if isinstance(source, str):
            source = {"inline": {"locustfile.py": source}}
        spec = {
            "source": source,
            "target": {"serviceRef": {"name": "shop", "namespace": SHOPS, "port": 8080}},
            "load": {"users": 4, "runTime": "8s", "stopTimeout": "5s"},
            "workers": {"replicas": 2},
            "thresholds": [{"name": "it works", "metric": "failures", "below": "1%"}],
            **given,
        }
        spec = {key: value for key, value in spec.items() if value is not None}
        [applied] = self.cluster.apply(
            {"apiVersion": VERSION, "kind": "LoadTest", "metadata": {"name": name}, "spec": spec},
            self.namespace,
        )
        return dict(applied)

    def edit(self, spec: Json, name: str = "test") -> None:
        """Merge `spec` into the spec."""
        self.cluster.request(
            "PATCH",
            self.cluster.path(VERSION, "LoadTest", self.namespace, name),
            json={"spec": spec},
            headers={"Content-Type": "application/merge-patch+json"},
        )

    def status(self, name: str = "test") -> Json:
        found = self.cluster.get(VERSION, "LoadTest", name, self.namespace)
        return dict((found or {}).get("status") or {})

    def wait(
        self,
        what: str,
        probe: Callable[[Json], Any],
        seconds: float = PATIENCE_SECONDS,
        name: str = "test",
    ) -> Json:
        """Wait until `probe(status)` holds; returns the status."""

        def asked() -> Json | None:
            status = self.status(name)
            words = f"{status.get('phase')}, {status.get('reason')}: {status.get('message')}"
            assert status, "no status"
            assert probe(status), words
            return status

        return dict(self.cluster.wait_until(what, asked, seconds))

    def running(
        self, name: str = "test", requests: int = 10, seconds: float = PATIENCE_SECONDS
    ) -> Json:
        """Wait until the test runs and numbers have arrived."""

        def probe(status: Json) -> bool:
            load = status.get("load") or {}
            return status.get("phase") == "Running" and load.get("requests", 0) >= requests

        return self.wait("load is running", probe, seconds, name)

    def finished(self, name: str = "test", run: int = 1, seconds: float = PATIENCE_SECONDS) -> Json:
        """Wait for the verdict of run `run`; and until it is known what became of its results."""

        def probe(status: Json) -> bool:
            latest = status.get("run") or {}
            done = "finishedAt" in latest and latest["number"] == run
            return done and conditions(status).get("ResultsStored", "False") != "Unknown"

        return self.wait("the verdict", probe, seconds, name)

    def events(self, name: str = "test") -> list[str]:
        """Reasons, as they came."""
        return [reason for reason, _ in self.told(name)]

    def told(self, name: str = "test") -> list[tuple[str, str]]:
        """Reasons and sentences of the events, as they came."""
        found = self.cluster.items("v1", "Event", self.namespace)
        ours = [one for one in found if one["involvedObject"]["name"] == name]
        ours.sort(key=lambda one: (one["firstTimestamp"], int(one["metadata"]["resourceVersion"])))
        return [(one["reason"], one["message"]) for one in ours]

    def give_up(self, reason: str, name: str = "test") -> Json:
        """Wait for this reason, then let the time for getting ready be over; the status after."""
        self.wait(reason, lambda status: status.get("reason") == reason, name=name)
        self.edit({"workers": {"readyTimeout": "1s"}}, name)
        status = self.finished(name)
        assert (status["verdict"], status["reason"]) == ("Error", reason), status["message"]
        return status

    def heard(self, reason: str, name: str = "test", seconds: float = PATIENCE_SECONDS) -> str:
        """Wait for an event; returns its sentence. Events follow what they are about."""

        def probe() -> str | None:
            told = self.told(name)
            assert reason in dict(told), f"{[one for one, _ in told]}"
            return dict(told)[reason]

        return str(self.cluster.wait_until(f"the event {reason}", probe, seconds))

    def pods(self, component: str = "", run: int = 1, name: str = "test") -> list[Json]:
        selector = f"katydid.dev/loadtest={name},katydid.dev/run={run}"
        if component:
            selector += f",katydid.dev/component={component}"
        return list(self.cluster.items("v1", "Pod", self.namespace, selector))

    def results(self, name: str = "test") -> dict[str, bytes]:
        """The kept files, by their names."""
        kept = self.cluster.get("v1", "ConfigMap", f"{name}-results", self.namespace)
        assert kept, "no results were kept"
        archive = io.BytesIO(base64.b64decode(kept["binaryData"]["results.tar.gz"]))
        with tarfile.open(fileobj=archive) as opened:
            return {
                Path(one.name).name: opened.extractfile(one).read()  # type: ignore[union-attr]
                for one in opened.getmembers()
                if one.isfile()
            }

    def counted(self, name: str = "test") -> dict[str, int]:
        """Requests by name, which is `<index>.<start of the worker>`, as the kept results say."""
        return {one["name"]: int(one["requests"]) for one in self.document(name)["requests"]}

    def document(self, name: str = "test") -> Json:
        """The kept results as JSON."""
        return dict(json.loads(self.results(name)["run.json"]))


def conditions(status: Json) -> dict[str, str]:
    """Status of each condition, by type."""
    return {one["type"]: one["status"] for one in status.get("conditions") or ()}


@pytest.fixture
def conditions_of() -> Callable[[Json], dict[str, str]]:
    return conditions


@pytest.fixture
def tests(cluster: Any, namespace: str, operator: str, shop: Shop) -> Tests:
    """LoadTests in a namespace of this test's own, with the operator there and a shop to hit."""
    return Tests(cluster, namespace)


@pytest.fixture
def tests_in(cluster: Any, operator: str, shop: Shop) -> Callable[[str], Tests]:
    """The same, in a namespace that the test makes."""
    return lambda namespace: Tests(cluster, namespace)


Kill = Callable[..., None]


@pytest.fixture
def kill() -> Kill:
    """kill(pod, number=SIGKILL): signals the engine of a pod from outside its container."""

    def kill_pod(pod: Json, number: signal.Signals = signal.SIGKILL) -> None:
        uid = pod["metadata"]["uid"]
        deadline = time.monotonic() + 10
        while not (found := _processes(uid)):
            if time.monotonic() > deadline:
                pytest.skip("The node's processes cannot be seen from here.")
            time.sleep(0.1)
        for one in found if number == signal.SIGKILL else found[:1]:
            with suppress(ProcessLookupError):  # it went with its parent
                os.kill(one, number)

    return kill_pod


def _processes(uid: str) -> list[int]:
    """Process ids of a pod's engine, its first process first."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            group = (folder / "cgroup").read_text()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if (uid in group or uid.replace("-", "_") in group) and b"katydid" in command:
            found.append(int(folder.name))
    return sorted(found)
