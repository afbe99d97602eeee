"""The session of a worker: connect, run what the master says, leave with the right exit code."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
from pathlib import Path

import gevent

from katydid.cli.launch import Launch, Role
from katydid.cli.logs import LogRing
from katydid.cli.prepare import prepare
from katydid.cli.ready import ReadyFile
from katydid.cli.signals import StopSignals
from katydid.errors import ExitCode, LocustfileError, WorkersNotReady
from katydid.locustfile import FROM_MASTER, find, unpack
from katydid.run.children import POLL_SECONDS, Children, ChildRole
from katydid.run.settings import RunSettings
from katydid.run.source import fetch_source
from katydid.run.worker import WorkerRunner

logger = logging.getLogger(__name__)

TERMINATED = 143  # 128 + SIGTERM: an index of a Job that exits so is started again
MASTER_GONE = 1
CONNECT_FAILED = 255  # Locust's


def run(launch: Launch, early: argparse.Namespace, ring: LogRing, child: ChildRole | None) -> int:
    """Be a worker until the master says quit (0), SIGTERM (143), or the master is gone (1)."""
    host, port = early.master_host, early.master_port
    runner: WorkerRunner | None = None

    def on_parent_death() -> None:
        if runner is None:
            os._exit(MASTER_GONE)
        elif early.worker:
            runner.leave("its parent process died")
        else:
            runner.abandon("The master, its parent process, died")

    if child is not None:
        if not early.worker:
            host, port = "127.0.0.1", child.master_port()
        child.watch_parent(lambda: gevent.spawn(on_parent_death))
    paths = _locustfiles(launch, early, host, port)
    prepared = prepare(launch, Role.WORKER, paths, ring, child=child)
    environment = prepared.environment
    settings = dataclasses.replace(
        prepared.settings, worker_id=_worker_id(prepared.settings.worker_id, child)
    )
    try:
        runner = WorkerRunner(environment, host, port, settings=settings)
    except ConnectionError as error:
        failure = WorkersNotReady(str(error))
        failure.locust_exit_code = CONNECT_FAILED  # type: ignore[attr-defined]  # see Surface
        raise failure from error
    environment.runner = runner
    runner.new_log_lines = ring.take
    leave = runner.leave
    signals = StopSignals(
        lambda name: gevent.spawn(leave, f"it got {name}"), interrupts=child is None
    )
    environment.events.init.fire(environment=environment, runner=runner, web_ui=None)
    with ReadyFile(launch.ready_file, lambda: runner.connected):
        runner.gone.wait()
    code = _exit_code(runner, signals, launch)
    environment.events.quitting.fire(environment=environment, reverse=True)
    code = code if environment.process_exit_code is None else environment.process_exit_code
    runner.close()
    environment.events.quit.fire(exit_code=code)
    return code


def guard(children: Children) -> int:
    """Be the parent of worker processes: pass SIGTERM on, end when they have.

    When one is killed the others leave too: whoever watches this process sees a failure and
    starts all of them again.
    """
    signals = StopSignals(lambda _: children.terminate())
    warned = False
    while children.alive:
        children.reap()
        if children.killed_by and not warned and signals.received is None:
            warned = True
            children.terminate()
        gevent.sleep(POLL_SECONDS)
    if children.killed_by:
        return 128 + children.killed_by
    if signals.received is None:
        return children.worst
    return TERMINATED if signals.received == "SIGTERM" else int(ExitCode.PASSED)


def _worker_id(given: str, child: ChildRole | None) -> str:
    """Workers that share a pod, and so its id, need one each; numbers stay numbers."""
    if child is None or not given:
        return given
    if given.isdecimal():
        return str(int(given) * child.siblings + child.number)
    return f"{given}-{child.number}"


def _locustfiles(launch: Launch, early: argparse.Namespace, host: str, port: int) -> list[Path]:
    if launch.paths is not None:
        return launch.paths
    if early.locustfile != FROM_MASTER:
        return find(early.locustfile)
    settings = RunSettings(run=early.run_id or "1", curve_seed=early.curve_seed or "")
    source = fetch_source(host, port, settings)
    if source.error:
        raise LocustfileError(f"The master has no locustfile to give: {source.error}.")
    folder = unpack(source.files)
    return [folder / name for name in source.entrypoints]


def _exit_code(runner: WorkerRunner, signals: StopSignals, launch: Launch) -> int:
    if signals.received == "SIGTERM":
        return TERMINATED
    if runner.refused:
        return launch.surface.exit_code(ExitCode.WORKERS_NOT_READY)
    return MASTER_GONE if runner.quit_reason else int(ExitCode.PASSED)
