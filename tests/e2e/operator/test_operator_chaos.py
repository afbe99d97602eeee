"""The chaos contract (DESIGN §4): whatever dies, the verdict arrives and the numbers are true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

LONG = {"users": 4, "runTime": "10m", "stopTimeout": "5s"}


def agree(tests: Any, shop: Any, killed: str = "") -> None:
    """Our counts are the shop's, exactly; the first life of the worker with the index `killed`
    may lack what it had not delivered."""
    counted = tests.counted()
    lost = min((key for key in counted if killed and key.startswith(f"{killed}.")), default="")
    for key, ours in counted.items():
        theirs = shop.counts(key)
        if key == lost:
            assert 0 <= theirs["answered"] - ours <= theirs["answered_last_2s"], key
        else:
            assert theirs["answered"] == ours, key


def test_a_deleted_worker_pod_returns(tests: Any, shop: Any) -> None:
    tests.apply(load=LONG)
    tests.running()
    victim = tests.pods("worker")[0]["metadata"]
    tests.cluster.delete(
        "v1", "Pod", victim["name"], tests.namespace, gracePeriodSeconds=0,
    )  # fmt: skip
    index = victim["annotations"]["batch.kubernetes.io/job-completion-index"]

    def is_back() -> bool:
        return any(
            pod["metadata"]["uid"] != victim["uid"]
            and pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] == index
            and any(
                one["type"] == "Ready" and one["status"] == "True"
                for one in pod["status"].get("conditions", [])
            )
            for pod in tests.pods("worker")
        )

    tests.cluster.wait_until("the same index is back", is_back, seconds=30)
    status = tests.wait(
        "all users", lambda status: status["workers"]["ready"] == 2 and status["load"]["users"] == 4
    )
    assert status["phase"] == "Running"
    tests.edit({"stop": True})
    tests.finished(seconds=30)
    assert {"WorkerLost", "WorkerReplaced"} <= set(tests.events())
    agree(tests, shop, killed=index)


def test_a_killed_master_container_resumes(
    tests: Any, shop: Any, kill: Callable[[dict[str, Any]], None]
) -> None:
    tests.apply(load=LONG)
    tests.running()
    tests.edit({"load": {"users": 6}})  # live edits survive
    before = tests.wait("six users", lambda status: status["load"]["users"] == 6, seconds=30)
    [master] = tests.pods("master")
    kill(master)

    def is_restarted() -> bool:
        [now] = tests.pods("master")
        [container] = now["status"]["containerStatuses"]
        return now["metadata"]["uid"] == master["metadata"]["uid"] and (
            container["restartCount"] == 1 and container["ready"]
        )

    tests.cluster.wait_until("the master runs again", is_restarted, seconds=30)
    after = tests.wait(
        "it goes on",
        lambda status: (
            status["load"]["requests"] > before["load"]["requests"]
            and status["load"]["users"] == 6
        ),
    )  # fmt: skip
    assert after["phase"] == "Running"
    tests.edit({"stop": True})
    status = tests.finished(seconds=30)
    assert status["verdict"] == "Stopped"
    assert status["run"]["number"] == 1
    agree(tests, shop)


def test_the_operator_is_deleted_and_away_at_the_end(tests: Any, shop: Any, operator: str) -> None:
    tests.apply(load={"users": 4, "runTime": "8s", "stopTimeout": "5s"})
    tests.running()
    uids = {pod["metadata"]["uid"] for pod in tests.pods()}
    scale = ["-n", operator, "scale", "deployment/katydid-operator"]
    try:
        tests.cluster.kubectl(*scale, "--replicas=0")
        tests.cluster.wait_until(
            "the master has ended without an operator",
            lambda: tests.pods("master")[0]["status"]["phase"] == "Succeeded",
            seconds=60,
        )
        assert tests.status()["phase"] == "Running"
    finally:
        tests.cluster.kubectl(*scale, "--replicas=1")
    status = tests.finished()
    assert status["verdict"] == "Passed"
    assert {pod["metadata"]["uid"] for pod in tests.pods()} == uids
    assert status["load"]["requests"] > 0


def test_the_operator_is_killed_mid_run(tests: Any, shop: Any, operator: str) -> None:
    tests.apply(load={"users": 4, "runTime": "12s", "stopTimeout": "5s"})
    tests.running()
    uids = {pod["metadata"]["uid"] for pod in tests.pods()}
    for pod in tests.cluster.items("v1", "Pod", operator):
        tests.cluster.delete("v1", "Pod", pod["metadata"]["name"], operator, gracePeriodSeconds=0)
    status = tests.finished()
    assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
    assert {pod["metadata"]["uid"] for pod in tests.pods()} == uids
    agree(tests, shop)


def test_a_deleted_master_pod_is_an_error(tests: Any) -> None:
    tests.apply(load=LONG)
    before = tests.running()
    [master] = tests.pods("master")
    tests.cluster.delete(
        "v1", "Pod", master["metadata"]["name"], tests.namespace, gracePeriodSeconds=0
    )
    status = tests.finished(seconds=30)
    assert (status["verdict"], status["reason"]) == ("Error", "MasterLost")
    assert status["load"]["requests"] >= before["load"]["requests"]
    tests.cluster.wait_until("the workers are gone", lambda: not tests.pods("worker"), seconds=90)
