"""Where the files of a test may come from, and where its results may go."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

LOAD = {"users": 2, "runTime": "4s", "stopTimeout": "5s"}
VISITOR = """
from locust import HttpUser, constant, task
{imports}

class Visitor(HttpUser):
    wait_time = constant(0.2)

    @task
    def product(self):
        self.client.get("/products/1", name={name})
"""


def visitor(name: str = "'product'", imports: str = "") -> str:
    return VISITOR.format(name=name, imports=imports)


def names_of(tests: Any) -> set[str]:
    document = json.loads(tests.results()["run.json"])
    return {one["name"] for one in document["requests"]}


def passed(tests: Any) -> dict[str, Any]:
    status: dict[str, Any] = tests.finished()
    assert status["verdict"] == "Passed", (status["reason"], status["message"])
    return status


def config_map(tests: Any, name: str, files: dict[str, str]) -> None:
    manifest = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": files,
    }  # fmt: skip
    tests.cluster.apply(manifest, tests.namespace)


@pytest.fixture
def as_root(tests: Any, runner_image: str) -> Callable[..., None]:
    """as_root(name, script, volume, VARIABLE=…): a pod that runs a shell as root."""

    def run(name: str, script: str, volume: dict[str, Any], **variables: str) -> None:
        container: dict[str, Any] = {
            "name": "shell", "image": runner_image, "imagePullPolicy": "IfNotPresent",
            "command": ["sh", "-euc", script], "securityContext": {"runAsUser": 0},
            "env": [{"name": key, "value": value} for key, value in variables.items()],
            "volumeMounts": [{"name": "volume", "mountPath": "/volume"}],
        }  # fmt: skip
        spec: dict[str, Any] = {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "containers": [container],
            "volumes": [{"name": "volume", **volume}],
        }  # fmt: skip
        manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        tests.cluster.apply(manifest, tests.namespace)

    return run


def test_libraries_beside_a_config_map(tests: Any) -> None:
    config_map(tests, "main", {"locustfile.py": visitor(
        "NAME + other()", "import prefix\nfrom shop.names import NAME\nfrom shop.other import other"
    ), "prefix.py": ""})  # fmt: skip
    config_map(tests, "names", {"__init__.py": "", "names.py": "NAME = 'one and '\n",
                                "other.py": "def other():\n    return 'two'\n"})  # fmt: skip
    libs = [{"configMap": {"name": "names"}, "path": "shop/"}]
    source = {"configMap": {"name": "main"}, "libs": libs}
    tests.apply(source=source, load=LOAD)
    status = passed(tests)
    assert names_of(tests) == {"one and two"}
    assert re.fullmatch("[0-9a-f]{16}", status["run"]["sourceHash"])
    copies = [f"test-1-src-{index}" for index in range(2)]
    for name in copies:  # what is edited later has no effect on the run
        assert tests.cluster.get("v1", "ConfigMap", name, tests.namespace)["immutable"] is True


@pytest.fixture
def repository(tests: Any, as_root: Callable[..., None]) -> tuple[str, Callable[[], str]]:
    """A git daemon in the cluster; returns its URL and what tells its latest commit."""
    config_map(tests, "files", {"locustfile.py": visitor("names.NAME", "import names"),
                                "names.py": "NAME = 'from git'\n"})  # fmt: skip
    as_root("git", """
        mkdir -p /tmp/git/tests/load && cd /tmp/git/tests && git init -q -b main .
        git config user.email e2e@katydid.dev && git config user.name e2e
        cp /volume/* load/ && git add . && git commit -q -m 'Load the shop'
        git rev-parse HEAD
        exec git daemon --base-path=/tmp/git --export-all --reuseaddr /tmp/git
        """, {"configMap": {"name": "files"}}, HOME="/tmp")  # fmt: skip

    def address() -> str | None:
        pod = tests.cluster.get("v1", "Pod", "git", tests.namespace)
        return pod["status"].get("podIP") if commit() else None

    def commit() -> str:
        found = re.search("^[0-9a-f]{40}$", tests.cluster.logs("git", tests.namespace), re.M)
        return found.group() if found else ""

    ip = tests.cluster.wait_until("the git daemon", address)
    return f"git://{ip}/tests", commit


def test_a_git_repository(tests: Any, repository: tuple[str, Callable[[], str]]) -> None:
    """Cloned by the master alone; the commit is in the status."""
    url, commit = repository
    git = {"url": url, "ref": "main", "path": "load"}
    tests.apply(source={"git": git, "entrypoint": "locustfile.py"}, load=LOAD)
    status = passed(tests)
    assert names_of(tests) == {"from git"}
    assert status["run"]["sourceRevision"] == commit()
    assert all(not pod["spec"].get("initContainers") for pod in tests.pods("worker"))


def test_a_git_reference_that_is_not_there(
    tests: Any, repository: tuple[str, Callable[[], str]]
) -> None:
    git = {"url": repository[0], "ref": "v9"}
    tests.apply(source={"git": git}, load=LOAD)
    assert "v9" in tests.give_up("SourceNotCloned")["message"]


def test_files_that_the_image_has(tests: Any) -> None:
    """Both roles find them at the same path; here a volume stands for a baked image."""
    config_map(tests, "baked", {"locustfile.py": visitor()})
    pod = {
        "volumes": [{"name": "baked", "configMap": {"name": "baked"}}],
        "volumeMounts": [{"name": "baked", "mountPath": "/opt/tests"}],
    }
    tests.apply(source={"image": {"path": "/opt/tests"}}, load=LOAD, pod=pod)
    passed(tests)
    assert names_of(tests) == {"product"}


@pytest.fixture
def claim(tests: Any, as_root: Callable[..., None]) -> Iterator[str]:
    """A claim of a volume on the node's disk, with a locustfile in its folder `tests`."""
    name = f"e2e-{secrets.token_hex(4)}"
    path = f"/var/tmp/katydid-{name}"
    volume = {
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"],
            "storageClassName": "", "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": path, "type": "DirectoryOrCreate"},
            "claimRef": {"namespace": tests.namespace, "name": "disk"},
        },
    }  # fmt: skip
    claimed = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"},
        "spec": {
            "accessModes": ["ReadWriteMany"], "storageClassName": "", "volumeName": name,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }  # fmt: skip
    tests.cluster.apply(volume)
    tests.cluster.apply(claimed, tests.namespace)
    disk = {"persistentVolumeClaim": {"claimName": "disk"}}
    script = """
        mkdir /volume/tests; printf %s "$LOCUSTFILE" >/volume/tests/locustfile.py
        chmod 0777 /volume
        """
    as_root("fill", script, disk, LOCUSTFILE=visitor())
    phase, log = tests.cluster.wait_for_pod_end("fill", tests.namespace)
    assert phase == "Succeeded", log
    yield "disk"
    as_root("empty", "rm -rf /volume/*", disk)
    tests.cluster.wait_for_pod_end("empty", tests.namespace)
    tests.cluster.delete("v1", "PersistentVolume", name, None)
    folder = Path(path)
    if folder.is_dir():  # the node is this machine
        folder.rmdir()


def test_a_volume_with_the_files_and_for_the_results(
    tests: Any, claim: str, as_root: Callable[..., None]
) -> None:
    tests.apply(
        source={"persistentVolumeClaim": {"claimName": claim, "path": "tests"}},
        load=LOAD,
        results={"persistentVolumeClaim": {"claimName": claim, "path": "results"}},
    )
    status = passed(tests)
    place = f"persistentvolumeclaim/{claim}/results/test-1"
    assert status["results"] == {"artifacts": place, "report": f"{place}/report.html"}
    stored = next(one for one in status["conditions"] if one["type"] == "ResultsStored")
    assert (stored["status"], stored["reason"]) == ("True", "Volume")
    folder = "/volume/results/test-1"
    disk = {"persistentVolumeClaim": {"claimName": claim}}
    as_root("look", f"ls {folder}; cat {folder}/run.json", disk)
    phase, log = tests.cluster.wait_for_pod_end("look", tests.namespace)
    assert phase == "Succeeded", log
    assert "report.html" in log
    document, _ = json.JSONDecoder().raw_decode(log[log.index("{") :])
    assert document["status"]["total"]["requests"] == status["load"]["requests"]
