"""From a locustfile and all options to an environment and the settings of a run."""

from __future__ import annotations

import argparse
import logging
import os
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gevent
import psutil

import katydid
from katydid import events as events_module
from katydid.cli import logs
from katydid.cli.launch import Launch, Role
from katydid.cli.options import (
    ConflictingOptions,
    OptionParser,
    build_parser,
    config_users,
    katydid_options,
    parse_options,
)
from katydid.compat.locust.env import Environment
from katydid.compat.locust.opentelemetry import setup_opentelemetry
from katydid.errors import LocustfileError, UsageError
from katydid.load.spec import ArrivalLoad, ConstantLoad, Load, ShapeLoad
from katydid.load.text import load_to_manifest
from katydid.locustfile import (
    Loaded,
    load,
    select_shape_class,
    select_user_classes,
)
from katydid.run.children import Children, ChildRole
from katydid.run.settings import RunSettings
from katydid.thresholds import parse as parse_threshold
from katydid.user import LoadTestShape, User
from katydid.user.task import no_tasks_message

logger = logging.getLogger(__name__)


@dataclass
class Prepared:
    """A locustfile and its options, ready for a runner."""

    launch: Launch
    role: Role
    options: argparse.Namespace
    parser: OptionParser
    loaded: Loaded
    environment: Environment
    settings: RunSettings
    ring: logs.LogRing
    children: Children | None
    child: ChildRole | None


def prepare(
    launch: Launch,
    role: Role,
    paths: list[Path],
    ring: logs.LogRing,
    children: Children | None = None,
    child: ChildRole | None = None,
) -> Prepared:
    """Load the locustfiles, read all options, make the environment."""
    loaded = load(paths)
    parser = build_parser(config_files=launch.config_files, abbreviations=launch.abbreviations)
    options = parse_options(
        launch.arguments(role),
        environ=_environ(launch),
        config_files=launch.config_files,
        parser=parser,
    )
    options.user_classes = options.user_classes or list(launch.user_classes)
    if not loaded.user_classes:
        names = ", ".join(path.name for path in paths)
        raise LocustfileError(f"No User class found in {names}: nothing would make any load.")
    settings = make_settings(launch, options, loaded)
    secret = (a.dest for a in parser._actions if getattr(a, "is_secret", False))
    settings = replace(settings, secret_options=frozenset(secret))
    if options.otel and not setup_opentelemetry():
        raise UsageError("--otel needs OpenTelemetry's packages, which are not installed.")
    environment = _environment(options, loaded, settings)
    return Prepared(
        launch, role, options, parser, loaded, environment, settings, ring, children, child
    )


def make_settings(launch: Launch, options: argparse.Namespace, loaded: Loaded) -> RunSettings:
    """What the run is told, from launch and options."""
    ours = katydid_options(options)
    expected = launch.expected_workers
    return RunSettings(
        name=launch.name or loaded.paths[0].stem,
        run=ours.run_id or "1",
        load=_load(launch, options, loaded),
        thresholds=launch.thresholds + tuple(parse_threshold(text) for text in ours.thresholds),
        expected_workers=options.expect_workers if expected is None else expected,
        ready_timeout=(
            options.expect_workers_max_wait
            if launch.ready_timeout is None
            else launch.ready_timeout
        ),
        max_lost=launch.max_lost,
        deadline=launch.deadline,
        processes_per_replica=launch.processes_per_replica,
        formats=launch.formats,
        checkpoint=Path(ours.checkpoint) if ours.checkpoint else None,
        curve_seed=ours.curve_seed or "",
        orphan_timeout=ours.orphan_timeout,
        master_timeout=launch.master_timeout,
        worker_id=ours.worker_id or "",
        reset_stats=options.reset_stats,
        stop_when_empty=launch.stop_when_empty,
        versions=versions(),
        manifest=launch.manifest,
        sources={path.name: _text(path) for path in loaded.paths},
    )


def versions() -> dict[str, str]:
    """Who made the results."""
    return {
        "katydid": katydid.__version__,
        "locust API": katydid.LOCUST_VERSION,
        "python": platform.python_version(),
        "gevent": gevent.__version__,
        "platform": platform.platform(),
    }


def cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return psutil.cpu_count() or 1


