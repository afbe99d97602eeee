"""Loads and time spans as people write them: `1h30m`, and the `load` part of a LoadTest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from katydid.errors import UsageError
from katydid.load.spec import (
    ArrivalLoad,
    ConstantLoad,
    Load,
    RateStage,
    ShapeLoad,
    Stage,
    StagedLoad,
)

_UNIT_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = r"\d+(?:\.\d+)?"
_SPAN = re.compile(
    rf"(?:(?P<d>{_NUMBER})d)?(?:(?P<h>{_NUMBER})h)?(?:(?P<m>{_NUMBER})m(?!s))?"
    rf"(?:(?P<s>{_NUMBER})s)?(?:(?P<ms>{_NUMBER})ms)?"
)
_MODELS = ("stages", "shape", "arrivalRate")


class TimespanError(UsageError, ValueError):
    """Not a time span. Also a ValueError, which is what Locust's own parser raises."""


def parse_timespan(text: str | float) -> float:
    """Seconds of `20`, `20s`, `3m`, `1h30m`, `500ms`; never negative."""
    if isinstance(text, bool):
        raise _no_timespan(text)
    if isinstance(text, (int, float)):
        seconds = float(text)
    else:
        stripped = text.strip()
        if re.fullmatch(_NUMBER, stripped):
            seconds = float(stripped)
        else:
            match = _SPAN.fullmatch(stripped)
            if not stripped or match is None:
                raise _no_timespan(text)
            parts = match.groupdict()
            seconds = sum(float(parts[unit] or 0) * _UNIT_SECONDS[unit] for unit in parts)
    if not 0 <= seconds < float("inf"):
        raise _no_timespan(text)
    return seconds


def format_timespan(seconds: float) -> str:
    """The shortest text that `parse_timespan` reads as `seconds` again: `1h30m`, `0.5s`."""
    minutes, rest = divmod(seconds, 60)
    if rest and rest != int(rest):
        return f"{seconds!r}s"
    hours, minutes = divmod(int(minutes), 60)
    parts = ((hours, "h"), (minutes, "m"), (int(rest), "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def load_from_manifest(fields: Mapping[str, Any]) -> Load:
    """The load that a LoadTest's `spec.load` describes; UsageError names the field.

    Fields that are not part of the model (stopTimeout, userClasses, tags …) are left alone.
    """
    models = [name for name in _MODELS if fields.get(name)]
    if len(models) > 1:
        raise UsageError(f"load: {' and '.join(models)} exclude each other; give one of them.")
    if "stages" in models:
        return StagedLoad(tuple(_stage(i, stage) for i, stage in _rows("stages", fields["stages"])))
    if "shape" in models or isinstance(fields.get("shape"), Mapping):
        return ShapeLoad(fields["shape"].get("class"))
    if "arrivalRate" in models:
        return _arrival(fields["arrivalRate"])
    users = _whole("users", fields.get("users", 1), least=0)
    run_time = fields.get("runTime")
    return ConstantLoad(
        users=users,
        spawn_rate=_rate("spawnRate", fields.get("spawnRate")) or float(max(1, users)),
        run_time_seconds=None if run_time is None else _span("runTime", run_time),
    )


def load_to_manifest(load: Load) -> dict[str, Any]:
    """`spec.load` of `load`: what `load_from_manifest` reads as the same load again."""
    match load:
        case ConstantLoad():
            result: dict[str, Any] = {"users": load.users, "spawnRate": load.spawn_rate}
            return result | _run_time(load.run_time_seconds)
        case StagedLoad():
            return {"stages": [_stage_fields(stage) for stage in load.stages]}
        case ShapeLoad():
            return {"shape": {} if load.class_name is None else {"class": load.class_name}}
        case ArrivalLoad():
            fields: dict[str, Any] = {"rate": load.rate, "maxUsers": load.max_users}
            fields |= _run_time(load.run_time_seconds)
            if load.stages:
                fields["stages"] = [
                    {"duration": format_timespan(stage.duration_seconds), "rate": stage.rate}
                    for stage in load.stages
                ]
            return {"arrivalRate": fields}


def _run_time(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"runTime": format_timespan(seconds)}


def _stage_fields(stage: Stage) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "duration": format_timespan(stage.duration_seconds),
        "users": stage.users,
    }
    return fields if stage.spawn_rate is None else fields | {"spawnRate": stage.spawn_rate}


def _stage(index: int, fields: Mapping[str, Any]) -> Stage:
    path = f"stages[{index}]"
    return Stage(
        duration_seconds=_duration(f"{path}.duration", fields.get("duration")),
        users=_whole(f"{path}.users", fields.get("users"), least=0),
        spawn_rate=_rate(f"{path}.spawnRate", fields.get("spawnRate")),
    )


def _arrival(fields: Mapping[str, Any]) -> ArrivalLoad:
    stages = []
    for index, stage in _rows("arrivalRate.stages", fields.get("stages") or ()):
        path = f"arrivalRate.stages[{index}]"
        rate = _number(f"{path}.rate", stage.get("rate"))
        stages.append(RateStage(_duration(f"{path}.duration", stage.get("duration")), rate))
    run_time = fields.get("runTime")
    rate = _number("arrivalRate.rate", fields.get("rate"))
    if rate == 0 and not stages:
        raise UsageError("load.arrivalRate.rate: must be more than 0.")
    return ArrivalLoad(
        rate=rate,
        max_users=_whole("arrivalRate.maxUsers", fields.get("maxUsers"), least=1),
        run_time_seconds=None if run_time is None else _span("arrivalRate.runTime", run_time),
        stages=tuple(stages),
    )


def _rows(path: str, rows: object) -> list[tuple[int, Mapping[str, Any]]]:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise UsageError(f"load.{path}: must be a list.")
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise UsageError(f"load.{path}[{index}]: must be a map.")
    return list(enumerate(rows))


def _span(path: str, value: Any) -> float:
    try:
        return parse_timespan(value)
    except (TimespanError, TypeError, AttributeError):
        raise UsageError(f"load.{path}: {value!r} is no time span such as 30s or 1h30m.") from None


def _duration(path: str, value: Any) -> float:
    seconds = _span(path, value)
    if seconds <= 0:
        raise UsageError(f"load.{path}: must be longer than 0s.")
    return seconds


def _whole(path: str, value: Any, least: int) -> int:
    number = _number(path, value)
    if number != int(number) or number < least:
        raise UsageError(f"load.{path}: must be a whole number of at least {least}, not {value!r}.")
    return int(number)


def _rate(path: str, value: Any) -> float | None:
    """Users per second, more than 0; None where nothing is given."""
    if value is None:
        return None
    rate = _number(path, value)
    if rate <= 0:
        raise UsageError(f"load.{path}: must be more than 0, not {value!r}.")
    return rate


def _number(path: str, value: Any) -> float:
    """A number of at least 0, or such a number as text."""
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(value)
        if not 0 <= number < float("inf"):
            raise ValueError
    except (TypeError, ValueError):
        raise UsageError(f"load.{path}: must be a number, not {value!r}.") from None
    return number


def _no_timespan(text: object) -> TimespanError:
    return TimespanError(
        f"Invalid time span: {text!r}. Valid ones are 20, 20s, 3m, 2h, 1h20m, 3h30m10s, 500ms."
    )
