"""What people get wrong ends in a condition with a sentence, or waits for them to mend it."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

IDLE = """
from locust import User, constant, task


class Idle(User):
    wait_time = constant(1)

    @task
    def rest(self):
        pass
"""


def test_an_image_that_is_not_there(tests: Any) -> None:
    tests.apply(image="localhost/nowhere:none", imagePullPolicy="Never")
    status = tests.give_up("ImagePullFailed")
    assert "localhost/nowhere:none" in status["message"]
    assert "ImagePullFailed" in tests.events()
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods())


def test_an_image_without_katydid(tests: Any) -> None:
    [node, *_] = tests.cluster.items("v1", "Node", None)
    names = [name for image in node["status"]["images"] for name in image.get("names") or ()]
    small = [name for name in names if "/pause" in name and "@" not in name]
    if not small:
        pytest.skip("The node has no image of a pause container, as every containerd has.")
    user = {"podSecurityContext": {"runAsUser": 65532}}  # such an image names none
    tests.apply(image=small[0], imagePullPolicy="IfNotPresent", pod=user)
    status = tests.give_up("ImageWithoutKatydid")
    assert f"The image {small[0]} has no katydid" in status["message"]
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods())


def test_nodes_that_do_not_exist(tests: Any) -> None:
    nowhere = {"nodeSelector": {"e2e.katydid.dev/nowhere": "true"}}
    tests.apply(workers={"replicas": 1, "pod": nowhere})
    status = tests.give_up("Unschedulable")
    # the scheduler's own words
    assert "didn't match Pod's node affinity/selector" in status["message"]
    assert "test-1-worker-0" in status["message"]
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods())


def test_more_memory_than_the_limit(tests: Any) -> None:
    greedy = IDLE + (
        "\nimport os\n"
        "if os.environ.get('KATYDID_WORKER_ID'):\n"
        "    greed = bytearray(os.urandom(1 << 20)) * 600\n"
    )
    limits = {"limits": {"memory": "200Mi"}}
    tests.apply(source=greedy, workers={"replicas": 1, "resources": limits})
    status = tests.give_up("OOMKilled")
    assert "(limit 200Mi)" in status["message"]
    assert status["failure"]["container"] == "katydid"
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods())


def test_a_full_quota(tests: Any) -> None:
    """The Job tells nobody why its pods do not come; the LoadTest does."""
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "one-pod"},
        "spec": {"hard": {"pods": "1"}},
    }  # fmt: skip
    tests.cluster.apply(quota, tests.namespace)
    tests.apply(workers={"replicas": 1})
    status = tests.wait("the reason", lambda status: status.get("reason") == "QuotaExceeded")
    assert "exceeded quota: one-pod" in status["message"]
    quota["spec"] = {"hard": {"pods": "2"}}
    tests.cluster.apply(quota, tests.namespace)
    assert tests.finished()["verdict"] == "Passed"  # it goes on by itself


def test_a_pod_that_the_server_refuses(tests: Any) -> None:
    """What the schema leaves open is asked of the server before anything is made."""
    bad = {"volumeMounts": [{"name": "nowhere", "mountPath": "/data"}]}
    tests.apply(workers={"replicas": 1, "pod": bad})
    status = tests.give_up("InvalidPodTemplate")
    assert 'volumeMounts[4].name: Not found: "nowhere"' in status["message"], status["message"]
    accepted = next(one for one in status["conditions"] if one["type"] == "Accepted")
    assert accepted["status"] == "False"
    assert not tests.pods()


def test_a_config_map_that_appears_later(tests: Any) -> None:
    from_map = {"entrypoint": "locustfile.py", "configMap": {"name": "late"}}
    thresholds = [{"name": "no failures", "metric": "failures", "below": "1%"}]
    tests.apply(source=from_map, load={"users": 2, "runTime": "3s"}, thresholds=thresholds)
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
    tests.cluster.apply({**config_map, "data": {"locustfile.py": IDLE}}, tests.namespace)
    status = tests.finished()
    assert status["run"]["number"] == 1
    # nothing was ever measured, and that does not pass
    assert (status["verdict"], status["thresholds"][0]["status"]) == ("Failed", "Breached")


def test_an_import_error_in_the_locustfile(tests: Any) -> None:
    tests.apply(source="import nowhere_to_be_found\n")
    status = tests.finished()
    assert (status["verdict"], status["reason"]) == ("Error", "LocustfileError")
    assert "nowhere_to_be_found" in status["message"]
    assert status["failure"]["exitCode"] == 65
    assert "nowhere_to_be_found" in status["failure"]["logTail"]
    tests.cluster.wait_until("the pods are gone", lambda: not tests.pods("worker"))
