from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from katydid_operator.errors import Unavailable
from katydid_operator.workqueue import Key, WorkQueue, asked_pause

A, B = ("ns", "a"), ("ns", "b")
Handle = Callable[[Key], Awaitable[float | None]]


@pytest.fixture
async def start() -> AsyncIterator[Callable[[Handle], WorkQueue]]:
    tasks = []

    def begin(handle: Handle) -> WorkQueue:
        queue = WorkQueue(handle, jitter=lambda: 0.0)
        tasks.append(asyncio.create_task(queue.run(4)))
        return queue

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_worker_per_key_and_additions_are_coalesced(
    start: Callable[[Handle], WorkQueue],
) -> None:
    gate, done = asyncio.Event(), asyncio.Event()
    log: list[str] = []
    busy: set[Key] = set()

    async def handle(key: Key) -> None:
        assert key not in busy
        busy.add(key)
        log.append(f"begin {key[1]}")
        await gate.wait()
        busy.discard(key)
        if log.count("begin a") == 2:
            done.set()

    queue = start(handle)
    queue.add(A)
    queue.add(B)
    while len(log) < 2:
        await asyncio.sleep(0)
    for _ in range(5):
        queue.add(A)  # while it is worked on: once more, not five times
    gate.set()
    await done.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    assert sorted(log) == ["begin a", "begin a", "begin b"]


async def test_what_fails_is_tried_again_later_and_alone(
    start: Callable[[Handle], WorkQueue],
) -> None:
    loop = asyncio.get_running_loop()
    times: list[float] = []
    done = asyncio.Event()

    async def handle(key: Key) -> None:
        if key == A:
            times.append(loop.time())
            if len(times) < 3:
                raise RuntimeError("not yet")
            done.set()

    queue = start(handle)
    queue.add(A)
    queue.add(B)
    await asyncio.wait_for(done.wait(), 60)
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert 0.09 <= pauses[0] < pauses[1]


async def test_the_earliest_time_counts(start: Callable[[Handle], WorkQueue]) -> None:
    seen = asyncio.Event()

    async def handle(key: Key) -> None:
        seen.set()

    queue = start(handle)
    queue.after(60, A)
    queue.after(0.05, A)
    queue.after(60, A)
    await asyncio.wait_for(seen.wait(), 60)
    assert queue._timers == {}


async def test_a_pause_is_asked_for_by_the_return_value(
    start: Callable[[Handle], WorkQueue],
) -> None:
    passes: list[Key] = []
    done = asyncio.Event()

    async def handle(key: Key) -> float | None:
        passes.append(key)
        if len(passes) == 3:
            done.set()
            return None
        return 0.0 if len(passes) == 1 else 0.01

    start(handle).add(A)
    await asyncio.wait_for(done.wait(), 60)
    assert passes == [A, A, A]


def test_a_busy_server_says_when_to_come_back() -> None:
    assert asked_pause(Unavailable("busy", 429, retry_after=7.0)) == 7.0
    assert asked_pause(Unavailable("busy", 429, retry_after=86_400.0)) == 60.0
    assert asked_pause(Unavailable("busy", 429)) == asked_pause(RuntimeError()) == 0.0
