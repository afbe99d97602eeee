"""The chaos contract (DESIGN §4): whatever dies, the verdict arrives and the numbers are true."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

LONG = {"users": 4, "runTime": "10m", "stopTimeout": "5s"}
ORPHAN_SECONDS = 10.0
INDEX = "batch.kubernetes.io/job-completion-index"
Kill = Callable[..., None]


def agree(tests: Any, shop: Any, killed: str = "", in_flight: int = 0) -> None:
    """Our counts are the shop's, exactly; the first life of the worker with the index `killed`
    may lack what it had not delivered, and all together `in_flight` requests that were cut."""
    counted = tests.counted()
    lost = min((key for key in counted if killed and key.startswith(f"{killed}.")), default="")
    for key, ours in counted.items():
        theirs = shop.counts(key)
        if key == lost:
            assert 0 <= theirs["answered"] - ours <= theirs["answered_last_2s"], key
        else:
            assert theirs["answered"] - ours in range(in_flight + 1), key


def index_of(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["annotations"][INDEX])


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def wait_for_successor(tests: Any, victim: dict[str, Any]) -> None:
    """The index of a worker that was killed is back, in a pod of its own, and the users are all
    there."""

    def is_back() -> bool:
        return any(
            pod["metadata"]["uid"] != victim["metadata"]["uid"]
            and index_of(pod) == index_of(victim)
            and is_ready(pod)
            for pod in tests.pods("worker")
        )

    tests.cluster.wait_until("the same index is back", is_back)
    status = tests.wait(
        "all users", lambda status: status["workers"]["ready"] == 2 and status["load"]["users"] == 4
    )
    assert status["phase"] == "Running"
    tests.heard("WorkerReplaced")


def stop(tests: Any) -> dict[str, Any]:
    tests.edit({"stop": True})
    status: dict[str, Any] = tests.finished()
    assert (status["verdict"], status["run"]["number"]) == ("Stopped", 1)
    return status


def test_a_deleted_worker_pod_returns(tests: Any, shop: Any) -> None:
    tests.apply(load=LONG)
    tests.running()
    victim = tests.pods("worker")[0]
    tests.cluster.delete(
        "v1", "Pod", victim["metadata"]["name"], tests.namespace, gracePeriodSeconds=0
    )
    wait_for_successor(tests, victim)
    stop(tests)
    assert "WorkerLost" in tests.events()
    agree(tests, shop, killed=index_of(victim))


def test_a_killed_worker_container_returns(tests: Any, shop: Any, kill: Kill) -> None:
    tests.apply(load=LONG)
    tests.running()
    victim = tests.pods("worker")[0]
    kill(victim)
    wait_for_successor(tests, victim)
    status = stop(tests)
    assert (status["workers"]["summary"], status["workers"]["lost"]) == ("2/2", 1)
    agree(tests, shop, killed=index_of(victim))


def test_a_worker_that_is_told_to_end_says_goodbye_and_is_replaced(
    tests: Any, shop: Any, kill: Kill
) -> None:
    tests.apply(load=LONG)
    tests.running()
    victim = tests.pods("worker")[0]
    kill(victim, signal.SIGTERM)

    def exit_code() -> int | None:
        now = tests.cluster.get("v1", "Pod", victim["metadata"]["name"], tests.namespace)
        [container] = now["status"]["containerStatuses"]
        end = container["state"].get("terminated")
        return end and int(end["exitCode"])

    assert tests.cluster.wait_until("it has ended", exit_code) == 143
    wait_for_successor(tests, victim)
    stop(tests)
    agree(tests, shop)  # it delivered all that it had


def test_an_evicted_worker_returns_and_is_no_failure(tests: Any, shop: Any) -> None:
    tests.apply(load=LONG)
    tests.running()
    victim = tests.pods("worker")[0]
    name = victim["metadata"]["name"]
    path = tests.cluster.path("v1", "Pod", tests.namespace, name) + "/eviction"
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    tests.cluster.request("POST", path, json=eviction)
    wait_for_successor(tests, victim)
    job = tests.cluster.get("batch/v1", "Job", "test-1-worker", tests.namespace)
    assert job["status"].get("failed", 0) == 0  # a disruption does not use up a restart
    stop(tests)
    agree(tests, shop)


def test_too_many_lost_workers_end_the_run(tests: Any, shop: Any) -> None:
    """More than maxLost for a minute: Error, the load is stopped and the reports are written."""
    workers = {"replicas": 2, "maxLost": "0%"}
    tests.apply(load=LONG, workers=workers)
    tests.running()
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"},
        "spec": {"hard": {"pods": "2"}},
    }  # fmt: skip
    tests.cluster.apply(quota, tests.namespace)  # of three pods: no other will come

    def used() -> str | None:
        found = tests.cluster.get("v1", "ResourceQuota", "full", tests.namespace)
        return found["status"].get("used", {}).get("pods")

    assert tests.cluster.wait_until("the quota counts", used) == "3"
    victim = tests.pods("worker")[0]
    tests.cluster.delete(
        "v1", "Pod", victim["metadata"]["name"], tests.namespace, gracePeriodSeconds=0
    )
    status = tests.wait("Degraded", lambda status: _degraded(status) == "WorkersMissing")
    assert status["phase"] == "Running"
    status = tests.finished()
    assert (status["verdict"], status["reason"]) == ("Error", "TooManyWorkersLost")
    assert status["message"] == "1 of 2 workers have been gone for over 60 s."
    assert status["workers"]["summary"] == "1/2"
    assert status["load"]["users"] == 0
    assert {"report.html", "run.json", "junit.xml"} <= tests.results().keys()
    agree(tests, shop, killed=index_of(victim))
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods("worker"))


def _degraded(status: dict[str, Any]) -> str:
    found = [one for one in status["conditions"] if one["type"] == "Degraded"]
    return str(found[0]["reason"]) if found else ""


def test_a_killed_master_container_resumes(tests: Any, shop: Any, kill: Kill) -> None:
    """It goes on from its checkpoint, with the live edit that came just before."""
    tests.apply(load=LONG)
    before = tests.running()
    tests.edit({"load": {"users": 6}})
    assert "6 users" in tests.heard("LoadChanged")
    [master] = tests.pods("master")
    kill(master)

    def is_restarted() -> bool:
        [now] = tests.pods("master")
        [container] = now["status"]["containerStatuses"]
        return now["metadata"]["uid"] == master["metadata"]["uid"] and (
            container["restartCount"] == 1 and container["ready"]
        )

    tests.cluster.wait_until("the master runs again", is_restarted)
    after = tests.wait(
        "it goes on",
        lambda status: (
            status["load"]["requests"] > before["load"]["requests"]
            and status["load"]["users"] == 6
        ),
    )  # fmt: skip
    assert after["phase"] == "Running"
    stop(tests)
    [away] = [one["text"] for one in tests.document()["marks"] if one["kind"] == "gap"]
    found = re.search(r"for up to ([\d.]+) s", away)
    assert found, away
    # Users of workers that wait for longer than that are stopped without a drain.
    agree(tests, shop, in_flight=0 if float(found.group(1)) < ORPHAN_SECONDS else 6)


def test_a_finished_master_that_crashes_runs_nothing_again(
    tests: Any, shop: Any, kill: Kill
) -> None:
    tests.apply()
    status = tests.finished()
    assert status["verdict"] == "Passed"
    [master] = tests.pods("master")
    kill(master)  # it lingers, to be scraped

    def end() -> dict[str, Any] | None:
        [now] = tests.pods("master")
        assert now["metadata"]["uid"] == master["metadata"]["uid"]
        [container] = now["status"]["containerStatuses"]
        assert container["restartCount"] == 1
        assert now["status"]["phase"] == "Succeeded"
        return dict(container["state"]["terminated"])

    ended = tests.cluster.wait_until("the restarted container has ended", end)
    assert ended["exitCode"] == 0
    assert '"verdict":"Passed"' in ended["message"]
    now = tests.status()
    kept = ("verdict", "run", "load", "history")
    assert {key: now[key] for key in kept} == {key: status[key] for key in kept}
    agree(tests, shop)
    assert all(pod["status"]["phase"] == "Succeeded" for pod in tests.pods("worker"))


def test_a_deleted_master_pod_is_an_error(tests: Any) -> None:
    tests.apply(load=LONG)
    before = tests.running()
    [master] = tests.pods("master")
    tests.cluster.delete(
        "v1", "Pod", master["metadata"]["name"], tests.namespace, gracePeriodSeconds=0
    )
    status = tests.finished()
    assert (status["verdict"], status["reason"]) == ("Error", "MasterLost")
    assert status["load"]["requests"] >= before["load"]["requests"]
    assert _degraded(status) == "PartialResults"
    tests.cluster.wait_until("the workers are gone", lambda: not tests.pods("worker"))


def test_a_namespace_deleted_mid_run_goes(tests: Any) -> None:
    tests.apply(load=LONG)
    tests.running()
    tests.cluster.delete("v1", "Namespace", tests.namespace, None)
    tests.cluster.wait_until(
        "it is gone",
        lambda: tests.cluster.get("v1", "Namespace", tests.namespace, None) is None,
    )
