"""Reconcile one LoadTest: observe → plan → act → report. Level-triggered, repeatable, restartable.

A claim is reported first and acted upon by the next pass. Events follow the write that they are
about; an event that cannot be posted is logged and forgotten.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from katydid_operator import names
from katydid_operator.act import Act
from katydid_operator.actions import Plan
from katydid_operator.cache import Cache
from katydid_operator.cluster import Cluster
from katydid_operator.errors import ClusterError, Conflict, NotFound
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.memory import Memories, Memory
from katydid_operator.metrics import Metrics
from katydid_operator.news import News, is_finished_same, news
from katydid_operator.observe import Observer
from katydid_operator.observed import Observed, text_of
from katydid_operator.plan import plan
from katydid_operator.poller import Poller
from katydid_operator.status import is_due, is_finished, run_number
from katydid_operator.workqueue import Key

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Reconciler:
    """The loop's body; the work queue calls it, never twice at a time for one LoadTest."""

    def __init__(
        self,
        cluster: Cluster,
        cache: Cache,
        poller: Poller,
        act: Act,
        metrics: Metrics,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._poller = poller
        self._act = act
        self._metrics = metrics
        self._clock = clock
        self._observer = Observer(cluster, cache, poller, clock)
        self._memories = Memories()

    async def reconcile(self, key: Key) -> float | None:
        """One pass; returns seconds until the next look, None to wait for something to happen."""
        started = time.perf_counter()
        result = "error"
        try:
            seconds = await self._pass(key)
            result = "success"
            return seconds
        except Conflict:
            result = "conflict"
            await self._refresh(key)
            return 0.0
        finally:
            self._metrics.reconciled(result, time.perf_counter() - started)

    async def _pass(self, key: Key) -> float | None:
        body = self._cache.test(key)
        if body is None or body["metadata"].get("deletionTimestamp"):
            self._forget(key)
            return None
        test = LoadTest(body)
        memory = self._memories.of(key, test, self._clock())
        seen = await self._observer.observe(key, test, memory)
        decided = plan(seen, self._clock())
        self._follow(key, seen, decided)
        known = memory.learned
        for action in decided.actions:
            # Told at once: what was done stays done, though the write after it may fail.
            await self._tell(test, await self._act.do(action, seen, memory))
        await self._report(key, test, decided, memory)
        return 0.0 if memory.learned != known else decided.requeue_seconds

    def _follow(self, key: Key, seen: Observed, decided: Plan) -> None:
        if decided.polls and seen.master is not None:
            run = run_number(seen.test.status)
            self._poller.follow(key, self._act.address(seen.test, run, seen.master.ip))
        elif is_finished(seen.test.status):  # as written: until then the last answer is needed
            self._poller.forget(key)

    async def _report(self, key: Key, test: LoadTest, decided: Plan, memory: Memory) -> None:
        now = self._clock()
        is_written = decided.claims or is_due(test.status, decided.status, now, memory.written_at)
        if not is_written or decided.status == test.status:
            return
        try:
            written = await self._write(test, decided)
        except NotFound:
            self._cache.forget(key, test.uid)
            self._forget(key)
            return
        memory.written_at = now
        self._cache.put({"kind": names.KIND, **written})
        if is_finished(decided.status) and not is_finished_same(test.status, decided.status):
            self._metrics.finished(str(decided.status["verdict"]))
        await self._tell(test, news(test.status, decided.status, test.thresholds))

    async def _tell(self, test: LoadTest, told: Iterable[News]) -> None:
        for one in told:
            await self._post(test, one)

    async def _write(self, test: LoadTest, decided: Plan) -> Json:
        metadata: Json = {"name": test.name, "namespace": test.namespace, "uid": test.uid}
        if "resourceVersion" in test.metadata:
            # Every write is guarded, not the claim alone: an old operator that is being replaced
            # must not write over a verdict that it has not seen.
            metadata["resourceVersion"] = test.metadata["resourceVersion"]
        manifest = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": metadata,
            "status": decided.status,
        }
        return await self._cluster.apply(manifest, subresource="status")

    async def _post(self, test: LoadTest, one: News) -> None:
        level = logging.WARNING if one.is_warning else logging.INFO
        logger.log(level, "%s/%s: %s: %s", test.namespace, test.name, one.reason, one.note)
        now = text_of(self._clock())
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{test.name}.", "namespace": test.namespace},
            "involvedObject": {
                "apiVersion": names.API_VERSION,
                "kind": names.KIND,
                "name": test.name,
                "namespace": test.namespace,
                "uid": test.uid,
            },
            "type": "Warning" if one.is_warning else "Normal",
            "reason": one.reason,
            "message": one.note,
            "source": {"component": names.FIELD_MANAGER},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        try:
            await self._cluster.create(event)
        except ClusterError as error:
            logger.info(
                "%s/%s: event %s was not posted: %s", test.namespace, test.name, one.reason, error
            )

    async def _refresh(self, key: Key) -> None:
        """Somebody was faster: what the cache has is old."""
        known = self._cache.test(key)
        found = await self._cluster.find(names.KIND, *key)
        if found is None:
            # by its UID: one of its name may have come while the answer was on its way
            self._cache.forget(key, LoadTest(known).uid if known else None)
        else:
            self._cache.put({"kind": names.KIND, **found})

    def _forget(self, key: Key) -> None:
        self._poller.forget(key)
        self._memories.forget(key)
