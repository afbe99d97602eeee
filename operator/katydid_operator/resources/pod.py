"""What master and worker pods have in common: one template, with every knob of the spec in it."""

from __future__ import annotations

from typing import Any

from katydid_operator import names
from katydid_operator.loadtest import Json, LoadTest, Role, overlaid
from katydid_operator.resources.labels import labels, selector
from katydid_operator.resources.sources import Snapshot, mounted
from katydid_operator.settings import Settings

PASSED_THROUGH = (
    "serviceAccountName", "imagePullSecrets", "nodeSelector", "affinity", "tolerations",
    "priorityClassName", "runtimeClassName", "schedulerName", "hostAliases", "dnsConfig",
)  # fmt: skip
"""Knobs that are fields of a pod's spec under the same name."""

POD_SECURITY: Json = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER_SECURITY: Json = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
REPORT_SECONDS = 60
"""Time that a pod has after the drain for its last reports."""

NEVER = 2**31 - 1  # failures of a startup probe after which the kubelet would kill the container
SUMMARY_BYTES = 4096  # what the kubelet keeps of one termination message
SUMMARIES_BYTES = 12288  # and of all containers of a pod together
INJECTED_CONTAINERS = 2  # sidecars that a mesh may add later


def template(
    test: LoadTest, run: int, taken: Snapshot, role: str, secret: str, settings: Settings
) -> Json:
    """Pod metadata and spec for `role`, but what a bare Pod and a Job have of their own.

    `secret` is the name of the Secret with the seed of the keys.
    """
    own = test.master if role == names.MASTER else test.workers
    knobs = overlaid(_defaults(settings), own.pod)
    image = _image(test, settings)
    security = {**CONTAINER_SECURITY, **knobs.get("securityContext", {})}
    resources = own.resources or (
        settings.master_resources if role == names.MASTER else settings.worker_resources
    )
    limits = {"resources": resources} if resources else {}  # a quota asks them of every container
    lent = {**image, **limits, **_of_user(test, own, knobs), "securityContext": security}
    sources = mounted(test, run, taken, role, lent)
    sidecars = [{**one, "restartPolicy": "Always"} for one in knobs.get("sidecars", [])]
    first = [*sidecars, *knobs.get("initContainers", []), *sources.init_containers]
    container: Json = {
        "name": names.CONTAINER,
        **image,
        **limits,
        "command": ["katydid", "run", "--role", role, names.SPEC_FILE],
        "env": _environment(test, run, own, role, secret, containers=1 + len(first)),
        "volumeMounts": [*_own_mounts(), *sources.mounts, *knobs.get("volumeMounts", [])],
        "securityContext": security,
        **_probes(),
        "terminationMessagePath": names.TERMINATION_LOG,
        "terminationMessagePolicy": "File",
    }
    if test.env_from:
        container["envFrom"] = list(test.env_from)
    spec: Json = {
        "containers": [container],
        "volumes": [*_own_volumes(test, run), *sources.volumes, *knobs.get("volumes", [])],
        "securityContext": {**POD_SECURITY, **knobs.get("podSecurityContext", {})},
        "automountServiceAccountToken": knobs.get("automountServiceAccountToken", False),
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": knobs.get(
            "terminationGracePeriodSeconds", int(test.stop_timeout_seconds) + REPORT_SECONDS
        ),
    }
    spec |= {key: knobs[key] for key in PASSED_THROUGH if key in knobs}
    if knobs.get("topologySpreadConstraints"):
        spec["topologySpreadConstraints"] = [
            {"labelSelector": {"matchLabels": selector(test, run, role)}, **one}
            for one in knobs["topologySpreadConstraints"]
        ]
    if first:
        spec["initContainers"] = first
    return {"metadata": _metadata(test, run, role, knobs, settings), "spec": spec}


