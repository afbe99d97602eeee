"""What may be changed while load runs: stop, users, workers; and deleting the whole."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

LONG = {"users": 4, "runTime": "10m", "stopTimeout": "5s"}


def test_stop(tests: Any) -> None:
    tests.apply(load=LONG)
    tests.running()
    tests.edit({"stop": True})
    status = tests.finished()
    assert (status["phase"], status["verdict"]) == ("Stopped", "Stopped")
    assert status["load"]["requests"] > 0
    assert status["results"]["artifacts"].startswith("configmap/")
    assert "StopRequested" in tests.events()
    assert sum(tests.counted().values()) == status["load"]["requests"]


def test_live_edit_and_kubectl_scale(tests: Any) -> None:
    tests.apply(load=LONG)
    tests.running()
    tests.edit({"load": {"users": 9}})
    tests.wait("nine users", lambda status: status["load"]["users"] == 9)
    tests.cluster.kubectl("-n", tests.namespace, "scale", "loadtest/test", "--replicas=3")
    tests.wait("three workers", lambda status: status["workers"]["ready"] == 3)
    tests.cluster.kubectl("-n", tests.namespace, "scale", "loadtest/test", "--replicas=1")
    status = tests.wait(
        "one worker",
        lambda status: (
            status["workers"]["current"] == 1 and status["workers"]["ready"] == 1
            and status["load"]["users"] == 9
        ),
    )  # fmt: skip
    assert status["phase"] == "Running"
    assert status["workers"]["lost"] == 0
    tests.edit({"load": {"runTime": "1s"}})
    status = tests.finished()
    assert status["verdict"] == "Passed", status["message"]
    assert {"LoadChanged", "WorkersScaled"} <= set(tests.events())


def test_deleted_and_applied_again_at_once(tests: Any) -> None:
    first = tests.apply(load=LONG)
    tests.running()
    tests.cluster.delete("katydid.dev/v1alpha1", "LoadTest", "test", tests.namespace)
    second = tests.apply(load={"users": 2, "runTime": "4s"})
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
    status = tests.finished()
    assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
    [master] = tests.pods("master")
    assert master["metadata"]["ownerReferences"][0]["uid"] == second["metadata"]["uid"]
