"""The final summary of a run in a few kilobytes: what a pod leaves as its termination message.

It is the JSON of `Status` (as `GET /api/v1/status` has it) with optional fields dropped, so that
one reader understands both. Fields go in a fixed order, the least missed first, until the text
fits; `"shortened": true` tells that some went. What is written is always valid JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from katydid.results import figures
from katydid.results.document_json import to_plain
from katydid.run.document import RunDocument

DEFAULT_MAX_BYTES = 4096
"""What Kubernetes keeps of a container's termination message."""

MESSAGE_CHARACTERS = 200
"""What is left of a long sentence, once it has to be cut."""

_ALWAYS_DROPPED = ("total.latency.buckets", "total.latency.counts", "total.service.buckets",
                   "total.service.counts")  # fmt: skip
_DROP_ORDER = (
    "load.spec", "user_classes", "total.current_percentiles_ms", "rare percentiles",
    "generator.reasons", "total.service", "total.codes", "total.mean_length",
    "total.none_requests", "total.current_rps", "total.current_failures_per_second",
    "total.failures_per_second", "total.latency.min_ms", "total.latency.mean_ms",
    "thresholds.reason", "thresholds.breached_at", "thresholds.expression", "thresholds.limit",
    "thresholds.unit", "long message", "host", "load but users", "latency_clock",
    "thresholds.value", "met thresholds", "generator but saturated", "started_at", "name",
    "workers_expected", "workers_ready", "workers_lost", "thresholds", "load", "generator",
    "total.latency", "load_started_at", "finished_at", "total", "elapsed_seconds", "state",
    "message", "partial", "phase", "generation", "reason", "run", "shortened", "final",
    "verdict",
)  # fmt: skip


def termination_message(document: RunDocument, max_bytes: int = DEFAULT_MAX_BYTES) -> str:
    """Return the summary: valid JSON of at most `max_bytes` bytes in UTF-8.

    Raises ValueError below two bytes, since no object is that short.
    """
    if max_bytes < 2:
        raise ValueError(f"No JSON object fits in {max_bytes} bytes.")
    status: dict[str, Any] = to_plain(document.status)
    for path in _ALWAYS_DROPPED:
        _drop(status, path)
    text = _text(status)
    if len(text.encode()) > max_bytes:
        status["shortened"] = True
    for path in _DROP_ORDER:
        if len(text.encode()) <= max_bytes:
            return text
        special = _SPECIAL.get(path)
        if special is not None:
            special(status)
        else:
            _drop(status, path)
        text = _text(status)
    return text  # "{}": the order ends with the last field


def _text(plain: Any) -> str:
    # Surrogates and control characters are written out first: what is left always encodes.
    return json.dumps(_visible(plain), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _visible(plain: Any) -> Any:
    if isinstance(plain, str):
        return figures.visible(plain, keep="\n\t")
    if isinstance(plain, dict):
        return {figures.visible(key): _visible(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_visible(value) for value in plain]
    return plain


def _drop(status: dict[str, Any], path: str) -> None:
    """Remove the field at a dotted path; of each item, where the path leads through a list."""
    head, _, rest = path.partition(".")
    if not rest:
        status.pop(head, None)
        return
    inner = status.get(head)
    for item in inner if isinstance(inner, list) else [inner]:
        if isinstance(item, dict):
            _drop(item, rest)


def _cut_message(status: dict[str, Any]) -> None:
    if len(status["message"]) > MESSAGE_CHARACTERS:
        status["message"] = status["message"][: MESSAGE_CHARACTERS - 1] + "…"


def _drop_met(status: dict[str, Any]) -> None:
    """Of many thresholds, the ones that decided stay longest."""
    status["thresholds"] = [row for row in status["thresholds"] if row["status"] != "Met"]


def _drop_rare_percentiles(status: dict[str, Any]) -> None:
    latency = status["total"]["latency"]
    latency["percentiles_ms"] = _only(latency["percentiles_ms"], "p50", "p95", "p99")


def _drop_load(status: dict[str, Any]) -> None:
    status["load"] = _only(status["load"], "model", "users", "target_users", "peak_users")


def _drop_generator(status: dict[str, Any]) -> None:
    status["generator"] = _only(status["generator"], "saturated")


def _only(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}


_SPECIAL: dict[str, Callable[[dict[str, Any]], None]] = {
    "long message": _cut_message,
    "met thresholds": _drop_met,
    "rare percentiles": _drop_rare_percentiles,
    "load but users": _drop_load,
    "generator but saturated": _drop_generator,
}
