"""`logs`: the logs of all pods of a run, merged by time, each line with its pod in front."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

from katydid_operator import names
from katydid_operator.errors import ClusterError
from katydid_operator.kubectl.door import Door
from katydid_operator.kubectl.runs import current_run, is_finished, load_test
from katydid_operator.loadtest import Json

POLL_SECONDS = 2.0
AT_ONCE = 20  # logs that are read at a time when none is followed

Say = Callable[[str], None]


def title(pod: Json) -> str:
    """`master`, `worker-3`."""
    metadata = pod["metadata"]
    role = (metadata.get("labels") or {}).get(names.LABEL_ROLE) or metadata["name"]
    index = (metadata.get("annotations") or {}).get(names.COMPLETION_INDEX)
    return f"{role}-{index}" if index is not None else str(role)


def selector(name: str, run: int) -> str:
    return f"{names.LABEL_LOADTEST}={name},{names.LABEL_RUN}={run}"


async def show(door: Door, namespace: str, name: str, run: int | None, say: Say) -> int:
    """Print what there is, in the order of time; returns the number of pods."""
    status = (await load_test(door, namespace, name)).get("status") or {}
    pods = await door.list_all("Pod", namespace, selector(name, run or current_run(status)))
    gate = asyncio.Semaphore(AT_ONCE)
    width = max((len(title(pod)) for pod in pods), default=0)

    async def one(pod: Json) -> list[tuple[str, str]]:
        async with gate:
            return await _lines(door, namespace, pod, width)

    for _, line in heapq.merge(*await asyncio.gather(*map(one, pods)), key=lambda pair: pair[0]):
        say(line)
    return len(pods)


async def _lines(door: Door, namespace: str, pod: Json, width: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    try:
        async for line in door.log_lines(namespace, pod["metadata"]["name"], follow=False):
            when, _, text = line.partition(" ")
            found.append((when, f"{title(pod):<{width}} | {text}"))
    except ClusterError as error:
        found.append(("", f"{title(pod):<{width}} | (no log: {error})"))
    return found


async def follow(
    door: Door,
    namespace: str,
    name: str,
    say: Say,
    run: int | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> int:
    """Print lines as they come, of pods that come later too, until the run is over.

    Returns the number of pods seen.
    """
    streams: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            status = (await load_test(door, namespace, name)).get("status") or {}
            run = run or current_run(status)
            for pod in await door.list_all("Pod", namespace, selector(name, run)):
                uid = pod["metadata"]["uid"]
                if uid not in streams and _has_started(pod):
                    streams[uid] = asyncio.create_task(
                        _stream(door, namespace, pod, say, poll_seconds)
                    )
            if is_finished(status, run):
                if streams:  # the last lines; a master that lingers has no more to say
                    await asyncio.wait(streams.values(), timeout=poll_seconds)
                return len(streams)
            await asyncio.sleep(poll_seconds)
    finally:
        for task in streams.values():
            task.cancel()
        await asyncio.gather(*streams.values(), return_exceptions=True)


def _has_started(pod: Json) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    states = [one.get("state") or {} for one in statuses if one.get("name") == names.CONTAINER]
    return any("running" in state or "terminated" in state for state in states)


async def _stream(door: Door, namespace: str, pod: Json, say: Say, poll_seconds: float) -> None:
    """One pod's log; a container that is started again is followed again."""
    name, since = pod["metadata"]["name"], ""
    while True:
        try:
            async for line in door.log_lines(namespace, name, True, since):
                when, _, text = line.partition(" ")
                if when > since:
                    say(f"{title(pod):<10} | {text}")
                    since = when
            now = await door.find("Pod", namespace, name)
        except ClusterError as error:
            say(f"{title(pod):<10} | (no log: {error})")
            return
        if now is None or (now.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return
        await asyncio.sleep(poll_seconds)
