"""A cluster to run the operator against: kmock's API server, kubelets and masters as they behave.

Pods, readiness and masters' answers are played in this process; the operator is another one. The
time from apply to load and from stop to exit is short, the run itself as long as it says, since
what is written during a run depends on real seconds. Every request is counted by LoadTest.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

EMULATOR = Path(__file__).parents[1] / "tests" / "operator" / "emulator.py"
_spec = importlib.util.spec_from_file_location("emulated_api_server", EMULATOR)
assert _spec is not None
assert _spec.loader is not None
_emulator = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_emulator)

NAMESPACE = "shop"
HTTP_PORT = 8089
STEP_SECONDS = 0.5  # between two reports of a kubelet about a pod that starts
RAMP_SECONDS = 5.0
DRAIN_SECONDS = 2.0
LINGER_SECONDS = 5.0
POD_TTL_SECONDS = 60  # so long that the clean-up, which is counted apart, meets no slow end
ARCHIVE = bytes(range(256)) * 200  # 50 KiB: results of a small test
Json = dict[str, Any]


class Cluster(_emulator.ApiServer):  # type: ignore[misc, name-defined]  # loaded by path
    """The emulated API server, with requests counted and objects found at once."""

    def start(self) -> None:
        super().start()
        self.calls: Counter[tuple[str, str, str]] = Counter()  # (LoadTest, verb, plural)
        self.later: Counter[tuple[str, str, str]] = Counter()  # after its results were stored
        self.stored: set[str] = set()  # LoadTests that have come so far

    def status_problems(self, status: Json) -> list[str]:
        return []  # the tests look at that

    def get(self, plural: str, name: str) -> Json | None:
        """An object as it is now, without a search."""
        key = (self._resource(plural), NAMESPACE, name)
        if key not in self._objects or self._objects[key].deleted:
            return None
        found: Json = self._objects[key].raw
        return found

    async def report(self, plural: str, name: str, status: Json) -> None:
        """A status, as a kubelet or a controller reports it; nothing if the object is gone."""
        key = (self._resource(plural), NAMESPACE, name)
        if key in self._objects and not self._objects[key].deleted:
            old = self._objects[key].raw
            await self._store(key, {**old, "status": status}, old)

    async def _read(self, request: Any) -> web.StreamResponse:
        # kmock keeps every request that it answers and compares them: too slow for thousands.
        if request.params.get("watch") == "true" or request.subresource:
            answer: web.StreamResponse = await super()._read(request)
            return answer
        plural = request.resource.plural
        if request.name is not None:
            found = self.get(plural, request.name)
            return web.json_response(
                found or {"message": "not found"}, status=200 if found else 404
            )
        selector = request.params.get("labelSelector", "")
        labels = dict(part.split("=") for part in selector.split(",") if "=" in part)
        items = [
            one.raw
            for (resource, _, _), one in self._objects.items()
            if resource.plural == plural
            and not one.deleted
            and labels.items() <= one.raw["metadata"].get("labels", {}).items()
        ]
        version = {"resourceVersion": str(self._count)}
        return web.json_response({"kind": "List", "metadata": version, "items": items})

    def _resource(self, plural: str) -> Any:
        if not hasattr(self, "_by_plural"):
            self._by_plural = {one.plural: one for one in self._get_resources()}
        return self._by_plural[plural]

    async def _handle(self, request: Any) -> web.StreamResponse:
        if request.resource is not None and request.resource.plural is not None:
            verb = str(request.method.value).upper()
            if request.params.get("watch") == "true":
                verb = "WATCH"
            if request.params.get("dryRun"):
                verb = "DRY-RUN"
            plural = "/".join(filter(None, (request.resource.plural, request.subresource)))
            test = _test_of(request)
            (self.later if test in self.stored else self.calls)[test, verb, plural] += 1
        answer: web.StreamResponse = await super()._handle(request)
        return answer


def _test_of(request: Any) -> str:
    """The LoadTest that a request is about; "" for none."""
    body = request.data if isinstance(request.data, dict) else {}
    name = request.name or (body.get("involvedObject") or {}).get("name")
    name = name or (body.get("metadata") or {}).get("name") or ""
    name = name or request.params.get("labelSelector", "").partition("=")[2].partition(",")[0]
    return str(name).split("-")[0] if str(name).startswith("test") else ""


class MasterApi:
    """What a master answers to the operator: numbers that change, and an end."""

    def __init__(self, ip: str, workers: int, run_seconds: float) -> None:
        self.ip = ip
        self.polls = 0
        self.is_over = False
        self._workers = workers
        self._run_seconds = run_seconds
        self._begun: float | None = None

    async def __aenter__(self) -> MasterApi:
        app = web.Application()
        app.add_routes(
            [
                web.get("/api/v1/status", self._status),
                web.get("/api/v1/results.tar.gz", self._results),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.ip, HTTP_PORT).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def begin(self) -> None:
        self._begun = time.monotonic()

    def document(self) -> Json:
        """The status document, as `katydid.web.summary` writes it."""
        elapsed = 0.0 if self._begun is None else time.monotonic() - self._begun
        users = min(100, int(100 * elapsed / RAMP_SECONDS))
        requests = int(elapsed * 95) + self.polls
        is_ending = elapsed >= self._run_seconds - DRAIN_SECONDS
        state = "stopping" if is_ending else "running" if users == 100 else "spawning"
        milliseconds = {f"p{q}": q + self.polls % 7 / 10 for q in (50, 95, 99)}
        end = {"verdict": "Passed", "reason": "Passed", "message": "All thresholds were met."}
        return {
            "run": "1",
            "generation": 1,
            "state": "stopped" if self.is_over else "ready" if self._begun is None else state,
            "final": self.is_over,
            **(end if self.is_over else {"verdict": None, "reason": "", "message": ""}),
            "elapsed_seconds": elapsed,
            "load": {"users": users, "target_users": 100, "peak_users": users},
            "total": {
                "requests": requests, "failures": requests // 500, "fail_percent": 0.2,
                "rps": 95.0, "current_rps": 90 + self.polls % 10,
                "latency": {"percentiles_ms": milliseconds},
            },
            "workers_expected": self._workers,
            "workers_ready": self._workers,
            "workers_lost": 0,
            "generator": {"max_cpu_percent": 40 + self.polls % 5, "max_loop_lag_ms": 3.0,
                          "saturated": False},
            "thresholds": [{"name": "fast", "status": "Met", "value": milliseconds["p95"],
                            "unit": "ms"}],
        }  # fmt: skip

    async def _status(self, _: web.Request) -> web.Response:
        self.polls += 1
        return web.json_response(self.document())

    async def _results(self, _: web.Request) -> web.Response:
        return web.Response(body=ARCHIVE)


class Played:
    """One LoadTest from apply to the exit of its pods."""

    def __init__(self, cluster: Cluster, number: int, workers: int, run_seconds: float) -> None:
        self.name = f"test{number}"
        self.seconds_to_pods = 0.0  # from apply until the operator has created everything
        self.seconds_to_verdict = 0.0  # from the end of the load until the verdict is written
        self._cluster = cluster
        self._workers = workers
        self._run_seconds = run_seconds
        self._master = MasterApi(f"127.77.{number // 250}.{number % 250 + 1}", workers, run_seconds)

    async def play(self) -> None:
        async with self._master:
            await self._start()
            self._master.begin()
            await self._report_all("ready")
            await asyncio.sleep(self._run_seconds)
            self._master.is_over = True
            ended = time.monotonic()
            await self._report_all("over", only="worker")
            await self._until(lambda: "finishedAt" in self._status().get("run", {}))
            self.seconds_to_verdict = time.monotonic() - ended
            await self._until(lambda: self.results() not in ("", "Fetching"))
            self._cluster.stored.add(self.name)
            await asyncio.sleep(LINGER_SECONDS)
        await self._report_all("over", only="master")

    async def cleaned(self) -> None:
        """Wait until the operator has deleted the pods, whose time is over."""
        await self._until(lambda: self._cluster.get("pods", f"{self.name}-1-master") is None)

    async def _start(self) -> None:
        begun = time.monotonic()
        spec = {
            "source": {"inline": {"locustfile.py": "# a test\n" * 100}},
            "load": {"users": 100, "runTime": "1m"},
            "workers": {"replicas": self._workers},
            "thresholds": [{"name": "fast", "metric": "p95", "below": "1s"}],
            "podTTLSecondsAfterFinished": POD_TTL_SECONDS,
        }
        body = {
            "apiVersion": "katydid.dev/v1alpha1",
            "kind": "LoadTest",
            "metadata": {"name": self.name, "namespace": NAMESPACE},
            "spec": spec,
        }
        await self._cluster.add("loadtests", body)
        await self._until(lambda: self._cluster.get("jobs", f"{self.name}-1-worker"))
        self.seconds_to_pods = time.monotonic() - begun
        await self._make_worker_pods()
        for state in ("scheduled", "creating", "running"):
            await asyncio.sleep(STEP_SECONDS)
            await self._report_all(state)
        await asyncio.sleep(STEP_SECONDS)
        await self._report_all("ready", only="worker")
        await asyncio.sleep(STEP_SECONDS)

    async def _make_worker_pods(self) -> None:
        job = self._cluster.get("jobs", f"{self.name}-1-worker")
        assert job is not None
        template = job["spec"]["template"]
        for index in range(self._workers):
            metadata = {
                "name": f"{self.name}-1-worker-{index}-x",
                "namespace": NAMESPACE,
                "labels": template["metadata"]["labels"],
                "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
                "ownerReferences": [
                    {"kind": "Job", "uid": job["metadata"]["uid"], "controller": True}
                ],
            }
            pod = {"kind": "Pod", "metadata": metadata, "spec": template["spec"]}
            await self._cluster.add("pods", pod)
        await self._cluster.report("jobs", f"{self.name}-1-worker", {"active": self._workers})

    async def _report_all(self, state: str, only: str = "") -> None:
        names = [f"{self.name}-1-worker-{index}-x" for index in range(self._workers)]
        if only != "worker":
            names = [f"{self.name}-1-master", *(names if not only else [])]
        for name in names:
            is_master = name.endswith("master")
            message = json.dumps(self._master.document()) if is_master else ""
            await self._cluster.report("pods", name, pod_status(state, self._master.ip, message))
        if state in ("ready", "over") and only != "master":
            count = {"active": self._workers, "ready": self._workers}
            done = {"succeeded": self._workers}
            job = done if state == "over" else count
            await self._cluster.report("jobs", f"{self.name}-1-worker", job)

    def _status(self) -> Json:
        found = self._cluster.get("loadtests", self.name) or {}
        return found.get("status") or {}

    def results(self) -> str:
        """The reason of ResultsStored, such as ConfigMap; "" before the verdict."""
        kinds = {one["type"]: one["reason"] for one in self._status().get("conditions", ())}
        return str(kinds.get("ResultsStored", ""))

    async def _until(self, check: Any) -> None:
        while not check():
            await asyncio.sleep(0.05)


def pod_status(state: str, ip: str, message: str) -> Json:
    """A pod's status as its kubelet reports it on the way from scheduled to over."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def condition(kind: str, is_true: bool) -> Json:
        return {"type": kind, "status": str(is_true), "lastTransitionTime": now}

    conditions = [condition("PodScheduled", True), condition("Ready", state == "ready")]
    if state == "scheduled":
        return {"phase": "Pending", "conditions": conditions}
    if state == "creating":
        waiting = {"waiting": {"reason": "ContainerCreating"}}
        container = {"name": "katydid", "state": waiting}
        return {"phase": "Pending", "conditions": conditions, "containerStatuses": [container]}
    end = {"exitCode": 0, "reason": "Completed", "message": message}
    is_over = state == "over"
    container = {
        "name": "katydid",
        "state": {"terminated": end} if is_over else {"running": {}},
        "ready": state == "ready",
        "image": "runner:1",
        "imageID": "sha256:1",
    }
    return {
        "phase": "Succeeded" if is_over else "Running",
        "podIP": ip,
        "conditions": conditions,
        "containerStatuses": [container],
    }
