"""DESIGN's pod contract, as a table: what the operator's pods are given, the engine uses.

Real `katydid run --role …` processes run in what the operator's manifests mount, with the
variables that they set and nothing else (`kubelet.py`), on the ports that they name. Each row of
the table is seen by what it does; a row that either side lacks fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests

from katydid.cli.pod import TERMINATION_LOG
from katydid_operator import keys, names
from katydid_operator.loadtest import LoadTest
from katydid_operator.resources import configmaps, master, secret, sources, workers
from katydid_operator.settings import Settings

from .kubelet import Json, Pod

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

PATIENCE_SECONDS = 90  # a loaded machine is no failure
RUN = 4
SEED = keys.seed_of(b"k" * 32, "uid")
ADDRESS = f"127.{{}}.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
"""By source. Not the worker's default, so that it must have been told; ports are fixed, so that
another run of these tests must have other addresses."""
LOCUSTFILE = """
import os
from locust import User, constant, task
from shop import NAME


class Visitor(User):
    wait_time = constant(0.05)

    @task
    def visit(self):
        self.environment.events.request.fire(
            request_type="GET", name=f"{NAME} {os.environ['FLAVOUR']}", response_time=12.5,
            response_length=10, exception=None, context={},
        )
"""
ORIGINS = ("configMap", "git", "image", "persistentVolumeClaim")

VARIABLES = {
    "master": {"KATYDID_RUN", "KATYDID_NAMESPACE", "KATYDID_CURVE_SEED", "KATYDID_SUMMARY_BYTES",
               "KATYDID_METRICS_PORT"},
    "worker": {"KATYDID_RUN", "KATYDID_NAMESPACE", "KATYDID_CURVE_SEED", "KATYDID_MASTER_HOST",
               "KATYDID_WORKER_ID"},
}  # fmt: skip
FILES = {
    "master": {"/katydid/loadtest.yaml", "/katydid/state", "/katydid/state/results", "/tmp"},
    "worker": {"/katydid/loadtest.yaml", "/katydid/state", "/tmp"},
}
SOURCES = {  # beside those: what each role sees of its sources
    ("configMap", "master"): {"/katydid/src"},
    ("configMap", "worker"): {"/katydid/src"},
    ("git", "master"): {"/katydid/src", "/katydid/src/lib"},
    ("git", "worker"): {"/katydid/src/lib"},
    ("image", "master"): {"IMAGE/lib"},
    ("image", "worker"): {"IMAGE/lib"},
    ("persistentVolumeClaim", "master"): {"/katydid/src", "/katydid/src/lib"},
    ("persistentVolumeClaim", "worker"): {"/katydid/src/lib"},
}


def until(check: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := check()):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"it did not come about:\n{process.communicate()[0]}")
        time.sleep(0.1)  # another process works on it
    return found


def repository(folder: Path) -> str:
    """A git repository with the locustfile in a folder `tests`."""
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "locustfile.py").write_text(LOCUSTFILE)
    who = ("-c", "user.name=n", "-c", "user.email=e@e")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "tests")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return f"file://{folder}"


class Played:
    """A LoadTest whose pods have run: master and one worker."""

    def __init__(self, origin: str, folder: Path) -> None:
        self.origin = origin
        self.address = ADDRESS.format(41 + ORIGINS.index(origin))
        self.image = folder / "image"
        self.api = f"http://{self.address}:{names.PORTS['http']}/api/v1"
        self.test = LoadTest(self._resource(folder))
        self.pods = self._pods(folder)
        self.workers: Json = {}
        self.running: Json = {}
        self.final: Json = {}
        self.metrics = ""
        self.archive = b""
        self.was_ready: dict[tuple[str, str], bool] = {}
        self.exits: dict[str, int] = {}

    def _resource(self, folder: Path) -> Json:
        source: Json = {"libs": [{"configMap": {"name": "lib"}, "path": "lib/"}]}
        if self.origin == "git":
            source["git"] = {"url": repository(folder / "origin"), "path": "tests"}
        elif self.origin == "image":
            source["image"] = {"path": str(self.image)}
            self.image.mkdir()
            (self.image / "locustfile.py").write_text(LOCUSTFILE)
        elif self.origin == "configMap":
            source["configMap"] = {"name": "main"}
        else:
            source["persistentVolumeClaim"] = {"claimName": "sources"}
        sidecars = [{"name": f"s{number}", "image": "mesh"} for number in range(6)]
        rows = [{"name": f"t{n}", "metric": "p95", "below": "1ms"} for n in range(30)]
        spec = {
            "source": source,
            "load": {"users": 2, "runTime": "5m"},
            "env": [{"name": "FLAVOUR", "value": "sour"}],
            "master": {"pod": {"sidecars": sidecars}},
            "thresholds": rows,
            "results": {"persistentVolumeClaim": {"claimName": "results"}},
        }
        metadata = {"name": "checkout", "namespace": "shop", "uid": "0b5c1d4e", "generation": 1}
        return {"apiVersion": names.API_VERSION, "kind": names.KIND, "metadata": metadata,
                "spec": spec}  # fmt: skip

    def _pods(self, folder: Path) -> dict[str, Pod]:
        test, settings = self.test, Settings(runner_image="runner:1")
        found = {"main": {"data": {"locustfile.py": LOCUSTFILE}},
                 "lib": {"data": {"shop.py": "NAME = 'pie'\n"}}}  # fmt: skip
        taken = sources.snapshot(test, found)
        assert isinstance(taken, sources.Snapshot)
        made = [
            *sources.config_maps(test, RUN, taken, "1"),
            configmaps.spec_config_map(test, RUN, "1"),
            secret.key_secret(test, RUN, SEED, "1"),
        ]
        objects = {(one["kind"], one["metadata"]["name"]): one for one in made}
        name = secret.secret_name(test, SEED)
        worker = workers.worker_job(test, RUN, taken, name, settings)["spec"]["template"]
        worker["metadata"]["annotations"][names.COMPLETION_INDEX] = "7"
        manifests = {
            names.MASTER: master.master_pod(test, RUN, taken, name, settings),
            names.WORKER: worker,
        }
        pods = {}
        for role, manifest in manifests.items():
            (folder / role).mkdir()
            pods[role] = Pod(manifest, folder / role, objects, self.image)
        if self.origin == "persistentVolumeClaim":
            tests = pods[names.MASTER].here(names.SOURCE_DIRECTORY) / "locustfile.py"
            tests.write_text(LOCUSTFILE)
        return pods

    def play(self) -> None:
        processes: dict[str, subprocess.Popen[str]] = {}
        try:
            first = processes[names.MASTER] = self.pods[names.MASTER].start(
                "--master-bind-host", self.address, "--web-host", self.address
            )
            processes[names.WORKER] = self.pods[names.WORKER].start(
                **{names.MASTER_HOST_VARIABLE: self.address}
            )
            self.running = until(
                lambda: self._status(lambda body: body["total"]["requests"]), first
            )
            for role, pod in self.pods.items():
                for probe in ("startupProbe", "readinessProbe"):
                    until(lambda pod=pod, probe=probe: pod.is_ready(probe), processes[role])
                    self.was_ready[role, probe] = True
            self.workers = requests.get(f"{self.api}/workers", timeout=10).json()
            self.metrics = requests.get(
                f"http://{self.address}:{names.PORTS['metrics']}/metrics", timeout=10
            ).text
            token = keys.api_token(SEED, RUN)
            self._stop(token)
            self.final = until(lambda: self._status(lambda body: body["final"]), first)
            self.archive = requests.get(f"{self.api}/results.tar.gz", timeout=30).content
            first.terminate()  # it lingers for those who come late
            for role, process in processes.items():
                self.exits[role] = process.wait(PATIENCE_SECONDS)
        finally:
            for role, process in processes.items():
                process.kill()
                print(f"--- {role}\n{process.communicate()[0]}")  # shown where a test fails

    def _stop(self, token: str) -> None:
        body = {**self.test.live_body(), "generation": 2, "stop": True}
        for bearer, code in (("another", 401), (token, 200)):
            headers = {"Authorization": f"Bearer {bearer}"}
            answer = requests.put(f"{self.api}/live", json=body, headers=headers, timeout=10)
            assert answer.status_code == code, answer.text

    def _status(self, check: Callable[[Json], Any]) -> Json | None:
        try:
            body: Json = requests.get(f"{self.api}/status", timeout=10).json()
        except requests.ConnectionError:
            return None
        return body if check(body) else None

    def mounts(self, role: str) -> dict[str, Json]:
        """By path, that of the image named so."""
        mounts = self.pods[role].container["volumeMounts"]
        return {one["mountPath"].replace(str(self.image), "IMAGE"): one for one in mounts}


@pytest.fixture(scope="module", params=ORIGINS)
def played(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Played:
    made = Played(request.param, tmp_path_factory.mktemp(request.param))
    made.play()
    return made


@pytest.mark.parametrize("role", ["master", "worker"])
def test_the_engine_opens_what_is_mounted_and_writes_nowhere_else(
    played: Played, role: str
) -> None:
    pod, mounts = played.pods[role], played.mounts(role)
    assert set(mounts) == FILES[role] | SOURCES[played.origin, role]
    read, written = pod.opened("read"), pod.opened("write")
    opened = [*read, *written]
    for path, mount in mounts.items():
        if path != "/tmp":  # for what a locustfile writes; the engine need not
            assert any(is_within(file, pod, [mount]) for file in opened), f"nobody opens {path}"
    writable = [one for one in mounts.values() if not one.get("readOnly")]
    devices = Path("/dev")
    strays = [
        file
        for file in written
        if not (is_within(file, pod, writable) or file.is_relative_to(devices))
    ]
    assert strays == []  # the root file system of a pod is read-only


@pytest.mark.parametrize("role", ["master", "worker"])
def test_the_variables_are_those_of_the_table(played: Played, role: str) -> None:
    given = played.pods[role].variables(played.pods[role].container)
    assert set(given) == {"FLAVOUR", *VARIABLES[role]}


def test_each_variable_does_what_it_is_for(played: Played) -> None:
    assert played.running["run"] == str(RUN)
    assert 'loadtest_namespace="shop"' in played.metrics  # on the metrics' port
    assert [row["id"] for row in played.workers["items"]] == ["7"]  # by the host it was told
    size = int(played.pods["master"].variables(played.pods["master"].container)[
        names.SUMMARY_BYTES_VARIABLE])  # fmt: skip
    assert len(summary(played)) <= size < len(json.dumps(played.final))
    (row,) = rows(played)
    assert row["name"] == "pie sour"  # the library's name, and the user's own variable


def test_files_are_left_where_the_operator_looks(played: Played) -> None:
    pod = played.pods["master"]
    found = json.loads(summary(played))
    assert (found["final"], found["verdict"], found["run"]) == (True, "Stopped", str(RUN))
    on_volume = {file.name for file in pod.here(names.RESULTS_DIRECTORY).iterdir()}
    assert {"report.html", "run.json"} <= on_volume
    with tarfile.open(fileobj=BytesIO(played.archive)) as archive:
        assert {Path(name).name for name in archive.getnames()} >= {"report.html", "run.json"}
    if played.origin == "git":
        commit = pod.here(names.TERMINATION_LOG).read_text().strip()
        assert len(commit) == 40


def test_probes_and_exit_codes(played: Played) -> None:
    assert len(played.was_ready) == 4
    assert played.exits == {"master": 0, "worker": 0}


def is_within(file: Path, pod: Pod, mounts: list[Json]) -> bool:
    """Whether the file is in one of the mounts, by its path or by what is mounted there."""
    places = [pod.here(one["mountPath"]) for one in mounts]
    return any(file.is_relative_to(one) or file.is_relative_to(one.resolve()) for one in places)


def summary(played: Played) -> bytes:
    state = played.pods["master"].here(names.STATE_DIRECTORY)
    there = TERMINATION_LOG if TERMINATION_LOG.exists() else state / "summary.json"
    return there.read_bytes()


def rows(played: Played) -> list[Json]:
    results = played.pods["master"].here(names.RESULTS_DIRECTORY)
    found: list[Json] = json.loads((results / "run.json").read_text())["requests"]
    return found
