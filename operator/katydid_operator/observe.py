"""Observe one LoadTest: the cache, live GETs where the cache cannot be believed, the last poll."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from katydid_operator import names
from katydid_operator.cache import Cache
from katydid_operator.cluster import Cluster
from katydid_operator.errors import LoadTestError
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.memory import Memory
from katydid_operator.observed import Observed, PodView, job_view, pod_view
from katydid_operator.poller import Poller
from katydid_operator.resources.labels import is_owned_by, run_selector
from katydid_operator.resources.sources import (
    Snapshot,
    SourceProblem,
    referenced,
    snapshot,
)
from katydid_operator.status import condition, is_finished, run_number, wants_run
from katydid_operator.workqueue import Key

LOOK_SECONDS = 30.0
"""How often the pods and the Job of a run are asked for: a watch may be silent, or lose events."""


class Observer:
    """Reads; changes nothing but the cache."""

    def __init__(
        self, cluster: Cluster, cache: Cache, poller: Poller, clock: Callable[[], datetime]
    ) -> None:
        self._cluster = cluster
        self._cache = cache
        self._poller = poller
        self._clock = clock

    async def observe(self, key: Key, test: LoadTest, memory: Memory) -> Observed:
        """Everything that the planner needs to know now."""
        if wants_run(test):
            is_held = test.stop or test.suspend
            sources = None if is_held else await self.sources(test)
            return Observed(test, sources=sources, learned=memory.learned)
        run = run_number(test.status)
        is_confirmed = False
        if not is_finished(test.status):
            is_confirmed = await self._look(key, test, run, memory)
        elif condition(test.status, "ResultsStored").get("status") == "Unknown":
            # After a restart the watch may not have brought the master yet.
            await self._find_missing(key, test, run)
        master = self._master(key, test, run)
        job = self._owned(self._cache.job(key, names.worker_job(test.name, run)), test)
        gone = self._cache.gone_master(key, names.master_pod(test.name, run))
        needs_sources = job is None and not condition(test.status, "WorkersReady")
        return Observed(
            test,
            master=master,
            workers=self._workers(key, job, run),
            job=job_view(job) if job else None,
            is_confirmed=is_confirmed,
            last_words=pod_view(gone).document if self._owned(gone, test) and gone else None,
            reading=self._poller.reading(key, run),
            sources=await self.sources(test)
            if needs_sources and not is_finished(test.status)
            else None,
            learned=memory.learned,
        )

    async def sources(self, test: LoadTest) -> Snapshot | SourceProblem:
        """The snapshot of the sources as they are now."""
        found: dict[str, Json | None] = {}
        try:
            wanted = referenced(test)
        except LoadTestError as error:
            return SourceProblem("InvalidLoadTest", str(error))
        for name in wanted:
            found[name] = await self._cluster.find("ConfigMap", test.namespace, name)
        return snapshot(test, found)

    async def _look(self, key: Key, test: LoadTest, run: int, memory: Memory) -> bool:
        """Ask for what the cache lacks, and now and then for all; True once absences are sure."""
        now = self._clock()
        last = memory.looked_at
        if last is not None and (now - last).total_seconds() < LOOK_SECONDS:
            await self._find_missing(key, test, run)
            return True
        # A watch that begins anew tells nothing of what was deleted in between.
        known = [pod["metadata"]["name"] for pod in self._pods_of(key, run)]
        found = await self._cluster.list_all("Pod", test.namespace, run_selector(test, run))
        for pod in found:
            self._cache.put(pod)
        for name in {*known} - {pod["metadata"]["name"] for pod in found}:
            self._cache.drop("Pod", key, name)
        await self._find("Job", key, names.worker_job(test.name, run))
        memory.looked_at = now
        return True

    async def _find_missing(self, key: Key, test: LoadTest, run: int) -> None:
        master, job = names.master_pod(test.name, run), names.worker_job(test.name, run)
        if self._cache.pod(key, master) is None:
            await self._find("Pod", key, master)
        if self._cache.job(key, job) is None and not is_finished(test.status):
            await self._find("Job", key, job)

    async def _find(self, kind: str, key: Key, name: str) -> None:
        found = await self._cluster.find(kind, key[0], name)
        if found is None:
            self._cache.drop(kind, key, name)
        else:
            self._cache.put({"kind": kind, **found})

    def _pods_of(self, key: Key, run: int) -> list[Json]:
        return [
            pod
            for pod in self._cache.pods(key)
            if pod["metadata"]["labels"].get(names.LABEL_RUN) == str(run)
        ]

    def _master(self, key: Key, test: LoadTest, run: int) -> PodView | None:
        found = self._owned(self._cache.pod(key, names.master_pod(test.name, run)), test)
        return pod_view(found) if found else None

    def _owned(self, child: Json | None, test: LoadTest) -> Json | None:
        return child if child is not None and is_owned_by(child, test.uid) else None

    def _workers(self, key: Key, job: Json | None, run: int) -> tuple[PodView, ...]:
        if job is None:
            return ()
        uid = job["metadata"].get("uid", "")
        found = [pod_view(pod) for pod in self._pods_of(key, run) if is_owned_by(pod, uid)]
        return tuple(sorted(found, key=lambda pod: pod.name))
