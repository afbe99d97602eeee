"""One poll per running test: the latest reading of each master, in memory.

A reading is never needed for a decision that the kubelet can answer; it adds numbers, and it
often brings the final summary first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from katydid_operator.errors import MasterError
from katydid_operator.master_client import MasterAddress, MasterClient
from katydid_operator.observed import Reading
from katydid_operator.workqueue import Key

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 1.0  # while a run is about to begin or to end
SHORTEST_SECONDS = 0.25  # between two polls, however often something happens
_RUNNING = "running"


@dataclass
class _Followed:
    address: MasterAddress
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    reading: Reading = field(default_factory=Reading)
    task: asyncio.Task[None] | None = None


class Poller:
    """Polls every followed master; tells `on_reading` about each answer and each new failure."""

    def __init__(
        self,
        client: MasterClient,
        on_reading: Callable[[Key], None],
        clock: Callable[[], datetime],
        interval_seconds: float,
    ) -> None:
        self._client = client
        self._on_reading = on_reading
        self._clock = clock
        self._interval = interval_seconds
        self._followed: dict[Key, _Followed] = {}

    def follow(self, key: Key, address: MasterAddress) -> None:
        """Poll this master from now on; another run or address begins anew."""
        before = self._followed.get(key)
        if before is not None:
            if before.address.run == address.run:
                if before.address != address:
                    before.address = address
                    before.wake.set()
                return
            self.forget(key)
        followed = self._followed[key] = _Followed(address)
        followed.task = asyncio.create_task(self._run(key, followed))

    def forget(self, key: Key) -> None:
        followed = self._followed.pop(key, None)
        if followed is not None and followed.task is not None:
            followed.task.cancel()

    def poke(self, key: Key) -> None:
        """Poll now: something about the master has changed."""
        followed = self._followed.get(key)
        if followed is not None:
            followed.wake.set()

    def reading(self, key: Key, run: int) -> Reading:
        """The latest reading of that run's master."""
        followed = self._followed.get(key)
        return followed.reading if followed and followed.address.run == run else Reading()

    def close(self) -> None:
        for key in list(self._followed):
            self.forget(key)

    async def _run(self, key: Key, followed: _Followed) -> None:
        while True:
            followed.wake.clear()
            await self._poll(key, followed)
            if (followed.reading.document or {}).get("final") is True:
                return
            await asyncio.sleep(SHORTEST_SECONDS)  # whatever wakes us, masters have work to do
            try:
                rest = self._pause(followed.reading) - SHORTEST_SECONDS
                await asyncio.wait_for(followed.wake.wait(), rest)
            except TimeoutError:
                continue

    async def _poll(self, key: Key, followed: _Followed) -> None:
        before = followed.reading
        try:
            document = await self._client.status(followed.address)
        except MasterError as error:
            since = before.failing_since or self._clock()
            followed.reading = replace(before, failing_since=since, error=str(error))
            if before.failing_since is not None:
                return
        else:
            followed.reading = Reading(document, self._clock())
        self._on_reading(key)

    def _pause(self, reading: Reading) -> float:
        is_steady = reading.failing_since or (reading.document or {}).get("state") == _RUNNING
        return self._interval if is_steady else min(CLOSE_SECONDS, self._interval)
