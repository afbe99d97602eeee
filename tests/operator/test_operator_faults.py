"""Faults, pass by pass: silent watches, stale indexes, busy servers, lost masters, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from katydid_operator.cluster import Cluster
from katydid_operator.errors import Conflict, NotFound, Unavailable
from katydid_operator.observed import text_of
from katydid_operator.sweep import sweep
from katydid_operator.workqueue import WorkQueue

from .loop import KEY, Json, Loop, begin, run_master, until_read


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
