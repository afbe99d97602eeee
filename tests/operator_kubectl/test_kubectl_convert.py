"""LocustTests of the official operator and of AbdelrhmanHamouda's, as LoadTests."""

from __future__ import annotations

from typing import Any

import pytest

from katydid_operator.kubectl import locust_flags
from katydid_operator.kubectl.convert import convert
from katydid_operator.kubectl.exits import CommandError


def _old(spec: dict[str, Any], group: str = "locust.io/v1", **metadata: Any) -> dict[str, Any]:
    metadata = {"name": "checkout", **metadata}
    return {"apiVersion": group, "kind": "LocustTest", "metadata": metadata, "spec": spec}


BARE_LOAD = {"users": 1, "unbounded": True}


@pytest.mark.parametrize(
    ("words", "load", "rest"),
    [
        ("-u 100 -r 2.5 -t 1h30m", {"users": 100, "spawnRate": 2.5, "runTime": "1h30m"}, []),
        ("--users=100 --run-time 300", {"users": 100, "runTime": "300s"}, []),
        ("-u100 -t5m", {"users": 100, "runTime": "5m"}, []),
        ("locust --headless -u 1 -t 9", {"users": 1, "runTime": "9s"}, []),
        (
            "-u 1 -t 9 --tags a b -E c --stop-timeout 10",
            {"users": 1, "runTime": "9s", "tags": ["a", "b"], "excludeTags": ["c"],
             "stopTimeout": "10s"},
            [],
        ),
        (
            "--only-summary -u 1 -t 9 Buyer Visitor Buyer",
            {"users": 1, "runTime": "9s", "userClasses": ["Buyer", "Visitor"]},
            ["--only-summary"],
        ),
        (
            "-u 1 -t 9 --expect-workers 3 --autoquit 5 --master --loglevel DEBUG --tenant x",
            {"users": 1, "runTime": "9s"},
            ["--loglevel", "DEBUG", "--tenant", "x"],
        ),
    ],
)  # fmt: skip
def test_options(words: str, load: dict[str, Any], rest: list[str]) -> None:
    found = locust_flags.parse(words.split())
    assert locust_flags.load_of(found) == (load, [])
    assert found.rest == rest
    assert found.notes == []


def test_what_is_not_said_or_not_kept_is_told() -> None:
    found = locust_flags.parse(["--csv", "out", "--html=r.html", "-u", "many"])
    load, notes = locust_flags.load_of(found)
    assert load == BARE_LOAD
    assert found.notes == [
        "--csv is left out: the operator decides it.",
        "--html is left out: the operator decides it.",
    ]
    assert notes == [
        "'many' is no number (users); 1 is taken.",
        "No run time is said; the test runs until it is stopped (unbounded: true).",
    ]


def test_the_official_operators_test_with_everything() -> None:
    spec = {
        "image": "locustio/locust:2.43.3",
        "workers": 5,
        "args": "--host https://shop.example -u 50 -r 5 -t 10m --processes 2 Buyer",
        "env": [
            {"name": "LOCUST_HEADLESS", "value": "true"},
            {"name": "LOCUST_USERS", "value": "7"},
            {"name": "TENANT", "value": "blue"},
        ],
        "imagePullSecrets": [{"name": "pull"}],
        "labels": {"team": "shop"},
        "locustfile": {"configMap": {"name": "tests", "key": "buy.py"}},
        "master": {"resources": {"limits": {"memory": "1Gi"}}},
        "worker": {"labels": {"role": "w"}, "annotations": {"a": "b"}},
    }
    made, notes = convert(_old(spec, namespace="shop", labels={"x": "y"}, uid="gone"))
    assert made == {
        "apiVersion": "katydid.dev/v1alpha1",
        "kind": "LoadTest",
        "metadata": {"name": "checkout", "namespace": "shop", "labels": {"x": "y"}},
        "spec": {
            "load": {
                "users": 50,
                "spawnRate": 5,
                "runTime": "10m",
                "userClasses": ["Buyer"],
            },
            "target": {"host": "https://shop.example"},
            "source": {"entrypoint": "buy.py", "configMap": {"name": "tests"}},
            "env": [{"name": "TENANT", "value": "blue"}],
            "pod": {"labels": {"team": "shop"}, "imagePullSecrets": [{"name": "pull"}]},
            "master": {"resources": {"limits": {"memory": "1Gi"}}},
            "workers": {
                "replicas": 5,
                "processesPerPod": 2,
                "pod": {"labels": {"role": "w"}, "annotations": {"a": "b"}},
            },
        },
    }
    assert notes == []


