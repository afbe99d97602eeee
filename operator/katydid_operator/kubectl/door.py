"""The door to the API server as the commands need it: the operator's own, and a little more.

More are: dry runs of an apply, logs that are followed, and patience with a busy server. Applying
is done under a field manager of its own: what the operator writes stays the operator's.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.config import ConfigException, load_kube_config
from kubernetes.aio.config.incluster_config import InClusterConfigLoader

from katydid_operator import names
from katydid_operator.cluster import Cluster, error_of
from katydid_operator.errors import Unavailable
from katydid_operator.kubectl.exits import CommandError, Exit
from katydid_operator.loadtest import Json

FIELD_MANAGER = "kubectl-katydid"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
RETRIES = 4  # of a request that a busy server did not serve
FIRST_PAUSE_SECONDS = 0.2  # doubled each time
LONGEST_PAUSE_SECONDS = 10.0
MAX_LOG_STREAMS = 2000  # connections at a time: one a pod


class Door(Cluster):
    """Requests of the commands to one API server. Close it when done."""

    def __init__(self, client: ApiClient) -> None:
        super().__init__(client)
        self._api = client

    async def _raw(self, *given: Any, **named: Any) -> bytes:
        # A person has no work queue that tries again. All that is sent here may be sent twice.
        for attempt in range(RETRIES):
            try:
                return await super()._raw(*given, **named)
            except Unavailable as error:
                if error.status < 429:  # 0: nobody answers; 401: nobody will
                    raise
                pause = FIRST_PAUSE_SECONDS * 2**attempt
                await asyncio.sleep(min(error.retry_after or pause, LONGEST_PAUSE_SECONDS))
        return await super()._raw(*given, **named)

    async def put(self, manifest: Json, dry_run: bool = False) -> Json:
        """Server-side apply in the name of the person at the keyboard; nulls are left out."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        metadata = manifest["metadata"]
        return await self._send(
            "apply",
            "PATCH",
            manifest["kind"],
            metadata["namespace"],
            metadata["name"],
            query,
            without_nulls(manifest),
            content_type="application/apply-patch+yaml",
        )

    async def merge(self, namespace: str, name: str, spec: Json) -> Json:
        """Change fields of a LoadTest's spec."""
        return await self._send(
            "patch",
            "PATCH",
            names.KIND,
            namespace,
            name,
            {"fieldManager": FIELD_MANAGER},
            {"spec": spec},
            content_type="application/merge-patch+json",
        )

    async def log_lines(
        self, namespace: str, pod: str, follow: bool, since: str = ""
    ) -> AsyncIterator[str]:
        """Lines of the engine's log, each with its time in front, while they come."""
        query = {
            "container": names.CONTAINER,
            "timestamps": "true",
            "follow": "true" if follow else "false",
        }
        if since:
            query["sinceTime"] = since
        request = await self._api.param_serialize(
            "GET",
            f"/api/v1/namespaces/{namespace}/pods/{pod}/log",
            query_params=list(query.items()),
            header_params={"Accept": "*/*"},
            auth_settings=["BearerToken"],
        )
        endless: Any = aiohttp.ClientTimeout(total=None, sock_connect=15)
        try:
            response = await self._api.call_api(*request, _request_timeout=endless)
            if response.status >= 300:
                raw: bytes = await response.read()  # type: ignore[no-untyped-call]  # half typed
                raise error_of("log", response.status, raw)
            async for line in response.response.content:
                yield line.decode(errors="replace").rstrip("\n")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            text = str(error) or type(error).__name__
            raise Unavailable(f"The API server does not answer: {text}") from error


def without_nulls(value: Any) -> Any:
    """The value without keys whose value is null: server-side apply refuses them."""
    if isinstance(value, dict):
        return {k: without_nulls(part) for k, part in value.items() if part is not None}
    if isinstance(value, list):
        return [without_nulls(part) for part in value]
    return value


async def open_door(kubeconfig: str | None, context: str | None) -> tuple[Door, str]:
    """The door that the kubeconfig leads to, and the namespace that it says.

    A pod without a kubeconfig, such as a step of a pipeline, goes by its service account.
    """
    if not kubeconfig and not context and _has_only_its_account():
        return door_of_pod(SERVICE_ACCOUNT)
    configuration = Configuration()
    configuration.connection_pool_maxsize = MAX_LOG_STREAMS
    try:
        loader = await load_kube_config(  # type: ignore[no-untyped-call]  # half typed
            config_file=kubeconfig, context=context, client_configuration=configuration
        )
    except (ConfigException, OSError, ValueError) as error:
        raise CommandError(f"The kubeconfig cannot be used: {error}", Exit.USAGE) from None
    namespace = (loader.current_context.get("context") or {}).get("namespace") or "default"
    return Door(ApiClient(configuration)), namespace


def _has_only_its_account() -> bool:
    """Whether this is a pod, and nobody has given it a kubeconfig."""
    has_file = os.environ.get("KUBECONFIG") or (Path.home() / ".kube" / "config").exists()
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and not has_file


def door_of_pod(account: Path) -> tuple[Door, str]:
    """The door for the service account whose token the kubelet put into the folder `account`."""
    configuration = Configuration()
    configuration.connection_pool_maxsize = MAX_LOG_STREAMS
    loader = InClusterConfigLoader(  # type: ignore[no-untyped-call]  # half typed
        token_filename=str(account / "token"), cert_filename=str(account / "ca.crt")
    )
    try:
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]  # half typed
        namespace = (account / "namespace").read_text().strip()
    except (ConfigException, OSError) as error:
        text = f"There is no kubeconfig, and the pod's service account cannot be used: {error}"
        raise CommandError(text, Exit.USAGE) from None
    return Door(ApiClient(configuration)), namespace
