"""`web_ui.template_args`: what Locust's page knows at load time (LOCUST §3).

Our own page needs little of it; locustfiles add tabs and tables here and read the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from katydid import LOCUST_VERSION, tunables
from katydid.environment import Environment
from katydid.run.document import HistoryPoint
from katydid.web.controls import Controls

NO_SHAPE = "Default"
"""What the class picker calls a load without a shape class."""


class ExtraOption(Protocol):
    """A custom argument: a named tuple of default_value, is_secret, help_text, choices, …"""

    @property
    def is_secret(self) -> bool: ...

    def _asdict(self) -> dict[str, Any]: ...


ExtraOptions = Callable[[], Mapping[str, ExtraOption]]
"""The custom arguments by name, with their present values."""


def template_args(
    environment: Environment, controls: Controls, picker: bool, extra: ExtraOptions
) -> dict[str, Any]:
    """All keys of Locust's `window.templateArgs`, as values that JSON can hold."""
    options = environment.parsed_options
    status = controls.status()
    shape = environment.shape_class
    uses_common = bool(getattr(shape, "use_common_options", False))
    classes = environment.available_user_classes if picker else None
    return {
        "locustfile": environment.locustfile,
        "state": status.state,
        "is_distributed": controls.distributed,
        "user_count": status.load.users,
        "version": LOCUST_VERSION,
        "host": environment.host or host_of_classes(environment)[0],
        "history": [_history_row(point) for point in controls.history(0)],
        "override_host_warning": bool(environment.host) and host_of_classes(environment)[1],
        "missing_host_warning": not (environment.host or host_of_classes(environment)[0]),
        "num_users": _option(options, "num_users", None),
        "spawn_rate": _option(options, "spawn_rate", None),
        "run_time": _option(options, "run_time", None),
        "worker_count": status.workers_ready,
        "hide_common_options": bool(shape is not None and not uses_common and not picker),
        "shape_use_common_options": uses_common,
        "stats_history_enabled": bool(_option(options, "stats_history_enabled", False)),
        "tasks": controls.task_ratio(),
        "extra_options": _extra_options(extra),
        "show_userclass_picker": picker,
        "available_user_classes": sorted(classes) if classes else None,
        "available_shape_classes": _shape_names(environment) if picker else None,
        "available_user_tasks": _task_names(environment) if picker else None,
        "users": {name: each.json() for name, each in classes.items()} if classes else {},
        "percentiles_to_chart": list(tunables.PERCENTILES_TO_CHART),
        "percentiles_to_statistics": list(tunables.PERCENTILES_TO_STATISTICS),
        "is_host_required": not (environment.host or host_of_classes(environment)[0]),
        "profile": environment.profile,
        **_profiles(options),
    }


def _option(options: Any, name: str, usual: Any) -> Any:
    value = getattr(options, name, usual)
    return usual if value is None else value


def _profiles(options: Any) -> dict[str, Any]:
    profiles = getattr(options, "all_profiles", None)
    return {"all_profiles": list(profiles)} if profiles else {}


def host_of_classes(environment: Environment) -> tuple[str | None, bool]:
    """(the host that all user classes share, whether any class has one)."""
    hosts = {each.host for each in environment.user_classes}
    shared = next(iter(hosts)) if len(hosts) == 1 else None
    return shared, any(hosts)


def _shape_names(environment: Environment) -> list[str]:
    return [NO_SHAPE, *sorted(environment.available_shape_classes or {})]


def _task_names(environment: Environment) -> dict[str, list[str]]:
    tasks = environment.available_user_tasks or {}
    return {name: [task.__name__ for task in each] for name, each in tasks.items()}


def _history_row(point: HistoryPoint) -> dict[str, Any]:
    """One point of Locust's charts: values as [time, value] pairs."""
    time = datetime.fromtimestamp(point.time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    values = {
        "current_rps": point.rps,
        "current_fail_per_sec": point.failures_per_second,
        "response_time_percentile_0.5": point.p50_ms or 0,
        "response_time_percentile_0.95": point.p95_ms or 0,
        "user_count": point.users,
    }
    return {"time": time, **{name: [time, value] for name, value in values.items()}}


def _extra_options(extra: ExtraOptions) -> dict[str, Any]:
    """Custom arguments as the form shows them; a secret stays on the server."""
    options = {name: option._asdict() for name, option in extra().items()}
    for option in options.values():
        if option["is_secret"]:
            option["default_value"] = ""
    return options
