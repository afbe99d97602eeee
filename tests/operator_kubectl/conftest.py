"""An emulated API server that a kubeconfig leads to, and the command run against it."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import kmock
import pytest
import yaml
from aiohttp import web

from katydid_operator.kubectl.main import main

_FILE = Path(__file__).parents[1] / "operator" / "emulator.py"
_spec = importlib.util.spec_from_file_location("emulated_api_server", _FILE)
assert _spec is not None
assert _spec.loader is not None
_operator = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_operator)


def _status(status: int, reason: str, message: str) -> web.Response:
    body = {"kind": "Status", "code": status, "reason": reason, "message": message}
    return web.json_response(body, status=status)


class ApiServer(_operator.ApiServer):  # type: ignore[misc, name-defined]  # loaded by path
    """The operator tests' server, with dry runs of an apply, label selectors and refusals.

    `refusals` are messages by plural that every apply of it gets; `bodies` what was applied.
    """

    def start(self) -> None:
        super().start()
        self.refusals: dict[str, str] = {}
        self.bodies: list[dict[str, Any]] = []
        self.queries: list[dict[str, str]] = []

    async def _handle(self, request: Any) -> web.StreamResponse:
        if request.resource is not None and str(request.method.value).upper() == "PATCH":
            if request.resource.plural in self.refusals:
                return _status(422, "Invalid", self.refusals[request.resource.plural])
            self.queries.append(dict(request.params))
            if request.params.get("dryRun"):
                return web.json_response(request.data)
            self.bodies.append(request.data)
        return await super()._handle(request)


@pytest.fixture
async def api() -> AsyncIterator[ApiServer]:
    handler = ApiServer()
    handler.start()
    async with handler, kmock.Server(handler):
        yield handler


Katydid = Callable[..., Awaitable[int]]


@pytest.fixture
async def katydid(api: ApiServer, tmp_path: Path) -> AsyncIterator[Katydid]:
    """`kubectl katydid` in a thread, against the server; returns the exit code."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [
            {"name": "test", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}
        ],
        "clusters": [{"name": "c", "cluster": {"server": str(api.url).rstrip("/")}}],
        "users": [{"name": "u", "user": {}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(config))

    threads: list[asyncio.Future[int]] = []

    async def run(command: str, *arguments: str) -> int:
        given = [command, f"--kubeconfig={file}", *arguments]
        threads.append(asyncio.ensure_future(asyncio.to_thread(main, given)))
        return await asyncio.shield(threads[-1])

    yield run
    # A thread cannot be ended from outside: after a failed test, this ends its command.
    api.faults[:] = [[None, None, 401, 1_000_000]]
    await asyncio.gather(*threads, return_exceptions=True)


@pytest.fixture
def loadtest() -> Callable[..., dict[str, Any]]:
    def make(**spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "katydid.dev/v1alpha1",
            "kind": "LoadTest",
            "metadata": {"name": "checkout", "namespace": "shop"},
            "spec": {
                "source": {"inline": {"locustfile.py": "pass\n"}},
                "load": {"users": 10, "runTime": "1m"},
                "workers": {"replicas": 1},
                **spec,
            },
        }

    return make


@pytest.fixture
def finished() -> Callable[..., dict[str, Any]]:
    """The status of a finished run."""

    def make(number: int = 1, verdict: str = "Passed", **more: Any) -> dict[str, Any]:
        phase = {"Passed": "Succeeded", "Stopped": "Stopped"}.get(verdict, "Failed")
        return {
            "phase": phase,
            "verdict": verdict,
            "reason": verdict,
            "message": f"It ended {verdict}.",
            "run": {
                "number": number,
                "loadStartedAt": "2026-01-01T00:00:10Z",
                "finishedAt": "2026-01-01T00:01:10Z",
            },
            **more,
        }

    return make
