"""Every knob of the spec reaches the pods of its role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from katydid_operator import names
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.resources import configmaps, master, secret, service, workers
from katydid_operator.resources.labels import is_owned_by, selector_text
from katydid_operator.resources.sources import Files, Snapshot
from katydid_operator.settings import Settings

Make = Callable[..., LoadTest]
TAKEN = Snapshot((Files("", {"locustfile.py": ""}),))


SECRET = "checkout-keys-0b5c1d4e-01234567"


def pods(test: LoadTest, settings: Settings, run: int = 1) -> dict[str, Json]:
    """Pod (template) by role."""
    return {
        names.MASTER: master.master_pod(test, run, TAKEN, SECRET, settings),
        names.WORKER: workers.worker_job(test, run, TAKEN, SECRET, settings)["spec"]["template"],
    }


def engine(pod: Json) -> Json:
    (container,) = pod["spec"]["containers"]
    assert container["name"] == "katydid"
    return container


def variables(container: Json) -> dict[str, Any]:
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container["env"]}


KNOBS: list[tuple[Json, Callable[[Json], Any], Any]] = [
    ({"serviceAccountName": "s"}, lambda p: p["spec"]["serviceAccountName"], "s"),
    (
        {"automountServiceAccountToken": True},
        lambda p: p["spec"]["automountServiceAccountToken"],
        True,
    ),
    ({}, lambda p: p["spec"]["automountServiceAccountToken"], False),
    (
        {"imagePullSecrets": [{"name": "p"}]},
        lambda p: p["spec"]["imagePullSecrets"],
        [{"name": "p"}],
    ),
    ({"nodeSelector": {"a": "b"}}, lambda p: p["spec"]["nodeSelector"], {"a": "b"}),
    ({"affinity": {"podAffinity": {}}}, lambda p: p["spec"]["affinity"], {"podAffinity": {}}),
    ({"tolerations": [{"key": "k"}]}, lambda p: p["spec"]["tolerations"], [{"key": "k"}]),
    ({"priorityClassName": "c"}, lambda p: p["spec"]["priorityClassName"], "c"),
    ({"runtimeClassName": "c"}, lambda p: p["spec"]["runtimeClassName"], "c"),
    ({"schedulerName": "c"}, lambda p: p["spec"]["schedulerName"], "c"),
    ({"hostAliases": [{"ip": "1.2.3.4"}]}, lambda p: p["spec"]["hostAliases"], [{"ip": "1.2.3.4"}]),
    ({"dnsConfig": {"searches": ["x"]}}, lambda p: p["spec"]["dnsConfig"], {"searches": ["x"]}),
    (
        {"terminationGracePeriodSeconds": 7},
        lambda p: p["spec"]["terminationGracePeriodSeconds"],
        7,
    ),
    ({}, lambda p: p["spec"]["terminationGracePeriodSeconds"], 90),
    (
        {"podSecurityContext": {"fsGroup": 5}},
        lambda p: p["spec"]["securityContext"],
        {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, "fsGroup": 5},
    ),
    (
        {"securityContext": {"runAsUser": 9, "readOnlyRootFilesystem": False}},
        lambda p: engine(p)["securityContext"],
        {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsUser": 9,
        },
    ),
    (
        {"volumes": [{"name": "v", "emptyDir": {}}]},
        lambda p: [v for v in p["spec"]["volumes"] if not v["name"].startswith("katydid-")],
        [{"name": "v", "emptyDir": {}}],
    ),
    (
        {"volumeMounts": [{"name": "v", "mountPath": "/v"}]},
        lambda p: engine(p)["volumeMounts"][-1],
        {"name": "v", "mountPath": "/v"},
    ),
    (
        {"initContainers": [{"name": "i"}], "sidecars": [{"name": "s"}]},
        lambda p: p["spec"]["initContainers"],
        [{"name": "s", "restartPolicy": "Always"}, {"name": "i"}],
    ),
    ({"labels": {"team": "a"}}, lambda p: p["metadata"]["labels"]["team"], "a"),
    (
        {"labels": {"katydid.dev/run": "9", "app.kubernetes.io/name": "x"}},
        lambda p: (
            p["metadata"]["labels"]["katydid.dev/run"],
            p["metadata"]["labels"]["app.kubernetes.io/name"],
        ),
        ("1", "katydid"),
    ),
    ({"annotations": {"a": "b"}}, lambda p: p["metadata"]["annotations"]["a"], "b"),
    (
        {},
        lambda p: p["metadata"]["annotations"]["cluster-autoscaler.kubernetes.io/safe-to-evict"],
        "false",
    ),
]


@pytest.mark.parametrize(("knobs", "read", "value"), KNOBS)
def test_knobs_of_the_common_overlay_reach_both_roles(
    make_test: Make, settings: Settings, knobs: Json, read: Callable[[Json], Any], value: Any
) -> None:
    for pod in pods(make_test({"pod": knobs}), settings).values():
        assert read(pod) == value


@pytest.mark.parametrize(("knobs", "read", "value"), [one for one in KNOBS if one[0]])
@pytest.mark.parametrize(
    ("field", "role", "other"),
    [("master", names.MASTER, names.WORKER), ("workers", names.WORKER, names.MASTER)],
)
def test_knobs_of_a_role_reach_that_role_alone(
    make_test: Make,
    settings: Settings,
    knobs: Json,
    read: Callable[[Json], Any],
    value: Any,
    field: str,
    role: str,
    other: str,
) -> None:
    found = pods(make_test({field: {"pod": knobs}}), settings)
    plain = pods(make_test(), settings)
    assert read(found[role]) == value
    assert found[other] == plain[other]


def test_what_each_role_runs(make_test: Make, settings: Settings) -> None:
    for role, pod in pods(make_test(), settings).items():
        container = engine(pod)
        assert container["command"] == ["katydid", "run", "--role", role, "/katydid/loadtest.yaml"]
        # one exec waits, so that a pod that starts well has no failed probe among its events
        waits = container["startupProbe"]["exec"]["command"]
        assert (waits[:2], waits[-1]) == (["sh", "-c"], "/katydid/state/ready")
        looks = container["readinessProbe"]["exec"]["command"]
        assert looks == ["test", "-e", "/katydid/state/ready"]
        # never killed for being slow, and not looked at often once it makes load
        assert container["startupProbe"]["failureThreshold"] == 2**31 - 1
        assert container["readinessProbe"]["periodSeconds"] == 10
        assert container["terminationMessagePath"] == "/dev/termination-log"
        assert container["image"] == "runner:1"
        assert "imagePullPolicy" not in container
        labels = pod["metadata"]["labels"]
        assert labels == {
            "app.kubernetes.io/name": "katydid",
            "app.kubernetes.io/instance": "checkout",
            "app.kubernetes.io/managed-by": "katydid-operator",
            "app.kubernetes.io/version": "1.2.3",
            "app.kubernetes.io/component": role,
            "katydid.dev/loadtest": "checkout",
            "katydid.dev/run": "1",
            "katydid.dev/component": role,
        }


def test_environment_of_each_role(make_test: Make, settings: Settings) -> None:
    test = make_test(
        {
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}],
            "envFrom": [{"configMapRef": {"name": "c"}}],
            "workers": {"env": [{"name": "B", "value": "2"}]},
        }
    )
    found = pods(test, settings, run=3)
    seed = {"secretKeyRef": {"name": SECRET, "key": "seed"}}
    own = {"KATYDID_RUN": "3", "KATYDID_NAMESPACE": "shop", "KATYDID_CURVE_SEED": seed}
    assert variables(engine(found[names.MASTER])) == {
        "A": "1",
        "B": "1",
        **own,
        "KATYDID_SUMMARY_BYTES": "4096",
        "KATYDID_METRICS_PORT": "9646",
    }
    path = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    assert variables(engine(found[names.WORKER])) == {
        "A": "1",
        "B": "2",
        **own,
        "KATYDID_MASTER_HOST": "checkout-master.shop.svc",
        "KATYDID_WORKER_ID": {"fieldRef": {"fieldPath": path}},
    }
    for pod in found.values():
        assert engine(pod)["envFrom"] == [{"configMapRef": {"name": "c"}}]


@pytest.mark.parametrize(("sidecars", "size"), [(0, "4096"), (1, "3072"), (4, "1755")])
def test_the_summary_leaves_room_for_other_containers(
    make_test: Make, settings: Settings, sidecars: int, size: str
) -> None:
    extra = [{"name": f"s{index}", "image": "x"} for index in range(sidecars)]
    pod = pods(make_test({"pod": {"sidecars": extra}}), settings)[names.MASTER]
    assert variables(engine(pod))["KATYDID_SUMMARY_BYTES"] == size


def test_resources_and_images(make_test: Make) -> None:
    settings = Settings(
        runner_image="runner:1",
        runner_pull_policy="Always",
        worker_resources={"requests": {"cpu": "1"}},
        image_pull_secrets=("regcred",),
    )
    plain = pods(make_test(), settings)
    assert "resources" not in engine(plain[names.MASTER])
    assert engine(plain[names.WORKER])["resources"] == {"requests": {"cpu": "1"}}
    assert engine(plain[names.MASTER])["imagePullPolicy"] == "Always"
    assert plain[names.MASTER]["spec"]["imagePullSecrets"] == [{"name": "regcred"}]
    own = {
        "image": "mine:2",
        "workers": {"resources": {"limits": {"memory": "1Gi"}}},
        "master": {"resources": {"limits": {"memory": "2Gi"}}},
    }
    found = pods(make_test(own), settings)
    assert engine(found[names.WORKER])["resources"] == {"limits": {"memory": "1Gi"}}
    assert engine(found[names.MASTER])["resources"] == {"limits": {"memory": "2Gi"}}
    assert engine(found[names.MASTER])["image"] == "mine:2"
    assert "imagePullPolicy" not in engine(found[names.MASTER])


def test_spread_constraints_find_the_role_s_own_pods(make_test: Make, settings: Settings) -> None:
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    pod = pods(make_test({"pod": {"topologySpreadConstraints": [spread]}}), settings)
    (found,) = pod[names.WORKER]["spec"]["topologySpreadConstraints"]
    assert found == {
        **spread,
        "labelSelector": {
            "matchLabels": {
                "katydid.dev/loadtest": "checkout",
                "katydid.dev/run": "1",
                "katydid.dev/component": "worker",
            }
        },
    }


def test_the_master_is_a_bare_pod_that_may_restart(make_test: Make, settings: Settings) -> None:
    test = make_test({"deadline": "1h"})
    pod = master.master_pod(test, 2, TAKEN, SECRET, settings)
    assert (pod["kind"], pod["metadata"]["name"]) == ("Pod", "checkout-2-master")
    assert pod["spec"]["restartPolicy"] == "OnFailure"
    assert pod["spec"]["activeDeadlineSeconds"] == 3600 + 86400
    assert is_owned_by(pod, test.uid)
    assert not is_owned_by(pod, "other")
    assert {p["name"]: p["containerPort"] for p in engine(pod)["ports"]} == {
        "rpc": 5557,
        "http": 8089,
        "metrics": 9646,
    }


@pytest.mark.parametrize(("path", "sub"), [("", "checkout-1"), ("a/b", "a/b/checkout-1")])
def test_results_on_a_volume_are_the_master_s(
    make_test: Make, settings: Settings, path: str, sub: str
) -> None:
    claim = {"claimName": "out", **({"path": path} if path else {})}
    found = pods(make_test({"results": {"persistentVolumeClaim": claim}}), settings)
    assert engine(found[names.MASTER])["volumeMounts"][-1] == {
        "name": "katydid-results",
        "mountPath": "/katydid/state/results",
        "subPath": sub,
    }
    volumes = [volume["name"] for volume in found[names.WORKER]["spec"]["volumes"]]
    assert "katydid-results" not in volumes


def test_a_claim_is_never_in_two_volumes_of_a_pod(make_test: Make, settings: Settings) -> None:
    claim = {"claimName": "disk"}
    spec = {"source": {"persistentVolumeClaim": claim}, "results": {"persistentVolumeClaim": claim}}
    found = pods(make_test(spec), settings)[names.MASTER]
    volumes = found["spec"]["volumes"]
    assert [one for one in volumes if "persistentVolumeClaim" in one] == [
        {"name": "katydid-src", "persistentVolumeClaim": claim}
    ]
    mounts = [one for one in engine(found)["volumeMounts"] if one["name"] == "katydid-src"]
    assert [(one["mountPath"], one.get("readOnly", False)) for one in mounts] == [
        ("/katydid/src", True), ("/katydid/state/results", False),
    ]  # fmt: skip


def test_workers_are_an_indexed_job(make_test: Make, settings: Settings) -> None:
    test = make_test({"workers": {"replicas": 4}, "deadline": "1h"})
    job = workers.worker_job(test, 1, TAKEN, SECRET, settings)
    spec = job["spec"]
    assert job["metadata"]["name"] == "checkout-1-worker"
    assert (spec["completionMode"], spec["parallelism"], spec["completions"]) == ("Indexed", 4, 4)
    assert spec["backoffLimitPerIndex"] == 6
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    ignore, final = spec["podFailurePolicy"]["rules"]
    assert ignore["action"] == "Ignore"
    assert ignore["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert final["action"] == "FailIndex"
    assert final["onExitCodes"] == {
        "containerName": "katydid",
        "operator": "In",
        "values": [64, 65],
    }
    assert workers.live_part(test) == {
        "parallelism": 4,
        "completions": 4,
        "activeDeadlineSeconds": 3600 + 30 + 60 + 600,
    }
    trial = workers.trial_pod(test, 1, TAKEN, SECRET, settings)
    assert trial["kind"] == "Pod"
    assert trial["spec"] == spec["template"]["spec"]


def test_the_service_leads_to_the_master_of_this_run(make_test: Make) -> None:
    made = service.master_service(make_test(), 5, "1.0")
    assert made["metadata"]["name"] == "checkout-master"
    assert made["spec"]["selector"] == {
        "katydid.dev/loadtest": "checkout",
        "katydid.dev/run": "5",
        "katydid.dev/component": "master",
    }
    assert made["spec"]["publishNotReadyAddresses"] is True
    assert [(p["name"], p["port"], p["appProtocol"]) for p in made["spec"]["ports"]] == [
        ("rpc", 5557, "kubernetes.io/tcp"),
        ("http", 8089, "http"),
        ("metrics", 9646, "http"),
    ]


def test_the_manifest_of_the_pods_is_the_spec_with_its_target_resolved(make_test: Make) -> None:
    test = make_test(
        {"target": {"serviceRef": {"name": "web", "port": 80}}}, status={"phase": "x"}, generation=4
    )
    made = configmaps.spec_config_map(test, 1, "1.0")
    assert made["metadata"]["name"] == "checkout-1-spec"
    assert made["immutable"] is True
    read = yaml.safe_load(made["data"]["loadtest.yaml"])
    assert read["metadata"] == {"name": "checkout", "namespace": "shop", "generation": 4}
    assert read["spec"] == {**test.spec, "target": {"host": "http://web.shop.svc:80"}}
    assert "status" not in read


def test_secret_and_results(make_test: Make) -> None:
    test = make_test()
    made = secret.key_secret(test, 1, "00ff", "1.0")
    assert made["metadata"]["name"] == secret.secret_name(test, "00ff")
    assert made["metadata"]["name"].startswith("checkout-keys-0b5c1d4e-")
    assert made["metadata"]["name"] != secret.secret_name(test, "00fe")
    assert made["stringData"] == {"seed": "00ff"}
    kept = configmaps.results_config_map(test, 3, b"abc", "1.0")
    assert kept["binaryData"] == {"results.tar.gz": "YWJj"}
    assert kept["metadata"]["labels"]["katydid.dev/run"] == "3"
    assert selector_text(test, 3, "worker") == (
        "katydid.dev/loadtest=checkout,katydid.dev/run=3,katydid.dev/component=worker"
    )


def test_the_clone_has_the_users_variables_and_mounts(make_test: Make, settings: Settings) -> None:
    """A proxy and a certificate for git; what the clone itself needs is not overridden."""
    mount = {"name": "ca", "mountPath": "/ca"}
    test = make_test(
        {
            "source": {"git": {"url": "https://g/r"}},
            "env": [{"name": "HTTPS_PROXY", "value": "p"}, {"name": "HOME", "value": "/x"}],
            "envFrom": [{"secretRef": {"name": "tokens"}}],
            "master": {"env": [{"name": "HTTPS_PROXY", "value": "of-master"}]},
            "pod": {"volumes": [{"name": "ca", "emptyDir": {}}], "volumeMounts": [mount]},
        }
    )
    (clone,) = pods(test, settings)[names.MASTER]["spec"]["initContainers"]
    assert len({item["name"] for item in clone["env"]}) == len(clone["env"])
    assert variables(clone)["HTTPS_PROXY"] == "of-master"
    assert variables(clone)["HOME"] == "/tmp"
    assert clone["envFrom"] == [{"secretRef": {"name": "tokens"}}]
    assert mount in clone["volumeMounts"]
    assert not set(variables(clone)) & {names.SEED_VARIABLE, names.RUN_VARIABLE}
