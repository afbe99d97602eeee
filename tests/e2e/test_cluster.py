"""The ground the other end-to-end tests stand on: nodes, DNS, the image, the resource's rules.

The manifests of tests/contract/manifests are the same files that the engine's own checks are
tested with: what the engine says of them without a cluster must be what the API server does.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DATA = Path(__file__).parents[1] / "contract" / "manifests"
GOOD = sorted((DATA / "good").glob("*.yaml"))
BAD = sorted((DATA / "bad").glob("*.yaml"))
UPDATES = sorted((DATA / "updates").glob("*.yaml"))
VERSION = "katydid.dev/v1alpha1"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def pod(name: str, image: str, command: list[str], **container: Any) -> dict[str, Any]:
    """A pod as strict as the strictest: any UID, no capabilities, nothing writable but /tmp."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 60,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": random.randint(100_000, 2**31 - 1),
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "katydid",
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": command,
                    "volumeMounts": [
                        {"name": "tmp", "mountPath": "/tmp"},
                        {"name": "src", "mountPath": "/katydid/src"},
                    ],
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                    **container,
                }
            ],
            "volumes": [
                {"name": "tmp", "emptyDir": {}},
                {"name": "src", "configMap": {"name": "src", "optional": True}},
            ],
        },
    }


@pytest.fixture
def restricted(make_namespace: Callable[..., str]) -> str:
    return make_namespace(labels=RESTRICTED)


def run(cluster: Any, namespace: str, manifest: dict[str, Any]) -> tuple[str, str]:
    cluster.apply(manifest, namespace)
    return cluster.wait_for_pod_end(manifest["metadata"]["name"], namespace)


def test_a_restricted_pod_with_any_uid_runs_the_engine(
    cluster: Any, restricted: str, runner_image: str
) -> None:
    phase, log = run(cluster, restricted, pod("version", runner_image, ["katydid", "--version"]))

    assert phase == "Succeeded", log
    assert "katydid" in log.lower()


def test_the_operator_image_holds_what_the_operator_imports(
    cluster: Any, restricted: str, operator_image: str
) -> None:
    code = "import katydid_operator, kopf, kubernetes.aio, katydid; print('all there')"
    phase, log = run(cluster, restricted, pod("imports", operator_image, ["python", "-c", code]))

    assert phase == "Succeeded", log


def test_names_of_services_resolve_in_pods(
    cluster: Any, restricted: str, runner_image: str
) -> None:
    code = "import socket; print(socket.gethostbyname('kubernetes.default.svc.cluster.local'))"
    phase, log = run(cluster, restricted, pod("dns", runner_image, ["python", "-c", code]))

    assert phase == "Succeeded", log
    service = cluster.get("v1", "Service", "kubernetes", "default")
    assert log.strip() == service["spec"]["clusterIP"]


ORPHANS = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(0.1)  # outlives its parent, so it falls to the first process
        os._exit(0)
    os.wait()
def states():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            yield open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            pass
deadline = time.monotonic() + 10
while len(found := list(states())) > 2 and time.monotonic() < deadline:
    time.sleep(0.05)
print("processes", len(found), "zombies", found.count("Z"))
"""


def test_the_first_process_reaps_what_others_leave_behind(
    cluster: Any, restricted: str, runner_image: str
) -> None:
    files = {"orphans.py": ORPHANS}
    cluster.apply(config_map(files), restricted)
    command = ["katydid", "exec", "/katydid/src/orphans.py"]
    phase, log = run(cluster, restricted, pod("orphans", runner_image, command))

    assert phase == "Succeeded", log
    assert "processes 2 zombies 0" in log


def config_map(files: dict[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "src"}, "data": files}


LOCUSTFILE = """
from locust import User, constant, events, task

class Idle(User):
    wait_time = constant(0.1)

    @task
    def turn(self):
        print("turning", flush=True)

@events.quitting.add_listener
def quitting(**kw):
    open("/dev/termination-log", "w").write("quit by itself")
