"""Settings of the operator: one frozen value, read from its environment once.

Every field names its variable; the chart sets them. A LoadTest wins over defaults found here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from katydid_operator.errors import SettingsError


def _text(text: str) -> str:
    return text.strip()


def _names(text: str) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in text.split(",") if name.strip()}))


def _seconds(text: str) -> float:
    return float(text)


def _whole(text: str) -> int:
    return int(text)


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text) if text.strip() else {}
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _from(variable: str, read: Callable[[str], Any], default: Any) -> Any:
    return field(default_factory=lambda: default, metadata={"variable": variable, "read": read})


@dataclass(frozen=True)
class Settings:
    """What one operator is told. Durations in seconds."""

    runner_image: str = _from("KATYDID_RUNNER_IMAGE", _text, "")
    runner_pull_policy: str = _from("KATYDID_RUNNER_PULL_POLICY", _text, "")
    namespace: str = _from("KATYDID_OPERATOR_NAMESPACE", _text, "default")
    watch_namespaces: tuple[str, ...] = _from("KATYDID_WATCH_NAMESPACES", _names, ())
    ignore_namespaces: tuple[str, ...] = _from("KATYDID_IGNORE_NAMESPACES", _names, ())
    key_secret: str = _from("KATYDID_KEY_SECRET", _text, "katydid-operator-key")
    http_port: int = _from("KATYDID_HTTP_PORT", _whole, 8080)
    log_level: str = _from("KATYDID_LOG_LEVEL", _text, "INFO")
    log_format: str = _from("KATYDID_LOG_FORMAT", _text, "text")
    version: str = _from("KATYDID_VERSION", _text, "dev")
    master_resources: dict[str, Any] = _from("KATYDID_MASTER_RESOURCES", _object, {})
    worker_resources: dict[str, Any] = _from("KATYDID_WORKER_RESOURCES", _object, {})
    pod_defaults: dict[str, Any] = _from("KATYDID_POD_DEFAULTS", _object, {})
    image_pull_secrets: tuple[str, ...] = _from("KATYDID_IMAGE_PULL_SECRETS", _names, ())
    poll_seconds: float = _from("KATYDID_POLL_SECONDS", _seconds, 5.0)
    workers: int = _from("KATYDID_RECONCILE_WORKERS", _whole, 16)


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` gives; SettingsError names a variable that is wrong."""
    given: dict[str, Any] = {}
    for item in fields(Settings):
        variable = item.metadata["variable"]
        text = environment.get(variable)
        if text is None or text == "":
            continue
        try:
            given[item.name] = item.metadata["read"](text)
        except ValueError as error:
            raise SettingsError(f"{variable}={text!r} cannot be used: {error}.") from None
    settings = Settings(**given)
    if not settings.runner_image:
        raise SettingsError("KATYDID_RUNNER_IMAGE is not set: which image should the pods run?")
    return settings
