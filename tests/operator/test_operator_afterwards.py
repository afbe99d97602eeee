"""After the verdict, pass by pass: results, reruns, what is deleted and what is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from katydid_operator.keys import seed_of
from katydid_operator.observed import text_of

from .loop import Json, Loop, begin, run_master, until_read


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
