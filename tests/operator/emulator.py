"""An emulated cluster: kmock's API server with what the operator relies on, a kubelet, a master.

No fixtures here: the tests' conftest files and the benchmark of the operator build on it.
"""

from __future__ import annotations

import asyncio
import functools
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import kmock
import yaml
from aiohttp import web

CRD = Path(__file__).parents[2] / "crds" / "loadtest.yaml"


def _strict(schema: Any) -> Any:
    """The schema with unknown fields refused, where the API server would drop them unsaid."""
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _strict(value) for key, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "type" in made:
        made.setdefault("additionalProperties", False)
    return made


@functools.cache
def _status_validator() -> jsonschema.Draft202012Validator:
    (version,) = yaml.safe_load(CRD.read_text())["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    return jsonschema.Draft202012Validator(_strict(schema))


def _error(status: int, reason: str, message: str) -> web.Response:
    body = {"kind": "Status", "code": status, "reason": reason, "message": message}
    return web.json_response(body, status=status)


class ApiServer(kmock.KubernetesEmulator):
    """kmock's API server, with what the operator relies on: versions, apply, dry runs, owners.

    `faults` are (verb or None, plural or None, status, how many times); `silent` drops events of
    the watches; `refuse_pods` is a sentence that every new pod is refused with.
    """

    def start(self) -> None:
        self.faults: list[list[Any]] = []
        self.silent = False
        self.refuse_pods = ""
        self.writes: list[tuple[str, str, str]] = []
        self.logs: dict[str, str] = {}
        self._count = 100
        self._streams: set[asyncio.Task[Any]] = set()
        verbs = ["list", "watch", "get", "create", "patch", "delete"]
        for plural in ("pods", "configmaps", "secrets", "services", "events", "namespaces"):
            self.resources["v1", plural] = {"namespaced": plural != "namespaces", "verbs": verbs}
        self.resources["batch/v1/jobs"] = {"namespaced": True, "verbs": verbs, "kind": "Job"}
        self.resources["katydid.dev/v1alpha1/loadtests"] = {
            "namespaced": True,
            "verbs": verbs,
            "kind": "LoadTest",
            "subresources": ["status"],
        }

    def status_problems(self, status: dict[str, Any]) -> list[str]:
        """What the resource definition has against a status."""
        found = _status_validator().iter_errors(status)
        return [f"{one.json_path}: {one.message}" for one in found]

    def of(self, plural: str, name: str, namespace: str = "shop") -> dict[str, Any] | None:
        """An object as it is now."""
        for (resource, space, called), found in self._objects.items():
            if (resource.plural, space, called) == (plural, namespace, name):
                return None if found.deleted else found.raw
        return None

    def names_of(self, plural: str) -> list[str]:
        return sorted(
            name
            for (resource, _, name), found in self._objects.items()
            if resource.plural == plural and not found.deleted
        )

    async def add(self, plural: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object as somebody else would."""
        for resource in self._get_resources():
            if resource.plural == plural:
                return await self._create(resource, body)
        raise LookupError(plural)

    async def change(self, plural: str, name: str, **parts: Any) -> None:
        """Replace parts of an object: spec=…, status=…"""
        key = next(k for k in self._objects if k[0].plural == plural and k[2] == name)
        old = self._objects[key].raw
        await self._store(key, {**old, **parts}, old)

    async def remove(self, plural: str, name: str) -> None:
        """Delete an object, and what it owns."""
        key = next(k for k in self._objects if k[0].plural == plural and k[2] == name)
        await self._delete(key)

    def kill_watches(self) -> None:
        """Every watch that is open dies."""
        for task in list(self._streams):
            task.cancel()

    async def _handle(self, request: Any) -> web.StreamResponse:
        if request.resource is None or request.resource.plural is None:
            return await super()._handle(request)
        plural, method = request.resource.plural, str(request.method.value).upper()
        fault = self._fault(method, plural)
        if fault is not None:
            return fault
        if method == "GET":
            return await self._read(request)
        self.writes.append((method, plural, request.name or request.data["metadata"].get("name")))
        if method == "POST":
            return await self._post(request)
        key = (request.resource, request.namespace, request.name)
        if key not in self._objects or self._objects[key].deleted:
            if method == "PATCH" and not request.subresource and self._is_apply(request):
                return web.json_response(await self._create(request.resource, request.data))
            return _error(404, "NotFound", f"{plural} {request.name} not found")
        if method == "DELETE":
            gone = self._objects[key].raw
            await self._delete(key)
            return web.json_response(gone)
        return await self._patch(key, request)

    def _fault(self, method: str, plural: str) -> web.Response | None:
        for fault in self.faults:
            if fault[0] in (None, method) and fault[1] in (None, plural) and fault[3] > 0:
                fault[3] -= 1
                return _error(fault[2], "Injected", f"injected {fault[2]}")
        return None

    async def _read(self, request: Any) -> web.StreamResponse:
        if request.subresource == "log":
            return web.Response(text=self.logs.get(request.name, ""))
        if request.params.get("watch") != "true":
            selector = request.params.get("labelSelector")
            if request.name is None and selector and "=" in selector:
                return self._list(request, dict(part.split("=") for part in selector.split(",")))
            return await super()._handle(request)
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            return await super()._handle(request)
        finally:
            self._streams.discard(task)

    def _list(self, request: Any, labels: dict[str, str]) -> web.Response:
        found = [
            one.raw
            for (resource, namespace, _), one in self._objects.items()
            if resource.plural == request.resource.plural
            and namespace == request.namespace
            and not one.deleted
            and labels.items() <= one.raw["metadata"].get("labels", {}).items()
        ]
        return web.json_response({"items": found})

    async def _post(self, request: Any) -> web.Response:
        body, plural = request.data, request.resource.plural
        if plural == "pods" and self.refuse_pods:
            return _error(403, "Forbidden", self.refuse_pods)
        metadata = body["metadata"]
        if "name" not in metadata:
            self._count += 1
            metadata["name"] = f"{metadata['generateName']}{self._count}"
        metadata.setdefault("namespace", request.namespace)
        key = (request.resource, metadata["namespace"], metadata["name"])
        if key in self._objects and not self._objects[key].deleted:
            return _error(409, "AlreadyExists", f"{metadata['name']} already exists")
        if request.params.get("dryRun"):
            return web.json_response(body, status=201)
        return web.json_response(await self._create(request.resource, body), status=201)

    async def _create(self, resource: Any, body: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        metadata = {
            "uid": str(uuid.UUID(int=self._count)),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "generation": 1,
            **body["metadata"],
        }
        key = (resource, metadata["namespace"], metadata["name"])
        made = {**body, "metadata": metadata}
        return await self._store(key, made, None)

    async def _patch(self, key: Any, request: Any) -> web.Response:
        old, body = self._objects[key].raw, request.data
        guard = body.get("metadata", {}).get("resourceVersion")
        if guard is not None and guard != old["metadata"]["resourceVersion"]:
            return _error(409, "Conflict", "the object has been modified")
        if request.subresource == "status":
            problems = self.status_problems(body["status"])
            if problems:
                return _error(422, "Invalid", "; ".join(problems))
            new = {**old, "status": body["status"]}
        else:
            spec = {**old.get("spec", {}), **body.get("spec", {})}
            parts = {k: body[k] for k in ("data", "binaryData") if k in body}
            new = {**old, **parts, **({"spec": spec} if spec else {})}
        return web.json_response(await self._store(key, new, old))

    async def _store(self, key: Any, new: dict[str, Any], old: Any) -> dict[str, Any]:
        self._count += 1
        metadata = {**new["metadata"], "resourceVersion": str(self._count)}
        if old is not None and old.get("spec") != new.get("spec"):
            metadata["generation"] = old["metadata"].get("generation", 0) + 1
        made = {**new, "metadata": metadata}
        if key not in self._objects:
            self._objects[key] = made
        else:
            self._objects[key].create(made)
        await self._tell(key[0], "ADDED" if old is None else "MODIFIED", made)
        return made

    async def _delete(self, key: Any) -> None:
        gone = self._objects[key].raw
        self._objects[key].delete()
        await self._tell(key[0], "DELETED", gone)
        for other, found in list(self._objects.items()):
            owners = () if found.deleted else found.raw["metadata"].get("ownerReferences", ())
            if any(owner["uid"] == gone["metadata"]["uid"] for owner in owners):
                await self._delete(other)

    async def _tell(self, resource: Any, kind: str, body: dict[str, Any]) -> None:
        if not self.silent:
            await self._buses[resource].put({"type": kind, "object": body})

    def _is_apply(self, request: Any) -> bool:
        return "apply-patch" in request.headers.get("Content-Type", "")


class Master:
    """A master's HTTP API on an address of its own, as far as the operator uses it."""

    def __init__(self, ip: str) -> None:
        self.ip = ip
        self.document: dict[str, Any] = {"run": "1", "generation": 1, "state": "ready"}
        self.puts: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.archive = b"archive"
        self.refuses = ""
        self.polls = 0

    async def __aenter__(self) -> Master:
        app = web.Application()
        app.add_routes(
            [
                web.get("/api/v1/status", self._status),
                web.put("/api/v1/live", self._live),
                web.get("/api/v1/results.tar.gz", self._results),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.ip, 8089).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def runs(self, **more: Any) -> None:
        self.document = {
            **self.document,
            "state": "running",
            "load": {"users": 10, "target_users": 10, "peak_users": 10},
            "total": {"requests": 50, "failures": 0, "fail_percent": 0.0, "current_rps": 9.5},
            **more,
        }

    def ends(self, verdict: str = "Passed", **more: Any) -> None:
        self.runs(final=True, verdict=verdict, reason=verdict, message="It ended.", **more)
        self.document["state"] = "stopped"

    async def _status(self, _: web.Request) -> web.Response:
        self.polls += 1
        return web.json_response(self.document)

    async def _live(self, request: web.Request) -> web.Response:
        self.tokens.append(request.headers["Authorization"])
        self.puts.append(await request.json())
        if self.refuses:
            return web.json_response({"error": self.refuses}, status=400)
        self.document["generation"] = self.puts[-1]["generation"]
        return web.json_response({})

    async def _results(self, _: web.Request) -> web.Response:
        return web.Response(body=self.archive)


class Kubelet:
    """Moves pods along, as the kubelet and the Job controller would."""

    def __init__(self, api: ApiServer) -> None:
        self.api = api

    async def start_master(
        self, name: str, ip: str, ready: bool = False, restarts: int = 0
    ) -> None:
        await self.api.change("pods", name, status=self.up(ip, ready, restarts))

    def up(self, ip: str, ready: bool, restarts: int = 0) -> dict[str, Any]:
        status = "True" if ready else "False"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        condition = {
            "type": "Ready",
            "status": status,
            "lastTransitionTime": now,
        }
        container = {
            "name": "katydid",
            "state": {"running": {}},
            "imageID": "sha256:1",
            "restartCount": restarts,
        }
        return {
            "phase": "Running",
            "podIP": ip,
            "conditions": [condition],
            "containerStatuses": [container],
        }

    async def end_master(self, name: str, code: int, message: str = "", phase: str = "") -> None:
        end = {"exitCode": code, "reason": "Error" if code else "Completed", "message": message}
        container = {"name": "katydid", "state": {"terminated": end}}
        phase = phase or ("Succeeded" if code == 0 else "Running")
        status = {"phase": phase, "podIP": "127.0.0.1", "containerStatuses": [container]}
        await self.api.change("pods", name, status=status)

    async def end_worker(self, name: str, code: int) -> None:
        end = {"exitCode": code, "reason": "Error" if code else "Completed"}
        container = {"name": "katydid", "state": {"terminated": end}}
        status = {"phase": "Failed" if code else "Succeeded", "containerStatuses": [container]}
        await self.api.change("pods", name, status=status)

    async def start_workers(self, job: str, ready: bool = True) -> None:
        made = self.api.of("jobs", job)
        assert made is not None
        for index in range(made["spec"]["parallelism"]):
            name = f"{job}-{index}-x"
            if self.api.of("pods", name) is None:
                template = made["spec"]["template"]
                owner = {"kind": "Job", "uid": made["metadata"]["uid"], "controller": True}
                metadata = {
                    "name": name,
                    "namespace": "shop",
                    "labels": template["metadata"]["labels"],
                    "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
                    "ownerReferences": [owner],
                }
                body = {"kind": "Pod", "metadata": metadata, "spec": template["spec"]}
                await self.api.add("pods", body)
            await self.api.change("pods", name, status=self.up("10.0.0.9", ready))
        await self.api.change("jobs", job, status={"active": made["spec"]["parallelism"]})
