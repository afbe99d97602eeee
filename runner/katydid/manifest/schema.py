"""The CRD's own schema, applied as the API server applies it.

`crds/loadtest.yaml` is the only place where fields, bounds and defaults are written; the wheel
carries it as package data. Here are the structural half (types, bounds, unknown fields, which are
errors as under kubectl's strict validation) and the defaults; the CEL rules are in `checks`.
"""

from __future__ import annotations

import copy
import difflib
import functools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jsonschema
import yaml

from katydid.manifest.document import Path

Schema = dict[str, Any]
API_VERSION = "katydid.dev/v1alpha1"
KIND = "LoadTest"


@dataclass(frozen=True)
class Violation:
    """One value that the schema or a rule does not accept."""

    path: Path
    message: str


@functools.cache
def crd() -> dict[str, Any]:
    """The CustomResourceDefinition; not to be changed by the caller."""
    text = resources.files("katydid.manifest").joinpath("loadtest.crd.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where it is built in
    definition: dict[str, Any] = yaml.load(text, Loader=loader)
    return definition


@functools.cache
def root() -> Schema:
    """The openAPIV3Schema of a LoadTest; not to be changed by the caller."""
    schema: Schema = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    # The API server knows the other fields of metadata by itself.
    metadata = {**schema["properties"]["metadata"], "x-kubernetes-preserve-unknown-fields": True}
    return {**schema, "properties": {**schema["properties"], "metadata": metadata}}


def at(*fields: str) -> Schema:
    """The schema of a field: `at("spec", "load")`."""
    schema = root()
    for field in fields:
        schema = schema["properties"][field]
    return schema


# Defaults


def with_defaults(value: Any, schema: Schema) -> Any:
    """A copy with the schema's defaults: absent fields and nulls are filled, top down.

    A nested default applies only where its parent is there (or has a default itself). Nulls
    without a default are dropped, as the API server drops them.
    """
    if isinstance(value, list):
        items = schema.get("items", {})
        return [with_defaults(item, items) for item in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties", {})
    every = schema.get("additionalProperties", {})
    result = {key: item for key, item in value.items() if item is not None or key not in known}
    for key, part in known.items():
        if key not in result and "default" in part:
            result[key] = copy.deepcopy(part["default"])
    return {
        key: with_defaults(item, known.get(key, every if isinstance(every, dict) else {}))
        for key, item in result.items()
    }


# Structure


def violations(value: Any, schema: Schema) -> list[Violation]:
    """What the structural schema does not accept, in the order of the fields."""
    found: dict[Path, Violation] = {}  # one sentence for each value is enough
    for error in _validator(_Held(schema)).iter_errors(value):
        for violation in _explain(error):
            found.setdefault(violation.path, violation)
    for violation in _duplicates(value, schema, ()):
        found.setdefault(violation.path, violation)
    return list(found.values())


@dataclass(frozen=True)
class _Held:
    """A schema as a key of the cache: by identity, and kept alive so that it stays unique."""

    schema: Schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.schema is self.schema


@functools.cache
def _validator(held: _Held) -> Any:
    return jsonschema.Draft4Validator(_strict(held.schema))


_COPIED = (
    "type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
    "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "required",
)  # fmt: skip


def _strict(schema: Schema) -> Schema:
    """The JSON schema (draft 4) of an OpenAPI one, with unknown fields refused."""
    strict = {key: schema[key] for key in _COPIED if key in schema}
    if schema.get("x-kubernetes-int-or-string"):
        strict["type"] = ["integer", "string"]
    if "pattern" in schema:
        strict["pattern"] = _python_pattern(schema["pattern"])
    if "allOf" in schema:
        strict["allOf"] = [_strict(part) for part in schema["allOf"]]
    if "items" in schema:
        strict["items"] = _strict(schema["items"])
    if "properties" in schema:
        strict["properties"] = {k: _strict(part) for k, part in schema["properties"].items()}
    every = schema.get("additionalProperties")
    if isinstance(every, dict):
        strict["additionalProperties"] = _strict(every)
    elif "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        strict["additionalProperties"] = False
    return strict


def _python_pattern(pattern: str) -> str:
    """Go's `$` is the end of the text and its `\\s` is ASCII; Python's are not."""
    ended = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    return f"(?a){ended}"


def _duplicates(value: Any, schema: Schema, path: Path) -> Iterator[Violation]:
    """Items of a set, or of a map-like list, that are there twice."""
    if isinstance(value, dict):
        known, every = schema.get("properties", {}), schema.get("additionalProperties", {})
        for key, item in value.items():
            part = known.get(key, every if isinstance(every, dict) else {})
            yield from _duplicates(item, part, (*path, key))
    if not isinstance(value, list):
        return
    keys = schema.get("x-kubernetes-list-map-keys")
    kind = schema.get("x-kubernetes-list-type")
    seen = set()
    for index, item in enumerate(value):
        yield from _duplicates(item, schema.get("items", {}), (*path, index))
        if kind not in ("set", "map"):
            continue
        shown = [item.get(key) for key in keys] if keys and isinstance(item, dict) else [item]
        identity = json.dumps(shown, sort_keys=True)
        if identity in seen:
            names = ", ".join(str(part) for part in shown)
            yield Violation((*path, index), f'"{names}" is in the list twice')
        seen.add(identity)


# Sentences


def _explain(error: Any) -> Iterator[Violation]:
    path: Path = tuple(error.absolute_path)
    match error.validator:
        case "additionalProperties":
            for key in sorted(set(error.instance) - set(error.schema["properties"])):
                yield Violation((*path, key), unknown_field(key, error.schema["properties"]))
        case "required":
            missing = [key for key in error.validator_value if key not in error.instance]
            for key in missing:
                if f"'{key}' is a required property" == error.message:
                    yield Violation((*path, key), "is required")
        case "type":
            yield Violation(path, _wrong_type(error))
        case "pattern":
            yield Violation(path, f"{_shown(error.instance)} {_hint(error)}")
        case _:
            sentence = _SENTENCES[error.validator]
            yield Violation(path, sentence(error))


def unknown_field(key: str, known: Any) -> str:
    """`unknown field, did you mean "users"?`"""
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.6)
    lower = [name for name in known if name.lower() == key.lower()]
    guess = (lower or close)[:1]
    return f'unknown field, did you mean "{guess[0]}"?' if guess else "unknown field"


_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def _wrong_type(error: Any) -> str:
    wanted = error.validator_value
    words = " or ".join(
        _TYPE_WORDS[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted)
    )
    found = error.instance
    if wanted == "string" and isinstance(found, int | float) and not isinstance(found, bool):
        quoted = f'"{found}s"' if _is_timespan(error.schema) else f'"{found}"'
        return f"must be text, not the number {found}; write {quoted}"
    if wanted == "string" and isinstance(found, bool):
        return f'must be text, not {str(found).lower()}; write it in quotes: "{str(found).lower()}"'
    return f"must be {words}, not {_shown(found)}"


def _is_timespan(schema: Schema) -> bool:
    spans = (at("spec", "deadline"), at("spec", "thresholds")["items"]["properties"]["window"])
    return schema.get("pattern") in [_python_pattern(span["pattern"]) for span in spans]


def _hint(error: Any) -> str:
    if error.validator_value == _python_pattern("[1-9]"):
        return "must be longer than nothing"
    if _is_timespan(error.schema):
        return "is not a time span such as 90s, 10m or 1h30m"
    hints = _pattern_hints()
    return hints.get(error.validator_value, f"does not match {error.validator_value[4:]}")


@functools.cache
def _pattern_hints() -> dict[str, str]:
    """Pattern → what it asks for."""
    workers, source = at("spec", "workers"), at("spec", "source")
    said = {
        source["properties"]["entrypoint"]["pattern"]: (
            "is not a relative path of letters, digits, -, _ and . (no .. and no spaces)"
        ),
        source["properties"]["libs"]["items"]["properties"]["path"]["pattern"]: (
            "is not a relative path of letters, digits, -, _ and . (no .. and no spaces)"
        ),
        source["properties"]["image"]["properties"]["path"]["pattern"]: "is not an absolute path",
        source["properties"]["git"]["properties"]["url"]["pattern"]: (
            "is not a repository address such as https://…, ssh://… or user@host:path"
        ),
        source["properties"]["git"]["properties"]["ref"]["pattern"]: (
            "is not a branch, tag or commit"
        ),
        at("spec", "target", "host")["pattern"]: (
            "is not a base URL such as https://shop.example (host:port for other protocols)"
        ),
        at("spec", "target", "serviceRef", "name")["pattern"]: (
            "is not a DNS label (a-z, 0-9 and -)"
        ),
        source["properties"]["configMap"]["properties"]["name"]["pattern"]: (
            "is not the name of a resource (a-z, 0-9, - and .)"
        ),
        workers["properties"]["maxLost"]["pattern"]: "is not a percentage such as 50%",
        at("spec", "load", "shape", "class")["pattern"]: "is not the name of a Python class",
        at("spec", "thresholds")["items"]["properties"]["metric"]["pattern"]: (
            "is not a metric: p50 … p99, p999, max, mean, failures, rps or requests"
        ),
        at("spec", "thresholds")["items"]["properties"]["name"]["pattern"]: (
            "must not start or end with a space or hold line breaks"
        ),
        workers["properties"]["resources"]["properties"]["limits"]["additionalProperties"][
            "pattern"
        ]: "is not a quantity such as 500m, 2 or 1Gi",
        at("spec", "image")["pattern"]: "must not hold spaces",
        at("spec", "env")["items"]["properties"]["name"]["pattern"]: (
            "is not the name of a variable (no spaces, no =)"
        ),
    }
    return {_python_pattern(pattern): hint for pattern, hint in said.items()}


def _one_of(error: Any) -> str:
    allowed = [str(item) for item in error.validator_value if item != ""]
    close = difflib.get_close_matches(str(error.instance), allowed, n=1)
    guess = f'; did you mean "{close[0]}"?' if close else ""
    return f"{_shown(error.instance)} is not one of {', '.join(allowed)}{guess}"


def _least(error: Any) -> str:
    if error.schema.get("exclusiveMinimum"):
        return f"must be more than {error.validator_value:,}, not {error.instance}"
    return f"must be at least {error.validator_value:,}, not {error.instance}"


_SENTENCES: dict[str, Callable[[Any], str]] = {
    "enum": _one_of,
    "minimum": _least,
    "maximum": lambda e: f"must be at most {e.validator_value:,}, not {e.instance}",
    "minLength": lambda _: "must not be empty",
    "maxLength": lambda e: (
        f"must be at most {e.validator_value:,} characters long, not {len(e.instance):,}"
    ),
    "minItems": lambda _: "must not be empty",
    "maxItems": lambda e: f"holds {len(e.instance):,} items; at most {e.validator_value:,} fit",
    "minProperties": lambda _: "must not be empty",
    "maxProperties": lambda e: (
        f"holds {len(e.instance):,} entries; at most {e.validator_value:,} fit"
    ),
}


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
