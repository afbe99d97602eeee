"""Locust's `/swarm` form: the load, and any option of the command line, changed before a start.

The options live in `environment.parsed_options`, where users read them and from where workers get
them. A value keeps the type that the option has.
"""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from katydid.environment import Environment
from katydid.web import startform
from katydid.web.answers import Refusal
from katydid.web.template_args import NO_SHAPE, ExtraOptions

_NOT_BY_FORM = {"control_token", "curve_seed", "role", "checkpoint", "locustfile", "config"}
"""What a form must not touch: who may steer the run, and what the process was started as."""
_LOAD_FIELDS = ("user_count", "users", "spawn_rate", "host", "run_time", "user_classes", "profile")
_RUN_TIME_HELP = "Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc."


def parse_swarm(
    form: MultiDict[str, str], environment: Environment, picks_classes: bool
) -> startform.Start:
    """The start that the form asks for; Refusal where a value is none.

    Writes nothing: `apply_options` does, once the whole form is known to be good.
    """
    start: startform.Start = {}
    count = form.get("user_count") or form.get("users")
    if count:
        start["users"] = startform.users(count, "user_count")
    if form.get("spawn_rate"):
        start["spawn_rate"] = startform.spawn_rate(form["spawn_rate"], "spawn_rate")
    if form.get("host"):
        start["host"] = startform.host(form["host"], "host")
    if form.get("run_time"):
        try:
            start["run_time_seconds"] = startform.run_time(form["run_time"], "run_time")
        except Refusal as refusal:
            raise Refusal(400, _RUN_TIME_HELP, "run_time") from refusal
    if picks_classes:
        classes = form.getlist("user_classes")
        if classes:
            start["user_classes"] = _known(classes, environment.available_user_classes, "user")
        if form.get("shape_class"):
            start["shape_class"] = _shape(form["shape_class"], environment)
    return start


def changed_options(
    form: MultiDict[str, str], environment: Environment, extra: ExtraOptions
) -> dict[str, Any]:
    """The options that the form changes, with values of their types; Refusal for a bad one.

    A secret that comes empty is left as it is, since the form never had its value.
    """
    secrets = {name for name, option in extra().items() if option.is_secret}
    known = vars(environment.parsed_options) if environment.parsed_options is not None else {}
    changed: dict[str, Any] = {}
    for key in form:
        if key not in known or key in _LOAD_FIELDS or key in _NOT_BY_FORM:
            continue
        if form[key] or key not in secrets:
            changed[key] = _like(known[key], form.getlist(key), key)
    return changed


def apply_options(
    environment: Environment, start: startform.Start, changed: dict[str, Any], profile: str | None
) -> None:
    """Write the values where the users and the rest of the engine look for them."""
    if profile:
        environment.profile = profile
    options = environment.parsed_options
    if options is None:
        return
    for key, value in changed.items():
        setattr(options, key, value)
    names = {"users": "num_users", "spawn_rate": "spawn_rate", "host": "host"}
    for key, name in names.items():
        if key in start:
            setattr(options, name, start[key])  # type: ignore[literal-required]  # keys of Start
    if "run_time_seconds" in start:
        options.run_time = start["run_time_seconds"]
    if profile:
        options.profile = profile


def _shape(name: str, environment: Environment) -> str:
    """The name of a shape class; "" for the picker's first choice, users and a rate."""
    if name == NO_SHAPE:
        return ""
    return _known([name], environment.available_shape_classes or {}, "shape")[0]


def _known(names: list[str], known: dict[str, Any] | None, kind: str) -> list[str]:
    for name in names:
        if known is not None and name not in known:
            raise Refusal(400, f"There is no {kind} class `{name}`.", f"{kind}_class")
    return names


def _like(current: Any, sent: list[str], field: str) -> Any:
    """The sent text as a value of the type that the option has now."""
    text = sent[-1]
    if isinstance(current, list):
        return sent
    if isinstance(current, bool):
        return text.lower() in ("true", "on", "1")
    if current is None or isinstance(current, str):
        return text
    try:
        return type(current)(text)
    except (ValueError, TypeError):
        raise Refusal(400, f"`{field}` does not take `{text}`.", field) from None
