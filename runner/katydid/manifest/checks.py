"""The CRD's CEL rules as pure functions: what the schema alone cannot say.

Each rule of `crds/loadtest.yaml` has its mirror here, found by the rule's message, so that both
halves always speak the same sentence; tests run one list of manifests through both. A mirror gets
the value that the rule calls `self` (with defaults applied) and returns whether it is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from katydid.load.text import parse_timespan
from katydid.manifest.args import instead_of, managed_option
from katydid.manifest.document import Path
from katydid.manifest.schema import Schema, Violation, root

BUSY_PHASES = ("Starting", "Running", "Finishing")
"""While a run is in one of these, fields that it was built from are frozen."""

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_FILE_NAME = re.compile(r"[-._a-zA-Z0-9]+")
_LATENCY = re.compile(r"[0-9]{1,9}([.][0-9]{1,6})?(ms|s)")
_SHARE = re.compile(r"[0-9]{1,3}([.][0-9]{1,6})?%")
_RATE = re.compile(r"[0-9]{1,9}([.][0-9]{1,6})?/s")
_MODELS = ("users", "stages", "shape", "arrivalRate")
_SOURCES = ("configMap", "inline", "git", "image", "persistentVolumeClaim")
_VALUE_SOURCES = ("configMapKeyRef", "secretKeyRef", "fieldRef", "resourceFieldRef")


def violations(resource: Any) -> list[Violation]:
    """Rules that a LoadTest (defaults applied, structure accepted) breaks."""
    return list(part_violations(resource, root(), ()))


def part_violations(value: Any, schema: Schema, path: Path) -> Iterator[Violation]:
    """The same for the part of a LoadTest that `schema` describes."""
    for rule in schema.get("x-kubernetes-validations", ()):
        if not is_transition(rule) and not MIRRORS[rule["message"]](value):
            yield Violation(path + _field_path(rule), _message(rule, value))
    if isinstance(value, dict):
        known, every = schema.get("properties", {}), schema.get("additionalProperties", {})
        for key, item in value.items():
            part = known.get(key, every if isinstance(every, dict) else {})
            yield from part_violations(item, part, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from part_violations(item, schema.get("items", {}), (*path, index))


def check_update(old: Any, new: Any, phase: str) -> list[Violation]:
    """What forbids replacing the LoadTest `old`, whose status says `phase`, by `new`.

    Both are whole resources with defaults applied.
    """
    if phase not in BUSY_PHASES:
        return []
    return [
        Violation(_field_path(rule), rule["message"])
        for rule in root()["x-kubernetes-validations"]
        if is_transition(rule) and not _unchanged(old, new, rule)
    ]


def is_transition(rule: dict[str, str]) -> bool:
    """Whether a rule compares with the old value, so that it holds only for updates."""
    return "oldSelf" in rule["rule"]


def _unchanged(old: Any, new: Any, rule: dict[str, str]) -> bool:
    path = _field_path(rule)
    before, after = _get(old, path), _get(new, path)
    if path == ("spec", "load"):
        return _given(before, _MODELS) == _given(after, _MODELS)
    if path == ("spec", "load", "shape") and (before is None or after is None):
        return True  # that is a change of the model, which has its own sentence
    return _same(before, after, _schema_of(path))


def _same(a: Any, b: Any, schema: Schema) -> bool:
    """Equality as the API server sees it: the order of sets and map-like lists is no change."""
    if isinstance(a, list) and isinstance(b, list):
        if schema.get("x-kubernetes-list-type") in ("set", "map"):
            a, b = sorted(a, key=_order(schema)), sorted(b, key=_order(schema))
        part = schema.get("items", {})
        return len(a) == len(b) and all(_same(x, y, part) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        known = schema.get("properties", {})
        return a.keys() == b.keys() and all(_same(a[k], b[k], known.get(k, {})) for k in a)
    return bool(a == b)


def _order(schema: Schema) -> Callable[[Any], str]:
    keys = schema.get("x-kubernetes-list-map-keys")
    return lambda item: str([item.get(key) for key in keys] if keys else item)


def _schema_of(path: Path) -> Schema:
    schema = root()
    for part in path:
        schema = schema["properties"][part]
    return schema


def _get(value: Any, path: Path) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _field_path(rule: dict[str, str]) -> Path:
    return tuple(part for part in rule.get("fieldPath", "").split(".") if part)


def _message(rule: dict[str, str], value: Any) -> str:
    """The rule's message; for an option also which one, and what to write instead."""
    option = managed_option(value) if isinstance(value, str) else None
    if option is None:
        return rule["message"]
    shown = value if value.startswith("--") else f"{value[:2]} ({option})"
    return f"{shown}: {rule['message']}; {instead_of(option)}"


def _given(value: Any, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name in value)


