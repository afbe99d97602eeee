"""The operator dies, is upgraded, or is away: load goes on, and the verdict is right afterwards.

These tests disturb every other test of the cluster, so they run by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(900)]

LONG = {"users": 4, "runTime": "10m", "stopTimeout": "5s"}
DEPLOYMENT = "deployment/katydid-operator"


def pod_uids(tests: Any) -> set[str]:
    return {pod["metadata"]["uid"] for pod in tests.pods()}


def ended(tests: Any) -> dict[str, Any]:
    """Let the operator that is there now end the load."""
    tests.edit({"load": {"runTime": "1s"}})
    return dict(tests.finished())


def agree(tests: Any, shop: Any) -> None:
    counted = tests.counted()
    assert {key: shop.counts(key)["answered"] for key in counted} == counted


def test_away_at_the_end(tests: Any, shop: Any, operator: str) -> None:
    tests.apply(load={"users": 4, "runTime": "30s", "stopTimeout": "5s"})
    tests.running()
    uids = pod_uids(tests)
    scale = ["-n", operator, "scale", DEPLOYMENT]
    try:
        tests.cluster.kubectl(*scale, "--replicas=0")
        tests.cluster.wait_until(
            "the master has ended without an operator",
            lambda: tests.pods("master")[0]["status"]["phase"] == "Succeeded",
        )
        assert tests.status()["phase"] == "Running"
    finally:
        tests.cluster.kubectl(*scale, "--replicas=1")
    status = tests.finished()
    assert status["verdict"] == "Passed"
    assert status["workers"]["summary"] == "2/2"
    assert pod_uids(tests) == uids
    assert status["load"]["requests"] > 0


def test_killed_mid_run(tests: Any, shop: Any, operator: str) -> None:
    tests.apply(load=LONG)
    tests.running()
    uids = pod_uids(tests)
    for pod in tests.cluster.items("v1", "Pod", operator):
        tests.cluster.delete("v1", "Pod", pod["metadata"]["name"], operator, gracePeriodSeconds=0)
    status = ended(tests)
    assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
    assert pod_uids(tests) == uids
    agree(tests, shop)


def test_upgraded_with_another_template_mid_run(
    tests: Any, shop: Any, operator: str, install: Callable[..., None]
) -> None:
    """The run goes on with the pods it has; the next one gets what the new release says."""
    tests.apply(load=LONG)
    tests.running()
    uids = pod_uids(tests)
    [before] = tests.cluster.items("v1", "Pod", operator)
    install(
        "operator.podLabels.release=next",
        "defaults.worker.resources.requests.cpu=11m",
        "defaults.pod.labels.release=next",
    )
    try:
        [after] = tests.cluster.items("v1", "Pod", operator, "release=next")
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        status = ended(tests)
        assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
        assert pod_uids(tests) == uids
        agree(tests, shop)

        tests.edit({"rerunToken": "next", "load": {"runTime": "3s"}})
        status = tests.finished(run=2)
        assert status["verdict"] == "Passed"
        for pod in tests.pods("worker", run=2):
            assert pod["metadata"]["labels"]["release"] == "next"
            [container] = pod["spec"]["containers"]
            assert container["resources"] == {"requests": {"cpu": "11m"}}
    finally:
        install()