@pytest.mark.parametrize(
    ("spec", "source"),
    [
        (
            {"locustfile": {"content": "x = 1\n"}},
            {"entrypoint": "locustfile.py", "inline": {"locustfile.py": "x = 1\n"}},
        ),
        (
            {"locustfile": {"inline": {"filename": "a.py", "content": "x"}}},
            {"entrypoint": "a.py", "inline": {"a.py": "x"}},
        ),
        (
            {"locustfile": {"configMap": {"name": "m"}}, "args": ["-f", "tests/b.py"]},
            {"entrypoint": "b.py", "configMap": {"name": "m"}},
        ),
        ({}, {"entrypoint": "locustfile.py", "image": {"path": "/home/locust"}}),
        ({"args": "-f /srv/c.py"}, {"entrypoint": "c.py", "image": {"path": "/srv"}}),
    ],
)
def test_the_official_operators_sources(spec: dict[str, Any], source: dict[str, Any]) -> None:
    made, _ = convert(_old({"workers": 1, **spec}, "locust.cloud/v1"))
    assert made["spec"]["source"] == source


def test_the_official_operators_first_shape() -> None:
    spec = {
        "workers": 3,
        "host": "https://shop.example",
        "extraArgs": ["-u", "5", "-t", "60"],
        "resources": {"master": {"limits": {"cpu": "1"}}, "worker": {"limits": {"cpu": "2"}}},
        "locustfile": {"content": "x"},
    }
    made, notes = convert(_old(spec, "locust.cloud/v1"))
    assert made["spec"]["target"] == {"host": "https://shop.example"}
    assert made["spec"]["load"] == {"users": 5, "runTime": "60s"}
    assert made["spec"]["master"] == {"resources": {"limits": {"cpu": "1"}}}
    assert made["spec"]["workers"] == {"replicas": 3, "resources": {"limits": {"cpu": "2"}}}
    assert notes == []


COMMAND = "--locustfile /lotest/src/buy.py"


def test_a_v2_test_with_everything() -> None:
    affinity = {"nodeAffinity": {"x": 1}}
    spec = {
        "image": "registry.example/load:3",
        "imagePullPolicy": "Always",
        "imagePullSecrets": [{"name": "pull"}],
        "master": {
            "command": f"{COMMAND} --host https://shop.example --users 100 --run-time 3m",
            "resources": {"limits": {"cpu": "1"}},
            "labels": {"a": "m"},
            "autostart": True,
            "autoquit": {"enabled": True, "timeout": 60},
            "extraArgs": ["--loglevel", "DEBUG"],
        },
        "worker": {"command": COMMAND, "replicas": 4, "annotations": {"b": "w"}},
        "testFiles": {"configMapRef": "tests", "libConfigMapRef": "libs"},
        "scheduling": {
            "affinity": affinity,
            "nodeSelector": {"pool": "load"},
            "tolerations": [{"key": "load"}],
            "runtimeClassName": "gvisor",
        },
        "env": {
            "configMapRefs": [{"name": "c", "prefix": "APP_"}],
            "secretRefs": [{"name": "s"}],
            "variables": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "k", "key": "t"}}}],
            "secretMounts": [{"name": "tls", "mountPath": "/etc/tls"}],
        },
        "volumes": [{"name": "data", "emptyDir": {}}],
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "data", "mountPath": "/m", "target": "master"},
            {"name": "data", "mountPath": "/w", "target": "worker"},
        ],
        "security": {
            "podSecurityContext": {"runAsUser": 7},
            "containerSecurityContext": {"runAsNonRoot": True},
        },
        "observability": {"openTelemetry": {"enabled": True, "endpoint": "otel:4317"}},
    }
    made, notes = convert(_old(spec, "locust.io/v2"))
    assert made["spec"] == {
        "load": {"users": 100, "runTime": "3m"},
        "target": {"host": "https://shop.example"},
        "source": {
            "entrypoint": "buy.py",
            "configMap": {"name": "tests"},
            "libs": [{"path": "lib", "configMap": {"name": "libs"}}],
        },
        "env": [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "k", "key": "t"}}}],
        "envFrom": [
            {"prefix": "APP_", "configMapRef": {"name": "c"}},
            {"secretRef": {"name": "s"}},
        ],
        "pod": {
            "imagePullSecrets": [{"name": "pull"}],
            "affinity": affinity,
            "tolerations": [{"key": "load"}],
            "nodeSelector": {"pool": "load"},
            "runtimeClassName": "gvisor",
            "podSecurityContext": {"runAsUser": 7},
            "securityContext": {"runAsNonRoot": True},
            "volumes": [
                {"name": "data", "emptyDir": {}},
                {"name": "secret-mount-0", "secret": {"secretName": "tls"}},
            ],
            "volumeMounts": [
                {"name": "data", "mountPath": "/data"},
                {"name": "secret-mount-0", "mountPath": "/etc/tls", "readOnly": True},
            ],
        },
        "master": {
            "args": ["--loglevel", "DEBUG"],
            "resources": {"limits": {"cpu": "1"}},
            "pod": {
                "labels": {"a": "m"},
                "volumeMounts": [{"name": "data", "mountPath": "/m"}],
            },
        },
        "workers": {
            "replicas": 4,
            "pod": {
                "annotations": {"b": "w"},
                "volumeMounts": [{"name": "data", "mountPath": "/w"}],
            },
        },
    }
    assert notes == [
        "observability.openTelemetry is left out: Katydid exports metrics itself.",
        "The library ConfigMap is the folder lib, which is on the Python path.",
        "The image registry.example/load:3 is left out: spec.image needs one that holds katydid.",
    ]


