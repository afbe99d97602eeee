"""The commands: unpack the options, open the door, delegate, end with the right exit code."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import yaml

from katydid_operator import names
from katydid_operator.errors import ClusterError, Unavailable
from katydid_operator.kubectl import documents, lines, logs, results, runs, scaffold, sides, ui
from katydid_operator.kubectl.compare import Wanted, compare
from katydid_operator.kubectl.convert import convert
from katydid_operator.kubectl.door import Door, open_door
from katydid_operator.kubectl.exits import CommandError, Exit, exit_code
from katydid_operator.kubectl.options import parser
from katydid_operator.kubectl.runs import Followed, Started

Arguments = argparse.Namespace
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    given = parser().parse_args(argv)
    try:
        if given.command in LOCAL:
            return LOCAL[given.command](given)
        return asyncio.run(_in_cluster(given))
    except CommandError as error:
        complain(str(error))
        return int(error.code)
    except ClusterError as error:
        for text in lines.sentences(str(error)):
            complain(text)
        return int(Exit.INTERNAL if isinstance(error, Unavailable) else Exit.USAGE)
    except KeyboardInterrupt:
        return INTERRUPTED


def say(text: str) -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def _in_cluster(given: Arguments) -> int:
    door, namespace = await open_door(given.kubeconfig, given.context)
    try:
        return await COMMANDS[given.command](given, door, namespace)
    finally:
        await door.close()


async def _run(given: Arguments, door: Door, default: str) -> int:
    read = documents.read(given.filename)
    started = await runs.apply(door, read, given.namespace, default, given.source_dir, say)
    return await _waited(given, door, started)


async def _watch(given: Arguments, door: Door, default: str) -> int:
    place = given.namespace or default
    test = await runs.load_test(door, place, given.name)
    run = runs.current_run(test.get("status") or {})
    return await _followed(given, door, Started(place, given.name, run))


async def _stop(given: Arguments, door: Door, default: str) -> int:
    started = await runs.stop(door, given.namespace or default, given.name, say)
    return await _waited(given, door, started)


async def _rerun(given: Arguments, door: Door, default: str) -> int:
    started = await runs.rerun(door, given.namespace or default, given.name, say)
    return await _waited(given, door, started)


async def _waited(given: Arguments, door: Door, started: Started) -> int:
    if given.wait or given.junit or given.report:
        return await _followed(given, door, started)
    return int(Exit.PASSED)


async def _followed(given: Arguments, door: Door, started: Started) -> int:
    """Follow a run, write the files asked for; the verdict is the exit code."""
    status = await runs.follow(door, started, Followed(say, given.interval, given.timeout))
    if given.junit or given.report:
        await _write_reports(given, door, started.namespace, started.name)
    return int(exit_code(status))


async def _write_reports(given: Arguments, door: Door, namespace: str, name: str) -> None:
    files, status = await results.fetch(door, namespace, name)
    if given.junit:
        results.write(given.junit, files.get(results.JUNIT) or results.junit_of(name, status))
    if given.report and results.REPORT in files:
        results.write(given.report, files[results.REPORT])
    elif given.report:
        complain(f"There is no report for {given.report}: {results.why_not(status)}")


async def _report(given: Arguments, door: Door, default: str) -> int:
    place = given.namespace or default
    files, status = await results.fetch(door, place, given.name)
    if not files:
        raise CommandError(f"{given.name} has no results here: {results.why_not(status)}")
    wanted = {results.JUNIT: given.junit, results.REPORT: given.report}
    if given.output or not (given.junit or given.report):
        number = (status.get("run") or {}).get("number")
        folder = given.output or Path(f"{given.name}-{number}")
        for file, data in files.items():
            results.write(folder / file, data)
        say(f"{len(files)} files written to {folder}")
    for file, path in wanted.items():
        if path is not None and file not in files:
            raise CommandError(f"The results hold no {file}: see spec.results.formats.")
        if path is not None:
            results.write(path, files[file])
    return int(Exit.PASSED)


async def _compare(given: Arguments, door: Door, default: str) -> int:
    found = await sides.find(door, given.namespace or default, given.before, given.after)
    return await compare(*found, Wanted(given.tolerance, given.html, given.json), say, complain)


async def _logs(given: Arguments, door: Door, default: str) -> int:
    place = given.namespace or default
    if given.follow:
        seen = await logs.follow(door, place, given.name, say, run=given.run)
    else:
        seen = await logs.show(door, place, given.name, given.run, say)
    if not seen:
        complain(f"There are no pods of that run of {given.name}.")
    return int(Exit.PASSED)


async def _scale(given: Arguments, door: Door, default: str) -> int:
    await runs.scale(door, given.namespace or default, given.name, given.replicas, say)
    return int(Exit.PASSED)


async def _ui(given: Arguments, door: Door, default: str) -> int:
    options = [
        f"--{name}={getattr(given, name)}"
        for name in ("kubeconfig", "context")
        if getattr(given, name)
    ]
    place = given.namespace or default
    return await ui.forward(door, place, given.name, given.port, options, given.token, say)


async def _validate(given: Arguments, door: Door, default: str) -> int:
    made = documents.placed(documents.read(given.filename), given.namespace, default)
    if given.source_dir is not None:
        test = documents.only_test(made)
        made.insert(0, documents.source_config_map(test, given.source_dir))
    bad = 0
    for document in made:
        title = f"{document['kind']} {document['metadata']['name']}"
        try:
            await door.put(document, dry_run=True)
        except ClusterError as error:
            if isinstance(error, Unavailable) and not error.status:
                raise
            bad += 1
            for text in lines.sentences(str(error)):
                complain(f"{title}: {text}")
        else:
            say(f"{title}: valid")
    return int(Exit.USAGE if bad else Exit.PASSED)


def _init(given: Arguments) -> int:
    for line in scaffold.create(given.folder, given.name, given.host):
        say(line)
    return int(Exit.PASSED)


def _convert(given: Arguments) -> int:
    """LocustTests become LoadTests; other documents are printed as they are."""
    made = []
    for document in documents.read(given.filename):
        if document["kind"] == names.KIND or document["kind"] in documents.APPLIED:
            made.append(document)
            continue
        test, notes = convert(document)
        made.append(test)
        for note in notes:
            complain(f"{test['metadata']['name']}: {note}")
    print(yaml.safe_dump_all(made, sort_keys=False, allow_unicode=True), end="")
    return int(Exit.PASSED)


Command = Callable[[Arguments, Door, str], Awaitable[int]]

LOCAL: dict[str, Callable[[Arguments], int]] = {"init": _init, "convert": _convert}
COMMANDS: dict[str, Command] = {
    "run": _run,
    "watch": _watch,
    "logs": _logs,
    "stop": _stop,
    "rerun": _rerun,
    "scale": _scale,
    "ui": _ui,
    "report": _report,
    "compare": _compare,
    "validate": _validate,
}
