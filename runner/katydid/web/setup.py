"""What the start form offers: load, user classes, shapes, the locustfile's own arguments.

`Setup.facts` tells the page; `Setup.apply` writes what a start says of the custom arguments to
where users read them.
"""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from katydid.environment import Environment
from katydid.load.text import format_timespan
from katydid.user.inspect import task_ratio
from katydid.web import swarm
from katydid.web.answers import Refusal
from katydid.web.controls import Controls
from katydid.web.template_args import ExtraOptions, host_of_classes


class Setup:
    """The form over one environment."""

    def __init__(self, environment: Environment, controls: Controls, extra: ExtraOptions) -> None:
        self._environment = environment
        self._controls = controls
        self._extra = extra

    def facts(self) -> dict[str, Any]:
        """Everything that the form shows, with the values in force. Secrets stay here."""
        environment = self._environment
        shape = environment.shape_class
        shared, any_host = host_of_classes(environment)
        return {
            "load": self._load(),
            "host": environment.host or shared,
            "host_required": not (environment.host or any_host),
            "classes": self._classes(),
            "chosen": [each.__name__ for each in environment.user_classes],
            "shapes": sorted(environment.available_shape_classes or {}),
            "shape": type(shape).__name__ if shape is not None else None,
            "arguments": self._arguments(),
            "distributed": self._controls.distributed,
        }

    def apply(self, values: dict[str, Any] | None) -> None:
        """Set custom arguments; Refusal names the one that is none or has a wrong value."""
        if not values:
            return
        extra = self._extra()
        form: MultiDict[str, str] = MultiDict()
        for name, value in values.items():
            option = extra.get(name)
            if option is None:
                raise Refusal(400, f"There is no argument `{name}`.", f"arguments.{name}")
            for one in value if isinstance(value, list) else [value]:
                form.add(name, str(one))
        try:
            changed = swarm.changed_options(form, self._environment, self._extra)
        except Refusal as refusal:
            raise Refusal(400, str(refusal), f"arguments.{refusal.field}") from refusal
        swarm.apply_options(self._environment, {}, changed, None)

    def _load(self) -> dict[str, Any]:
        """The load as the manifest writes it; the options where nothing was asked for yet."""
        spec = dict(self._controls.status().load.spec)
        options = self._environment.parsed_options
        if spec or options is None:
            return spec
        given = {
            "users": getattr(options, "num_users", None),
            "spawnRate": getattr(options, "spawn_rate", None),
            "runTime": getattr(options, "run_time", None),
        }
        run_time = given["runTime"]
        if isinstance(run_time, int | float):
            given["runTime"] = format_timespan(run_time)
        return {name: value for name, value in given.items() if value}

    def _classes(self) -> list[dict[str, Any]]:
        environment = self._environment
        known = environment.available_user_classes or environment.user_classes_by_name
        ratio = task_ratio(list(known.values()), dict.fromkeys(known, 1))["per_class"]
        return [
            {
                "name": name,
                "weight": each.weight,
                "fixed_count": each.fixed_count,
                "host": each.host,
                "about": (each.__doc__ or "").strip().partition("\n")[0],
                "tasks": _shares(ratio.get(name, {}).get("tasks", {})),
            }
            for name, each in sorted(known.items())
        ]

    def _arguments(self) -> list[dict[str, Any]]:
        arguments = []
        for name, option in self._extra().items():
            fields = option._asdict()
            if option.is_secret:
                fields["default_value"] = ""
            arguments.append({"name": name, **fields})
        return arguments


def _shares(tasks: dict[str, Any]) -> dict[str, float]:
    return {name: part["ratio"] for name, part in tasks.items()}
