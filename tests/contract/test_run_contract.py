"""A real run, read as the operator and the kubectl plugin read it: status, live edits, results."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from katydid_operator import keys
from katydid_operator.during import _ENDING_STATES
from katydid_operator.ending import final_document
from katydid_operator.kubectl import results as kubectl_results
from katydid_operator.loadtest import LoadTest
from katydid_operator.master_client import MasterRefused, _refusal
from katydid_operator.numbers import generator_of, load_of, peak_users, thresholds_of
from katydid_operator.observed import ContainerView, Observed, PodView, Reading, Terminated, time_of
from katydid_operator.poller import _RUNNING
from katydid_operator.status import Phase, Verdict

pytestmark = pytest.mark.processes

PATIENCE_SECONDS = 60  # a loaded machine is no failure
SEED = keys.seed_of(b"k" * 32, "uid")
RUN = 4
SUMMARY_BYTES = 3000
LOCUSTFILE = """
    from locust import User, constant, task


    class Visitor(User):
        wait_time = constant(0.05)

        @task
        def visit(self):
            self.environment.events.request.fire(
                request_type="GET", name="/", response_time=12.5, response_length=10,
                exception=None, context={},
            )
"""
AT = time_of("2026-01-01T00:00:00Z")
CRD = Path(__file__).parents[2] / "crds" / "loadtest.yaml"
Json = dict[str, Any]


def loadtest(generation: int, run_time: str) -> Json:
    return {
        "apiVersion": "katydid.dev/v1alpha1",
        "kind": "LoadTest",
        "metadata": {"name": "contract", "namespace": "shop", "generation": generation},
        "spec": {
            "source": {"inline": {"locustfile.py": textwrap.dedent(LOCUSTFILE)}},
            "load": {"users": 3, "runTime": run_time},
            "workers": {"replicas": 1},
            "thresholds": [
                {"name": "fast", "metric": "p95", "below": "1s"},
                {"name": "busy", "metric": "requests", "above": 0},
            ],
        },
    }


class Run:
    """What a run has answered, and what it left."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.running: Json = {}
        self.refused: dict[str, requests.Response] = {}
        self.changed: Json = {}
        self.archive = b""
        self.summary = ""

    def until(self, check: Any) -> Json:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                body: Json = requests.get(f"{self.url}/status", timeout=5).json()
            except requests.ConnectionError:
                body = {}
            if body and check(body):
                return body
            time.sleep(0.05)
        raise AssertionError("it did not come about")

    def put(self, body: Any, token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.put(f"{self.url}/live", json=body, headers=headers, timeout=5)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("run")
    (folder / "loadtest.yaml").write_text(yaml.safe_dump(loadtest(1, "2m")))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "KATYDID_CURVE_SEED": SEED,
        "KATYDID_RUN": str(RUN),
        "KATYDID_SUMMARY_BYTES": str(SUMMARY_BYTES),
    }
    command = [sys.executable, "-m", "katydid", "run", "loadtest.yaml", f"--web-port={port}"]
    process = subprocess.Popen(
        [*command, "--summary-file=summary.json"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        made = Run(f"http://127.0.0.1:{port}/api/v1")
        made.running = made.until(
            lambda body: body["state"] == "running" and body["total"]["current_rps"] > 0
        )
        body = LoadTest(loadtest(2, "1s")).live_body()
        token = keys.api_token(SEED, RUN)
        made.refused["token"] = made.put(body, "another")
        made.refused["load"] = made.put({**body, "load": {"users": -1}}, token)
        made.archive = requests.get(f"{made.url}/results.tar.gz", timeout=20).content
        made.changed = made.put(body, token).json()  # its run time is over: the run ends
        assert process.wait(PATIENCE_SECONDS) == 0
        made.summary = (folder / "summary.json").read_text()
        yield made
    finally:
        process.kill()
        process.wait()


def status_fields(name: str) -> set[str]:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    fields = version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    return set(fields[name]["properties"])


@pytest.mark.parametrize("source", ["HTTP", "termination message"])
def test_every_number_that_the_status_has_comes_from_a_run(run: Run, source: str) -> None:
    document = run.running if source == "HTTP" else json.loads(run.summary)
    assert AT is not None
    load = load_of(document, {}, AT)
    assert set(load) == status_fields("load")
    assert (load["p95Ms"], load["failPercent"], load["failures"]) == ("12.5", "0.00", 0)
    assert load["requests"] > 0
    assert float(load["rps"]) > 0
    assert load["targetUsers"] == peak_users(document, load) == 3
    assert set(generator_of(document, {})) == status_fields("generator")
    rows = thresholds_of(loadtest(1, "1s")["spec"]["thresholds"], document, [])
    assert [row["name"] for row in rows] == ["fast", "busy"]
    assert rows[0] == {"name": "fast", "status": "Met", "value": "12.5ms"} or source == "HTTP"


def test_the_end_is_recognised_by_both_ways(run: Run) -> None:
    assert run.running["final"] is False
    message = run.summary
    assert len(message.encode()) <= SUMMARY_BYTES
    end = Terminated(0, "Completed", message)
    pod = PodView("m", containers=(ContainerView("katydid", terminated=end),))
    test = LoadTest(loadtest(1, "1s"))
    by_pod = final_document(Observed(test, master=pod))
    by_http = final_document(Observed(test, reading=Reading(json.loads(message), AT)))
    assert by_pod == by_http
    assert by_pod is not None
    assert Verdict(by_pod["verdict"]) is Verdict.PASSED
    assert (by_pod["run"], by_pod["generation"], by_pod["partial"]) == (str(RUN), 2, False)
    assert by_pod["reason"]
    assert by_pod["message"]
    assert by_pod["load_started_at"] <= by_pod["finished_at"]
    assert by_pod["elapsed_seconds"] > 0
    assert by_pod["workers_lost"] == 0


def test_a_live_edit_takes_the_operator_s_token_and_body(run: Run) -> None:
    assert run.running["generation"] == 1
    assert run.changed["generation"] == 2
    refusal = _refusal(run.refused["token"].status_code, run.refused["token"].content)
    assert isinstance(refusal, MasterRefused)
    assert run.refused["token"].status_code == 401
    refusal = _refusal(run.refused["load"].status_code, run.refused["load"].content)
    assert isinstance(refusal, MasterRefused)
    assert str(refusal) == "load.users: must be at least 0, not -1"


def test_the_plugin_finds_its_files_in_the_archive(run: Run) -> None:
    files = kubectl_results.unpacked(run.archive)
    assert {kubectl_results.REPORT, kubectl_results.JUNIT} <= set(files)
    assert b"<testsuite" in files[kubectl_results.JUNIT]


def test_states_and_phases_are_the_same_words() -> None:
    from katydid.run import states

    assert _ENDING_STATES | {_RUNNING} <= {state.value for state in states.State}
    assert {verdict.value for verdict in states.Verdict} == {verdict.value for verdict in Verdict}
    assert {phase.value for phase in states.Phase} | {"Suspended"} == {one.value for one in Phase}
