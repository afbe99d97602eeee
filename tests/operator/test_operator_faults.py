"""The reconciler alone against the emulated API server: no watch at all, and a clock of its own.

Without kopf nothing tells the cache what happens: that is a watch that went silent, and the worst
of stale indexes. Every step here is one pass of the loop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration

from katydid_operator.act import Act
from katydid_operator.cache import Cache
from katydid_operator.cluster import Cluster
from katydid_operator.errors import Conflict, NotFound, Unavailable
from katydid_operator.keys import seed_of
from katydid_operator.master_client import MasterClient
from katydid_operator.metrics import Metrics
from katydid_operator.observed import Reading, text_of
from katydid_operator.poller import Poller
from katydid_operator.reconcile import Reconciler
from katydid_operator.settings import Settings
from katydid_operator.sweep import sweep
from katydid_operator.workqueue import WorkQueue

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


@pytest.fixture
async def loop(api: Any, loadtest: Callable[..., Json]) -> AsyncIterator[Loop]:
    cluster = Cluster(ApiClient(Configuration(host=str(api.url).rstrip("/"))))
    async with aiohttp.ClientSession() as session:
        made = Loop(api, cluster, session)
        yield made
        made.poller.close()
    await cluster.close()


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


async def test_a_silent_watch_is_looked_past(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    assert loop.status["phase"] == "Starting"
    await kubelet.start_master("checkout-1-master", "127.0.0.99", ready=True)
    await loop.settle(5)
    assert loop.status["phase"] == "Starting"
    await loop.settle(31)
    assert loop.status["phase"] == "Running"
    summary = {"final": True, "verdict": "Passed", "reason": "Passed", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    await loop.settle(31)
    assert (loop.status["phase"], loop.status["verdict"]) == ("Succeeded", "Passed")


async def test_a_stale_index_creates_nothing_twice(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    await loop.api.add("loadtests", loadtest())
    stale = loop.api.of("loadtests", "checkout")
    await loop.see()
    await loop.settle()
    claimed = loop.status["run"]["id"]
    posts = [write for write in loop.api.writes if write[0] == "POST"]
    # Another process begins with what it was shown before the claim.
    other = Loop(loop.api, loop.cluster, loop.session)
    other.cache.put(stale)
    await other.settle()
    assert other.status["run"]["id"] == claimed
    created = [w for w in loop.api.writes if w[0] == "POST" and w[1] != "events"]
    assert created == [w for w in posts if w[1] != "events"]


async def test_a_worker_that_went_while_the_watch_was_silent_is_not_counted(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest(workers={"replicas": 2}))
    await run_master(loop, kubelet)
    assert loop.status["workers"]["summary"] == "2/2"
    # A watch that begins anew lists what there is, and says nothing of what is gone.
    await loop.api.remove("pods", "checkout-1-worker-1-x")
    await loop.settle(31)
    assert loop.status["workers"]["summary"] == "1/2"


async def test_results_are_fetched_by_an_operator_that_was_restarted(
    loop: Loop, kubelet: Any, master: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet, master.ip)
    master.ends()
    await until_read(loop, lambda reading: (reading.document or {}).get("final"))
    await loop.step()
    assert loop.status["verdict"] == "Passed"
    # The next one has the LoadTest from its first listing, and no pod from its watch yet.
    other = Loop(loop.api, loop.cluster, loop.session)
    other.now = loop.now
    await other.see()
    await other.settle()
    assert loop.api.names_of("configmaps")[-1] == "checkout-results"


async def test_a_verdict_that_could_not_be_written_is_written_later(
    loop: Loop, kubelet: Any, master: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet, master.ip)
    master.ends("Failed")
    await until_read(loop, lambda reading: (reading.document or {}).get("final"))
    loop.api.faults.append(["PATCH", "loadtests", 503, 1])
    polls = master.polls
    with pytest.raises(Unavailable):
        await loop.step()
    await loop.step()
    assert loop.status["verdict"] == "Failed"
    assert master.polls == polls, "its last answer was not thrown away"


async def test_what_was_done_is_told_though_the_status_cannot_be_written(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    spec = {**loadtest()["spec"], "workers": {"replicas": 3}}
    await loop.api.change("loadtests", "checkout", spec=spec)
    await loop.see()
    loop.api.faults.append(["PATCH", "loadtests", 503, 1])
    with pytest.raises(Unavailable):
        await loop.step()
    await loop.settle()
    assert loop.events("WorkersScaled") == ["From 1 to 3 worker pods."]


async def test_a_master_that_restarts_too_quickly_to_be_seen_is_told_by_its_count(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    for restarts in (1, 1, 2):
        await kubelet.start_master("checkout-1-master", "127.0.0.99", True, restarts)
        await loop.settle(31)
    assert loop.status["run"]["masterRestarts"] == 2
    assert loop.events("MasterRestarted") == [
        "The master's container ended and was started again, once in this run so far.",
        "The master's container ended and was started again, 2 times in this run so far.",
    ]


async def test_a_master_that_is_seen_to_restart_is_told_once(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    await kubelet.end_master("checkout-1-master", 137)
    await loop.settle(31)
    await kubelet.start_master("checkout-1-master", "127.0.0.99", True, restarts=1)
    await loop.settle(31)
    assert loop.status["run"]["masterRestarts"] == 1
    assert len(loop.events("MasterRestarting")) == 1
    assert loop.events("MasterRestarted") == []


async def test_a_job_that_is_gone_does_not_keep_the_status_from_being_written(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    await loop.api.remove("jobs", "checkout-1-worker")
    spec = {**loadtest()["spec"], "workers": {"replicas": 3}}
    await loop.api.change("loadtests", "checkout", spec=spec)
    await loop.see()
    await loop.settle(1)
    assert loop.status["observedGeneration"] == 2
    assert loop.api.names_of("jobs") == []


async def test_a_master_whose_node_is_lost_ends_the_run(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    pod = loop.api.of("pods", "checkout-1-master")
    deleted = {**pod["metadata"], "deletionTimestamp": text_of(loop.now)}
    await loop.api.change("pods", "checkout-1-master", metadata=deleted)
    await loop.settle(59)
    assert loop.status["phase"] == "Running"
    await loop.settle(2)
    assert (loop.status["verdict"], loop.status["reason"]) == ("Error", "MasterLost")
    assert loop.status["message"].startswith("The master's node does not answer")


async def test_a_deleted_master_is_an_error_only_after_its_last_words(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    summary = {"final": True, "verdict": "Failed", "reason": "RequestsFailed", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    body = loop.api.of("pods", "checkout-1-master")
    await loop.api.remove("pods", "checkout-1-master")
    loop.cache.remove(body)  # the watch's last event
    await loop.settle()
    assert (loop.status["verdict"], loop.status["reason"]) == ("Failed", "RequestsFailed")


async def test_a_deleted_master_without_words_ends_the_run_and_its_workers(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    await loop.api.remove("pods", "checkout-1-master")
    await loop.settle(31)
    assert (loop.status["verdict"], loop.status["reason"]) == ("Error", "MasterLost")
    assert loop.api.names_of("jobs") == []
    before = len(loop.api.writes)
    await loop.settle(60)
    assert [w for w in loop.api.writes[before:] if w[0] == "POST"] == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_server_is_asked_again(
    loop: Loop, loadtest: Callable[..., Json], status: int
) -> None:
    await loop.api.add("loadtests", loadtest())
    await loop.see()
    loop.api.faults.append(["PATCH", "loadtests", status, 1])
    with pytest.raises(Unavailable, match=f"injected {status}"):
        await loop.step()
    await loop.settle()
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]
    text = loop.metrics.text().decode()
    assert 'katydid_operator_reconcile_total{handler="loadtest",result="error"} 1.0' in text


@pytest.mark.parametrize("status", [404, 409])
async def test_a_namesake_that_comes_while_its_predecessor_is_written_is_kept(
    loop: Loop, loadtest: Callable[..., Json], status: int
) -> None:
    """Deleted and applied again at once: the watch may be faster than the answer to a write."""
    await loop.api.add("loadtests", loadtest())
    await loop.see()
    later: Json = {**loadtest(), "metadata": {**loadtest()["metadata"], "uid": "later"}}

    class Slow(Cluster):
        async def apply(self, manifest: Json, subresource: str = "") -> Json:
            if status == 409:
                raise Conflict("it was changed")
            loop.cache.put(later)
            raise NotFound("it is gone")

        async def find(self, kind: str, namespace: str, name: str) -> Json | None:
            assert kind == "LoadTest"  # to read anew what was changed
            loop.cache.put(later)
            return None

    loop.reconciler._cluster = Slow(loop.cluster._client)
    await loop.step()
    assert loop.cache.known() == {KEY: "later"}


async def test_a_conflict_is_read_anew(loop: Loop, loadtest: Callable[..., Json]) -> None:
    await loop.api.add("loadtests", loadtest())
    await loop.see()
    await loop.api.change("loadtests", "checkout", spec={**loadtest()["spec"], "suspend": True})
    # The cache has the version before the edit: the claim must fail, and the edit count.
    assert await loop.step() == 0.0
    assert "run" not in loop.status
    await loop.settle()
    assert loop.status["phase"] == "Suspended"
    assert loop.api.names_of("pods") == []


@pytest.mark.parametrize("plural", ["secrets", "pods", "jobs", "configmaps"])
async def test_a_quota_that_is_counted_meanwhile_is_no_namesake(
    loop: Loop, loadtest: Callable[..., Json], plural: str
) -> None:
    loop.api.faults.append(["POST", plural, 409, 1])
    await begin(loop, loadtest())
    assert loop.api.names_of("secrets") != []
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]
    assert "WaitingForPredecessor" not in loop.events()


async def test_an_admission_webhook_that_fails_is_told(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    loop.api.faults.append(["POST", "pods", 500, 2])
    await begin(loop, loadtest())
    assert (loop.status["phase"], loop.status["reason"]) == ("Starting", "ServerError")
    assert loop.status["message"] == "injected 500"
    await loop.settle(5)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_missing_source_is_waited_for(loop: Loop, loadtest: Callable[..., Json]) -> None:
    await begin(loop, loadtest(source={"configMap": {"name": "tests"}}))
    assert (loop.status["phase"], loop.status["reason"]) == ("Pending", "SourceNotFound")
    assert 'no ConfigMap "tests"' in loop.status["message"]
    metadata = {"name": "tests", "namespace": "shop"}
    source = {"kind": "ConfigMap", "metadata": metadata, "data": {"locustfile.py": ""}}
    await loop.api.add("configmaps", source)
    await loop.settle(5)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_predecessor_s_children_are_waited_for(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    owner = {"kind": "LoadTest", "uid": "somebody else", "controller": True}
    old = {
        "kind": "Pod",
        "metadata": {"name": "checkout-1-master", "namespace": "shop", "ownerReferences": [owner]},
    }
    await loop.api.add("pods", old)
    await begin(loop, loadtest())
    assert loop.status["reason"] == "WaitingForPredecessor"
    assert loop.api.names_of("jobs") == []
    await loop.api.remove("pods", "checkout-1-master")
    await loop.settle(1)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ('pods "x" is forbidden: exceeded quota: small, requested: cpu=1', "QuotaExceeded"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "PodSecurityViolation"),
        ('pods is forbidden: User "o" cannot create resource "pods"', "Forbidden"),
        ('pods "x" is forbidden: no PriorityClass with name high was found', "CreationRefused"),
    ],
)
async def test_a_refused_pod_has_the_server_s_sentence(
    loop: Loop, loadtest: Callable[..., Json], sentence: str, reason: str
) -> None:
    loop.api.refuse_pods = sentence
    await begin(loop, loadtest())
    assert (loop.status["phase"], loop.status["reason"]) == ("Starting", reason)
    assert loop.status["message"] == sentence
    loop.api.refuse_pods = ""
    await loop.settle(5)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_spec_that_slipped_through_ends_in_a_sentence(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest(source={}))
    assert (loop.status["phase"], loop.status["reason"]) == ("Pending", "InvalidLoadTest")
    assert loop.status["message"] == "spec.source names no source."


async def test_pods_with_knobs_are_refused_before_the_claim(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    loop.api.refuse_pods = "violates PodSecurity"
    await begin(loop, loadtest(pod={"securityContext": {"runAsUser": 0}}))
    assert (loop.status["phase"], loop.status["reason"]) == ("Pending", "PodSecurityViolation")
    assert loop.api.names_of("configmaps") == []
    loop.api.refuse_pods = ""
    await loop.settle(11)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_failed_start_keeps_its_log_and_tears_down(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    loop.api.logs["checkout-1-master"] = "Traceback …\nImportError: no shop"
    await kubelet.end_master("checkout-1-master", 65, "", phase="Running")
    await loop.settle(31)
    status = loop.status
    assert (status["verdict"], status["reason"]) == ("Error", "LocustfileError")
    assert status["failure"] == {
        "reason": "LocustfileError",
        "pod": "checkout-1-master",
        "container": "katydid",
        "exitCode": 65,
        "logTail": "Traceback …\nImportError: no shop",
    }
    assert loop.api.names_of("jobs") == []


async def test_rerun_and_clean_up(loop: Loop, kubelet: Any, loadtest: Callable[..., Json]) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    summary = {"final": True, "verdict": "Passed", "reason": "Passed", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    await loop.settle(31)
    await loop.api.change("loadtests", "checkout", spec={**loadtest()["spec"], "rerunToken": "2"})
    await loop.see()
    await loop.settle()
    assert loop.status["run"]["number"] == 2
    assert [one["number"] for one in loop.status["history"]] == [1]
    assert loop.api.names_of("configmaps") == ["checkout-2-spec", "checkout-2-src-0"]
    assert loop.api.of("services", "checkout-master")["spec"]["selector"]["katydid.dev/run"] == "2"


async def test_a_namespace_that_is_deleted_is_not_kept_from_going(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    summary = {"final": True, "verdict": "Stopped", "reason": "StopRequested", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    worker = "checkout-1-worker-0-x"
    await kubelet.end_worker(worker, 143)
    await loop.settle(31)
    assert loop.status["verdict"] == "Stopped"
    assert loop.api.of("jobs", "checkout-1-worker")["spec"]["activeDeadlineSeconds"] == 1
    # The Job's controller holds on to its pod all the same; see `after._is_emptied`.
    pod = loop.api.of("pods", worker)
    deleted = {**pod["metadata"], "deletionTimestamp": text_of(loop.now)}
    await loop.api.change("pods", worker, metadata=deleted)
    loop.cache.put(loop.api.of("pods", worker))  # the watch's event
    await loop.settle(1)
    assert loop.api.names_of("jobs") == []
    assert worker not in loop.api.names_of("pods")


async def test_a_new_operator_key_counts_from_the_next_run_on(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    (old,) = loop.api.names_of("secrets")
    other = Loop(loop.api, loop.cluster, loop.session, key=b"n" * 32)
    other.now = loop.now
    await other.see()
    await other.settle()
    assert loop.api.names_of("secrets") == [old]  # the pods of the run go on with it
    summary = {"final": True, "verdict": "Passed", "reason": "Passed", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    await other.settle(31)
    await loop.api.change("loadtests", "checkout", spec={**loadtest()["spec"], "rerunToken": "2"})
    await other.see()
    await other.settle()
    (new,) = {*loop.api.names_of("secrets")} - {old}
    seed = loop.api.of("secrets", new)["stringData"]["seed"]
    assert seed == seed_of(b"n" * 32, loop.api.of("loadtests", "checkout")["metadata"]["uid"])
    for pod in (
        loop.api.of("pods", "checkout-2-master"),
        loop.api.of("jobs", "checkout-2-worker")["spec"]["template"],
    ):
        env = {one["name"]: one for one in pod["spec"]["containers"][0]["env"]}
        reference = env["KATYDID_CURVE_SEED"]["valueFrom"]["secretKeyRef"]
        assert reference == {"name": new, "key": "seed"}


async def test_times_to_live(loop: Loop, kubelet: Any, loadtest: Callable[..., Json]) -> None:
    spec = {"podTTLSecondsAfterFinished": 100, "ttlSecondsAfterFinished": 500}
    await begin(loop, loadtest(**spec))
    await run_master(loop, kubelet)
    summary = {"final": True, "verdict": "Passed", "reason": "Passed", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    await loop.settle(31)
    await loop.settle(101)
    assert loop.api.names_of("pods") == []
    assert loop.api.names_of("jobs") == []
    assert loop.api.names_of("services") == []
    assert loop.api.names_of("configmaps") == []
    await loop.settle(400)
    assert loop.api.names_of("loadtests") == []


async def test_the_clean_up_takes_nothing_of_somebody_else_s(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    theirs = {"name": "checkout-1-spec", "namespace": "shop"}
    await loop.api.add("configmaps", {"metadata": theirs, "data": {"a": "b"}})
    workers = {"replicas": 1, "readyTimeout": "1m"}
    await begin(loop, loadtest(workers=workers, podTTLSecondsAfterFinished=100))
    assert loop.status["reason"] == "WaitingForPredecessor"
    await loop.settle(61)
    assert (loop.status["verdict"], loop.status["reason"]) == ("Error", "WaitingForPredecessor")
    await loop.settle(101)
    assert "selector" not in loop.status["workers"]
    assert loop.api.names_of("configmaps") == ["checkout-1-spec"]


async def test_results_that_are_too_large_are_said_to_be(
    loop: Loop, kubelet: Any, master: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    master.archive = bytes(901 * 1024)
    master.ends("Failed")
    await run_master(loop, kubelet, master.ip)
    await until_read(loop, lambda reading: reading.document is not None)
    await loop.settle()
    (stored,) = [c for c in loop.status["conditions"] if c["type"] == "ResultsStored"]
    assert (stored["status"], stored["reason"]) == ("False", "TooLarge")
    assert loop.status["verdict"] == "Failed"


async def test_results_never_take_somebody_else_s_config_map(
    loop: Loop, kubelet: Any, master: Any, loadtest: Callable[..., Json]
) -> None:
    theirs = {"name": "checkout-results", "namespace": "shop"}
    await loop.api.add("configmaps", {"metadata": theirs, "data": {"a": "b"}})
    await begin(loop, loadtest())
    master.ends()
    await run_master(loop, kubelet, master.ip)
    await until_read(loop, lambda reading: reading.document is not None)
    await loop.settle()
    (stored,) = [c for c in loop.status["conditions"] if c["type"] == "ResultsStored"]
    assert (stored["status"], stored["reason"]) == ("False", "NameTaken")
    kept = loop.api.of("configmaps", "checkout-results")
    assert (kept["data"], "binaryData" in kept) == ({"a": "b"}, False)


async def test_copies_of_libs_go_though_the_spec_no_longer_names_them(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    for name in ("one", "two"):
        where = {"name": name, "namespace": "shop"}
        await loop.api.add("configmaps", {"metadata": where, "data": {"m.py": ""}})
    libs = [{"configMap": {"name": name}, "path": name} for name in ("one", "two")]
    source = {"inline": {"locustfile.py": "pass"}}
    await begin(loop, loadtest(source={**source, "libs": libs}, podTTLSecondsAfterFinished=100))
    assert "checkout-1-src-2" in loop.api.names_of("configmaps")
    await run_master(loop, kubelet)
    summary = {"final": True, "verdict": "Passed", "reason": "Passed", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    await loop.settle(31)
    await loop.api.change("loadtests", "checkout", spec=loadtest(source=source)["spec"])
    await loop.see()
    await loop.settle(101)
    await loop.settle(3600)
    assert loop.api.names_of("configmaps") == ["one", "two"]


async def test_a_refused_edit_is_told_once(
    loop: Loop, kubelet: Any, master: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    master.runs()
    master.refuses = "users: too many"
    await run_master(loop, kubelet, master.ip)
    await until_read(loop, lambda reading: reading.document is not None)
    await loop.api.change("loadtests", "checkout", spec={**loadtest()["spec"], "deadline": "2h"})
    await loop.see()
    for _ in range(3):
        await loop.settle(5)
    assert len(master.puts) >= 3
    assert loop.events("LiveEditRefused") == ["The master refused generation 2: users: too many"]
    master.refuses = ""
    await loop.settle(5)
    assert master.document["generation"] == 2


async def test_an_operator_that_is_being_replaced_cannot_undo_a_verdict(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)
    old = Loop(loop.api, loop.cluster, loop.session)
    for plural, name in (("loadtests", "checkout"), ("pods", "checkout-1-master")):
        old.cache.put(loop.api.of(plural, name))
    summary = {"final": True, "verdict": "Passed", "reason": "Passed", "run": "1"}
    await kubelet.end_master("checkout-1-master", 0, json.dumps(summary))
    await loop.settle(31)
    await loop.api.remove("pods", "checkout-1-master")
    await old.settle(40)
    assert (loop.status["verdict"], loop.status["phase"]) == ("Passed", "Succeeded")


async def test_a_stop_reaches_a_master_that_cannot_be_told(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    await run_master(loop, kubelet)  # nobody listens at its address
    await until_read(loop, lambda reading: reading.failing_since is not None)
    await loop.api.change("loadtests", "checkout", spec={**loadtest()["spec"], "stop": True})
    await loop.see()
    await loop.settle(5)
    assert loop.status["phase"] == "Finishing"
    assert "checkout-1-master" in loop.api.names_of("pods")
    await loop.settle(26)
    assert "checkout-1-master" not in loop.api.names_of("pods")
    await loop.settle(31)
    assert (loop.status["verdict"], loop.status["reason"]) == ("Stopped", "StopRequested")


async def test_a_stop_reaches_a_master_that_refuses_it(
    loop: Loop, kubelet: Any, master: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    master.runs()
    master.refuses = "this needs another token"
    await run_master(loop, kubelet, master.ip)
    await until_read(loop, lambda reading: reading.document is not None)
    await loop.api.change("loadtests", "checkout", spec={**loadtest()["spec"], "deadline": "2h"})
    await loop.see()
    await loop.settle(60)
    await loop.api.change("loadtests", "checkout", spec={**loadtest()["spec"], "stop": True})
    await loop.see()
    await loop.settle(5)  # the edit before it was refused long ago, and is no reason for force
    assert master.puts[-1]["stop"] is True
    assert "checkout-1-master" in loop.api.names_of("pods")
    await loop.settle(29)
    assert "checkout-1-master" in loop.api.names_of("pods")
    await loop.settle(2)
    assert "checkout-1-master" not in loop.api.names_of("pods")
    await loop.settle(31)
    assert (loop.status["verdict"], loop.status["reason"]) == ("Stopped", "StopRequested")


async def test_the_sweep_forgets_what_is_gone(loop: Loop, loadtest: Callable[..., Json]) -> None:
    await loop.api.add("loadtests", loadtest())
    queue = WorkQueue(loop.reconciler.reconcile)
    assert await sweep(loop.cluster, loop.cache, queue, ()) == {KEY}
    assert [*loop.cache.known()] == [KEY]
    await loop.api.remove("loadtests", "checkout")
    assert await sweep(loop.cluster, loop.cache, queue, ("shop",)) == set()
    assert loop.cache.known() == {}


async def test_the_sweep_keeps_what_a_watch_brings_meanwhile(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    await loop.api.add("loadtests", loadtest())
    listed = loop.cluster.list_all

    class Slow:
        async def list_all(self, *given: Any) -> list[Json]:
            found = await listed(*given)
            new = loadtest()
            new["metadata"] = {**new["metadata"], "name": "new", "uid": "2"}
            loop.cache.put(new)  # its event overtakes the answer
            return found

    queue = WorkQueue(loop.reconciler.reconcile)
    await sweep(Slow(), loop.cache, queue, ())  # type: ignore[arg-type]  # only what a sweep asks
    assert sorted(loop.cache.known()) == [KEY, ("shop", "new")]
