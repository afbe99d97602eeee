"""What people get wrong ends in a condition with a sentence, or waits for them to mend it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_an_image_that_is_not_there(tests: Any) -> None:
    tests.apply(
        image="localhost/nowhere:none", imagePullPolicy="Never",
        workers={"replicas": 1, "readyTimeout": "8s"},
    )  # fmt: skip
    status = tests.wait("the reason", lambda status: status.get("reason") == "ImagePullFailed")
    assert status["phase"] == "Starting"
    status = tests.finished()
    assert (status["verdict"], status["reason"]) == ("Error", "ImagePullFailed")
    assert "localhost/nowhere:none" in status["message"]
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods())


def test_a_config_map_that_appears_later(tests: Any) -> None:
    from_map = {"entrypoint": "locustfile.py", "configMap": {"name": "late"}}
    tests.apply(source=from_map, load={"users": 2, "runTime": "3s"})
    status = tests.wait("Pending", lambda status: status.get("phase") == "Pending")
    assert status["reason"] == "SourceNotFound"
    assert '"late"' in status["message"]
    config_map = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"},
        "data": {"wrong.py": ""},
    }  # fmt: skip
    tests.cluster.apply(config_map, tests.namespace)
    status = tests.wait("the key", lambda status: status.get("reason") == "SourceKeyNotFound")
    assert "wrong.py" in status["message"]
    source = "from locust import User, constant, task\nclass Idle(User):\n    wait_time = constant(1)\n    @task\n    def rest(self):\n        pass\n"  # noqa: E501
    tests.cluster.apply({**config_map, "data": {"locustfile.py": source}}, tests.namespace)
    status = tests.finished()
    assert status["run"]["number"] == 1


def test_an_import_error_in_the_locustfile(tests: Any) -> None:
    tests.apply(source="import nowhere_to_be_found\n")
    status = tests.finished(seconds=30)
    assert (status["verdict"], status["reason"]) == ("Error", "LocustfileError")
    assert "nowhere_to_be_found" in status["message"]
    assert status["failure"]["exitCode"] == 65
    assert "nowhere_to_be_found" in status["failure"]["logTail"]
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods("worker"))
