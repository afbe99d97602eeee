"""The door to Kubernetes: manifests in, manifests out, ClusterErrors for every refusal.

It uses `kubernetes.aio`'s ApiClient with plain JSON: the typed models would be built from and
turned back into the very dictionaries that the builders make.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
from kubernetes.aio.client.api_client import ApiClient

from katydid_operator import names
from katydid_operator.errors import (
    AlreadyExists,
    Broken,
    ClusterError,
    Conflict,
    NotFound,
    Refused,
    Unavailable,
)
from katydid_operator.loadtest import Json

TIMEOUT_SECONDS = 15.0
PATHS = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "Event": ("/api/v1", "events"),
    "Pod": ("/api/v1", "pods"),
    "Secret": ("/api/v1", "secrets"),
    "Service": ("/api/v1", "services"),
    "Job": ("/apis/batch/v1", "jobs"),
    names.KIND: (f"/apis/{names.API_VERSION}", names.PLURAL),
}

Watcher = Callable[[str, str, int, float], None]
"""Called with verb, resource, HTTP status (0: no answer) and seconds of each request."""


def _unwatched(verb: str, resource: str, status: int, seconds: float) -> None:
    pass


class Cluster:
    """Requests to one API server. Close it when done."""

    def __init__(self, client: ApiClient, watcher: Watcher = _unwatched) -> None:
        self._client = client
        self._watcher = watcher

    async def close(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]  # the client is half typed

    async def get(self, kind: str, namespace: str, name: str) -> Json:
        """The object; NotFound."""
        return await self._send("get", "GET", kind, namespace, name)

    async def find(self, kind: str, namespace: str, name: str) -> Json | None:
        """The object, or None."""
        try:
            return await self.get(kind, namespace, name)
        except NotFound:
            return None

    async def list_all(self, kind: str, namespace: str | None, selector: str = "") -> list[Json]:
        """All objects of the kind with these labels; in all namespaces for None."""
        query = {"labelSelector": selector} if selector else None
        found = await self._send("list", "GET", kind, namespace, None, query)
        prefix = PATHS[kind][0].removeprefix("/apis/").removeprefix("/api/")
        return [{"apiVersion": prefix, "kind": kind, **item} for item in found.get("items") or []]

    async def create(self, manifest: Json, dry_run: bool = False) -> Json:
        """Create an object; AlreadyExists. A dry run changes nothing."""
        query = {"fieldManager": names.FIELD_MANAGER}
        if dry_run:
            query |= {"dryRun": "All"}
        namespace = manifest["metadata"]["namespace"]
        return await self._send(
            "create", "POST", manifest["kind"], namespace, None, query, manifest
        )

    async def apply(self, manifest: Json, subresource: str = "") -> Json:
        """Server-side apply: the fields of the manifest are ours, whoever wrote them before.

        A resourceVersion in it is a guard: Conflict when the object has another one.
        """
        metadata = manifest["metadata"]
        return await self._send(
            "apply",
            "PATCH",
            manifest["kind"],
            metadata["namespace"],
            metadata["name"],
            {"fieldManager": names.FIELD_MANAGER, "force": "true"},
            manifest,
            content_type="application/apply-patch+yaml",
            subresource=subresource,
        )

    async def patch(self, kind: str, namespace: str, name: str, change: Json) -> Json:
        """Merge `change` into the object."""
        return await self._send(
            "patch",
            "PATCH",
            kind,
            namespace,
            name,
            {"fieldManager": names.FIELD_MANAGER},
            change,
            content_type="application/merge-patch+json",
        )

    async def delete(self, kind: str, namespace: str, name: str, uid: str | None = None) -> bool:
        """Delete an object (only the one with that UID); False if there was none."""
        body: Json = {"propagationPolicy": "Background"}
        if uid is not None:
            body["preconditions"] = {"uid": uid}
        try:
            await self._send("delete", "DELETE", kind, namespace, name, None, body)
        except NotFound:
            return False
        return True

    async def log(
        self, namespace: str, pod: str, container: str, previous: bool, lines: int, limit: int
    ) -> str:
        """The last lines of a container's log, at most `limit` bytes."""
        query = {
            "container": container,
            "tailLines": str(lines),
            "limitBytes": str(limit),
            "previous": "true" if previous else "false",
        }
        raw = await self._raw("log", "GET", "Pod", namespace, pod, query, None, subresource="log")
        return raw.decode(errors="replace")

    async def _send(
        self,
        verb: str,
        method: str,
        kind: str,
        namespace: str | None,
        name: str | None,
        query: dict[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
        subresource: str = "",
    ) -> Json:
        raw = await self._raw(
            verb, method, kind, namespace, name, query, body, content_type, subresource
        )
        try:
            found: Json = json.loads(raw)
        except ValueError as error:
            raise Unavailable(f"The API server did not answer with JSON: {error}") from None
        return found

    async def _raw(
        self,
        verb: str,
        method: str,
        kind: str,
        namespace: str | None,
        name: str | None,
        query: dict[str, str] | None,
        body: Json | None,
        content_type: str = "application/json",
        subresource: str = "",
    ) -> bytes:
        base, plural = PATHS[kind]
        parts = [base, *(["namespaces", namespace] if namespace else []), plural]
        parts += [part for part in (name, subresource) if part]
        path = "/".join(quote(part, safe="/") for part in parts)
        request = await self._client.param_serialize(
            method,
            path,
            query_params=list((query or {}).items()),
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        started = time.perf_counter()
        status = 0
        try:
            response = await self._client.call_api(*request, _request_timeout=TIMEOUT_SECONDS)
            status = response.status
            raw: bytes = await response.read()  # type: ignore[no-untyped-call]  # as above
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            text = str(error) or type(error).__name__
            raise Unavailable(f"The API server does not answer: {text}") from error
        finally:
            self._watcher(verb, plural, status, time.perf_counter() - started)
        if status >= 300:
            raise error_of(verb, status, raw, response.headers.get("Retry-After"))
        return raw


def error_of(verb: str, status: int, raw: bytes, retry_after: str | None = None) -> ClusterError:
    """The exception for an answer that is not a success."""
    try:
        answer: Any = json.loads(raw)
    except ValueError:
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    message = str(answer.get("message") or f"HTTP {status}")
    reason = str(answer.get("reason") or "")
    seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
    kind: type[ClusterError] = Refused
    if status == 404:
        kind = NotFound
    elif status == 409:
        # A create is told 409 too when a quota is counted at the same moment.
        is_there = reason == "AlreadyExists" or (verb == "create" and not reason)
        kind = AlreadyExists if is_there else Conflict
    elif status == 500 and answer.get("message"):
        kind = Broken
    elif status in (401, 408, 429) or status >= 500:
        kind = Unavailable
    return kind(message, status, reason, seconds)
