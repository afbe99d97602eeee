"""The command line options that a master shares with its workers.

All that can travel go along with `Start`; a worker keeps those that are each node's own.
"""

from __future__ import annotations

from typing import Any

KEPT_BACK = frozenset({"curve_seed", "control_token"})
"""Options that no worker needs to hear of: it has its own, or none."""

OWN_OPTIONS = frozenset(
    {
        "master", "worker", "master_host", "master_port", "master_bind_host", "master_bind_port",
        "processes", "web_host", "web_port", "headless", "locustfile", "loglevel", "logfile",
        "csv_prefix", "html_file", "json", "checkpoint", "worker_id", "metrics_port",
        "metrics_linger", "metrics_buckets", "remote_write", "remote_write_interval",
        "remote_write_headers",
    }
)  # fmt: skip
"""Options that are each node's own; the master's values of the others win."""


def plain_options(options: Any) -> dict[str, Any]:
    """The parsed options that travel: values that msgpack can carry."""
    if options is None:
        return {}
    return {
        name: value
        for name, value in vars(options).items()
        if name not in KEPT_BACK and _travels(value)
    }


def take_options(parsed: Any, options: dict[str, Any]) -> None:
    """Write the master's options into the worker's `parsed` ones, but for its own."""
    if parsed is None:
        return
    for name, value in options.items():
        if name not in OWN_OPTIONS:
            setattr(parsed, name, value)


def _travels(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str | int | float) for item in value)
    return isinstance(value, str | int | float | bool | None)
