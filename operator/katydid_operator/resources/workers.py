"""The workers of a run: an Indexed Job, whose indexes are replaced one by one."""

from __future__ import annotations

from katydid_operator import names
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.resources.labels import metadata
from katydid_operator.resources.pod import REPORT_SECONDS, template
from katydid_operator.resources.sources import Snapshot
from katydid_operator.settings import Settings

RESTARTS_PER_INDEX = 6
FINAL_EXIT_CODES = (64, 65)
"""Bad usage and a locustfile that cannot be loaded: another pod would fail the same way."""

BACKSTOP_SECONDS = 600


def worker_job(test: LoadTest, run: int, taken: Snapshot, secret: str, settings: Settings) -> Json:
    name = names.worker_job(test.name, run)
    made = template(test, run, taken, names.WORKER, secret, settings)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(test, run, name, settings.version, names.WORKER),
        "spec": {
            **live_part(test),
            "completionMode": "Indexed",
            "backoffLimitPerIndex": RESTARTS_PER_INDEX,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "Ignore",
                        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
                    },
                    {
                        "action": "FailIndex",
                        "onExitCodes": {
                            "containerName": names.CONTAINER,
                            "operator": "In",
                            "values": list(FINAL_EXIT_CODES),
                        },
                    },
                ]
            },
            "template": {
                "metadata": made["metadata"],
                "spec": {**made["spec"], "restartPolicy": "Never"},
            },
        },
    }


def live_part(test: LoadTest) -> Json:
    """All of the Job's spec that is ever patched."""
    backstop = test.deadline_seconds + test.stop_timeout_seconds + REPORT_SECONDS
    return {
        "parallelism": test.replicas,
        "completions": test.replicas,
        "activeDeadlineSeconds": int(backstop) + BACKSTOP_SECONDS,
    }


def trial_pod(test: LoadTest, run: int, taken: Snapshot, secret: str, settings: Settings) -> Json:
    """A worker pod as the Job would make it: to ask the API server, by a dry run, what it says."""
    job_template = worker_job(test, run, taken, secret, settings)["spec"]["template"]
    own = metadata(test, run, f"{names.worker_job(test.name, run)}-trial", settings.version)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**own, **job_template["metadata"]},
        "spec": job_template["spec"],
    }
