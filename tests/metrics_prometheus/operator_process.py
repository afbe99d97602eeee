"""The operator's metrics as a process: `python operator_process.py PORT DOCUMENT…`.

Its own HTTP server, collector and status functions; what is missing is the cluster. The LoadTest
shop/checkout has had a run for each DOCUMENT that exists: the run.json of a real engine. A second
one is on. Passes and calls are made up: ten a second, of which each fiftieth is an error.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from katydid_operator import status as statuses
from katydid_operator.health import serve
from katydid_operator.metrics import Metrics
from katydid_operator.numbers import load_of, peak_users
from katydid_operator.observed import text_of

Json = dict[str, Any]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def finished(number: int, document: Json, history: list[Json]) -> Json:
    """The status after a run, as the operator writes it."""
    ended = at(document["finished_at"])
    status: Json = {
        "run": {
            "number": number,
            "id": f"run-{number}",
            "startedAt": text_of(at(document["started_at"])),
            "loadStartedAt": text_of(at(document["load_started_at"])),
        },
        "phase": "Running",
        "workers": {"desired": 2, "ready": 2},
        "history": history,
        "load": load_of(document, {}, ended),
    }
    verdict = statuses.Verdict(document["verdict"])
    statuses.finish(status, verdict, document["reason"], document["message"], ended)
    statuses.remember(status, peak_users(document, status["load"]), 10)
    return status


class World:
    """The LoadTests that there are now."""

    def __init__(self, paths: list[str]) -> None:
        self._paths = [Path(path) for path in paths]
        self._began = time.time()
        self.documents: list[Json] = []

    def look(self) -> list[Json]:
        """Runs that have ended since the last look."""
        there = [path for path in self._paths if path.exists()]
        if len(there) == len(self.documents):
            return []
        new = [json.loads(path.read_text("utf-8"))["status"] for path in there]
        found = new[len(self.documents) :]
        self.documents = new
        return found

    def tests(self) -> list[Json]:
        status: Json = {"phase": "Pending"}
        history: list[Json] = []
        for number, document in enumerate(self.documents, 1):
            status = finished(number, document, history)
            history = status["history"]
        return [
            {"metadata": {"namespace": "shop", "name": "checkout"}, "status": status},
            {
                "metadata": {"namespace": "shop", "name": "search"},
                "status": {
                    "phase": "Running",
                    "run": {"number": 1, "startedAt": text_of(at(self._began))},
                    "workers": {"desired": 3, "ready": 2},
                },
            },
        ]


async def main(port: int, paths: list[str]) -> None:
    world = World(paths)
    metrics = Metrics(world.tests, "1.2.3")
    await serve(metrics, port, lambda: True, lambda: True)
    for turn in itertools.count(49):
        for document in world.look():
            metrics.finished(document["verdict"])
        metrics.reconciled("error" if turn % 50 == 49 else "success", 0.004)
        metrics.requested("get", "pods", 200, 0.002)
        await asyncio.sleep(0.1)  # the rate that the test asks Prometheus for


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
