"""What a LoadTest says of its pods is what the pods are, for each role."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

Json = dict[str, Any]
OURS = {"katydid-spec", "katydid-state", "katydid-tmp", "katydid-src"}


@pytest.fixture
def classes(cluster: Any) -> Iterator[str]:
    """A priority class and a runtime class of this name: admission asks for both."""
    name = f"e2e-{secrets.token_hex(4)}"
    made = [
        ("scheduling.k8s.io/v1", "PriorityClass", {"value": 7, "preemptionPolicy": "Never"}),
        ("node.k8s.io/v1", "RuntimeClass", {"handler": "runc"}),
    ]
    for version, kind, fields in made:
        manifest = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}
        cluster.apply(manifest)
    yield name
    for version, kind, _ in made:
        cluster.delete(version, kind, name, None)


def knobs(role: str, classes: str, image: str) -> Json:
    """Every knob of spec.pod, with values that tell the role."""
    affinity = {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 3, "podAffinityTerm": {"topologyKey": f"{role}/zone"}}
            ]
        }
    }
    return {
        "labels": {"team": role},
        "annotations": {"note": f"of the {role}"},
        "serviceAccountName": f"account-{role}",
        "automountServiceAccountToken": True,
        "imagePullSecrets": [{"name": f"pull-{role}"}],
        "nodeSelector": {"pool": role},
        "affinity": affinity,
        "tolerations": [{"key": role, "operator": "Exists", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": f"{role}/host", "whenUnsatisfiable": "ScheduleAnyway"}
        ],
        "priorityClassName": classes,
        "runtimeClassName": classes,
        "schedulerName": f"nobody-{role}",  # the pods are made, and never run
        "podSecurityContext": {"fsGroup": 4242, "runAsUser": 4243},
        "securityContext": {"runAsGroup": 4244},
        "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Mi"}}],
        "volumeMounts": [{"name": "data", "mountPath": f"/data-{role}"}],
        "initContainers": [{"name": "first", "image": image, "command": ["true", role]}],
        "sidecars": [{"name": "beside", "image": image, "command": ["sleep", role]}],
        "hostAliases": [{"ip": "192.0.2.1", "hostnames": [f"{role}.example"]}],
        "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
        "terminationGracePeriodSeconds": 33,
    }


@pytest.mark.parametrize("role", ["master", "worker"])
def test_every_knob_reaches_the_pods_of_its_role(
    tests: Any, classes: str, runner_image: str, role: str
) -> None:
    wanted = knobs(role, classes, runner_image)
    account = {
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": wanted["serviceAccountName"]},
    }  # fmt: skip
    tests.cluster.apply(account, tests.namespace)
    resources = {"requests": {"cpu": "12m", "memory": "99Mi"}, "limits": {"memory": "990Mi"}}
    own = {
        "pod": wanted,
        "resources": resources,
        "args": ["--loglevel", "DEBUG"],
        "env": [{"name": "ROLE", "value": role}],
    }
    workers = {"replicas": 1} | (own if role == "worker" else {})
    tests.apply(
        env=[{"name": "ROLE", "value": "any"}, {"name": "SHARED", "value": "yes"}],
        envFrom=[{"secretRef": {"name": "none", "optional": True}}],
        workers=workers,
        **({"master": own} if role == "master" else {}),
    )
    [pod] = tests.cluster.wait_until("the pod", lambda: tests.pods(role))
    spec, metadata = pod["spec"], pod["metadata"]
    [container] = spec["containers"]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert metadata["labels"]["team"] == role
    assert metadata["annotations"]["note"] == f"of the {role}"
    assert (environment["ROLE"], environment["SHARED"]) == (role, "yes")
    assert container["envFrom"] == [{"secretRef": {"name": "none", "optional": True}}]
    assert container["resources"] == resources
    same = (
        "serviceAccountName", "automountServiceAccountToken", "imagePullSecrets", "nodeSelector",
        "affinity", "priorityClassName", "runtimeClassName", "schedulerName", "hostAliases",
        "dnsConfig", "terminationGracePeriodSeconds",
    )  # fmt: skip
    assert {key: spec[key] for key in same} == {key: wanted[key] for key in same}
    assert wanted["tolerations"][0] in spec["tolerations"]
    [spread] = spec["topologySpreadConstraints"]
    assert spread["topologyKey"] == f"{role}/host"
    assert spread["labelSelector"]["matchLabels"]["katydid.dev/component"] == role
    assert wanted["podSecurityContext"].items() <= spec["securityContext"].items()
    assert container["securityContext"]["runAsGroup"] == 4244
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts["data"] == f"/data-{role}"
    assert mounts.keys() >= OURS
    [beside, first] = spec["initContainers"]
    assert (beside["command"], beside["restartPolicy"]) == (["sleep", role], "Always")
    assert first["command"] == ["true", role]
    assert used_knobs(tests) <= wanted.keys()

    other = {"master": "worker", "worker": "master"}[role]
    [pod] = tests.cluster.wait_until("the other pod", lambda: tests.pods(other))
    assert "team" not in pod["metadata"]["labels"]
    assert pod["spec"]["schedulerName"] == "default-scheduler"
    assert {"name": "ROLE", "value": "any"} in pod["spec"]["containers"][0]["env"]


def used_knobs(tests: Any) -> set[str]:
    """The knobs that the resource's definition has."""
    definition = tests.cluster.get(
        "apiextensions.k8s.io/v1", "CustomResourceDefinition", "loadtests.katydid.dev", None
    )
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return set(schema["properties"]["spec"]["properties"]["pod"]["properties"])


SLEEP = "trap 'exit 0' TERM; sleep 3600 & wait"


def test_the_summary_of_a_pod_with_five_containers(
    tests: Any, runner_image: str, conditions_of: Callable[[Json], dict[str, str]]
) -> None:
    """The kubelet keeps 12288 bytes of all messages of a pod; ours is whole all the same."""
    sidecars = [
        {"name": f"beside-{number}", "image": runner_image, "command": ["sh", "-c", SLEEP]}
        for number in range(4)
    ]
    thresholds = [
        {"name": f"threshold {number:02} {'x' * 30}", "metric": "p95", "below": f"{number + 5}s"}
        for number in range(40)
    ]
    tests.apply(
        master={"pod": {"sidecars": sidecars}},
        load={"users": 2, "runTime": "3s", "stopTimeout": "5s"},
        thresholds=thresholds,
    )
    status = tests.finished()
    assert status["verdict"] == "Passed"
    assert {one["status"] for one in status["thresholds"]} == {"Met"}

    def message() -> str | None:
        [master] = tests.pods("master")
        [container] = master["status"]["containerStatuses"]
        return container["state"].get("terminated", {}).get("message")

    text = tests.cluster.wait_until("the master has ended", message)
    size = 12288 // (5 + 2)  # two are kept free for what a mesh may add
    assert len(text.encode()) <= size
    document = json.loads(text)
    assert (document["final"], document["verdict"]) == (True, "Passed")
    assert document["total"]["requests"] == status["load"]["requests"]
