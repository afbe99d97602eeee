"""The sweep: now and then all LoadTests are listed, in case a watch was silent or lost events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from katydid_operator import names
from katydid_operator.cache import Cache
from katydid_operator.cluster import Cluster
from katydid_operator.errors import ClusterError
from katydid_operator.workqueue import Key, WorkQueue

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 300.0


async def sweep(
    cluster: Cluster, cache: Cache, queue: WorkQueue, namespaces: Sequence[str]
) -> set[Key]:
    """List once: take in what the watch has missed, forget what is gone, look at all. The keys."""
    alive: set[Key] = set()
    known = cache.known()  # what a watch brings while the list is on its way is not gone
    for namespace in namespaces or (None,):
        for body in await cluster.list_all(names.KIND, namespace):
            key = cache.put(body)
            if key is not None:
                alive.add(key)
    for key, uid in known.items():
        if key not in alive:
            cache.forget(key, uid)
    for key in {*known, *alive}:
        queue.add(key)
    return alive


async def keep_sweeping(
    cluster: Cluster,
    cache: Cache,
    queue: WorkQueue,
    namespaces: Sequence[str],
    interval_seconds: float = SWEEP_SECONDS,
) -> None:
    """Sweep for ever."""
    while True:
        await asyncio.sleep(interval_seconds)
        try:
            await sweep(cluster, cache, queue, namespaces)
        except ClusterError as error:
            logger.warning("The sweep failed: %s", error)
