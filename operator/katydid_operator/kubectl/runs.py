"""Starting runs and following them to their verdict: `run`, `watch`, `stop`, `rerun`, `scale`."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from katydid_operator import names
from katydid_operator.errors import NotFound, Unavailable
from katydid_operator.kubectl import lines
from katydid_operator.kubectl.documents import only_test, placed, source_config_map
from katydid_operator.kubectl.door import Door
from katydid_operator.kubectl.exits import CommandError, Exit
from katydid_operator.loadtest import Json

UNAUTHORIZED = 401
ACTIVE = ("Starting", "Running", "Finishing")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Followed:
    """How a run is followed."""

    say: Say
    poll_seconds: float = 1.0
    timeout_seconds: float | None = None  # None: as long as it takes


@dataclass(frozen=True)
class Started:
    """A run that was asked for; `run` is its number."""

    namespace: str
    name: str
    run: int


def number_of(status: Json) -> int:
    return int((status.get("run") or {}).get("number") or 0)


def is_finished(status: Json, run: int) -> bool:
    """Whether this run, or a later one, has its verdict."""
    latest = status.get("run") or {}
    return int(latest.get("number") or 0) >= run and bool(latest.get("finishedAt"))


def current_run(status: Json) -> int:
    """The run to follow: the latest, or the first one to come."""
    return max(number_of(status), 1)


async def apply(
    door: Door,
    documents: Sequence[Json],
    namespace: str | None,
    default_namespace: str,
    source_dir: Path | None,
    say: Say,
) -> Started:
    """Apply the documents, so that a run starts: the first, the next, or the one that is on."""
    made = placed(documents, namespace, default_namespace)
    test = only_test(made)
    if source_dir is not None:
        config_map = source_config_map(test, source_dir)
        own = (config_map["kind"], config_map["metadata"]["name"])
        made = [config_map, *(m for m in made if (m["kind"], m["metadata"]["name"]) != own)]
    place, name = test["metadata"]["namespace"], test["metadata"]["name"]
    before = await door.find(names.KIND, place, name)
    status = (before or {}).get("status") or {}
    run = current_run(status)
    if before and is_finished(status, run):
        run += 1
        test = _asking_again(test, before)
    await door.put(test, dry_run=True)  # a refused LoadTest leaves nothing behind
    for document in made:
        if document["kind"] != names.KIND:
            await door.put(document)
            say(f"{document['kind']} {document['metadata']['name']} applied")
    await door.put(test)
    is_on = status.get("phase") in ACTIVE
    say(f"LoadTest {name} applied" + (f" to run {run}, which is on" if is_on else f", run {run}"))
    return Started(place, name, run)


def _asking_again(test: Json, before: Json) -> Json:
    """The LoadTest with a rerunToken that is new, and no stop left over from the last run."""
    spec = test.get("spec") or {}
    token = spec.get("rerunToken")
    if token is None or token == (before.get("spec") or {}).get("rerunToken"):
        token = secrets.token_hex(8)
    return {**test, "spec": {"stop": False, **spec, "rerunToken": token}}


async def load_test(door: Door, namespace: str, name: str) -> Json:
    try:
        return await door.get(names.KIND, namespace, name)
    except NotFound:
        raise CommandError(f"There is no LoadTest {name} in namespace {namespace}.") from None


async def follow(door: Door, started: Started, how: Followed) -> Json:
    """Say how the run goes until its verdict; the status then. An absent answer is waited out."""
    said = ""
    patience = how.timeout_seconds
    begun = time.monotonic()
    while True:
        try:
            test = await load_test(door, started.namespace, started.name)
            status: Json = test.get("status") or {}
        except Unavailable as error:
            if error.status == UNAUTHORIZED:
                raise  # a login that has expired does not come back
            status, line = {}, str(error)
        else:
            line = _line(status, started.run)
        if line != said:
            how.say(line)
            said = line
        if is_finished(status, started.run):
            for text in lines.ending(started.name, status):
                how.say(text)
            return status
        if patience is not None and time.monotonic() - begun > patience:
            raise CommandError(
                f"{started.name} has no verdict after {patience:g} s; it is left as it is.",
                Exit.INTERNAL,
            )
        await asyncio.sleep(how.poll_seconds)


def _line(status: Json, run: int) -> str:
    if number_of(status) < run and status.get("phase") not in ("Pending", "Suspended"):
        return f"Waiting for the operator to start run {run}"
    return lines.progress(status)


async def stop(door: Door, namespace: str, name: str, say: Say) -> Started:
    """Ask for a graceful end; a run that is over stays as it is."""
    status = (await load_test(door, namespace, name)).get("status") or {}
    run = current_run(status)
    if is_finished(status, run):
        say(f"{name} is not running: run {run} ended {status.get('verdict')}.")
    else:
        await door.merge(namespace, name, {"stop": True})
        say(f"{name} is asked to stop.")
    return Started(namespace, name, run)


async def rerun(door: Door, namespace: str, name: str, say: Say) -> Started:
    """Ask for the next run."""
    status = (await load_test(door, namespace, name)).get("status") or {}
    run = current_run(status)
    if not is_finished(status, run):
        raise CommandError(
            f"Run {run} of {name} is not over ({status.get('phase') or 'Pending'}): "
            "wait for its end, or stop it first."
        )
    await door.merge(namespace, name, {"rerunToken": secrets.token_hex(8), "stop": False})
    say(f"{name} is asked for run {run + 1}.")
    return Started(namespace, name, run + 1)


async def scale(door: Door, namespace: str, name: str, replicas: int, say: Say) -> None:
    """Set the number of worker pods."""
    spec = (await load_test(door, namespace, name)).get("spec") or {}
    before = (spec.get("workers") or {}).get("replicas", 1)
    await door.merge(namespace, name, {"workers": {"replicas": replicas}})
    say(f"{name}: {before} → {replicas} worker pods")
