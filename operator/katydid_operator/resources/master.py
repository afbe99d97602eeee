"""The master of a run: a bare Pod. Nothing recreates it, so no run can start twice."""

from __future__ import annotations

from katydid_operator import names
from katydid_operator.loadtest import ClaimSource, Json, LoadTest
from katydid_operator.resources.labels import metadata
from katydid_operator.resources.pod import template
from katydid_operator.resources.sources import Snapshot
from katydid_operator.settings import Settings

RESULTS_VOLUME = "katydid-results"

BACKSTOP_SECONDS = 86_400
"""Beyond the deadline, which the engine keeps itself. A running pod's limit can only be lowered,
so this is how much a live edit may extend the deadline."""


def master_pod(test: LoadTest, run: int, taken: Snapshot, secret: str, settings: Settings) -> Json:
    """The Pod: its container may restart and resume from the checkpoint in its emptyDir."""
    made = template(test, run, taken, names.MASTER, secret, settings)
    spec = made["spec"]
    container = spec["containers"][0]
    container["ports"] = [
        {"name": name, "containerPort": port, "protocol": "TCP"}
        for name, port in names.PORTS.items()
    ]
    claim = test.results_claim
    if claim is not None:
        container["volumeMounts"].append(
            {
                "name": _results_volume(spec["volumes"], claim),
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


def _results_volume(volumes: list[Json], claim: ClaimSource) -> str:
    """The name of the claim's volume among `volumes`, writable.

    A kubelet waits for ever for a claim that is in two volumes of one pod: the sources', or one
    of the user's, serves for the results too.
    """
    for index, one in enumerate(volumes):
        if (one.get("persistentVolumeClaim") or {}).get("claimName") == claim.claim:
            volumes[index] = {**one, "persistentVolumeClaim": {"claimName": claim.claim}}
            return str(one["name"])
    volumes.append({"name": RESULTS_VOLUME, "persistentVolumeClaim": {"claimName": claim.claim}})
    return RESULTS_VOLUME


def results_path(claim: ClaimSource, test: LoadTest, run: int) -> str:
    """The run's own folder within the volume: runs never overwrite each other's results."""
    folder = f"{test.name}-{run}"
    return f"{claim.path}/{folder}" if claim.path else folder
