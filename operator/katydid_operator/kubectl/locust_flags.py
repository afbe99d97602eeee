"""Locust's command line as parts of a LoadTest: what `convert` makes of args and commands.

Pure. Options that a field of the LoadTest decides become that field; those that the operator
manages (roles, ports, headless, reports) go; the rest stays as `args`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from katydid_operator.loadtest import Json

FIELDS = {  # option: the field it becomes
    "-f": "locustfile",
    "--locustfile": "locustfile",
    "-H": "host",
    "--host": "host",
    "-u": "users",
    "--users": "users",
    "-r": "spawn_rate",
    "--spawn-rate": "spawn_rate",
    "--hatch-rate": "spawn_rate",
    "-t": "run_time",
    "--run-time": "run_time",
    "-s": "stop_timeout",
    "--stop-timeout": "stop_timeout",
    "--processes": "processes",
    "-T": "tags",
    "--tags": "tags",
    "-E": "exclude_tags",
    "--exclude-tags": "exclude_tags",
}
_MANY = ("tags", "exclude_tags")
GOES = {  # option: whether it takes a value
    "--headless": False,
    "--headful": False,
    "--autostart": False,
    "--autoquit": True,
    "--master": False,
    "--worker": False,
    "--slave": False,
    "--master-host": True,
    "--master-port": True,
    "--master-bind-host": True,
    "--master-bind-port": True,
    "--expect-workers": True,
    "--expect-slaves": True,
    "--expect-workers-max-wait": True,
    "-P": True,
    "--web-port": True,
    "--web-host": True,
    "--web-login": False,
    "--web-base-path": True,
    "--tls-cert": True,
    "--tls-key": True,
    "--csv": True,
    "--html": True,
    "--json": False,
    "--json-file": True,
    "--logfile": True,
    "--config": True,
    "-l": False,
    "--list": False,
    "--show-task-ratio": False,
    "--show-task-ratio-json": False,
    "-V": False,
    "--version": False,
    "-h": False,
    "--help": False,
}
_SWITCHES = (  # options of Locust without a value: a word after them is a user class
    "--only-summary",
    "--print-stats",
    "--reset-stats",
    "--skip-log-setup",
    "--skip-log",
    "--csv-full-history",
    "--class-picker",
    "--enable-rebalancing",
    "--equal-weights",
    "--modern-ui",
    "--otel",
)
_TOLD = ("--web-login", "--tls-cert", "--tls-key", "--config", "--csv", "--html", "--json-file")
_ENVIRONMENT = {
    "LOCUST_LOCUSTFILE": "--locustfile",
    "LOCUST_HOST": "--host",
    "LOCUST_USERS": "--users",
    "LOCUST_SPAWN_RATE": "--spawn-rate",
    "LOCUST_RUN_TIME": "--run-time",
    "LOCUST_STOP_TIMEOUT": "--stop-timeout",
}
_GONE_ENVIRONMENT = re.compile(
    r"LOCUST_(HEADLESS|AUTOSTART|AUTOQUIT|MODE_MASTER|MODE_WORKER|MASTER_\w+|EXPECT_WORKERS\w*"
    r"|WEB_\w+|CSV|HTML|LOGFILE)"
)


@dataclass
class Flags:
    """A command line, sorted out."""

    values: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    exclude_tags: list[str] = field(default_factory=list)
    user_classes: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def parse(words: Sequence[str]) -> Flags:
    """Sort out a command line; a leading `locust` is the program."""
    found = Flags()
    left = list(words[1:] if words[:1] and words[0].rsplit("/", 1)[-1] == "locust" else words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            found.user_classes.append(word)
            continue
        flag, attached = _split(word)
        if flag in FIELDS:
            _take(found, FIELDS[flag], attached, left)
        elif flag in GOES:
            if GOES[flag] and attached is None and left and not left[0].startswith("-"):
                left.pop(0)
            if flag in _TOLD:
                found.notes.append(f"{flag} is left out: the operator decides it.")
        else:
            found.rest.append(word)
            takes = attached is None and flag not in _SWITCHES
            if takes and left and not left[0].startswith("-"):
                found.rest.append(left.pop(0))
    return found


def _split(word: str) -> tuple[str, str | None]:
    """`--users=5` and `-u5` as flag and value."""
    if word.startswith("--"):
        flag, equals, value = word.partition("=")
        return flag, value if equals else None
    return word[:2], word[2:] or None


def _take(found: Flags, name: str, attached: str | None, left: list[str]) -> None:
    if name in _MANY:
        into = found.tags if name == "tags" else found.exclude_tags
        if attached is not None:
            into.append(attached)
        while left and not left[0].startswith("-"):
            into.append(left.pop(0))
        return
    value = attached if attached is not None else (left.pop(0) if left else "")
    found.values[name] = value.strip()


def from_environment(env: Sequence[Json]) -> tuple[list[str], list[Json]]:
    """Options that LOCUST_* variables say, and the variables that stay."""
    words: list[str] = []
    kept: list[Json] = []
    for variable in env:
        name = str(variable.get("name"))
        if name in _ENVIRONMENT and variable.get("value"):
            words.append(f"{_ENVIRONMENT[name]}={variable['value']}")
        elif not _GONE_ENVIRONMENT.fullmatch(name):
            kept.append(variable)
    return words, kept


def load_of(found: Flags) -> tuple[Json, list[str]]:
    """`spec.load` of the options, and what is to be said about it."""
    values = found.values
    notes: list[str] = []
    load: Json = {"users": _number(values, "users", 1, notes)}
    if "users" not in values:
        notes.append("No number of users is said; spec.load.users is 1, as Locust's own default.")
    if "spawn_rate" in values:
        load["spawnRate"] = _number(values, "spawn_rate", 1, notes)
    if "run_time" in values:
        load["runTime"] = _timespan(values["run_time"])
    else:
        load["unbounded"] = True
        notes.append("No run time is said; the test runs until it is stopped (unbounded: true).")
    if "stop_timeout" in values:
        load["stopTimeout"] = _timespan(values["stop_timeout"])
    for key, many in (
        ("userClasses", found.user_classes),
        ("tags", found.tags),
        ("excludeTags", found.exclude_tags),
    ):
        if many:
            load[key] = list(dict.fromkeys(many))
    return load, notes


def _number(values: dict[str, str], name: str, default: int, notes: list[str]) -> Any:
    text = values.get(name, str(default))
    try:
        number = float(text)
    except ValueError:
        notes.append(f"{text!r} is no number ({name}); {default} is taken.")
        return default
    return int(number) if number.is_integer() or name == "users" else number


def _timespan(text: str) -> str:
    return f"{text}s" if text.isdecimal() else text
