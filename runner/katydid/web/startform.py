"""What a start asks for, out of JSON (the API) or a form (Locust's /swarm): checked values."""

from __future__ import annotations

import math
from typing import Any, TypedDict

from katydid.errors import UsageError
from katydid.load.spec import Load
from katydid.load.text import load_from_manifest, parse_timespan
from katydid.web.answers import Refusal

MOST_USERS = 1_000_000


class Start(TypedDict, total=False):
    """The keyword arguments of `Controls.start`."""

    users: int
    spawn_rate: float
    run_time_seconds: float
    host: str
    user_classes: list[str]
    shape_class: str
    load: Load


_FIELDS = ("users", "spawnRate", "runTime", "host", "userClasses", "shapeClass", "load")


def parse_start(body: dict[str, Any]) -> Start:
    """The values of a JSON body; absent and null ones stay as configured."""
    unknown = sorted(set(body) - set(_FIELDS))
    if unknown:
        known = ", ".join((*_FIELDS, "arguments"))
        raise Refusal(400, f"`{unknown[0]}` is no field of a start; there are {known}.", unknown[0])
    given = {key: value for key, value in body.items() if value is not None}
    start: Start = {}
    if "users" in given:
        start["users"] = users(given["users"], "users")
    if "spawnRate" in given:
        start["spawn_rate"] = spawn_rate(given["spawnRate"], "spawnRate")
    if "runTime" in given:
        start["run_time_seconds"] = run_time(given["runTime"], "runTime")
    if "host" in given:
        start["host"] = host(given["host"], "host")
    if "userClasses" in given:
        start["user_classes"] = _names(given["userClasses"], "userClasses")
    if "shapeClass" in given:
        start["shape_class"] = _text(given["shapeClass"], "shapeClass")
    if "load" in given:
        start["load"] = load(given["load"])
    return start


def users(value: Any, field: str) -> int:
    """A number of users; Refusal where it is none."""
    number = _number(value, field)
    if number != int(number) or not 0 <= number <= MOST_USERS:
        raise Refusal(400, f"`{field}` is not a whole number from 0 to {MOST_USERS}.", field)
    return int(number)


def spawn_rate(value: Any, field: str) -> float:
    """Users per second, above 0."""
    number = _number(value, field)
    if number <= 0:
        raise Refusal(400, f"`{field}` is not above 0.", field)
    return number


def run_time(value: Any, field: str) -> float:
    """Seconds of `20`, `20s`, `3m`, `1h30m`."""
    try:
        seconds = parse_timespan(value) if isinstance(value, str | int | float) else 0.0
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise Refusal(400, f"`{field}` is not a time: write 20, 20s, 3m, 2h or 1h30m.", field)
    return seconds


def host(value: Any, field: str) -> str:
    """A base URL: `http://…` or `https://…`, or what another kind of user calls its target."""
    return _text(value, field).strip()


def load(value: Any) -> Load:
    """A load as the manifest writes it; Refusal names the field under `load`."""
    if not isinstance(value, dict):
        raise Refusal(400, "`load` is not an object.", "load")
    try:
        return load_from_manifest(value)
    except UsageError as error:
        field, colon, sentence = str(error).partition(": ")
        if not colon or not field.startswith("load."):
            raise Refusal(400, str(error), "load") from error
        raise Refusal(400, f"`{field}` {sentence}", field) from error


def _number(value: Any, field: str) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (ValueError, TypeError):
        number = math.nan
    if not math.isfinite(number):
        raise Refusal(400, f"`{field}` is not a number.", field)
    return number


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise Refusal(400, f"`{field}` is not a text.", field)
    return value


def _names(value: Any, field: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Refusal(400, f"`{field}` is not a list of names.", field)
    return value
