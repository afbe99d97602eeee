"""One session of the command line, from options to the exit code.

Fork first, then read the locustfile (it may add options), then all options, then run. What a
master or a local run does is in `cli.controlling`, a worker in `cli.working`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from katydid import alias
from katydid.cli import logs, working
from katydid.cli.launch import Launch, Role
from katydid.cli.options import (
    parse_options,
    preliminary_options,
)
from katydid.cli.prepare import Prepared, cores, prepare
from katydid.errors import LocustfileError
from katydid.load.sequence import ClassSequence
from katydid.locustfile import (
    FROM_MASTER,
    find,
    load,
)
from katydid.run.children import Children, ChildRole, fork_workers
from katydid.run.control import named
from katydid.user.inspect import task_ratio

logger = logging.getLogger(__name__)

CHILD_END_SECONDS = 3.0


def run(launch: Launch) -> int:
    """Run one session; returns the exit code. KatydidError for what the user should read."""
    early = preliminary_options(launch.arguments(), config_files=launch.config_files)
    if early.help_or_version:
        return _show_text(launch, early)
    family = _fork(launch, early)
    try:
        return _play(launch, early, family)
    finally:
        if isinstance(family, Children):  # those that a failure left waiting for their master
            family.terminate()
            family.end(CHILD_END_SECONDS)


def _play(launch: Launch, early: argparse.Namespace, family: Children | ChildRole | None) -> int:
    role = _role(launch, early, family)
    os.environ.update(launch.role_environ.get(role, {}))
    sys.path[:0] = [str(folder) for folder in launch.python_path]
    ring = logs.setup(early.loglevel, early.logfile, early.skip_log_setup)
    alias.install()
    children = family if isinstance(family, Children) else None
    if children is not None and launch.expected_workers is None:
        launch.expected_workers = len(children.alive)
    child = family if isinstance(family, ChildRole) else None
    if role is Role.WORKER:
        if children is not None:
            return working.guard(children)
        return working.run(launch, early, ring, child)
    prepared = prepare(launch, role, _paths(launch, early), ring, children, child)
    if shown := _show_and_exit(prepared):
        return shown - 1
    from katydid.cli import controlling  # Flask and the reports: a worker needs none of them

    return controlling.run(prepared)


def _fork(launch: Launch, early: argparse.Namespace) -> Children | ChildRole | None:
    count = launch.fork
    if count is None:
        count = early.processes or 0
        if count < 0:
            count = cores()
    if not count:
        return None
    if early.worker and count == 1:
        return None
    return fork_workers(count)


def _role(launch: Launch, early: argparse.Namespace, family: Children | ChildRole | None) -> Role:
    if isinstance(family, ChildRole):
        return Role.WORKER
    if launch.role is not None:
        return launch.role
    if early.worker:
        return Role.WORKER
    return Role.MASTER if early.master or family is not None else Role.LOCAL


def _paths(launch: Launch, early: argparse.Namespace) -> list[Path]:
    return launch.paths if launch.paths is not None else find(early.locustfile)


def _show_text(launch: Launch, early: argparse.Namespace) -> int:
    """--help and --version; the locustfile's own arguments are part of the help."""
    alias.install()
    try:
        paths = [] if early.locustfile == FROM_MASTER else _paths(launch, early)
        if paths:
            load(paths)
    except LocustfileError:
        pass  # help must not fail for want of a locustfile
    parse_options(launch.arguments(), config_files=launch.config_files)
    return 0


def _show_and_exit(prepared: Prepared) -> int:
    """--list and --show-task-ratio: print; returns exit code + 1, or 0 to go on."""
    options, environment = prepared.options, prepared.environment
    if options.list_commands:
        print("Available Users:")
        for name in prepared.loaded.user_classes:
            print(f"    {name}")
        return 1
    if options.show_task_ratio or options.show_task_ratio_json:
        counts = _shares(environment.user_classes, options.num_users)
        ratios = task_ratio(environment.user_classes, counts)
        if options.show_task_ratio_json:
            print(json.dumps(ratios, indent=2))
        else:
            for title, part in (("Task ratio per User class", "per_class"), ("Total", "total")):
                print(f" {title}\n{'-' * 80}")
                _print_ratio(ratios[part], 1)
        return 1
    return 0


def _shares(user_classes: list[type[Any]], users: int | None) -> dict[str, int]:
    """How `users` would be shared out; None: as many as show the weights truly."""
    classes = named(user_classes)
    if not users:
        whole = all(weight == int(weight) for _, weight, _ in classes)
        weights = sum(weight for _, weight, fixed in classes if not fixed)
        fixed_users = sum(fixed for _, _, fixed in classes)
        users = (int(weights) if whole else 1000) + fixed_users
    return ClassSequence(classes).counts(users)


def _print_ratio(ratio: dict[str, Any], depth: int) -> None:
    for name, part in ratio.items():
        print(f"{'  ' * depth}{part['ratio'] * 100:6.1f} % {name}")
        _print_ratio(part.get("tasks", {}), depth + 1)
