"""The argument parser: ConfigArgParse with Locust's extras for custom arguments.

Here: `add_argument(include_in_web_ui=, is_secret=, is_required=, is_multiple=)`, errors as
sentences with a suggestion, what counts as a custom argument. The options themselves are in
`option_locust` and `option_katydid`; the file formats in `option_files`.
"""

from __future__ import annotations

import argparse
import difflib
from typing import Any, NamedTuple, NoReturn

import configargparse

from katydid.errors import UsageError

FORMER_OPTIONS = {
    "--no-web": "--headless",
    "--clients": "--users",
    "--hatch-rate": "--spawn-rate",
    "--user": "--users",
    "--rate": "--spawn-rate",
    "--duration": "--run-time",
    "--check": "--threshold",
    "--workers": "--processes",
    "--slave-host": "--master-host",
}
"""What people type for an option of another name; difflib alone would guess worse."""

YIELDS = "yields_to_custom_arguments"
"""Set on actions whose names a locustfile may take: Locust has no option of that name."""

RENAMED = "katydid_"
"""Prefix of the destination of an option that gave way."""


class ConflictingOptions(UsageError):
    """Options that exclude each other. Locust's surface exits with 255 for these."""

    locust_exit_code = 255


class AutoquitWithoutAutostart(UsageError):
    """`--autoquit` alone. Locust's surface exits with 1."""

    locust_exit_code = 1


class ExtraOption(NamedTuple):
    """A custom argument as the web UI shows it."""

    default_value: Any
    is_secret: bool
    help_text: str
    choices: list[Any] | None = None
    is_required: bool = False
    is_multiple: bool = False


class _TakesWebExtras(argparse._ActionsContainer):
    """`add_argument` with Locust's four keywords, for the parser and for its groups."""

    def add_argument(self, *args: Any, **kwargs: Any) -> argparse.Action:
        include_in_web_ui = kwargs.pop("include_in_web_ui", True)
        is_secret = kwargs.pop("is_secret", False)
        is_required = kwargs.pop("is_required", False)
        is_multiple = kwargs.pop("is_multiple", False)
        action = super().add_argument(*args, **kwargs)
        action.include_in_web_ui = include_in_web_ui  # type: ignore[attr-defined] # Locust's names
        action.is_secret = is_secret  # type: ignore[attr-defined] # as above
        action.is_required = is_required  # type: ignore[attr-defined] # as above
        action.is_multiple = is_multiple  # type: ignore[attr-defined] # as above
        return action

    def _check_conflict(self, action: argparse.Action) -> None:
        """A locustfile's argument takes a name of ours; ours goes on as --katydid-…"""
        for other in list(self._actions):
            if getattr(other, YIELDS, False) and (
                other.dest == action.dest or set(other.option_strings) & set(action.option_strings)
            ):
                for option in other.option_strings:
                    del self._option_string_actions[option]
                other.option_strings = [f"--katydid-{other.dest.replace('_', '-')}"]
                self._option_string_actions[other.option_strings[0]] = other
                other.dest = f"{RENAMED}{other.dest}"
                setattr(other, YIELDS, False)
        super()._check_conflict(action)


class OptionGroup(_TakesWebExtras, argparse._ArgumentGroup):
    """An argument group whose arguments take the same keywords as the parser's."""


class OptionParser(_TakesWebExtras, configargparse.ArgumentParser):  # type: ignore[misc] # untyped
    """All options of one command line. Errors raise UsageError; --help and --version exit."""

    def __init__(self, **kwargs: Any) -> None:
        self._shipped: list[argparse.Action] = []
        self.config_files: list[str] = list(kwargs.get("default_config_files", ()))
        super().__init__(**kwargs)

    def add_argument_group(self, *args: Any, **kwargs: Any) -> OptionGroup:
        group = OptionGroup(self, *args, **kwargs)
        self._action_groups.append(group)
        return group

    def close_shipped(self) -> None:
        """What is added from now on is a custom argument of the locustfile or a plugin."""
        self._shipped = list(self._actions)

    @property
    def custom_actions(self) -> dict[str, argparse.Action]:
        """Custom arguments by destination, in the order they were added."""
        return {
            action.dest: action
            for action in self._actions
            if action not in self._shipped and action.dest != argparse.SUPPRESS
        }

    @property
    def args_included_in_web_ui(self) -> dict[str, argparse.Action]:
        """Custom arguments that the start form shows (Locust's name)."""
        return {
            dest: action
            for dest, action in self.custom_actions.items()
            if getattr(action, "include_in_web_ui", False)
        }

    @property
    def secret_args_included_in_web_ui(self) -> dict[str, argparse.Action]:
        """Those of them whose value is hidden while it is typed (Locust's name)."""
        return {
            dest: action
            for dest, action in self.args_included_in_web_ui.items()
            if getattr(action, "is_secret", False)
        }

    def extra_options(self, values: argparse.Namespace) -> dict[str, ExtraOption]:
        """The form's view of the custom arguments, with the present values as defaults."""
        return {
            dest: ExtraOption(
                default_value=getattr(values, dest, action.default),
                is_secret=bool(getattr(action, "is_secret", False)),
                help_text=action.help or "",
                choices=list(action.choices) if action.choices is not None else None,
                is_required=bool(getattr(action, "is_required", False)),
                is_multiple=bool(getattr(action, "is_multiple", False)),
            )
            for dest, action in self.args_included_in_web_ui.items()
        }

    def option_strings(self) -> list[str]:
        """Every option string that is not hidden, such as `--users` and `-u`."""
        return [
            option
            for action in self._actions
            if action.help != argparse.SUPPRESS
            for option in action.option_strings
        ]

    def _get_option_tuples(self, option_string: str) -> list[Any]:
        """What an abbreviation may stand for: Locust's options first, as if ours did not exist."""
        found: list[Any] = super()._get_option_tuples(option_string)
        return [item for item in found if not getattr(item[0], YIELDS, False)] or found

    def error(self, message: str) -> NoReturn:
        first_word = message.split(" ", 1)[0]
        if first_word.isalpha():  # and no file or option name, whose case matters
            message = message[:1].upper() + message[1:]
        raise UsageError(message.rstrip(".") + ".")

    def reject_unknown(self, unknown: list[str]) -> None:
        """UsageError naming the first argument that nothing accepts, if there is one."""
        if not unknown:
            return
        first = next((item for item in unknown if item.startswith("-")), unknown[0])
        if not first.startswith("-"):
            raise UsageError(
                f"I do not know what to do with {first!r}. Names of user classes stand together, "
                "at the end of the command line."
            )
        name = first.split("=", 1)[0]
        file = self._file_that_sets(name)
        where = f" (it stands in {file})" if file else ""
        raise UsageError(f"There is no option {name}{where}.{self._suggestion(name)}")

    def _suggestion(self, name: str) -> str:
        known = self.option_strings()
        near = [FORMER_OPTIONS[name]] if name in FORMER_OPTIONS else []
        near = near or difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        if not near:
            return " katydid --help lists all options."
        return f" Did you mean {near[0]}?"

    def _file_that_sets(self, option: str) -> str | None:
        """The config file that holds `option`, as ConfigArgParse remembers its sources."""
        for source, settings in self.get_source_to_settings_dict().items():
            if source.startswith("config_file|") and any(
                f"--{key.lstrip('-')}" == option and action is None
                for key, (action, _) in settings.items()
            ):
                return str(source.split("|", 1)[1])
        return None
