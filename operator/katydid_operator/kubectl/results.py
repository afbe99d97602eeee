"""The kept results of the latest run: reports out of the ConfigMap that the operator keeps.

Where there are none (a run that never made load, results on a volume), a JUnit file is made of the
status, so that a CI job always has one.
"""

from __future__ import annotations

import asyncio
import base64
import io
import os
import tarfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path, PurePosixPath

from katydid_operator import names
from katydid_operator.kubectl.door import Door
from katydid_operator.kubectl.exits import CommandError, Exit
from katydid_operator.kubectl.runs import load_test
from katydid_operator.loadtest import Json

REPORT = "report.html"
JUNIT = "junit.xml"
RESULTS_WAIT_SECONDS = 90.0


async def fetch(
    door: Door, namespace: str, name: str, poll_seconds: float = 1.0
) -> tuple[dict[str, bytes], Json]:
    """The files by name ({} where none are kept), and the status that says why.

    Waits for the operator while it is still fetching them from the master.
    """
    begun = time.monotonic()
    while True:
        status: Json = (await load_test(door, namespace, name)).get("status") or {}
        stored = stored_condition(status)
        if stored.get("status") != "Unknown" or time.monotonic() - begun > RESULTS_WAIT_SECONDS:
            break
        await asyncio.sleep(poll_seconds)
    if stored.get("status") != "True" or stored.get("reason") == "Volume":
        return {}, status
    return (await kept(door, namespace, name))[1], status


async def kept(door: Door, namespace: str, name: str) -> tuple[int, dict[str, bytes]]:
    """The run whose results the cluster keeps (0: none), and its files by name."""
    found = await door.find("ConfigMap", namespace, names.results_config_map(name)) or {}
    packed = (found.get("binaryData") or {}).get(names.RESULTS_KEY)
    run = ((found.get("metadata") or {}).get("labels") or {}).get(names.LABEL_RUN)
    if not packed:
        return 0, {}
    return int(run or 0), unpacked(base64.b64decode(packed))


def stored_condition(status: Json) -> Json:
    conditions: list[Json] = status.get("conditions") or []
    return next((one for one in conditions if one.get("type") == "ResultsStored"), {})


def unpacked(archive: bytes) -> dict[str, bytes]:
    """The regular files of results.tar.gz by their last name; links are not followed."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            for entry in tar:
                body = tar.extractfile(entry) if entry.isfile() else None
                if body is not None:
                    files[PurePosixPath(entry.name).name] = body.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        message = f"The kept results cannot be unpacked: {error}"
        raise CommandError(message, Exit.INTERNAL) from None
    return files


def why_not(status: Json) -> str:
    """Why there are no files to be had here."""
    stored = stored_condition(status)
    text = stored.get("message") or "No run has finished yet."
    place = (status.get("results") or {}).get("artifacts")
    return f"{text} Copy them from {place}." if stored.get("reason") == "Volume" else str(text)


def junit_of(name: str, status: Json) -> bytes:
    """JUnit of what the status says: a case for the run, one for each threshold."""
    verdict = status.get("verdict")
    cases: list[tuple[str, str | None]] = []
    for threshold in status.get("thresholds") or ():
        state = threshold.get("status")
        text = None if state == "Met" else f"{state}: {threshold.get('value') or 'no data'}"
        cases.append((str(threshold["name"]), text))
    reason, message = status.get("reason") or "", status.get("message") or ""
    cases.insert(0, ("run", None if verdict == "Passed" else f"{reason}: {message}"))
    failed = sum(text is not None for _, text in cases)
    kind = "error" if verdict == "Error" else "failure"
    count = str(len(cases))
    counts = {"tests": count, kind + "s": str(failed)}
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": name, **counts})
    for title, text in cases:
        case = ElementTree.SubElement(suite, "testcase", {"classname": name, "name": title})
        if text is not None:
            ElementTree.SubElement(case, kind, {"message": text})
    packed = io.BytesIO()
    ElementTree.ElementTree(root).write(packed, encoding="utf-8", xml_declaration=True)
    return packed.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; its folders are made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(data)
        os.replace(part, path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.", Exit.INTERNAL) from None