"""


def test_a_sigterm_reaches_the_engine_and_its_processes(
    cluster: Any, restricted: str, runner_image: str
) -> None:
    cluster.apply(config_map({"locustfile.py": LOCUSTFILE}), restricted)
    command = ["katydid", "-f", "/katydid/src/locustfile.py", "--headless", "-u", "2"]
    manifest = pod("idle", runner_image, [*command, "--processes", "2"])
    # the pod's record outlives its containers, so that their end can be read
    manifest["metadata"]["finalizers"] = ["katydid.dev/e2e"]
    cluster.apply(manifest, restricted)

    def ended_container(name: str) -> Any:
        [status] = cluster.get("v1", "Pod", name, restricted)["status"]["containerStatuses"]
        return status["state"].get("terminated")

    cluster.wait_until("the users run", lambda: "turning" in cluster.logs("idle", restricted))

    cluster.delete("v1", "Pod", "idle", restricted)
    try:
        ended = cluster.wait_until("it ends", lambda: ended_container("idle"))
    finally:
        cluster.release("v1", "Pod", "idle", restricted)

    assert ended["message"] == "quit by itself"


def test_ssh_takes_a_user_without_a_name(cluster: Any, restricted: str, runner_image: str) -> None:
    command = ["ssh", "-o", "BatchMode=yes", "-p", "1", "127.0.0.1"]
    phase, log = run(cluster, restricted, pod("ssh", runner_image, command))

    assert phase == "Failed"
    assert "Connection refused" in log


def test_the_resource_is_defined(cluster: Any, crd: Any) -> None:
    conditions = {entry["type"]: entry["status"] for entry in crd["status"]["conditions"]}

    assert conditions["NamesAccepted"] == "True"
    assert "NonStructuralSchema" not in conditions
    cluster.wait_until(  # its descriptions are published a moment after it is established
        "kubectl explains it",
        lambda: "arrivalRate" in cluster.kubectl("explain", "loadtest.spec.load"),
    )


@pytest.fixture(scope="module")
def shelf(cluster: Any, crd: Any) -> Iterator[str]:
    """One namespace for all manifests: nothing acts on them."""
    name = f"e2e-manifests-{random.randrange(10**8)}"
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    cluster.delete("v1", "Namespace", name, None)


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_manifest_is_accepted(cluster: Any, shelf: str, file: Path) -> None:
    stored = []
    for document in yaml.safe_load_all(file.read_text()):
        document["metadata"].pop("namespace", None)
        path = cluster.path(document["apiVersion"], document["kind"], shelf)
        stored.append(cluster.create(yaml.safe_dump(document), path, dry_run=True))

    [load_test] = [each for each in stored if each["kind"] == "LoadTest"]
    assert load_test["spec"]["workers"]["replicas"] >= 1  # defaults are the server's own


def header(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines()[:3] if line.startswith("# ")]
    return {key[2:]: value.strip() for key, _, value in (line.partition(":") for line in lines)}


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_bad_manifest_is_refused(
    cluster: Any, refusal: type[Exception], shelf: str, file: Path
) -> None:
    text = file.read_text()
    expected = header(text)

    with pytest.raises(refusal) as caught:
        cluster.create(text, cluster.path(VERSION, "LoadTest", shelf), dry_run=True)

    said = caught.value
    assert said.status in (400, 422)
    if expected["by"] in ("rule", "metadata", "schema"):
        assert expected["path"] in [field for field, _ in said.causes], said
    if expected["by"] == "rule":
        assert expected["says"] in said.message
    if expected["by"] == "unknown":
        assert f'unknown field "{expected["path"]}"' in said.message


@pytest.mark.parametrize("file", UPDATES, ids=lambda file: file.stem)
def test_an_edit_is_refused_exactly_as_the_edit_table_says(
    cluster: Any, refusal: type[Exception], shelf: str, file: Path
) -> None:
    case = yaml.safe_load(file.read_text())
    name = {"name": f"{case['old']['metadata']['name']}-{file.stem}"[:44].rstrip("-").lower()}
    [stored] = cluster.apply(case["old"] | {"metadata": name}, shelf)
    stored = cluster.patch_status(stored, {"phase": case["phase"]}, shelf)
    edited = copy.deepcopy(stored) | {"spec": case["new"]["spec"]}

    if not case["says"]:
        assert cluster.replace(edited, shelf)["status"]["phase"] == case["phase"]
        return
    with pytest.raises(refusal) as caught:
        cluster.replace(edited, shelf)
    assert caught.value.status == 422
    [(path, message)] = caught.value.causes
    assert path == case["path"]
    assert case["says"] in message
