"""A keyed work queue: one worker per key at a time, coalesced, retried with growing pauses.

A key that is added while it is being worked on is worked on once more afterwards. What the
handler raises is logged and retried; what it returns is when to look again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from katydid_operator.errors import ClusterError

logger = logging.getLogger(__name__)

Key = tuple[str, str]  # namespace, name

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 60.0


class WorkQueue:
    """Keys that wait for `handle`, which returns seconds until the next look, or None."""

    def __init__(
        self,
        handle: Callable[[Key], Awaitable[float | None]],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._handle = handle
        self._jitter = jitter  # 0 … 1
        self._ready: asyncio.Queue[Key] = asyncio.Queue()
        self._queued: set[Key] = set()
        self._busy: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}

    def add(self, key: Key) -> None:
        """Work on the key as soon as a worker is free."""
        if key in self._busy:
            self._again.add(key)
        elif key not in self._queued:
            self._queued.add(key)
            self._ready.put_nowait(key)

    def after(self, seconds: float, key: Key) -> None:
        """Work on the key that much later; the earliest of several times counts."""
        if seconds <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        pending = self._timers.get(key)
        when = loop.time() + seconds
        if pending is not None:
            if pending.when() <= when:
                return
            pending.cancel()
        self._timers[key] = loop.call_at(when, self._fire, key)

    async def run(self, workers: int) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        finally:
            for timer in self._timers.values():
                timer.cancel()
            self._timers.clear()

    async def _work(self) -> None:
        while True:
            key = await self._ready.get()
            self._queued.discard(key)
            self._busy.add(key)
            try:
                seconds = await self._handle(key)
                self._failures.pop(key, None)
                if seconds is not None:
                    self.after(seconds, key)
            except Exception as error:  # noqa: BLE001 - a boundary: one key must not stop the others
                pause = max(self._pause(key), asked_pause(error))
                logger.warning("%s/%s: %s; again in %.1f s", *key, _sentence(error), pause)
                self.after(pause, key)
            finally:
                self._busy.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    def _pause(self, key: Key) -> float:
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        longest: float = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(count, 16))
        return longest * (0.5 + self._jitter() / 2)

    def _fire(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)


def asked_pause(error: Exception) -> float:
    """Seconds that a busy server asked to be left alone for, within reason; 0 for none."""
    asked = error.retry_after if isinstance(error, ClusterError) else None
    return min(asked or 0.0, LONGEST_PAUSE_SECONDS)


def _sentence(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else 'no message'}"
