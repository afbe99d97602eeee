"""The reconciler alone against the emulated API server: no watch at all, and a clock of its own.

Without kopf nothing tells the cache what happens: that is a watch that went silent, and the worst
of stale indexes. Every step here is one pass of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from katydid_operator.act import Act
from katydid_operator.cache import Cache
from katydid_operator.cluster import Cluster
from katydid_operator.master_client import MasterClient
from katydid_operator.metrics import Metrics
from katydid_operator.observed import Reading
from katydid_operator.poller import Poller
from katydid_operator.reconcile import Reconciler
from katydid_operator.settings import Settings

Json = dict[str, Any]
KEY = ("shop", "checkout")


class Loop:
    """One LoadTest, its reconciler and its time."""

    def __init__(
        self, api: Any, cluster: Cluster, session: aiohttp.ClientSession, key: bytes = b"k" * 32
    ) -> None:
        self.api = api
        self.cluster = cluster
        self.session = session
        self.cache = Cache()
        self.now = datetime.now(UTC)
        masters = MasterClient(session)
        self.poller = Poller(masters, lambda _: None, self.clock, 5.0)
        settings = Settings(runner_image="runner:1")
        self.metrics = Metrics(self.cache.tests, "1")
        act = Act(cluster, masters, self.cache, self.poller, settings, key, self.clock)
        self.reconciler = Reconciler(
            cluster, self.cache, self.poller, act, self.metrics, self.clock
        )

    def clock(self) -> datetime:
        return self.now

    @property
    def status(self) -> Json:
        return self.api.of("loadtests", "checkout").get("status") or {}

    async def see(self) -> None:
        """Take the LoadTest in, as the first listing does."""
        self.cache.put(self.api.of("loadtests", "checkout"))

    async def step(self, seconds: float = 0.0) -> float | None:
        self.now += timedelta(seconds=seconds)
        return await self.reconciler.reconcile(KEY)

    def events(self, reason: str | None = None) -> list[str]:
        """Messages of the events with this reason; without one, the reasons."""
        found = [self.api.of("events", name) for name in self.api.names_of("events")]
        if reason is None:
            return [one["reason"] for one in found]
        return [one["message"] for one in found if one["reason"] == reason]

    async def settle(self, seconds: float = 0.0) -> float | None:
        """Passes until the loop wants to rest."""
        pause = await self.step(seconds)
        for _ in range(20):
            if pause != 0:
                return pause
            pause = await self.step()
        raise AssertionError("the loop never rests")


async def until_read(loop: Loop, check: Callable[[Reading], Any]) -> None:
    """Wait for a poll, which is a task of its own."""
    while not check(loop.poller.reading(KEY, 1)):
        await asyncio.sleep(0.01)


async def begin(loop: Loop, body: Json) -> None:
    await loop.api.add("loadtests", body)
    await loop.see()
    await loop.settle()


async def run_master(loop: Loop, kubelet: Any, ip: str = "127.0.0.99") -> None:
    """Workers and master are up and ready, and nobody tells the operator but its own looks."""
    await kubelet.start_workers("checkout-1-worker")
    await kubelet.start_master("checkout-1-master", ip, ready=True)
    await loop.settle(31)