def _environ(launch: Launch) -> dict[str, str]:
    """The environment as options read it: a manifest's classes win over the variable's."""
    environ = dict(os.environ)
    if launch.user_classes:
        environ.pop("LOCUST_USER_CLASSES", None)
    return environ


def _load(launch: Launch, options: argparse.Namespace, loaded: Loaded) -> Load:
    """The load to start with, as far as the web UI does not say otherwise."""
    given = options.num_users is not None or options.spawn_rate is not None
    if launch.load is not None:
        if given:
            raise UsageError(
                "--users and --spawn-rate do not fit the manifest's load, which is "
                f"{next(iter(load_to_manifest(launch.load)))}."
            )
        if options.run_time and isinstance(launch.load, ArrivalLoad):
            changed = launch.load
            return ArrivalLoad(changed.rate, changed.max_users, options.run_time, changed.stages)
        return launch.load
    if loaded.shape_classes and not launch.manifest:
        common = any(shape.use_common_options for shape in loaded.shape_classes.values())
        if (given or options.run_time) and not common:
            logger.warning(
                "--run-time, --users or --spawn-rate have no impact on LoadShapes, ignoring them"
            )
        return ShapeLoad()
    users = 1 if options.num_users is None else options.num_users
    rate = options.spawn_rate or (float(max(1, users)) if launch.runs_once else 1.0)
    return ConstantLoad(users, rate, options.run_time or None)


def _environment(options: argparse.Namespace, loaded: Loaded, settings: RunSettings) -> Environment:
    try:
        chosen = select_user_classes(loaded.user_classes, options.user_classes)
        shape = _shape(loaded, settings.load)
        for attributes in config_users(options.config_users):
            _configure(loaded, attributes)
        environment = Environment(
            user_classes=chosen,
            shape_class=shape,
            tags=options.tags,
            exclude_tags=options.exclude_tags,
            locustfile=",".join(path.name for path in loaded.paths),
            parsed_locustfiles=[str(path) for path in loaded.paths],
            events=events_module.events,
            host=options.host,
            reset_stats=options.reset_stats,
            stop_timeout=options.stop_timeout,
            parsed_options=options,
            available_user_classes=dict(loaded.user_classes),
            available_shape_classes={n: c() for n, c in loaded.shape_classes.items()},
            profile=options.profile,
        )
    except ValueError as error:
        raise LocustfileError(str(error)) from error
    if options.equal_weights:
        environment.assign_equal_weights()
    _demand_tasks(environment)
    return environment


def _demand_tasks(environment: Environment) -> None:
    """LocustfileError for a class without tasks; those that tags leave none are left out."""
    for user_class in environment.user_classes:
        if _does_nothing(user_class):
            raise LocustfileError(f"{no_tasks_message(user_class)}.")
    environment._filter_tasks_by_tags()  # and warns of them
    left = [each for each in environment.user_classes if not _does_nothing(each)]
    if not left:
        raise LocustfileError("No task is left after --tags and --exclude-tags.")
    environment.user_classes = left


def _does_nothing(user_class: type[User]) -> bool:
    """True without tasks, and without code of its own that may give each user some."""
    methods = (getattr(user_class, name) for name in ("__init__", "on_start", "run"))
    ours = all(getattr(each, "__module__", "").startswith("katydid.") for each in methods)
    return ours and not user_class.tasks


def _shape(loaded: Loaded, wanted: Load | None) -> LoadTestShape | None:
    if wanted is not None and not isinstance(wanted, ShapeLoad | ConstantLoad):
        return None
    name = wanted.class_name if isinstance(wanted, ShapeLoad) else None
    chosen = select_shape_class(loaded.shape_classes, name)
    if chosen is None and isinstance(wanted, ShapeLoad):
        raise LocustfileError("The load is a shape, but the locustfile has no LoadTestShape class.")
    return chosen() if chosen is not None else None


def _configure(loaded: Loaded, attributes: dict[str, Any]) -> None:
    name = attributes["user_class_name"]
    if name not in loaded.user_classes:
        raise ConflictingOptions(f"--config-users: there is no user class {name}.")
    for key, value in attributes.items():
        if key != "user_class_name":
            setattr(loaded.user_classes[name], key, value)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
