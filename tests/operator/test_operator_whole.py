"""The whole operator, kopf's watches included, against the emulated API server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import kopf
import pytest
from kubernetes.aio.client.configuration import Configuration

from katydid_operator.running import run
from katydid_operator.settings import Settings

Json = dict[str, Any]


async def until(check: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for something to become true; its value. Long enough for a machine that is busy."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := check()):
        assert asyncio.get_running_loop().time() < deadline, "it did not come about"
        await asyncio.sleep(0.02)
    return found


def phase(api: Any, name: str = "checkout") -> str:
    test = api.of("loadtests", name) or {}
    return str((test.get("status") or {}).get("phase"))


def is_true(api: Any, kind: str) -> str:
    status = (api.of("loadtests", "checkout") or {}).get("status") or {}
    return next((c["status"] for c in status.get("conditions", ()) if c["type"] == kind), "")


@pytest.fixture
async def start(
    api: Any, unused_tcp_port_factory: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Any]:
    """Starts an operator; the function it gives stops it again. No pass may fail unforeseen."""
    stops: list[Callable[[], Awaitable[None]]] = []

    async def begin() -> Callable[[], Awaitable[None]]:
        settings = Settings(
            runner_image="runner:1",
            http_port=unused_tcp_port_factory(),
            namespace="shop",
            poll_seconds=0.5,
        )
        stop = asyncio.Event()
        url = str(api.url).rstrip("/")
        task = asyncio.create_task(
            run(
                settings, Configuration(host=url), lambda **_: kopf.ConnectionInfo(server=url), stop
            )
        )

        async def end() -> None:
            stop.set()
            await task

        stops.append(end)
        return end

    yield begin
    for end in stops:
        await end()
    failed = [record.getMessage() for record in caplog.records if "workqueue" in record.name]
    assert [text for text in failed if "Unavailable: injected" not in text] == []


async def to_running(api: Any, kubelet: Any, master: Any) -> None:
    await until(lambda: api.of("jobs", "checkout-1-worker"))
    await kubelet.start_workers("checkout-1-worker")
    await kubelet.start_master("checkout-1-master", master.ip)
    master.runs()
    await kubelet.start_master("checkout-1-master", master.ip, ready=True)
    await until(lambda: phase(api) == "Running")


async def test_a_run_from_apply_to_verdict(
    api: Any, kubelet: Any, master: Any, start: Any, loadtest: Callable[..., Json]
) -> None:
    await start()
    await api.add("loadtests", loadtest())
    await to_running(api, kubelet, master)
    await until(lambda: is_true(api, "WorkersReady") == "True")
    await until(lambda: api.of("loadtests", "checkout")["status"].get("load"))
    master.ends()
    await until(lambda: phase(api) == "Succeeded")
    await until(lambda: is_true(api, "ResultsStored") == "True")
    status = api.of("loadtests", "checkout")["status"]
    assert status["verdict"] == "Passed"
    assert status["load"]["requests"] == 50
    assert api.of("configmaps", "checkout-results")["binaryData"] == {
        "results.tar.gz": "YXJjaGl2ZQ=="
    }
    assert api.names_of("configmaps") == [
        "checkout-1-spec",
        "checkout-1-src-0",
        "checkout-results",
    ]
    assert api.of("secrets", "katydid-operator-key") is not None
    await until(lambda: len(api.names_of("events")) >= 3)
    # Each child was created once; the whole run is few writes.
    posts = [write for write in api.writes if write[0] == "POST" and write[1] != "events"]
    assert len(posts) == len(set(posts)) == 6
    assert len(api.writes) <= 25


async def test_an_edit_reaches_the_master_and_the_job(
    api: Any, kubelet: Any, master: Any, start: Any, loadtest: Callable[..., Json]
) -> None:
    await start()
    await api.add("loadtests", loadtest())
    await to_running(api, kubelet, master)
    spec = {
        **loadtest()["spec"],
        "load": {"users": 20, "runTime": "1m"},
        "workers": {"replicas": 3},
    }
    await api.change("loadtests", "checkout", spec=spec)
    await until(lambda: master.puts)
    assert master.puts[0]["load"]["users"] == 20
    assert master.puts[0]["generation"] == 2
    assert len(master.tokens[0]) == len("Bearer ") + 64
    await until(lambda: api.of("jobs", "checkout-1-worker")["spec"]["completions"] == 3)


async def test_the_operator_is_away_when_the_run_ends(
    api: Any, kubelet: Any, master: Any, start: Any, loadtest: Callable[..., Json]
) -> None:
    end = await start()
    await api.add("loadtests", loadtest())
    await to_running(api, kubelet, master)
    await end()
    summary = {"final": True, "verdict": "Failed", "reason": "ThresholdBreached", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    before = len([write for write in api.writes if write[0] == "POST"])
    await start()
    await until(lambda: phase(api) == "Failed")
    status = api.of("loadtests", "checkout")["status"]
    assert (status["verdict"], status["reason"]) == ("Failed", "ThresholdBreached")
    created = [w for w in api.writes[before:] if w[0] == "POST" and w[1] != "events"]
    assert all(write[1] not in ("pods", "jobs") for write in created[before:])
    assert api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_killed_operator_creates_nothing_twice(
    api: Any, kubelet: Any, master: Any, start: Any, loadtest: Callable[..., Json]
) -> None:
    end = await start()
    await api.add("loadtests", loadtest())
    await until(lambda: api.of("pods", "checkout-1-master"))
    await end()
    await start()
    await to_running(api, kubelet, master)
    posts = [w for w in api.writes if w[0] == "POST" and w[1] in ("pods", "jobs")]
    assert len(posts) <= 3  # a Job may have been asked for by both
    assert api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_deleted_test_leaves_nothing_and_its_name_is_started_anew(
    api: Any, kubelet: Any, start: Any, loadtest: Callable[..., Json]
) -> None:
    await start()
    await api.add("loadtests", loadtest())
    await until(lambda: api.of("jobs", "checkout-1-worker"))
    await api.remove("loadtests", "checkout")
    assert api.names_of("pods") == []
    await api.add("loadtests", loadtest())
    await until(lambda: api.of("jobs", "checkout-1-worker"))


async def test_watches_that_die_and_a_server_that_is_busy(
    api: Any, kubelet: Any, master: Any, start: Any, loadtest: Callable[..., Json]
) -> None:
    await start()
    api.faults += [
        ["PATCH", "loadtests", 500, 2],
        ["POST", "pods", 429, 2],
        ["POST", "jobs", 503, 1],
        ["PATCH", "loadtests", 409, 1],
    ]
    await api.add("loadtests", loadtest())
    await until(lambda: api.of("jobs", "checkout-1-worker"))
    api.kill_watches()
    await to_running(api, kubelet, master)
    api.kill_watches()
    master.ends()
    await until(lambda: phase(api) == "Succeeded")
    assert api.names_of("pods") == ["checkout-1-master", "checkout-1-worker-0-x"]
    assert all(fault[3] == 0 for fault in api.faults)
