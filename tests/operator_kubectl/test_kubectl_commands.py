"""The commands against an emulated API server, through a kubeconfig, as a person runs them."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import certifi
import pytest
import yaml

from katydid_operator import keys
from katydid_operator.kubectl.door import door_of_pod
from katydid_operator.kubectl.main import main

FAST = "--interval=0.01"


def _write(path: Path, *documents: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump_all(documents))
    return str(path)


def _packed(**files: str) -> str:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"checkout-1/{name.replace('_', '.')}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return base64.b64encode(packed.getvalue()).decode()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


class Printed:
    """What a command that still runs has printed so far."""

    def __init__(self, capsys: Any) -> None:
        self._capsys = capsys
        self._out = ""

    @property
    def out(self) -> str:
        self._out += self._capsys.readouterr().out
        return self._out

    async def has(self, text: str) -> None:
        await _until(lambda: text in self.out)


STORED = {"type": "ResultsStored", "status": "True", "reason": "ConfigMap", "message": "Kept."}


async def test_run_applies_streams_and_ends_with_the_verdict(
    api: Any, katydid: Any, loadtest: Any, finished: Any, tmp_path: Path, capsys: Any
) -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "t"}, "data": {}}
    test = loadtest(image=None)
    del test["metadata"]["namespace"]
    file = _write(tmp_path / "loadtest.yaml", test, config_map)
    junit, report = tmp_path / "out" / "junit.xml", tmp_path / "report.html"
    run = asyncio.create_task(
        katydid("run", "-f", file, "--wait", FAST, f"--junit={junit}", f"--report={report}")
    )
    await _until(lambda: api.of("loadtests", "checkout") is not None)
    load = {"users": 7, "targetUsers": 10, "rps": "9.5", "failPercent": "0.10", "p95Ms": "212"}
    running = {
        "phase": "Running",
        "run": {"number": 1},
        "load": load,
        "workers": {"summary": "1/1"},
    }
    await api.change("loadtests", "checkout", status=running)
    printed = Printed(capsys)
    await printed.has("Running")
    data = {"results.tar.gz": _packed(report_html="<html>", junit_xml="<testsuites/>")}
    kept = {"name": "checkout-results", "namespace": "shop"}
    await api.add("configmaps", {"kind": "ConfigMap", "metadata": kept, "binaryData": data})
    threshold = {"name": "fast", "value": "212ms", "status": "Breached"}
    status = finished(1, "Failed", thresholds=[threshold], conditions=[STORED])
    await api.change("loadtests", "checkout", status=status)
    assert await run == 3
    out = printed.out.splitlines()
    assert out[:2] == ["ConfigMap t applied", "LoadTest checkout applied, run 1"]
    assert "Running  7/10 users  9.5 rps  0.10% failed  p95 212 ms  workers 1/1" in out
    assert out[-3:] == [
        "checkout run 1: Failed (Failed)",
        "  It ended Failed.",
        "  Breached fast: 212ms",
    ]
    assert junit.read_text() == "<testsuites/>"
    assert report.read_text() == "<html>"
    assert [body["kind"] for body in api.bodies] == ["ConfigMap", "LoadTest"]
    assert "image" not in api.bodies[1]["spec"], "server-side apply refuses nulls"
    assert api.queries[0]["dryRun"] == "All", "a refused LoadTest leaves no ConfigMap behind"
    assert api.queries[2] == {
        "fieldManager": "kubectl-katydid",
        "force": "true",
        "fieldValidation": "Strict",
    }


async def test_run_of_a_finished_test_asks_for_the_next_run(
    api: Any, katydid: Any, loadtest: Any, finished: Any, tmp_path: Path, capsys: Any
) -> None:
    file = _write(tmp_path / "loadtest.yaml", loadtest(rerunToken="first"))
    await api.add("loadtests", {**loadtest(rerunToken="first"), "status": finished(1)})
    run = asyncio.create_task(katydid("run", "-f", file, "--wait", FAST))
    await _until(lambda: bool(api.bodies))
    spec = api.bodies[0]["spec"]
    assert (spec["stop"], len(spec["rerunToken"])) == (False, 16)
    await Printed(capsys).has("Waiting for the operator to start run 2")
    assert not run.done(), "the verdict of run 1 is not that of run 2"
    await api.change("loadtests", "checkout", status=finished(2))
    assert await run == 0


async def test_run_takes_a_new_token_of_the_file_as_it_is(
    api: Any, katydid: Any, loadtest: Any, finished: Any, tmp_path: Path
) -> None:
    await api.add("loadtests", {**loadtest(rerunToken="first"), "status": finished(1)})
    file = _write(tmp_path / "loadtest.yaml", loadtest(rerunToken="second"))
    assert await katydid("run", "-f", file) == 0
    assert api.bodies[0]["spec"]["rerunToken"] == "second"


async def test_run_on_a_running_test_is_a_live_edit(
    api: Any, katydid: Any, loadtest: Any, tmp_path: Path, capsys: Any
) -> None:
    status = {"phase": "Running", "run": {"number": 4}}
    await api.add("loadtests", {**loadtest(), "status": status})
    assert await katydid("run", "-f", _write(tmp_path / "l.yaml", loadtest())) == 0
    assert "rerunToken" not in api.bodies[0]["spec"]
    assert capsys.readouterr().out == "LoadTest checkout applied to run 4, which is on\n"


async def test_run_makes_the_source_of_a_folder(
    api: Any, katydid: Any, loadtest: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "locustfile.py").write_text("x = 1\n")
    (folder / "loadtest.yaml").write_text("{}")
    (folder / "image.png").write_bytes(b"\x89\xff")
    source = {"configMap": {"name": "checkout-tests"}}
    file = _write(tmp_path / "loadtest.yaml", loadtest(source=source))
    assert await katydid("run", "-f", file, "--source-dir", str(folder)) == 0
    made = api.of("configmaps", "checkout-tests")
    assert made["data"] == {"locustfile.py": "x = 1\n"}
    assert made["binaryData"] == {"image.png": base64.b64encode(b"\x89\xff").decode()}


async def test_a_refused_test_is_told_in_sentences_and_leaves_nothing(
    api: Any, katydid: Any, loadtest: Any, tmp_path: Path, capsys: Any
) -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "t"}, "data": {}}
    api.refusals["loadtests"] = (
        'LoadTest.katydid.dev "checkout" is invalid: [spec.load: Invalid value: "object": '
        "give runTime, or say unbounded true, spec.image: Too long: may not be more than 512 bytes]"
    )
    file = _write(tmp_path / "loadtest.yaml", loadtest(), config_map)
    assert await katydid("run", "-f", file, "--wait", FAST) == 64
    assert capsys.readouterr().err.splitlines() == [
        "spec.load: give runTime, or say unbounded true",
        "spec.image: Too long: may not be more than 512 bytes",
    ]
    assert api.names_of("configmaps") == []
    assert await katydid("validate", "-f", file) == 64
    caught = capsys.readouterr()
    assert caught.out == "ConfigMap t: valid\n"
    assert caught.err.startswith("LoadTest checkout: spec.load: give runTime")
    api.refusals.clear()
    assert await katydid("validate", "-f", file) == 0
    assert api.names_of("loadtests") == api.names_of("configmaps") == []


async def test_watch_waits_out_a_server_that_is_away(
    api: Any, katydid: Any, loadtest: Any, finished: Any, capsys: Any
) -> None:
    status = {"phase": "Running", "run": {"number": 1}}
    await api.add("loadtests", {**loadtest(), "status": status})
    watch = asyncio.create_task(katydid("watch", "checkout", FAST))
    printed = Printed(capsys)
    await printed.has("Running")
    api.faults.append(["GET", "loadtests", 500, 5])  # one look gives up after five
    await printed.has("injected 500")
    await api.change("loadtests", "checkout", status=finished(1, "Stopped"))
    assert await watch == 4
    assert "checkout run 1: Stopped (Stopped)" in printed.out


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_server_is_asked_again(
    api: Any, katydid: Any, loadtest: Any, finished: Any, capsys: Any, status: int
) -> None:
    await api.add("loadtests", {**loadtest(), "status": finished(1)})
    api.faults += [["GET", "loadtests", status, 1], ["PATCH", "loadtests", status, 1]]
    assert await katydid("watch", "checkout", FAST) == 0
    assert await katydid("scale", "checkout", "2") == 0
    assert [fault[3] for fault in api.faults] == [0, 0]


async def test_a_login_that_has_expired_ends_a_watch(
    api: Any, katydid: Any, loadtest: Any, capsys: Any
) -> None:
    status = {"phase": "Running", "run": {"number": 1}}
    await api.add("loadtests", {**loadtest(), "status": status})
    watch = asyncio.create_task(katydid("watch", "checkout", FAST))
    await Printed(capsys).has("Running")
    api.faults.append(["GET", "loadtests", 401, 1])
    assert await watch == 70
    assert capsys.readouterr().err == "injected 401\n"


async def test_watch_gives_up_after_its_timeout(
    api: Any, katydid: Any, loadtest: Any, capsys: Any
) -> None:
    await api.add("loadtests", loadtest())
    assert await katydid("watch", "checkout", FAST, "--timeout=0.05") == 70
    assert "no verdict after 0.05 s" in capsys.readouterr().err


async def test_a_run_without_results_still_has_a_junit_file(
    api: Any, katydid: Any, loadtest: Any, finished: Any, tmp_path: Path, capsys: Any
) -> None:
    status = finished(1, "Error", reason="ImagePullFailed", message="No such image.")
    del status["run"]["loadStartedAt"]
    await api.add("loadtests", {**loadtest(), "status": status})
    junit, report = tmp_path / "junit.xml", tmp_path / "report.html"
    code = await katydid("watch", "checkout", FAST, f"--junit={junit}", f"--report={report}")
    assert code == 75
    case = ElementTree.fromstring(junit.read_bytes()).find(".//testcase/error")
    assert case is not None
    assert case.attrib["message"] == "ImagePullFailed: No such image."
    assert not report.exists()
    assert "There is no report" in capsys.readouterr().err


async def test_stop_and_rerun(
    api: Any, katydid: Any, loadtest: Any, finished: Any, capsys: Any
) -> None:
    await api.add("loadtests", {**loadtest(), "status": {"phase": "Running"}})
    assert await katydid("rerun", "checkout") == 64
    assert "Run 1 of checkout is not over (Running)" in capsys.readouterr().err
    assert await katydid("stop", "checkout") == 0
    assert api.of("loadtests", "checkout")["spec"]["stop"] is True
    await api.change("loadtests", "checkout", status=finished(1, "Stopped"))
    assert await katydid("stop", "checkout") == 0
    assert "is not running: run 1 ended Stopped" in capsys.readouterr().out
    assert await katydid("rerun", "checkout") == 0
    spec = api.of("loadtests", "checkout")["spec"]
    assert (spec["stop"], len(spec["rerunToken"])) == (False, 16)


async def test_scale(api: Any, katydid: Any, loadtest: Any, capsys: Any) -> None:
    await api.add("loadtests", loadtest())
    assert await katydid("scale", "checkout", "4") == 0
    assert api.bodies == [{"spec": {"workers": {"replicas": 4}}}]
    assert capsys.readouterr().out == "checkout: 1 → 4 worker pods\n"


async def test_a_name_that_is_not_there(katydid: Any, capsys: Any) -> None:
    for command in (["watch", "x"], ["stop", "x"], ["scale", "x", "2"], ["logs", "x"]):
        assert await katydid(*command) == 64
        assert capsys.readouterr().err == "There is no LoadTest x in namespace shop.\n"


async def test_report_unpacks_the_kept_results(
    api: Any, katydid: Any, loadtest: Any, finished: Any, tmp_path: Path, capsys: Any
) -> None:
    await api.add("loadtests", {**loadtest(), "status": finished(1, conditions=[STORED])})
    assert await katydid("report", "checkout") == 64
    assert "checkout has no results here: Kept." in capsys.readouterr().err
    kept = {"name": "checkout-results", "namespace": "shop"}
    data = {"results.tar.gz": _packed(report_html="<html>", run_json="{}")}
    await api.add("configmaps", {"kind": "ConfigMap", "metadata": kept, "binaryData": data})
    assert await katydid("report", "checkout", "-o", str(tmp_path / "all")) == 0
    assert sorted(os.listdir(tmp_path / "all")) == ["report.html", "run.json"]
    assert await katydid("report", "checkout", f"--junit={tmp_path / 'j.xml'}") == 64
    assert "hold no junit.xml" in capsys.readouterr().err


async def _pod(api: Any, name: str, role: str, index: str | None, run: int = 1) -> None:
    labels = {"katydid.dev/loadtest": "checkout", "katydid.dev/run": str(run)}
    metadata = {
        "name": name,
        "namespace": "shop",
        "labels": {**labels, "katydid.dev/component": role},
        "annotations": {} if index is None else {"batch.kubernetes.io/job-completion-index": index},
    }
    up = {"name": "katydid", "state": {"running": {}}}
    status = {"phase": "Running", "containerStatuses": [up]}
    spec = {"containers": [{"name": "katydid"}]}
    await api.add("pods", {"kind": "Pod", "metadata": metadata, "spec": spec, "status": status})


async def test_logs_are_merged_by_time(
    api: Any, katydid: Any, loadtest: Any, finished: Any, capsys: Any
) -> None:
    await api.add("loadtests", {**loadtest(), "status": finished(1)})
    await _pod(api, "checkout-1-master", "master", None)
    await _pod(api, "checkout-1-worker-0-x", "worker", "0")
    await _pod(api, "checkout-2-master", "master", None, run=2)
    api.logs["checkout-1-master"] = "2026-01-01T00:00:01.5Z one\n2026-01-01T00:00:03.5Z three\n"
    api.logs["checkout-1-worker-0-x"] = "2026-01-01T00:00:02.5Z two\n"
    assert await katydid("logs", "checkout") == 0
    assert capsys.readouterr().out.splitlines() == [
        "master   | one",
        "worker-0 | two",
        "master   | three",
    ]


async def test_logs_are_followed_until_the_run_is_over(
    api: Any, katydid: Any, loadtest: Any, finished: Any, capsys: Any
) -> None:
    await api.add("loadtests", {**loadtest(), "status": finished(1)})
    await _pod(api, "checkout-1-master", "master", None)
    api.logs["checkout-1-master"] = "2026-01-01T00:00:01.5Z one\n"
    assert await katydid("logs", "checkout", "-f") == 0
    assert capsys.readouterr().out == "master     | one\n"


async def test_ui_forwards_the_masters_port(
    api: Any,
    katydid: Any,
    loadtest: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n'
        "echo 'Forwarding from 127.0.0.1:8123 -> 8089'\n"
    )
    kubectl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    await api.add("loadtests", {**loadtest(), "status": {"run": {"number": 3}}})
    assert await katydid("ui", "checkout") == 64
    assert "Run 3 of checkout has no master pod" in capsys.readouterr().err
    await _pod(api, "checkout-3-master", "master", None)
    seed = base64.b64encode(b"ab").decode()
    assert await katydid("ui", "checkout", "--token") == 64
    assert "checkout-3-master has no keys" in capsys.readouterr().err
    reference = {"secretKeyRef": {"name": "checkout-keys-1-2", "key": "seed"}}
    variables = [{"name": "OTHER"}, {"name": "KATYDID_CURVE_SEED", "valueFrom": reference}]
    containers = [{"name": "mesh"}, {"name": "katydid", "env": variables}]
    await api.change("pods", "checkout-3-master", spec={"containers": containers})
    secret = {"name": "checkout-keys-1-2", "namespace": "shop"}
    await api.add("secrets", {"kind": "Secret", "metadata": secret, "data": {"seed": seed}})
    assert await katydid("ui", "checkout", "--port=8123", "--token") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Token for changes: {keys.api_token('ab', 3)}",
        "http://127.0.0.1:8123/  (Ctrl-C ends it)",
    ]
    await api.change("pods", "checkout-3-master", status={"phase": "Succeeded"})
    assert await katydid("ui", "checkout") == 64
    assert "Run 3 of checkout is over" in capsys.readouterr().err
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments[1:] == [
        "port-forward",
        "--namespace=shop",
        "--address=127.0.0.1",
        "pod/checkout-3-master",
        "8123:8089",
    ]


def test_init_writes_once(tmp_path: Path, capsys: Any) -> None:
    folder = tmp_path / "new"
    arguments = ["init", str(folder), "--name=checkout", "--host=http://shop.example:8080"]
    assert main(arguments) == 0
    made = yaml.safe_load((folder / "loadtest.yaml").read_text())
    assert made["metadata"]["name"] == "checkout"
    assert made["spec"]["target"] == {"host": "http://shop.example:8080"}
    assert "class Visitor(HttpUser)" in (folder / "locustfile.py").read_text()
    assert main(arguments) == 64
    assert "init overwrites nothing" in capsys.readouterr().err
    assert main(["init", str(tmp_path), "--name=Not.A.Name"]) == 64
    assert main(["init", str(tmp_path), "--host=shop"]) == 64


def test_bad_usage_ends_with_64(tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["run"])
    assert raised.value.code == 64
    assert main(["convert", "-f", str(tmp_path / "none.yaml")]) == 64
    assert "cannot be read" in capsys.readouterr().err
    assert main(["watch", "x", f"--kubeconfig={tmp_path}/none"]) == 64
    assert "The kubeconfig cannot be used" in capsys.readouterr().err


def test_a_pod_without_a_kubeconfig_needs_a_service_account(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    assert main(["watch", "x"]) == 64
    said = capsys.readouterr().err
    assert "There is no kubeconfig, and the pod's service account cannot be used" in said
    assert main(["watch", "x", f"--kubeconfig={tmp_path}/none"]) == 64
    assert "The kubeconfig cannot be used" in capsys.readouterr().err


async def test_the_door_of_a_pod_is_that_of_its_service_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    (tmp_path / "token").write_text("the-token")
    (tmp_path / "namespace").write_text("shop")
    (tmp_path / "ca.crt").write_bytes(Path(certifi.where()).read_bytes())
    door, namespace = door_of_pod(tmp_path)
    try:
        configuration = door._api.configuration
        assert namespace == "shop"
        assert configuration.host == "https://192.0.2.1:6443"
        key = await configuration.get_api_key_with_prefix("BearerToken")
        assert key == "bearer the-token"
    finally:
        await door.close()


def test_convert_prints_loadtests_and_notes(tmp_path: Path, capsys: Any) -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "t"}, "data": {}}
    spec = {"image": "mine:1", "workers": 2, "args": "-u 5 -t 60", "locustfile": {"content": "x"}}
    old = {"apiVersion": "locust.io/v1", "kind": "LocustTest", "metadata": {"name": "a.b"}}
    file = _write(tmp_path / "old.yaml", config_map, {**old, "spec": spec})
    assert main(["convert", "-f", file]) == 0
    caught = capsys.readouterr()
    kept, made = yaml.safe_load_all(caught.out)
    assert kept == config_map
    assert made["spec"]["load"] == {"users": 5, "runTime": "60s"}
    assert caught.err.splitlines() == [
        "a-b: The name is a-b: a LoadTest's is a DNS label of at most 44 characters.",
        "a-b: The image mine:1 is left out: spec.image needs one that holds katydid.",
    ]
