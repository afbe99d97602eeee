"""Act: one method per action of the planner. What is learned goes into the memory.

Immutable children are created by POST. One that exists counts as ours only if its controller has
our UID; a namesake's child is waited for, since the garbage collector is about to take it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from katydid_operator import actions, names
from katydid_operator.cache import Cache
from katydid_operator.cluster import Cluster
from katydid_operator.errors import (
    AlreadyExists,
    Broken,
    ClusterError,
    Conflict,
    MasterError,
    MasterRefused,
    NotFound,
    Refused,
)
from katydid_operator.keys import api_token, seed_of
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.master_client import MasterAddress, MasterClient, ResultsTooLarge
from katydid_operator.memory import Memory
from katydid_operator.news import News, load_text
from katydid_operator.observed import Observed, Problem, Refusal, Stored
from katydid_operator.poller import Poller
from katydid_operator.resources import configmaps, master, secret, service, sources, workers
from katydid_operator.resources.labels import is_owned_by
from katydid_operator.resources.sources import Snapshot
from katydid_operator.settings import Settings
from katydid_operator.status import MAX_LOG_TAIL

logger = logging.getLogger(__name__)

LOG_LINES = 50
FETCHES = 3
MOST_SOURCE_MAPS = 11  # the sources and as many libs as the schema allows


class _InTheWay(Exception):
    """A child of a deleted LoadTest of the same name still exists."""


@dataclass
class Act:
    """Everything that changes the world. `clock` gives the time in UTC."""

    cluster: Cluster
    masters: MasterClient
    cache: Cache
    poller: Poller
    settings: Settings
    operator_key: bytes
    clock: Callable[[], datetime]

    async def do(self, action: actions.Action, seen: Observed, memory: Memory) -> list[News]:
        """Do it; ClusterError if the API server would not. Returns what is worth an event."""
        match action:
            case actions.TryPods(run):
                await self._try_pods(seen, run, memory)
            case actions.Launch(run):
                await self._launch(seen, run, memory)
            case actions.PatchJob(run, live_part):
                return await self._patch_job(seen.test, run, live_part)
            case actions.PutLive(run, body):
                return await self._put_live(seen, run, body, memory)
            case actions.ReadLog(pod, container, previous):
                await self._read_log(seen.test, pod, container, previous, memory)
            case actions.FetchResults(run):
                await self._fetch_results(seen, run, memory)
            case _:
                await self._delete(action, seen.test)
        return []

    def address(self, test: LoadTest, run: int, ip: str) -> MasterAddress:
        seed = seed_of(self.operator_key, test.uid)
        return MasterAddress(ip, run, api_token(seed, run))

    async def _try_pods(self, seen: Observed, run: int, memory: Memory) -> None:
        taken = seen.sources if isinstance(seen.sources, Snapshot) else Snapshot()
        name = secret.secret_name(seen.test, seed_of(self.operator_key, seen.test.uid))
        pods = (
            master.master_pod(seen.test, run, taken, name, self.settings),
            workers.trial_pod(seen.test, run, taken, name, self.settings),
        )
        problem = None
        for pod in pods:
            try:
                await self.cluster.create(pod, dry_run=True)
            except AlreadyExists:
                continue  # the master is there: it was taken
            except (Refused, Broken) as error:
                problem = problem_of(error, "InvalidPodTemplate")
                break
        memory.tried_at = self.clock()
        memory.learn(trial=problem, is_tried=True)

    async def _launch(self, seen: Observed, run: int, memory: Memory) -> None:
        test, taken = seen.test, seen.sources
        if not isinstance(taken, Snapshot):
            return
        version = self.settings.version
        seed = seed_of(self.operator_key, test.uid)
        name, settings = secret.secret_name(test, seed), self.settings
        try:
            for manifest in sources.config_maps(test, run, taken, version):
                await self._create(manifest, test)
            await self._create(configmaps.spec_config_map(test, run, version), test)
            await self._create_secret(secret.key_secret(test, run, seed, version))
            await self._apply_service(test, run)
            pod = await self._create(master.master_pod(test, run, taken, name, settings), test)
            job = await self._create(workers.worker_job(test, run, taken, name, settings), test)
        except _InTheWay as error:
            memory.learn(creation=Problem("WaitingForPredecessor", str(error)))
            return
        except (Refused, Broken) as error:
            memory.learn(creation=problem_of(error, "CreationRefused"))
            return
        self.cache.put({"kind": "Pod", **pod})
        self.cache.put({"kind": "Job", **job})
        memory.learn(creation=None, is_launched=True)

    async def _create(self, manifest: Json, test: LoadTest) -> Json:
        try:
            return await self.cluster.create(manifest)
        except AlreadyExists:
            metadata = manifest["metadata"]
            there = await self.cluster.find(
                manifest["kind"], metadata["namespace"], metadata["name"]
            )
            if there is not None and _is_ours(there, test):
                return there
            raise _InTheWay(
                f"{manifest['kind']} {metadata['name']} belongs to something else, most likely to "
                "a deleted LoadTest of this name; the run goes on when it is gone."
            ) from None

    async def _create_secret(self, manifest: Json) -> None:
        try:
            await self.cluster.create(manifest)
        except AlreadyExists:
            return  # its name tells UID and seed, and it may not be read

    async def _apply_service(self, test: LoadTest, run: int) -> None:
        name = names.master_service(test.name)
        there = await self.cluster.find("Service", test.namespace, name)
        if there is not None and not _is_ours(there, test):
            raise _InTheWay(f"The Service {name} belongs to something else; waiting until it goes.")
        await self.cluster.apply(service.master_service(test, run, self.settings.version))

    async def _patch_job(self, test: LoadTest, run: int, live_part: Json) -> list[News]:
        name = names.worker_job(test.name, run)
        before = self.cache.job((test.namespace, test.name), name) or {}
        try:
            job = await self.cluster.patch("Job", test.namespace, name, {"spec": live_part})
        except NotFound:
            self.cache.drop("Job", (test.namespace, test.name), name)
            return []  # the master says what became of the workers
        self.cache.put({"kind": "Job", **job})
        had = (before.get("spec") or {}).get("parallelism")
        if had == live_part["parallelism"]:
            return []
        return [News("WorkersScaled", f"From {had} to {live_part['parallelism']} worker pods.")]

    async def _put_live(self, seen: Observed, run: int, body: Json, memory: Memory) -> list[News]:
        if seen.master is None:
            return []
        address = self.address(seen.test, run, seen.master.ip)
        try:
            await self.masters.put_live(address, body)
        except MasterRefused as error:
            text = f"The master refused generation {body['generation']}: {error}"
            known = memory.learned.refusal
            if known is not None and known.message == text:
                return []  # it was told already
            refusal = Refusal("LiveEditRefused", text, body["generation"], self.clock())
            memory.learn(refusal=refusal)
            return [News(refusal.reason, text, is_warning=True)]
        except MasterError as error:
            logger.info("%s/%s: live edit: %s", seen.test.namespace, seen.test.name, error)
            return []
        memory.learn(refusal=None)
        self.poller.poke((seen.test.namespace, seen.test.name))
        if body["stop"]:
            return [News("StopRequested", "The run is being stopped: drain, then reports.")]
        text = f"Generation {body['generation']} is in force: {load_text(body['load'])}."
        return [News("LoadChanged", text)]

    async def _read_log(
        self, test: LoadTest, pod: str, container: str, previous: bool, memory: Memory
    ) -> None:
        try:
            text = await self.cluster.log(
                test.namespace, pod, container, previous, LOG_LINES, MAX_LOG_TAIL
            )
        except (Refused, Conflict) as error:
            text = ""
            logger.info("%s/%s: no log of %s: %s", test.namespace, test.name, pod, error)
        memory.learn(log_tail=text)

    async def _fetch_results(self, seen: Observed, run: int, memory: Memory) -> None:
        if seen.master is None:
            return
        address = self.address(seen.test, run, seen.master.ip)
        limit = configmaps.MAX_RESULTS_BYTES
        problem = ""
        for _ in range(FETCHES):
            try:
                archive = await self.masters.results(address, limit)
                break
            except ResultsTooLarge:
                text = (
                    f"results.tar.gz is larger than {limit // 1024} KiB; "
                    "give spec.results.persistentVolumeClaim to keep it."
                )
                memory.learn(stored=Stored(False, "TooLarge", text))
                return
            except MasterError as error:
                problem = str(error)
        else:
            text = f"The master did not hand them out: {problem}."
            memory.learn(stored=Stored(False, "FetchFailed", text))
            return
        memory.learn(stored=await self._store(seen.test, run, archive))

    async def _store(self, test: LoadTest, run: int, archive: bytes) -> Stored:
        manifest = configmaps.results_config_map(test, run, archive, self.settings.version)
        name = manifest["metadata"]["name"]
        there = await self.cluster.find("ConfigMap", test.namespace, name)
        if there is not None and not is_owned_by(there, test.uid):
            return Stored(False, "NameTaken", f"The ConfigMap {name} belongs to something else.")
        try:
            await self.cluster.apply(manifest)
        except Refused as error:
            text = f"The API server did not take the ConfigMap: {error}"
            return Stored(False, "StoreRefused", text)
        return Stored(True, "ConfigMap", f"results.tar.gz is in the ConfigMap {name}.")

    async def _delete(self, action: actions.Action, test: LoadTest) -> None:
        match action:
            case actions.DeleteMaster(run):
                await self._delete_own(test, "Pod", names.master_pod(test.name, run))
            case actions.TearDown(run, with_master):
                await self._delete_own(test, "Job", names.worker_job(test.name, run))
                if with_master:
                    await self._delete_own(test, "Pod", names.master_pod(test.name, run))
            case actions.CleanUp(run):
                await self._clean_up(test, run)
            case actions.DeleteLoadTest():
                await self.cluster.delete(names.KIND, test.namespace, test.name, test.uid)

    async def _delete_own(self, test: LoadTest, kind: str, name: str) -> bool:
        """Delete a child; whether there was one. What another owner has under its name stays."""
        found = await self.cluster.find(kind, test.namespace, name)
        if found is None or not is_owned_by(found, test.uid):
            return False
        return await self.cluster.delete(kind, test.namespace, name, found["metadata"]["uid"])

    async def _clean_up(self, test: LoadTest, run: int) -> None:
        """The pods go last: while one is left, a restarted operator knows that work is left."""
        for index in range(MOST_SOURCE_MAPS):
            name = names.source_config_map(test.name, run, index)
            was_there = await self._delete_own(test, "ConfigMap", name)
            # The spec may have changed since, and an earlier attempt may have got so far.
            if not was_there and index >= len(test.libraries):
                break
        await self._delete_own(test, "ConfigMap", names.spec_config_map(test.name, run))
        await self._delete_own(test, "Service", names.master_service(test.name))
        await self._delete_own(test, "Job", names.worker_job(test.name, run))
        await self._delete_own(test, "Pod", names.master_pod(test.name, run))


def _is_ours(child: Json, test: LoadTest) -> bool:
    return is_owned_by(child, test.uid) and not child["metadata"].get("deletionTimestamp")


def problem_of(error: ClusterError, otherwise: str) -> Problem:
    """A refusal as a reason and the server's own sentence."""
    text = str(error)
    if isinstance(error, Broken):
        return Problem("ServerError", text)
    if "exceeded quota" in text:
        return Problem("QuotaExceeded", text)
    if "violates PodSecurity" in text:
        return Problem("PodSecurityViolation", text)
    if error.status == 403 and 'User "' in text:
        return Problem("Forbidden", text)  # a right is missing; other 403s are about the pod
    return Problem(otherwise, text)
