"""A real cluster for tests: the API, namespaces that are cleaned up, waiting, and diagnostics.

Requests go through one `kubectl proxy`, so that every kind of kubeconfig works and a poll costs
milliseconds. Nothing waits for a fixed time: `eventually` asks again until its deadline.

Tests run side by side (tools/e2e.sh, pytest-xdist). What all of them need is made `once`, by
whichever process comes first, and taken away by the controlling process at the end.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

ROOT = Path(__file__).parents[2]
CRD_VERSION = "apiextensions.k8s.io/v1"
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 300.0  # of a wait that ends early; a busy machine takes its time
Manifest = dict[str, Any]


class Refused(Exception):
    """The API server refused a request: `status` is its code, `causes` are (field, message)."""

    def __init__(self, answer: requests.Response) -> None:
        body = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        self.status = answer.status_code
        self.message = str(body.get("message") or answer.text)
        self.reason = str(body.get("reason", ""))
        self.causes = [
            (cause.get("field", ""), cause.get("message", ""))
            for cause in (body.get("details") or {}).get("causes") or []
        ]
        super().__init__(f"{self.status} {self.message}")


def eventually(what: str, probe: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
    """Ask `probe` until it gives something true, and return that; AssertionError at the deadline.

    A probe that fails an assertion counts as not there yet; the last one's words are kept.
    """
    deadline = time.monotonic() + seconds
    last = ""
    while True:
        try:
            if found := probe():
                return found
        except AssertionError as error:
            last = f": {error}"
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s{last}")
        time.sleep(POLL_SECONDS)


@dataclass
class Cluster:
    """One cluster, by its API."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    _kinds: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        answer = self.session.request(method, self.url + path, timeout=30, **options)
        if not answer.ok:
            raise Refused(answer)
        return answer

    def path(self, version: str, kind: str, namespace: str | None, name: str = "") -> str:
        """The API path of a kind, or of one object of it."""
        root = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        if (version, kind) not in self._kinds:
            for entry in self.request("GET", root).json()["resources"]:
                if "/" not in entry["name"]:
                    found = (entry["name"], entry["namespaced"])
                    self._kinds[version, entry["kind"]] = found
        assert (version, kind) in self._kinds, f"{version} has no {kind}"
        plural, namespaced = self._kinds[version, kind]
        where = f"{root}/namespaces/{namespace}" if namespaced else root
        return f"{where}/{plural}" + (f"/{name}" if name else "")

    def path_of(self, manifest: Manifest, namespace: str | None) -> str:
        metadata = manifest["metadata"]
        return self.path(manifest["apiVersion"], manifest["kind"], namespace, metadata["name"])

    def apply(
        self, manifest: Manifest | str, namespace: str | None = None, dry_run: bool = False
    ) -> list[Manifest]:
        """Server-side apply of one manifest, or of a YAML text of several, into `namespace`."""
        documents = yaml.safe_load_all(manifest) if isinstance(manifest, str) else [manifest]
        options = {"fieldManager": "e2e", "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            options["dryRun"] = "All"
        applied = []
        for document in filter(None, documents):
            metadata = {
                key: value for key, value in document["metadata"].items() if key != "namespace"
            }
            answer = self.request(
                "PATCH",
                self.path_of(document, namespace),
                params=options,
                data=yaml.safe_dump(document | {"metadata": metadata}).encode(),
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
            applied.append(answer.json())
        return applied

    def create(self, text: str, path: str, dry_run: bool = False) -> Manifest:
        """POST a YAML text as it stands; the server finds what is wrong with it."""
        return self.request(
            "POST",
            path,
            params={"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {}),
            data=text.encode(),
            headers={"Content-Type": "application/yaml"},
        ).json()

    def replace(self, manifest: Manifest, namespace: str | None = None) -> Manifest:
        return self.request("PUT", self.path_of(manifest, namespace), json=manifest).json()

    def patch_status(self, manifest: Manifest, status: Manifest, namespace: str) -> Manifest:
        return self.request(
            "PATCH",
            self.path_of(manifest, namespace) + "/status",
            json={"status": status},
            headers={"Content-Type": "application/merge-patch+json"},
        ).json()

    def get(self, version: str, kind: str, name: str, namespace: str | None) -> Manifest | None:
        """An object, or None when there is none."""
        try:
            return self.request("GET", self.path(version, kind, namespace, name)).json()
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise

    def items(
        self, version: str, kind: str, namespace: str | None, selector: str = ""
    ) -> list[Manifest]:
        params = {"labelSelector": selector} if selector else {}
        return self.request("GET", self.path(version, kind, namespace), params=params).json()[
            "items"
        ]

    def delete(
        self, version: str, kind: str, name: str, namespace: str | None, **options: Any
    ) -> None:
        """Ask for a deletion; an object that is not there is fine."""
        try:
            self.request("DELETE", self.path(version, kind, namespace, name), json=options)
        except Refused as refusal:
            if refusal.status != 404:
                raise

    def wait_for_condition(
        self,
        version: str,
        kind: str,
        name: str,
        namespace: str | None,
        condition: str,
        status: str = "True",
        seconds: float = PATIENCE_SECONDS,
    ) -> Manifest:
        """Wait for a condition of an object; returns the object."""

        def probe() -> Manifest | None:
            found = self.get(version, kind, name, namespace)
            assert found, "it is not there"
            conditions = {
                entry["type"]: entry for entry in found.get("status", {}).get("conditions") or []
            }
            assert condition in conditions, f"its conditions: {sorted(conditions)}"
            seen = conditions[condition]
            assert seen["status"] == status, f"{seen}"
            return found

        return eventually(f"{kind} {name} {condition}={status}", probe, seconds)

    def wait_until(
        self, what: str, probe: Callable[[], Any], seconds: float = PATIENCE_SECONDS
    ) -> Any:
        """`eventually`, with a refusal of the API server counting as not there yet."""

        def asked() -> Any:
            try:
                return probe()
            except Refused as refusal:
                raise AssertionError(str(refusal)) from refusal

        return eventually(what, asked, seconds)

    def release(self, version: str, kind: str, name: str, namespace: str) -> None:
        """Take the finalizers off an object that a test held back."""
        self.request(
            "PATCH",
            self.path(version, kind, namespace, name),
            json={"metadata": {"finalizers": None}},
            headers={"Content-Type": "application/merge-patch+json"},
        )

    def logs(self, pod: str, namespace: str, **params: Any) -> str:
        path = self.path("v1", "Pod", namespace, pod) + "/log"
        return self.request("GET", path, params=params).text

    def wait_for_pod_end(
        self, name: str, namespace: str, seconds: float = PATIENCE_SECONDS
    ) -> tuple[str, str]:
        """Wait until a pod has ended; returns (phase, the log of its first container)."""

        def probe() -> str | None:
            pod = self.get("v1", "Pod", name, namespace)
            assert pod, "it is not there"
            phase: str = pod["status"].get("phase", "")
            assert phase in ("Succeeded", "Failed"), json.dumps(pod["status"])
            return phase

        phase = eventually(f"Pod {name} ended", probe, seconds)
        return phase, self.logs(name, namespace)

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        """What `kubectl ARGUMENTS` prints; AssertionError with its words when it fails."""
        done = subprocess.run(
            ["kubectl", *arguments], input=text, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def diagnostics(self, namespace: str) -> str:
        """What a person would ask for when a test has failed."""
        kinds = "pods,jobs,services,configmaps"
        if self.get(CRD_VERSION, "CustomResourceDefinition", "loadtests.katydid.dev", None):
            kinds = f"loadtests,{kinds}"
        asked = [
            ["get", kinds, "-o", "wide"],
            ["describe", kinds.removesuffix(",services,configmaps")],
            ["get", "events", "--sort-by=.lastTimestamp"],
        ]
        for pod in self.items("v1", "Pod", namespace):
            logs = ["logs", pod["metadata"]["name"], "--all-containers", "--tail=100"]
            asked.append(logs)
            statuses = pod["status"].get("containerStatuses", [])
            if any(status["restartCount"] for status in statuses):
                asked.append([*logs, "--previous"])
        return "\n".join(self._told(namespace, *arguments) for arguments in asked)

    def _told(self, namespace: str, *arguments: str) -> str:
        done = subprocess.run(
            ["kubectl", "-n", namespace, *arguments], capture_output=True, text=True, timeout=60
        )
        return f"$ kubectl -n {namespace} {' '.join(arguments)}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster that KUBECONFIG names."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG names no cluster: `make e2e` brings one up.")
    if not shutil.which("kubectl"):
        pytest.skip("There is no kubectl on the PATH.")
    proxy = subprocess.Popen(
        ["kubectl", "proxy", "--port=0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert proxy.stdout
    with proxy, requests.Session() as session:
        try:
            said = proxy.stdout.readline()
            found = re.search(r"127\.0\.0\.1:\d+", said)
            assert found, f"kubectl proxy said: {said}"
            session.trust_env = False  # no HTTP proxy stands before this machine's own addresses
            yield Cluster(f"http://{found.group()}", session)
        finally:
            proxy.terminate()


SHARED = "KATYDID_E2E_SHARED"
"""Names the folder in which the processes of a session note what is made, and how to undo it."""


def pytest_configure(config: pytest.Config) -> None:
    # A shell that started us in the background has it ignored; tools/e2e.sh ends us by it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if SHARED not in os.environ:
        os.environ[SHARED] = tempfile.mkdtemp(prefix="katydid-e2e-")
        config.stash[OWNS_SHARED] = True


def pytest_unconfigure(config: pytest.Config) -> None:
    """Undo what was made once, the last first."""
    if not config.stash.get(OWNS_SHARED, False):
        return
    folder = Path(os.environ.pop(SHARED))
    undoing = sorted(folder.glob("*.undo"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in undoing:
        for command in json.loads(file.read_text()):
            subprocess.run(command, capture_output=True, timeout=180, check=False)
    shutil.rmtree(folder)


OWNS_SHARED = pytest.StashKey[bool]()
Once = Callable[[str, Callable[[], object], list[list[str]]], None]


@pytest.fixture(scope="session")
def once() -> Once:
    """once(name, make, undo): `make` it unless another process has; `undo` are commands."""

    def do_once(name: str, make: Callable[[], object], undo: list[list[str]]) -> None:
        folder = Path(os.environ[SHARED])
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / f"{name}.made").exists():
                return
            (folder / f"{name}.undo").write_text(json.dumps(undo))  # half made is undone too
            make()
            (folder / f"{name}.made").touch()

    return do_once


@pytest.fixture(scope="session")
def refusal() -> type[Refused]:
    """What the API server's refusals are raised as."""
    return Refused


@pytest.fixture(scope="session")
def crd(cluster: Cluster) -> Manifest:
    """The LoadTest's definition, in force on the API server."""
    [manifest] = cluster.apply((ROOT / "crds" / "loadtest.yaml").read_text())
    name = manifest["metadata"]["name"]
    defined = cluster.wait_for_condition(
        CRD_VERSION, "CustomResourceDefinition", name, None, "Established"
    )
    cluster.wait_until(  # discovery follows a moment later
        "LoadTests are served", lambda: cluster.path("katydid.dev/v1alpha1", "LoadTest", "")
    )
    return defined


@pytest.fixture(scope="session")
def runner_image() -> str:
    return _image("runner")


@pytest.fixture(scope="session")
def operator_image() -> str:
    return _image("operator")


def _image(target: str) -> str:
    prefix = os.environ.get("KATYDID_IMAGE_PREFIX", "localhost")
    return f"{prefix}/katydid-{target}:{os.environ.get('KATYDID_IMAGE_TAG', 'dev')}"


@pytest.fixture(scope="session")
def _namespaces(cluster: Cluster) -> Iterator[list[str]]:
    """Every namespace of the session; at the end all of them are really gone."""
    made: list[str] = []
    yield made
    for name in made:
        eventually(
            f"namespace {name} is gone",
            lambda name=name: cluster.get("v1", "Namespace", name, None) is None,
            seconds=PATIENCE_SECONDS,
        )


@pytest.fixture
def make_namespace(
    cluster: Cluster, request: pytest.FixtureRequest, _namespaces: list[str]
) -> Iterator[Callable[..., str]]:
    """Makes namespaces (labels as keyword `labels`), deleted after the test."""
    made: list[str] = []
    request.node.stash[NAMESPACES] = (cluster, made)

    def make(labels: dict[str, str] | None = None) -> str:
        name = f"e2e-{secrets.token_hex(4)}"
        metadata = {"name": name, "labels": labels or {}}
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        made.append(name)
        _namespaces.append(name)
        eventually(
            f"the service account of {name}",
            lambda: cluster.get("v1", "ServiceAccount", "default", name),
        )
        return name

    yield make
    for name in made:
        cluster.delete("v1", "Namespace", name, None)


@pytest.fixture
def namespace(make_namespace: Callable[..., str]) -> str:
    """A namespace of this test's own."""
    return make_namespace()


NAMESPACES = pytest.StashKey[tuple[Cluster, list[str]]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed test's report says what the cluster held at that moment."""
    report = yield
    if report.when == "call" and report.failed and NAMESPACES in item.stash:
        cluster, names = item.stash[NAMESPACES]
        for name in names:
            report.sections.append((f"namespace {name}", cluster.diagnostics(name)))
    return report
