"""`locust.main`: the environment of a set of options, and the command line's entry."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Any

import katydid
from katydid.compat.locust.env import Environment
from katydid.events import Events
from katydid.locustfile import is_shape_class, is_user_class

__all__ = ["create_environment", "is_shape_class", "is_user_class", "main", "version"]

version = katydid.LOCUST_VERSION
logger = logging.getLogger(__name__)


def create_environment(
    user_classes: list[type[Any]],
    options: Any,
    events: Events | None = None,
    shape_class: Any = None,
    locustfile: str | None = None,
    parsed_locustfiles: list[str] | None = None,
    available_user_classes: dict[str, type[Any]] | None = None,
    available_shape_classes: dict[str, Any] | None = None,
    available_user_tasks: dict[str, list[Any]] | None = None,
) -> Environment:
    """An Environment with what `options` say of host, tags, stop timeout and so on."""
    return Environment(
        locustfile=locustfile,
        user_classes=user_classes,
        shape_class=shape_class,
        events=events,
        host=options.host,
        tags=options.tags,
        exclude_tags=options.exclude_tags,
        reset_stats=options.reset_stats,
        stop_timeout=options.stop_timeout,
        parsed_options=options,
        parsed_locustfiles=parsed_locustfiles,
        available_user_classes=available_user_classes,
        available_shape_classes=available_shape_classes,
        available_user_tasks=available_user_tasks,
        profile=options.profile,
    )


def main() -> None:
    """Run the command line of sys.argv and exit with its code."""
    command_line = importlib.import_module("katydid.cli.main")  # a layer above this one
    sys.exit(command_line.main(sys.argv[1:]))
