"""From `kubectl apply` to load running, on the cluster that KUBECONFIG names, images present.

    eval "$(tools/cluster.sh env)" && python bench/kubernetes_start.py [--runs N] [--workers N]

Uses the operator that is there, else installs the chart of this checkout and takes it away again.
Each run is a new LoadTest; measured is the clock on the wall from the call of kubectl to the first
look that finds the phase Running, and beside it where the time went, by the pods' own times.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SYSTEM, SPACE = "katydid-bench-system", "katydid-bench"
GOAL_SECONDS = 10.0
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 120.0
LOCUSTFILE = """
from locust import User, constant, task

class Idle(User):
    wait_time = constant(1)

    @task
    def rest(self):
        pass
"""


def kubectl(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def got(*arguments: str) -> dict[str, Any]:
    return dict(json.loads(kubectl("-n", SPACE, "get", *arguments, "-o", "json")))


def image(target: str) -> tuple[str, str]:
    """(repository, tag) that `make images` gives."""
    prefix = os.environ.get("KATYDID_IMAGE_PREFIX", "localhost")
    return f"{prefix}/katydid-{target}", os.environ.get("KATYDID_IMAGE_TAG", "dev")


def install() -> bool:
    """Install the chart unless an operator is there; True if it was installed."""
    label = "app.kubernetes.io/name=katydid,app.kubernetes.io/component=operator"
    if json.loads(kubectl("get", "deployments", "-A", "-l", label, "-o", "json"))["items"]:
        return False
    values = []
    for key, target in (("image", "operator"), ("runnerImage", "runner")):
        repository, tag = image(target)
        values += [f"{key}.registry=", f"{key}.repository={repository}", f"{key}.tag={tag}"]
    done = subprocess.run(
        ["helm", "upgrade", "--install", "katydid-bench", str(ROOT / "charts" / "katydid"),
         "--namespace", SYSTEM, "--create-namespace", "--take-ownership", "--wait",
         "--set", ",".join(values)],
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr.strip())
    return True


def manifest(name: str, workers: int) -> str:
    spec = {
        "source": {"inline": {"locustfile.py": LOCUSTFILE}},
        "load": {"users": workers, "runTime": "10m", "stopTimeout": "1s"},
        "workers": {"replicas": workers},
    }
    made = {"apiVersion": "katydid.dev/v1alpha1", "kind": "LoadTest",
            "metadata": {"name": name, "namespace": SPACE}, "spec": spec}  # fmt: skip
    return json.dumps(made)


def one_run(name: str, workers: int) -> tuple[float, list[float]]:
    """Seconds to Running; and of the pods: the first created, the last started, the last ready."""
    began_wall, began = time.time(), time.monotonic()
    kubectl("apply", "-f", "-", text=manifest(name, workers))
    while (status := got("loadtest", name).get("status") or {}).get("phase") != "Running":
        if time.monotonic() - began > PATIENCE_SECONDS or status.get("verdict"):
            sys.exit(f"{name} does not run: {status.get('reason')}: {status.get('message')}")
        time.sleep(LOOK_SECONDS)
    seconds = time.monotonic() - began
    pods = got("pods", "-l", f"katydid.dev/loadtest={name}")["items"]
    created = [pod["metadata"]["creationTimestamp"] for pod in pods]
    begun = [pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] for pod in pods]
    ready = [
        one["lastTransitionTime"]
        for pod in pods for one in pod["status"]["conditions"] if one["type"] == "Ready"
    ]  # fmt: skip
    times = [min(created), max(begun), max(ready)]
    kubectl("-n", SPACE, "delete", "loadtest", name, "--wait=true")
    return seconds, [datetime.fromisoformat(one).timestamp() - began_wall for one in times]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    if not os.environ.get("KUBECONFIG") or not shutil.which("kubectl"):
        print("left out: KUBECONFIG names no cluster (tools/cluster.sh up)")
        return 0
    kubectl("create", "namespace", SPACE)
    is_ours = False
    try:
        is_ours = install()
        measured = []
        for number in range(given.runs):
            seconds, parts = one_run(f"start-{number}", given.workers)
            measured.append(seconds)
            told = "  ".join(
                f"{text} {max(0.0, part):.0f}"
                for text, part in zip(("created", "started", "ready"), parts, strict=True)
            )
            print(f"run {number}: {seconds:5.1f} s to Running   (pods, whole seconds: {told})")
    finally:
        kubectl("delete", "namespace", SPACE, "--wait=true")
        if is_ours:
            subprocess.run(["helm", "uninstall", "katydid-bench", "--namespace", SYSTEM, "--wait"],
                           capture_output=True, check=False)  # fmt: skip
            kubectl("delete", "namespace", SYSTEM, "--wait=false")
    middle, worst = statistics.median(measured), max(measured)
    word = "ok  " if worst <= GOAL_SECONDS else "MISS"
    told = f"median {middle:.1f} s, worst {worst:.1f} s  goal: {GOAL_SECONDS:g} s"
    print(f"{word} apply to running, {given.workers} workers: {told}")
    return int(worst > GOAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
