"""LoadTests and settings for the operator's pure parts; the emulated cluster for the rest."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import kmock
import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from katydid_operator.cluster import Cluster
from katydid_operator.loadtest import LoadTest
from katydid_operator.settings import Settings

from .emulator import ApiServer, Kubelet, Master
from .loop import Loop

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
