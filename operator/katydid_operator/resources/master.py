"""The master of a run: a bare Pod. Nothing recreates it, so no run can start twice."""

from __future__ import annotations

from katydid_operator import names
from katydid_operator.loadtest import ClaimSource, Json, LoadTest
from katydid_operator.resources.labels import metadata
from katydid_operator.resources.pod import template
from katydid_operator.resources.sources import Snapshot
from katydid_operator.settings import Settings

BACKSTOP_SECONDS = 86_400
"""Beyond the deadline, which the engine keeps itself. A running pod's limit can only be lowered,
so this is how much a live edit may extend the deadline."""


def master_pod(test: LoadTest, run: int, taken: Snapshot, settings: Settings) -> Json:
    """The Pod: its container may restart and resume from the checkpoint in its emptyDir."""
    made = template(test, run, taken, names.MASTER, settings)
    spec = made["spec"]
    container = spec["containers"][0]
    container["ports"] = [
        {"name": name, "containerPort": port, "protocol": "TCP"}
        for name, port in names.PORTS.items()
    ]
    claim = test.results_claim
    if claim is not None:
        spec["volumes"].append(
            {"name": "katydid-results", "persistentVolumeClaim": {"claimName": claim.claim}}
        )
        container["volumeMounts"].append(
            {
                "name": "katydid-results",
                "mountPath": names.RESULTS_DIRECTORY,
                "subPath": results_path(claim, test, run),
            }
        )
    name = names.master_pod(test.name, run)
    own = metadata(test, run, name, settings.version, names.MASTER)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**own, **made["metadata"]},
        "spec": {
            **spec,
            "restartPolicy": "OnFailure",
            "activeDeadlineSeconds": int(test.deadline_seconds) + BACKSTOP_SECONDS,
        },
    }


def results_path(claim: ClaimSource, test: LoadTest, run: int) -> str:
    """The run's own folder within the volume: runs never overwrite each other's results."""
    folder = f"{test.name}-{run}"
    return f"{claim.path}/{folder}" if claim.path else folder