def _probes() -> Json:
    """Both look for the file that says ready.

    The first waits for it in one exec, since every failed probe is a warning among the events of a
    pod that starts well. The second looks now and then: an exec costs the node a twentieth of a CPU
    second, which a generator of load would lack.
    """
    wait = ["sh", "-c", 'until test -e "$0"; do sleep 0.25; done', names.READY_FILE]
    look = ["test", "-e", names.READY_FILE]
    return {
        "startupProbe": {
            "exec": {"command": wait},
            "timeoutSeconds": 30,
            "periodSeconds": 1,
            "failureThreshold": NEVER,
        },
        "readinessProbe": {
            "exec": {"command": look},
            "timeoutSeconds": 5,
            "periodSeconds": 10,
            "failureThreshold": 1,
        },
    }


def _defaults(settings: Settings) -> Json:
    knobs = dict(settings.pod_defaults)
    if settings.image_pull_secrets:
        knobs["imagePullSecrets"] = [{"name": name} for name in settings.image_pull_secrets]
    return knobs


def _metadata(
    test: LoadTest, run: int, role: str, knobs: Json, settings: Settings
) -> dict[str, Any]:
    return {
        # Ours last: a Service or a watch that no longer found its pods would break the run.
        "labels": {**knobs.get("labels", {}), **labels(test, run, role, settings.version)},
        "annotations": {
            **names.KEEP_ANNOTATIONS,
            "kubectl.kubernetes.io/default-container": names.CONTAINER,
            **knobs.get("annotations", {}),
        },
    }


def _image(test: LoadTest, settings: Settings) -> Json:
    found: Json = {"image": test.image or settings.runner_image}
    policy = test.spec.get("imagePullPolicy") or ("" if test.image else settings.runner_pull_policy)
    if policy:
        found["imagePullPolicy"] = policy
    return found


def _own_mounts() -> list[Json]:
    return [
        {
            "name": "katydid-spec",
            "mountPath": names.SPEC_FILE,
            "subPath": names.SPEC_KEY,
            "readOnly": True,
        },
        {"name": "katydid-state", "mountPath": names.STATE_DIRECTORY},
        {"name": "katydid-tmp", "mountPath": "/tmp"},
    ]


def _own_volumes(test: LoadTest, run: int) -> list[Json]:
    spec = {"name": names.spec_config_map(test.name, run)}
    return [
        {"name": "katydid-spec", "configMap": spec},
        {"name": "katydid-state", "emptyDir": {}},
        {"name": "katydid-tmp", "emptyDir": {}},
    ]


def _of_user(test: LoadTest, own: Role, knobs: Json) -> Json:
    """Variables and mounts of the user's, which the clone needs too: a proxy, a certificate."""
    found: Json = {
        "env": list(_given(test, own).values()),
        "volumeMounts": list(knobs.get("volumeMounts", [])),
    }
    return {**found, "envFrom": list(test.env_from)} if test.env_from else found


def _given(test: LoadTest, own: Role) -> dict[str, Json]:
    """The user's variables by name, a role's over the common ones."""
    return {item["name"]: item for item in (*test.env, *own.env)}


def _environment(
    test: LoadTest, run: int, own: Role, role: str, secret: str, containers: int
) -> list[Json]:
    """The user's variables, then the engine's own."""
    given = _given(test, own)
    seed = {"name": secret, "key": names.SEED_KEY}
    ours: dict[str, Json] = {
        names.RUN_VARIABLE: {"value": str(run)},
        names.NAMESPACE_VARIABLE: {"value": test.namespace},
        names.SEED_VARIABLE: {"valueFrom": {"secretKeyRef": seed}},
    }
    if role == names.MASTER:
        size = min(SUMMARY_BYTES, SUMMARIES_BYTES // (containers + INJECTED_CONTAINERS))
        ours[names.SUMMARY_BYTES_VARIABLE] = {"value": str(size)}
        ours[names.METRICS_PORT_VARIABLE] = {"value": str(names.PORTS["metrics"])}
    else:
        index = {"fieldPath": f"metadata.annotations['{names.COMPLETION_INDEX}']"}
        host = names.master_host(test.name, test.namespace)
        ours[names.MASTER_HOST_VARIABLE] = {"value": host}
        ours[names.WORKER_ID_VARIABLE] = {"valueFrom": {"fieldRef": index}}
    return [*given.values(), *({"name": name, **value} for name, value in ours.items())]
