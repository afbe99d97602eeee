"""From a command line, the environment and config files to one namespace of options.

Precedence, lowest first: ~/.locust.conf, locust.conf, pyproject.toml, the file of --config,
environment, command line. A locustfile may add arguments while it is loaded, so a command line
is read twice: `preliminary_options` finds the locustfile without judging what it does not know,
`parse_options` reads everything and rejects the rest. Callers with more layers (a manifest, the
`args` of a role) put those layers' options in front of the command line's: the last one wins.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from katydid import events
from katydid.cli.option_files import OptionFileParser
from katydid.cli.option_katydid import (
    SECRET_DESTINATIONS,
    KatydidOptions,
    add_katydid_options,
    katydid_options,
)
from katydid.cli.option_locust import add_locust_options
from katydid.cli.option_parser import (
    AutoquitWithoutAutostart,
    ConflictingOptions,
    ExtraOption,
    OptionParser,
)
from katydid.errors import UsageError

__all__ = [
    "DEFAULT_CONFIG_FILES",
    "SECRET_DESTINATIONS",
    "ConflictingOptions",
    "ExtraOption",
    "KatydidOptions",
    "OptionParser",
    "build_parser",
    "check_options",
    "config_users",
    "custom_options",
    "extra_options",
    "katydid_options",
    "parse_options",
    "preliminary_options",
    "shareable_options",
]

DEFAULT_CONFIG_FILES = ("~/.locust.conf", "locust.conf", "pyproject.toml")
"""Read where they exist, each over the one before."""

_PRELIMINARY = (
    "locustfile", "config", "master", "worker", "processes", "master_host", "master_port",
    "loglevel", "logfile", "skip_log_setup", "curve_seed", "worker_id", "run_id",
    "orphan_timeout",
)  # fmt: skip
"""What is needed before the locustfile is loaded; these must be written in full."""

_POD_VARIABLES = {
    "KATYDID_MASTER_HOST": "LOCUST_MASTER_NODE_HOST",
    "KATYDID_MASTER_PORT": "LOCUST_MASTER_NODE_PORT",
}
"""Our names for variables of Locust; ours win."""

_LIST_VARIABLES = ("LOCUST_TAGS", "LOCUST_EXCLUDE_TAGS")
"""Words with spaces or commas between them."""


def build_parser(
    *,
    config_files: Sequence[str] = DEFAULT_CONFIG_FILES,
    abbreviations: bool = True,
    custom_arguments: bool = True,
) -> OptionParser:
    """A parser of all options. `custom_arguments` fires init_command_line_parser."""
    parser = OptionParser(
        prog="katydid",
        default_config_files=list(config_files),
        config_file_parser_class=OptionFileParser,
        add_env_var_help=False,
        add_config_file_help=False,
        add_help=False,
        allow_abbrev=abbreviations,
        usage="katydid [options] [UserClass ...]",
        description="Load tests in plain Python: katydid -f locustfile.py, "
        "or katydid run loadtest.yaml for a LoadTest.",
        epilog="Options can stand in ~/.locust.conf, locust.conf, pyproject.toml [tool.locust] "
        "or --config FILE too. Later ones win, then the environment, then the command line.",
    )
    add_locust_options(parser)
    add_katydid_options(parser)
    parser.close_shipped()
    if custom_arguments:
        events.events.init_command_line_parser.fire(parser=parser)
    return parser


def preliminary_options(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    config_files: Sequence[str] = DEFAULT_CONFIG_FILES,
) -> argparse.Namespace:
    """The options that decide how the locustfile is found. Anything else is left unread.

    `help_or_version` tells whether the user only asks for a text: then a locustfile is loaded
    if it is there, for its arguments, and `parse_options` prints and exits.
    """
    everything = build_parser(config_files=config_files, custom_arguments=False)
    parser = OptionParser(
        prog="katydid",
        default_config_files=list(config_files),
        config_file_parser_class=OptionFileParser,
        add_help=False,
        # A custom argument may begin like one of ours: --log must not be read as --logfile.
        allow_abbrev=False,
    )
    for action in everything._actions:
        if action.dest in _PRELIMINARY:
            parser._add_action(action)
    parser.add_argument("-h", "--help", "-V", "--version", action="store_true", dest="asks")
    variables = _variables(os.environ if environ is None else environ)
    values: argparse.Namespace
    values, _ = parser.parse_known_args(list(argv), env_vars=variables)
    values.help_or_version = values.asks
    del values.asks
    return values


def parse_options(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    config_files: Sequence[str] = DEFAULT_CONFIG_FILES,
    abbreviations: bool = True,
    parser: OptionParser | None = None,
) -> argparse.Namespace:
    """Every option by Locust's destination name; times are seconds.

    Raises UsageError for what is unknown, unreadable or contradictory. `environ` None: the
    process's. Pass `parser` to keep it for `extra_options` and `custom_options`.
    """
    parser = parser or build_parser(config_files=config_files, abbreviations=abbreviations)
    variables = _variables(os.environ if environ is None else environ)
    values: argparse.Namespace
    values, unknown = parser.parse_known_args(list(argv), env_vars=variables)
    parser.reject_unknown(unknown)
    if not values.user_classes:
        values.user_classes = variables.get("LOCUST_USER_CLASSES", "").replace(",", " ").split()
    if values.headful:
        values.headless = False
    check_options(values)
    _check_spelled_out(argv, values, variables, parser)
    return values


def check_options(values: argparse.Namespace) -> None:
    """UsageError for options that contradict each other."""
    if values.master and values.worker:
        raise ConflictingOptions("A process is either --master or --worker, not both.")
    if values.master and values.processes:
        raise ConflictingOptions(
            "--processes starts its own master: leave --master out, or add --worker."
        )
    if values.stats_history_enabled and values.csv_prefix is None:
        raise UsageError("--csv-full-history needs --csv PREFIX, which names the files.")
    if values.autoquit != -1 and not values.autostart:
        raise AutoquitWithoutAutostart("--autoquit needs --autostart: nothing else starts a test.")
    if bool(values.tls_cert) != bool(values.tls_key):
        raise UsageError("--tls-cert and --tls-key belong together: give both or none.")


def custom_options(parser: OptionParser, values: argparse.Namespace) -> dict[str, Any]:
    """Values of the arguments that locustfile and plugins added: what workers are sent."""
    return {dest: getattr(values, dest) for dest in parser.custom_actions if hasattr(values, dest)}


def extra_options(parser: OptionParser, values: argparse.Namespace) -> dict[str, ExtraOption]:
    """The custom arguments that the start form shows, with the present values as defaults."""
    return parser.extra_options(values)


def shareable_options(values: argparse.Namespace) -> dict[str, Any]:
    """All options but the secret ones, for reports and logs."""
    return {key: value for key, value in vars(values).items() if key not in SECRET_DESTINATIONS}


def config_users(texts: Sequence[str] | None) -> list[dict[str, Any]]:
    """The values of --config-users: each a JSON object or list of such, or a file of either.

    Raises UsageError; Locust's surface exits with 255 for it.
    """
    found: list[dict[str, Any]] = []
    for text in texts or ():
        source, where = text, "--config-users"
        if not text.lstrip().startswith(("{", "[")):
            where = text
            try:
                source = Path(text).read_text(encoding="utf-8")
            except OSError as error:
                raise ConflictingOptions(
                    f"--config-users: {text} is neither JSON nor a file I can read "
                    f"({error.strerror})."
                ) from error
        try:
            value = json.loads(source)
        except ValueError as error:
            raise ConflictingOptions(f"{where} is not JSON: {error}.") from error
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, dict) or not item.get("user_class_name"):
                raise ConflictingOptions(
                    f'{where}: every object needs a "user_class_name"; this has none: {item}.'
                )
            found.append(item)
    return found


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment as ConfigArgParse reads it."""
    variables = dict(environ)
    for ours, locusts in _POD_VARIABLES.items():
        if ours in variables:
            variables[locusts] = variables[ours]
    for name in _LIST_VARIABLES:
        value = variables.get(name, "").strip()
        if value and not value.startswith("["):
            variables[name] = f"[{','.join(value.replace(',', ' ').split())}]"
    if variables.get("LOCUST_CONFIG_USERS", "").lstrip().startswith(("{", "[")):
        # One value that happens to look like ConfigArgParse's own form of a list.
        variables["LOCUST_CONFIG_USERS"] = json.dumps([variables["LOCUST_CONFIG_USERS"]])
    if "KATYDID_THRESHOLD" in variables:
        expressions = variables["KATYDID_THRESHOLD"].replace(";", "\n").split("\n")
        variables["KATYDID_THRESHOLD"] = json.dumps([e.strip() for e in expressions if e.strip()])
    return variables


def _check_spelled_out(
    argv: Sequence[str],
    values: argparse.Namespace,
    variables: Mapping[str, str],
    parser: OptionParser,
) -> None:
    """The locustfile was looked for by full option names; an abbreviation came too late."""
    early = preliminary_options(argv, environ=variables, config_files=parser.config_files)
    for dest in _PRELIMINARY:
        if getattr(early, dest, None) != getattr(values, dest, None):
            option = f"--{dest.replace('_', '-')}"
            raise UsageError(f"Write {option} in full: it is read before the locustfile is loaded.")
