"""The operator as a whole: its parts put together, run until it is told to stop."""

from __future__ import annotations

import asyncio
import base64
import logging
import secrets
from collections.abc import Callable
from typing import Any

import aiohttp
import kopf
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from katydid_operator import handlers, names
from katydid_operator.act import Act
from katydid_operator.cache import Cache
from katydid_operator.cluster import Cluster
from katydid_operator.errors import AlreadyExists, NotFound, SettingsError, Unavailable
from katydid_operator.health import serve
from katydid_operator.master_client import MasterClient
from katydid_operator.metrics import Metrics
from katydid_operator.poller import Poller
from katydid_operator.reconcile import Reconciler, utc_now
from katydid_operator.settings import Settings
from katydid_operator.sweep import keep_sweeping, sweep
from katydid_operator.workqueue import Key, WorkQueue

logger = logging.getLogger(__name__)

KEY_FIELD = "key"
KEY_BYTES = 32
RETRY_SECONDS = 2.0

Login = Callable[..., kopf.ConnectionInfo | None]


async def run(
    settings: Settings, configuration: Configuration, login: Login, stop: asyncio.Event
) -> None:
    """Run the operator until `stop` is set. `login` tells kopf what `configuration` tells us."""
    cache = Cache(settings.ignore_namespaces)
    metrics = Metrics(cache.tests, settings.version)
    cluster = Cluster(ApiClient(configuration), metrics.requested)
    async with aiohttp.ClientSession(trust_env=False) as session:
        masters = MasterClient(session)
        woken: list[WorkQueue] = []
        poller = Poller(masters, lambda key: woken[0].add(key), utc_now, settings.poll_seconds)
        tasks: list[asyncio.Task[Any]] = []
        is_listed = asyncio.Event()
        health = await serve(
            metrics,
            settings.http_port,
            is_listed.is_set,
            lambda: not any(task.done() for task in tasks),
        )
        try:
            key = await operator_key(cluster, settings)
            act = Act(cluster, masters, cache, poller, settings, key, utc_now)
            reconciler = Reconciler(cluster, cache, poller, act, metrics)
            queue = WorkQueue(reconciler.reconcile)
            woken.append(queue)
            await _first_sweep(cluster, cache, queue, settings)
            is_listed.set()
            tasks += [
                asyncio.create_task(queue.run(settings.workers)),
                asyncio.create_task(
                    keep_sweeping(cluster, cache, queue, settings.watch_namespaces)
                ),
                asyncio.create_task(_watch(settings, cache, queue, poller, login, stop)),
                asyncio.create_task(stop.wait()),
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            stop.set()
            for task in done:
                task.result()
        finally:
            poller.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await health.cleanup()
            await cluster.close()


async def _first_sweep(
    cluster: Cluster, cache: Cache, queue: WorkQueue, settings: Settings
) -> set[Key]:
    while True:
        try:
            return await sweep(cluster, cache, queue, settings.watch_namespaces)
        except Unavailable as error:
            logger.warning("%s", error)
            await asyncio.sleep(RETRY_SECONDS)


async def _watch(
    settings: Settings,
    cache: Cache,
    queue: WorkQueue,
    poller: Poller,
    login: Login,
    stop: asyncio.Event,
) -> None:
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(login)
    handlers.register(registry, cache, queue, poller)
    kopf_settings = kopf.OperatorSettings()
    handlers.configure(kopf_settings)
    # Not kopf.operator(): at its end it cancels every task of the process that began after it.
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=kopf_settings,
        standalone=True,
        clusterwide=not settings.watch_namespaces,
        namespaces=settings.watch_namespaces,
        # Left to itself, kopf asks for the user's name, which a numeric user in a pod lacks.
        identity=names.FIELD_MANAGER,  # type: ignore[arg-type]  # a NewType that kopf keeps private
        stop_flag=stop,
    )
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def operator_key(cluster: Cluster, settings: Settings) -> bytes:
    """The operator's own key, from its Secret; made at the first start."""
    while True:
        try:
            found = await cluster.get("Secret", settings.namespace, settings.key_secret)
            key = base64.b64decode((found.get("data") or {}).get(KEY_FIELD, ""))
            if key:
                return key
            raise SettingsError(
                f"The Secret {settings.namespace}/{settings.key_secret} has no {KEY_FIELD}: "
                "delete it, and a new one is made."
            )
        except NotFound:
            await _make_key(cluster, settings)
        except Unavailable as error:
            logger.warning("%s", error)
            await asyncio.sleep(RETRY_SECONDS)


async def _make_key(cluster: Cluster, settings: Settings) -> None:
    value = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": settings.key_secret,
            "namespace": settings.namespace,
            "labels": {names.LABEL_NAME: "katydid", names.LABEL_MANAGED_BY: "katydid-operator"},
        },
        "type": "Opaque",
        "data": {KEY_FIELD: value},
    }
    try:
        await cluster.create(manifest)
    except AlreadyExists:
        return  # another one was faster; its key counts
