"""The doors to Kubernetes and to the masters: errors, limits, readings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from katydid_operator.cluster import Cluster, error_of
from katydid_operator.errors import (
    AlreadyExists,
    Broken,
    ClusterError,
    Conflict,
    MasterError,
    NotFound,
    Refused,
    Unavailable,
)
from katydid_operator.health import serve
from katydid_operator.master_client import MasterAddress, MasterClient, ResultsTooLarge
from katydid_operator.metrics import Metrics
from katydid_operator.poller import Poller

KEY = ("shop", "checkout")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.mark.parametrize(
    ("verb", "status", "kind"),
    [
        ("get", 404, NotFound),
        ("create", 409, Conflict),  # a quota that is counted at the same moment
        ("apply", 409, Conflict),
        ("create", 403, Refused),
        ("apply", 422, Refused),
        ("get", 401, Unavailable),
        ("get", 429, Unavailable),
        ("get", 500, Broken),
        ("get", 503, Unavailable),
    ],
)
def test_refusals_by_status(verb: str, status: int, kind: type[ClusterError]) -> None:
    error = error_of(verb, status, b'{"message": "no", "reason": "R"}', "7")
    assert type(error) is kind
    assert type(error_of("create", 409, b'{"reason": "AlreadyExists"}')) is AlreadyExists
    assert type(error_of("create", 409, b"?")) is AlreadyExists
    assert type(error_of("create", 500, b"?")) is Unavailable
    assert (str(error), error.status, error.reason, error.retry_after) == ("no", status, "R", 7.0)
    assert str(error_of(verb, status, b"<html>")) == f"HTTP {status}"


async def test_a_server_that_is_not_there(unused_tcp_port: int) -> None:
    seen: list[tuple[Any, ...]] = []
    configuration = Configuration(host=f"http://127.0.0.1:{unused_tcp_port}")
    cluster = Cluster(ApiClient(configuration), lambda *request: seen.append(request[:3]))
    with pytest.raises(Unavailable, match="does not answer"):
        await cluster.get("Pod", "shop", "x")
    assert seen == [("get", "pods", 0)]
    await cluster.close()


async def test_objects_come_and_go(api: Any) -> None:
    cluster = Cluster(ApiClient(Configuration(host=str(api.url).rstrip("/"))))
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "shop"},
        "data": {"k": "v"},
    }
    await cluster.create(manifest, dry_run=True)
    assert await cluster.find("ConfigMap", "shop", "a") is None
    made = await cluster.create(manifest)
    assert (await cluster.get("ConfigMap", "shop", "a"))["metadata"]["uid"] == (
        made["metadata"]["uid"]
    )
    with pytest.raises(AlreadyExists):
        await cluster.create(manifest)
    applied = await cluster.apply({**manifest, "data": {"k": "w"}})
    assert applied["data"] == {"k": "w"}
    assert [one["kind"] for one in await cluster.list_all("ConfigMap", "shop")] == ["ConfigMap"]
    await cluster.delete("ConfigMap", "shop", "a")
    await cluster.delete("ConfigMap", "shop", "a")
    assert await cluster.find("ConfigMap", "shop", "a") is None
    await cluster.close()


def test_addresses_of_both_families() -> None:
    assert MasterAddress("10.0.0.1", 1, "t").url("status") == "http://10.0.0.1:8089/api/v1/status"
    assert MasterAddress("fd00::1", 1, "t").url("live") == "http://[fd00::1]:8089/api/v1/live"
    assert "hidden" not in repr(MasterAddress("10.0.0.1", 1, "hidden"))


async def test_a_master_s_answers(session: aiohttp.ClientSession, master: Any) -> None:
    client, address = MasterClient(session), MasterAddress(master.ip, 1, "token")
    assert (await client.status(address))["state"] == "ready"
    await client.put_live(address, {"generation": 5})
    assert master.tokens == ["Bearer token"]
    assert await client.results(address, 100) == b"archive"
    with pytest.raises(ResultsTooLarge):
        await client.results(address, 3)
    with pytest.raises(MasterError, match="another run"):
        await client.status(MasterAddress(master.ip, 2, "token"))
    with pytest.raises(MasterError):
        await client.status(MasterAddress("127.0.0.98", 1, "token"))


async def test_the_poller_reads_and_forgets(session: aiohttp.ClientSession, master: Any) -> None:
    readings: asyncio.Queue[Any] = asyncio.Queue()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    poller = Poller(MasterClient(session), readings.put_nowait, lambda: now, 60.0)
    poller.follow(KEY, MasterAddress(master.ip, 1, "t"))
    assert await asyncio.wait_for(readings.get(), 60) == KEY
    assert poller.reading(KEY, 1).document == master.document
    assert poller.reading(KEY, 2).document is None
    master.runs()
    poller.poke(KEY)
    await asyncio.wait_for(readings.get(), 60)
    poller.follow(KEY, MasterAddress("127.0.0.98", 1, "t"))  # its pod has another address now
    await asyncio.wait_for(readings.get(), 60)
    failing = poller.reading(KEY, 1)
    assert (failing.failing_since, failing.at) == (now, now)
    assert (failing.document or {})["state"] == "running"
    assert failing.error
    master.ends()
    poller.follow(KEY, MasterAddress(master.ip, 1, "t"))
    await asyncio.wait_for(readings.get(), 60)
    polls = master.polls
    poller.poke(KEY)
    await asyncio.sleep(0.3)  # longer than the shortest pause: a final answer is not asked again
    assert master.polls == polls
    poller.close()
    assert poller.reading(KEY, 1).document is None


STATUS = {
    "phase": "Succeeded",
    "verdict": "Passed",
    "workers": {"desired": 2, "ready": 1},
    "run": {
        "number": 3,
        "startedAt": "2026-01-01T00:00:00Z",
        "loadStartedAt": "2026-01-01T00:00:10Z",
        "finishedAt": "2026-01-01T00:01:10Z",
    },
    "load": {"requests": 100, "failures": 4, "failPercent": "4.00", "rps": "1.7", "p95Ms": "250.0"},
    "history": [{"number": 3, "users": 12}],
}


async def test_metrics_and_health(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    tests = [{"metadata": {"namespace": "shop", "name": "checkout"}, "status": STATUS}]
    metrics = Metrics(lambda: tests, "1.2.3")
    metrics.requested("get", "pods", 200, 0.01)
    metrics.reconciled("success", 0.01)
    metrics.finished("Passed")
    is_ready = False
    runner = await serve(metrics, unused_tcp_port, lambda: is_ready, lambda: True)
    base = f"http://127.0.0.1:{unused_tcp_port}"

    async def get(path: str) -> tuple[int, str]:
        async with session.get(base + path) as response:
            return response.status, await response.text()

    assert await get("/healthz") == (200, "ok")
    assert (await get("/readyz"))[0] == 503
    is_ready = True
    assert await get("/readyz") == (200, "ok")
    lines = set((await get("/metrics"))[1].splitlines())
    one = 'loadtest="checkout",loadtest_namespace="shop"'
    run = f'{one},run="3"'
    for line in (
        'katydid_operator_info{version="1.2.3"} 1.0',
        'katydid_operator_kube_requests_total{code="200",resource="pods",verb="get"} 1.0',
        'katydid_operator_reconcile_total{handler="loadtest",result="success"} 1.0',
        'katydid_loadtest_runs_total{result="Passed"} 1.0',
        'katydid_loadtests{loadtest_namespace="shop",phase="Succeeded"} 1.0',
        f'katydid_loadtest_phase{{{one},phase="Succeeded"}} 1.0',
        f'katydid_loadtest_phase{{{one},phase="Running"}} 0.0',
        f'katydid_loadtest_workers{{{one},state="ready"}} 1.0',
        f"katydid_loadtest_result_requests{{{run}}} 100.0",
        f"katydid_loadtest_result_failures{{{run}}} 4.0",
        f"katydid_loadtest_result_failure_ratio{{{run}}} 0.04",
        f"katydid_loadtest_result_requests_per_second{{{run}}} 1.7",
        f"katydid_loadtest_result_users_peak{{{run}}} 12.0",
        f"katydid_loadtest_result_duration_seconds{{{run}}} 60.0",
        f"katydid_loadtest_result_passed{{{run}}} 1.0",
    ):
        assert line in {_sorted(found) for found in lines}, line
    quantile = 'quantile="0.95"'
    assert any(
        found.startswith("katydid_loadtest_result_response_time_seconds")
        and quantile in found
        and found.endswith(" 0.25")
        for found in lines
    )
    tests.clear()  # a deleted resource takes its series with it
    assert "checkout" not in (await get("/metrics"))[1]
    await runner.cleanup()


def _sorted(line: str) -> str:
    """The line with its labels in alphabetical order."""
    name, brace, rest = line.partition("{")
    labels, _, value = rest.partition("}")
    return f"{name}{{{','.join(sorted(labels.split(',')))}}}{value}" if brace else line
