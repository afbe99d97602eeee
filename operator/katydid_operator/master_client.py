"""The door to a master's HTTP API (DESIGN §2.8): status, live edits, results."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import aiohttp

from katydid_operator import names
from katydid_operator.document import checked
from katydid_operator.errors import MasterError, MasterRefused
from katydid_operator.loadtest import Json

STATUS_SECONDS = 2.0
RESULTS_SECONDS = 10.0
MAX_STATUS_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class MasterAddress:
    """Where the master of a run listens, and what it asks for."""

    ip: str
    run: int
    token: str = field(repr=False)

    def url(self, path: str) -> str:
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"http://{host}:{names.PORTS['http']}/api/v1/{path}"


class ResultsTooLarge(MasterError):
    """The archive is larger than what is kept."""


class MasterClient:
    """Requests to masters. MasterError for every one that fails."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def status(self, master: MasterAddress) -> Json:
        """`GET status`: the document of `master.run`."""
        raw = await self._send("GET", master, "status", STATUS_SECONDS, MAX_STATUS_BYTES)
        try:
            found = checked(json.loads(raw))
        except (ValueError, RecursionError) as error:
            raise MasterError(f"its status is not JSON: {error}") from None
        if found is None or str(found.get("run")) != str(master.run):
            raise MasterError("it answers for another run")
        return found

    async def put_live(self, master: MasterAddress, body: Json) -> None:
        """`PUT live`: replaces the live part. MasterRefused when the master says no."""
        await self._send("PUT", master, "live", STATUS_SECONDS, MAX_STATUS_BYTES, body)

    async def results(self, master: MasterAddress, limit: int) -> bytes:
        """`GET results.tar.gz`; ResultsTooLarge over `limit` bytes."""
        return await self._send("GET", master, "results.tar.gz", RESULTS_SECONDS, limit)

    async def _send(
        self,
        method: str,
        master: MasterAddress,
        path: str,
        seconds: float,
        limit: int,
        body: Json | None = None,
    ) -> bytes:
        headers = {"Authorization": f"Bearer {master.token}"}
        try:
            async with self._session.request(
                method,
                master.url(path),
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=seconds),
                allow_redirects=False,
            ) as response:
                raw = await _at_most(response, limit)
                if response.status >= 300:
                    raise _refusal(response.status, raw)
                return raw
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise MasterError(str(error) or type(error).__name__) from error


async def _at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    found = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        found += chunk
        if len(found) > limit:
            raise ResultsTooLarge(f"the answer is larger than {limit} bytes")
    return bytes(found)


def _refusal(status: int, raw: bytes) -> MasterError:
    try:
        answer = json.loads(raw)
        field, text = answer.get("field"), str(answer["error"])
        text = f"{field}: {text}" if field and not text.startswith(field) else text
    except (ValueError, KeyError, TypeError, AttributeError):
        text = f"HTTP {status}"
    return (MasterRefused if 400 <= status < 500 else MasterError)(text)