def test_args_that_both_roles_have_are_the_tests() -> None:
    spec = {
        "image": "locustio/locust",
        "master": {"command": f"{COMMAND} -u 1 -t 9 --tenant x"},
        "worker": {"command": f"{COMMAND} --tenant x", "replicas": 1},
        "testFiles": {"configMapRef": "tests"},
    }
    made, notes = convert(_old(spec, "locust.io/v2"))
    assert made["spec"]["args"] == ["--tenant", "x"]
    assert "master" not in made["spec"]
    assert notes == []


def test_his_v1() -> None:
    spec = {
        "image": "locustio/locust:latest",
        "masterCommandSeed": f"{COMMAND} --host https://shop.example --users 100 --run-time 3m\n",
        "workerCommandSeed": COMMAND,
        "workerReplicas": 3,
        "configMap": "tests",
        "labels": {"master": {"a": "m"}, "worker": {"a": "w"}},
        "imagePullSecrets": ["pull"],
        "affinity": {"nodeAffinity": {"x": 1}},
    }
    made, notes = convert(_old(spec, name="demo.test"))
    assert made["metadata"] == {"name": "demo-test"}
    assert made["spec"] == {
        "load": {"users": 100, "runTime": "3m"},
        "target": {"host": "https://shop.example"},
        "source": {"entrypoint": "buy.py", "configMap": {"name": "tests"}},
        "pod": {
            "imagePullSecrets": [{"name": "pull"}],
            "affinity": {"nodeAffinity": {"x": 1}},
        },
        "master": {"pod": {"labels": {"a": "m"}}},
        "workers": {"replicas": 3, "pod": {"labels": {"a": "w"}}},
    }
    assert len(notes) == 1


@pytest.mark.parametrize(
    ("old", "name"),
    [("Demo_Test.A", "demo-test-a"), ("1st", "test-1st"), ("a" * 43 + "-b", "a" * 43)],
)
def test_names(old: str, name: str) -> None:
    made, notes = convert(_old({"workers": 1, "locustfile": {"content": "x"}}, name=old))
    assert made["metadata"] == {"name": name}
    assert f"The name is {name}:" in notes[0]


@pytest.mark.parametrize(
    "document",
    [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}},
        {"apiVersion": "kangal.example/v1", "kind": "LocustTest", "metadata": {"name": "x"}},
        _old({"workers": 1, "args": "--host 'open"}),
    ],
)
def test_what_cannot_be_converted(document: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        convert(document)
