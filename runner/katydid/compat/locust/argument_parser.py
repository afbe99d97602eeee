"""`locust.argument_parser`: the command line, as plugins and embedding programs read it.

The options belong to `katydid.cli`, a layer above this one: it is reached by name, when called.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from katydid import locustfile
from katydid.compat import properties
from katydid.errors import KatydidError

DEFAULT_CONFIG_FILES = ("~/.locust.conf", "locust.conf", "pyproject.toml")

__all__ = [
    "DEFAULT_CONFIG_FILES",
    "default_args_dict",
    "get_empty_argument_parser",
    "get_locustfiles_locally",
    "get_parser",
    "parse_locustfile_option",
    "parse_options",
    "ui_extra_args_dict",
]

__getattr__ = properties.lazy(
    __name__,
    {
        "LocustArgumentParser": "katydid.cli.option_parser:OptionParser",
        "UIExtraArgOptions": "katydid.cli.option_parser:ExtraOption",
    },
)


def get_empty_argument_parser(
    add_help: bool = True, default_config_files: Sequence[str] = DEFAULT_CONFIG_FILES
) -> Any:
    """A parser without options that reads config files and environment like Locust's."""
    files = importlib.import_module("katydid.cli.option_files")
    parsers = importlib.import_module("katydid.cli.option_parser")
    return parsers.OptionParser(
        default_config_files=list(default_config_files),
        config_file_parser_class=files.OptionFileParser,
        add_env_var_help=False,
        add_config_file_help=False,
        add_help=add_help,
    )


def get_parser(default_config_files: Sequence[str] = DEFAULT_CONFIG_FILES) -> Any:
    """The parser of all options, those of listeners of init_command_line_parser included."""
    return _options().build_parser(config_files=default_config_files)


def parse_options(args: Sequence[str] | None = None) -> argparse.Namespace:
    """All options of `args` (default: sys.argv). A wrong one prints a sentence and exits 2."""
    values: argparse.Namespace = _or_exit(_options().parse_options, _arguments(args))
    return values


def parse_locustfile_option(args: Sequence[str] | None = None) -> argparse.Namespace:
    """The options that say where the locustfile is; anything else is left unread."""
    values: argparse.Namespace = _or_exit(_options().preliminary_options, _arguments(args))
    return values


def get_locustfiles_locally(options: argparse.Namespace | str) -> list[str]:
    """Paths of the locustfiles that the options (or a value of --locustfile) name."""
    name = options if isinstance(options, str) else options.locustfile
    return [str(path) for path in _or_exit(locustfile.find, name)]


def default_args_dict() -> dict[str, Any]:
    """Every option with its default; config files and environment are left out."""
    options = _options()
    values = options.parse_options([], environ={}, config_files=())
    return dict(vars(values))


def ui_extra_args_dict(args: Sequence[str] | None = None) -> dict[str, Any]:
    """What the start form shows of the arguments that a locustfile added, by destination."""
    options = _options()
    parser = options.build_parser()
    values = options.parse_options(_arguments(args), parser=parser)
    extra: dict[str, Any] = options.extra_options(parser, values)
    return extra


def _options() -> Any:
    return importlib.import_module("katydid.cli.options")


def _arguments(args: Sequence[str] | None) -> list[str]:
    return list(sys.argv[1:] if args is None else args)


def _or_exit(call: Any, argument: Any) -> Any:
    """Programs that call these expect argparse's way out."""
    try:
        return call(argument)
    except KatydidError as error:
        print(f"locust: error: {error}", file=sys.stderr)
        sys.exit(2)
