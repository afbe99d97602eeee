"""The operator and the engine agree: keys, manifests, live edits, files, variables, documents.

The two never import each other; this test imports both.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from katydid.cli import pod as engine_pod
from katydid.cli.launch import Launch, Role, Surface
from katydid.cli.option_katydid import SUMMARY_BYTES
from katydid.cli.options import parse_options
from katydid.errors import ExitCode
from katydid.manifest import live, parse
from katydid.results.summary import termination_message
from katydid.run.document import (
    GeneratorRow,
    LatencyRow,
    LoadRow,
    RequestRow,
    RunDocument,
    Status,
    ThresholdRow,
)
from katydid.web.summary import status_body
from katydid.wire.keys import derive_api_token
from katydid_operator import failures, keys, names
from katydid_operator.loadtest import LoadTest, seconds_of
from katydid_operator.numbers import generator_of, load_of, thresholds_of
from katydid_operator.observed import Terminated, text_of, time_of
from katydid_operator.resources import configmaps, master, pod, workers
from katydid_operator.resources.sources import Snapshot
from katydid_operator.settings import Settings

GOOD = sorted((Path(__file__).parent / "manifests" / "good").glob("*.yaml"))
AT = time_of("2026-01-01T00:00:00Z")


def resource_of(file: Path) -> dict[str, Any]:
    """The LoadTest of a file, as the API server would give it."""
    found = parse(file).load_test.resource
    metadata = {"namespace": "shop", **found["metadata"], "uid": "0" * 36, "generation": 3}
    return {**found, "metadata": metadata}


def test_the_token_is_the_engine_s() -> None:
    seed = keys.seed_of(b"x" * 32, "uid")
    assert keys.api_token(seed, 7) == derive_api_token(seed.encode(), "7")


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_the_manifest_of_the_pods_is_one_that_the_engine_accepts(
    file: Path, tmp_path: Path
) -> None:
    test = LoadTest(resource_of(file))
    made = configmaps.spec_config_map(test, 1, "1")
    written = tmp_path / names.SPEC_KEY
    written.write_text(made["data"][names.SPEC_KEY])
    read = parse(written).load_test
    assert (read.name, read.generation) == (test.name, 3)
    assert read.target.host == test.target_url
    assert read.resource["spec"]["load"] == test.spec["load"]
    assert read.workers.replicas == test.replicas
    assert read.deadline_seconds == test.deadline_seconds
    assert read.stop_timeout_seconds == test.stop_timeout_seconds
    assert read.workers.ready_timeout_seconds == test.ready_timeout_seconds
    assert read.source.entrypoint == test.entrypoint


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_the_live_part_is_one_that_the_engine_accepts(file: Path) -> None:
    resource = resource_of(file)
    body = LoadTest(resource).live_body()
    assert body == live.body_of(resource)
    assert live.parse(json.dumps(body)).generation == 3


@pytest.mark.parametrize("text", ["90", "90s", "1.5s", "10m", "1h30m", "1d2h"])
def test_time_spans_mean_the_same(text: str) -> None:
    from katydid.load.text import parse_timespan

    assert seconds_of(text) == parse_timespan(text)


@pytest.mark.parametrize("role", [Role.MASTER, Role.WORKER])
def test_files_are_where_both_look_for_them(role: Role, tmp_path: Path) -> None:
    manifest = parse(next(file for file in GOOD if file.stem == "smallest"))
    (tmp_path / "src").mkdir()
    entrypoint = tmp_path / "src" / manifest.load_test.source.entrypoint
    entrypoint.write_text("")
    launch = Launch(argv=[], surface=Surface.KATYDID)
    engine_pod.complete(launch, manifest, tmp_path / names.SPEC_KEY, role)

    def here(path: str) -> Path:
        return tmp_path / Path(path).relative_to(names.DIRECTORY)

    assert launch.ready_file == here(names.READY_FILE)
    assert launch.paths == [here(names.SOURCE_DIRECTORY) / manifest.load_test.source.entrypoint]
    if role is Role.MASTER:
        assert launch.results == here(names.RESULTS_DIRECTORY)
    assert Path(names.TERMINATION_LOG) == engine_pod.TERMINATION_LOG
    assert (Role.MASTER.value, Role.WORKER.value) == (names.MASTER, names.WORKER)


def test_variables_set_the_engine_s_options(monkeypatch: pytest.MonkeyPatch) -> None:
    test = LoadTest(resource_of(next(file for file in GOOD if file.stem == "smallest")))
    settings = Settings(runner_image="r")
    pods = (
        master.master_pod(test, 4, Snapshot(), "keys", settings),
        workers.worker_job(test, 4, Snapshot(), "keys", settings)["spec"]["template"],
    )
    for made in pods:
        for item in made["spec"]["containers"][0]["env"]:
            monkeypatch.setenv(item["name"], item.get("value", "from-elsewhere"))
    options = parse_options([], config_files=())
    assert options.master_host == names.master_host(test.name, test.namespace)
    assert options.run_id == "4"
    assert options.worker_id == "from-elsewhere"
    assert options.curve_seed == "from-elsewhere"
    assert options.summary_bytes == pod.SUMMARY_BYTES == SUMMARY_BYTES
    assert options.metrics_port == names.PORTS["metrics"]
    assert options.master_port == names.PORTS["rpc"]
    assert options.web_port == names.PORTS["http"]


def test_exit_codes_mean_the_same() -> None:
    assert set(workers.FINAL_EXIT_CODES) == {ExitCode.USAGE, ExitCode.LOCUSTFILE}
    explained = {ExitCode.USAGE, ExitCode.LOCUSTFILE, ExitCode.WORKERS_NOT_READY}
    assert set(failures._EXIT_REASONS) == explained


def document(**more: Any) -> RunDocument:
    latency = LatencyRow(10.0, 1.0, 99.0, {"p50": 12.25, "p95": 80.0, "p99": 120.0, "p100": 121.0})
    total = RequestRow("", "Aggregated", 1200, 0, 3, 0.25, 19.6, 0.1, 18.2, 0.0, 5.0, 6000, latency)
    status = Status(
        run="4",
        generation=2,
        state="running",
        phase="Running",
        final=False,
        verdict=None,
        reason="",
        message="",
        name="checkout",
        host=None,
        user_classes=["U"],
        started_at=1.0,
        load_started_at=2.0,
        finished_at=None,
        elapsed_seconds=60.0,
        load=LoadRow("users", 9, 10, 1.0, 60.0, peak_users=10),
        total=total,
        workers_expected=2,
        workers_ready=2,
        workers_lost=1,
        generator=GeneratorRow(91.2, 12.3, True, ["CPU"]),
        thresholds=[ThresholdRow("fast", "p95 < 1s", "Met", 80.0, 1000.0, "ms")],
        latency_clock="process",
    )
    status = dataclasses.replace(status, **more)
    return RunDocument(1, status, [], [], [], [], [], {}, [], {}, {}, "", {}, {}, {})


def test_the_master_s_status_is_read_field_by_field() -> None:
    body = json.loads(json.dumps(status_body(document().status)))
    assert AT is not None
    assert load_of(body, {}, AT) == {
        "users": 9,
        "targetUsers": 10,
        "requests": 1200,
        "failures": 3,
        "rps": "18.2",
        "failPercent": "0.25",
        "p50Ms": "12.2",
        "p95Ms": "80.0",
        "p99Ms": "120.0",
        "updatedAt": text_of(AT),
    }
    assert generator_of(body, {}) == {"maxCPUPercent": 92, "maxLoopLagMs": 13, "saturated": True}
    assert thresholds_of([{"name": "fast"}], body, []) == [
        {"name": "fast", "status": "Met", "value": "80ms"}
    ]
    for key in ("run", "generation", "final", "verdict", "reason", "message", "workers_lost"):
        assert key in body


@pytest.mark.parametrize("size", [pod.SUMMARY_BYTES, 1755, 700, 200])
def test_a_termination_message_of_any_size_is_a_final_summary(size: int) -> None:
    ended = document(final=True, verdict="Failed", reason="ThresholdBreached", message="x" * 900)
    message = termination_message(ended, size)
    assert len(message.encode()) <= size
    found = Terminated(0, "Completed", message).document
    assert found is not None
    assert found["verdict"] == "Failed"


@settings(deadline=None)  # the first example imports, on a machine that may be busy
@given(message=st.text(), size=st.integers(min_value=100, max_value=4096), rows=st.integers(0, 60))
def test_whatever_has_to_be_dropped_the_verdict_is_read(message: str, size: int, rows: int) -> None:
    thresholds = [
        ThresholdRow(f"t{row}", "p95 < 1s", "Breached", 80.0, 1000.0, "ms") for row in range(rows)
    ]
    ended = document(
        final=True, verdict="Failed", reason="Why", message=message, thresholds=thresholds
    )
    text = termination_message(ended, size)
    assert len(text.encode()) <= size
    found = Terminated(0, "Completed", text).document
    assert found is not None
    assert found["verdict"] == "Failed"
    assert AT is not None
    load_of(found, {}, AT)
    generator_of(found, {})
    assert len(thresholds_of([{"name": "t0"}], found, [])) == 1


def test_every_state_and_phase_of_the_engine_is_known() -> None:
    from katydid_operator.status import FINAL_PHASE, Phase

    assert {phase.value for phase in Phase} >= {"Pending", "Starting", "Running", "Finishing"}
    assert {verdict.value for verdict in FINAL_PHASE} == {"Passed", "Failed", "Error", "Stopped"}


def test_the_resource_definition_has_every_status_field_that_is_written() -> None:
    crd = yaml.safe_load((Path(__file__).parents[2] / "crds" / "loadtest.yaml").read_text())
    (version,) = crd["spec"]["versions"]
    assert (crd["spec"]["group"], version["name"]) == (names.GROUP, names.VERSION)
    assert crd["spec"]["names"]["plural"] == names.PLURAL
    fields = version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]
    assert set(fields["load"]["properties"]) == set(
        load_of(json.loads(json.dumps(status_body(document().status))), {}, AT)  # type: ignore[arg-type]
    )
    run = {
        "number", "id", "startedAt", "loadStartedAt", "finishedAt", "duration", "specHash",
        "sourceHash", "sourceRevision", "imageID", "masterRestarts",
    }  # fmt: skip
    assert run == set(fields["run"]["properties"])
    assert set(fields["failure"]["properties"]) == {
        "pod", "container", "reason", "exitCode", "logTail",
    }  # fmt: skip