def _one(names: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: len(_given(value, names)) == 1


def _name_fits(resource: Any) -> bool:
    name = resource["metadata"]["name"]
    return len(name) <= 44 and _NAME.fullmatch(name) is not None


def _file_names_fit(files: dict[str, str]) -> bool:
    return all(
        len(name) <= 253
        and _FILE_NAME.fullmatch(name) is not None
        and name != "."
        and not name.startswith("..")
        for name in files
    )


def _limit_fits(metrics: Callable[[str], bool], fits: Callable[[Any], bool]) -> Any:
    """A mirror: where the metric is one of `metrics`, each limit given must fit."""
    return lambda threshold: (
        not metrics(threshold["metric"])
        or all(fits(threshold[side]) for side in ("below", "above") if side in threshold)
    )


def _text_like(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda limit: isinstance(limit, str) and pattern.fullmatch(limit) is not None


def _whole(limit: Any) -> bool:
    return isinstance(limit, int)


def _is_latency(metric: str) -> bool:
    return metric.startswith("p") or metric in ("max", "mean")


MIRRORS: dict[str, Callable[[Any], bool]] = {
    "must be at most 44 characters of a-z, 0-9 and -, start with a letter and end "
    "with a letter or digit": _name_fits,
    "give exactly one of configMap, inline, git, image and persistentVolumeClaim": _one(_SOURCES),
    "inline has no file with the name that entrypoint says": lambda source: (
        "inline" not in source or source["entrypoint"] in source["inline"]
    ),
    "entrypoint must be a key of the ConfigMap, and keys hold no slash": lambda source: (
        "configMap" not in source or "/" not in source["entrypoint"]
    ),
    "file names are at most 253 characters of a-z, A-Z, 0-9, -, _ and . and do not start with "
    "two dots": _file_names_fit,
    "the files are larger than 200,000 characters in all; use configMap or git": lambda files: (
        sum(len(text) for text in files.values()) <= 200_000
    ),
    "give host or serviceRef, not both": lambda target: (
        not ("host" in target and "serviceRef" in target)
    ),
    "give exactly one load model (users, stages, shape or arrivalRate)": _one(_MODELS),
    "give runTime, or say unbounded true for a test that runs until it is stopped": lambda load: (
        "users" not in load or "runTime" in load or load["unbounded"]
    ),
    "give arrivalRate.runTime or arrivalRate.stages, or say unbounded true for a test that runs "
    "until it is stopped": lambda load: (
        "arrivalRate" not in load
        or bool(_given(load["arrivalRate"], ("runTime", "stages")))
        or load["unbounded"]
    ),
    "spawnRate belongs to users; stages have their own, the other models need none": lambda load: (
        "users" in load or "spawnRate" not in load
    ),
    "runTime belongs to users; stages and shapes end by themselves, arrivalRate has its own": (
        lambda load: "users" in load or "runTime" not in load
    ),
    "unbounded belongs to users and arrivalRate; stages and shapes end by themselves": (
        lambda load: not load["unbounded"] or "users" in load or "arrivalRate" in load
    ),
    "rate must be more than 0 unless stages follow": lambda arrival: (
        arrival["rate"] > 0 or "stages" in arrival
    ),
    "the LoadTest or the operator decides this option (abbreviations are refused too)": (
        lambda argument: managed_option(argument) is None
    ),
    "names that start with KATYDID_ are the engine's own": lambda variable: (
        not variable["name"].startswith("KATYDID_")
    ),
    "give value or valueFrom, not both": lambda variable: (
        not (variable.get("value") and "valueFrom" in variable)
    ),
    "give exactly one of configMapKeyRef, secretKeyRef, fieldRef and resourceFieldRef": _one(
        _VALUE_SOURCES
    ),
    "give exactly one of configMapRef and secretRef": _one(("configMapRef", "secretRef")),
    "a prefix that starts with KATYDID_ makes names that are the engine's own": lambda source: (
        not source.get("prefix", "").startswith("KATYDID_")
    ),
    "give exactly one of below and above": _one(("below", "above")),
    "a latency is limited by a duration such as 300ms or 1.5s": _limit_fits(
        _is_latency, _text_like(_LATENCY)
    ),
    "failures are limited by a share such as 1% or by a whole number": _limit_fits(
        "failures".__eq__, lambda limit: _whole(limit) or _text_like(_SHARE)(limit)
    ),
    "rps is limited by a rate such as 100/s or by a whole number": _limit_fits(
        "rps".__eq__, lambda limit: _whole(limit) or _text_like(_RATE)(limit)
    ),
    "requests are limited by a whole number": _limit_fits("requests".__eq__, _whole),
    "the bounds must ascend, as in [100ms, 500ms, 1s]": lambda bounds: (
        (seconds := [parse_timespan(bound) for bound in bounds]) == sorted(seconds)
    ),
    "a window is at most one hour long": lambda threshold: (
        "window" not in threshold or parse_timespan(threshold["window"]) <= 3600
    ),
}
"""Message of the rule → its mirror. A test checks that every rule has one and none is left over."""
