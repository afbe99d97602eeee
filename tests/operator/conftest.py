"""LoadTests and settings for the operator's pure parts; the emulated cluster for the rest."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import kmock
import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from katydid_operator.cluster import Cluster
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.observed import (
    JobView,
    Observed,
    Reading,
)
from katydid_operator.plan import plan
from katydid_operator.resources.workers import live_part
from katydid_operator.settings import Settings
from katydid_operator.status import run_id

from .emulator import ApiServer, Kubelet, Master
from .loop import Loop
from .planning import (
    FINAL,
    NOW,
    RUNNING,
    SELECTOR,
    Make,
    ago,
    worker,
)
from .planning import master as master_pod

UID = "0b5c1d4e-7a8f-4c3d-9e21-5f6a7b8c9d0e"


@pytest.fixture
def settings() -> Settings:
    return Settings(runner_image="runner:1", version="1.2.3")


@pytest.fixture
def make_test() -> Callable[..., LoadTest]:
    """A LoadTest: the smallest spec with `spec` over it, and `metadata`, `status`."""

    def make(
        spec: dict[str, Any] | None = None,
        status: dict[str, Any] | None = None,
        **metadata: Any,
    ) -> LoadTest:
        resource: dict[str, Any] = {
            "apiVersion": "katydid.dev/v1alpha1",
            "kind": "LoadTest",
            "metadata": {
                "name": "checkout",
                "namespace": "shop",
                "uid": UID,
                "generation": 1,
                "resourceVersion": "7",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                **metadata,
            },
            "spec": {
                "source": {"inline": {"locustfile.py": "pass\n"}},
                "load": {"users": 10, "runTime": "1m"},
                **(spec or {}),
            },
        }
        if status is not None:
            resource["status"] = status
        return LoadTest(resource)

    return make


@pytest.fixture
async def api() -> AsyncIterator[ApiServer]:
    handler = ApiServer()
    handler.start()
    async with handler, kmock.Server(handler):
        yield handler


@pytest.fixture
def kubelet(api: ApiServer) -> Kubelet:
    return Kubelet(api)


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    number = os.getpid()  # its port is fixed: another run of these tests has another address
    async with Master(f"127.21.{number // 250 % 250}.{number % 250 + 1}") as running:
        yield running


@pytest.fixture
def loadtest() -> Callable[..., dict[str, Any]]:
    def make(**spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "katydid.dev/v1alpha1",
            "kind": "LoadTest",
            "metadata": {"name": "checkout", "namespace": "shop"},
            "spec": {
                "source": {"inline": {"locustfile.py": "pass\n"}},
                "load": {"users": 10, "runTime": "1m"},
                "workers": {"replicas": 1},
                **spec,
            },
        }

    return make


@pytest.fixture
async def loop(api: ApiServer) -> AsyncIterator[Loop]:
    cluster = Cluster(ApiClient(Configuration(host=str(api.url).rstrip("/"))))
    async with aiohttp.ClientSession() as session:
        made = Loop(api, cluster, session)
        yield made
        made.poller.close()
    await cluster.close()


@pytest.fixture
def starting(make_test: Make) -> Callable[..., Observed]:
    """A run whose pods were created `seconds` ago and make no load yet."""

    def make(spec: Json | None = None, seconds: float = 3.0, **seen: Any) -> Observed:
        test = make_test(spec)
        status: Json = {
            "observedGeneration": 1,
            "phase": "Starting",
            "reason": "Launched",
            "run": {"number": 1, "id": run_id(test, 1), "startedAt": ago(seconds)},
            "workers": {"desired": 1, "selector": SELECTOR, "lost": 0},
            "conditions": [
                {
                    "type": "WorkersReady",
                    "status": "False",
                    "reason": "Starting",
                    "message": "",
                    "lastTransitionTime": ago(seconds),
                }
            ],
        }
        test = make_test(spec, status=status)
        given: dict[str, Any] = {
            "master": master_pod(),
            "workers": (worker(),),
            "job": JobView("checkout-1-worker", live_part(test), active=1),
            "is_confirmed": True,
            **seen,
        }
        return Observed(test, **given)

    return make


@pytest.fixture
def running(starting: Callable[..., Observed], make_test: Make) -> Callable[..., Observed]:
    """A run that has made load for ten seconds."""

    def make(spec: Json | None = None, generation: int = 1, **seen: Any) -> Observed:
        base = starting(spec, 13.0)
        status = {
            **base.test.status,
            "phase": "Running",
            "reason": "LoadRunning",
            "load": {"users": 10, "requests": 100, "rps": "20.0"},
        }
        status["run"] = {**status["run"], "loadStartedAt": ago(10)}
        test = make_test(spec, status=status, generation=generation)
        given: dict[str, Any] = {
            "master": master_pod(is_ready=True, ready_since=NOW - timedelta(seconds=10)),
            "reading": Reading(RUNNING, NOW),
            **seen,
        }
        return replace(base, test=test, **given)

    return make


@pytest.fixture
def finished(running: Callable[..., Observed], make_test: Make) -> Callable[..., Observed]:
    """A run that has passed `seconds` ago, and whose results are still with the master."""

    def make(
        spec: Json | None = None, seconds: float = 1.0, verdict: str = "Passed", **seen: Any
    ) -> Observed:
        base = running()
        document = {**FINAL, "verdict": verdict}
        ended_ = plan(replace(base, reading=Reading(document, NOW)), NOW)
        status = ended_.status
        status["run"]["finishedAt"] = ago(seconds)
        return replace(base, test=make_test(spec, status=status), **seen)

    return make
