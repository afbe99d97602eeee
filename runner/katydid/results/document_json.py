"""run.json: a `RunDocument` as text and back, exactly.

Here is the codec between the dataclasses of `run.document` and JSON. Not here: making a document
(run.snapshot) and showing it (the other modules of this package). The field names of the JSON are
the field names of the dataclasses; `to_plain` gives the same form for the HTTP API.

What JSON lacks: NaN and the infinities are written as the strings "NaN", "Infinity" and
"-Infinity" and read back as numbers where a field is a float; in the free-form fields (`options`,
`load.spec`, `task_ratio`) tuples and sets become lists and other objects their `str`.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

from katydid.errors import UsageError
from katydid.run.document import SCHEMA, RunDocument

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def to_plain(value: Any) -> Any:
    """Return `value` (a dataclass of run.document, or anything in one) in JSON's own types."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _non_finite_name(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_plain(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((to_plain(item) for item in value), key=repr)
    return str(value)


def to_json(document: RunDocument) -> str:
    """Return the document as one line of ASCII JSON, with a line end."""
    return json.dumps(to_plain(document), allow_nan=False, separators=(",", ":")) + "\n"


def from_json(text: str | bytes, source: str = "The document") -> RunDocument:
    """Return the document that `to_json` wrote; `source` names the file in the sentences.

    Fields that a later version added are ignored, fields that it made optional may be absent.
    Raises UsageError: not JSON, not a Katydid result, a newer schema, or a field that is missing
    or of the wrong type.
    """
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{source} is not JSON: {error}.") from error
    _check_schema(plain, source)
    try:
        document = _decode(RunDocument, plain, "")
    except _Misfit as misfit:
        raise UsageError(f"{source} is not a complete Katydid result: {misfit}.") from misfit
    assert isinstance(document, RunDocument)
    return document


def _check_schema(plain: Any, source: str) -> None:
    schema = plain.get("schema") if isinstance(plain, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or "status" not in plain:
        raise UsageError(
            f"{source} is not a Katydid result: `katydid run` writes those as run.json."
        )
    if schema != SCHEMA:
        raise UsageError(
            f"{source} has schema {schema}, and this version of Katydid reads schema {SCHEMA}: "
            "use the version that wrote it."
        )


class _Misfit(Exception):
    """A value does not fit its field; the text says which."""


def _non_finite_name(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


@functools.cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@functools.cache
def _field_types(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    """(name, type, required) of each field."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _decode(kind: Any, value: Any, path: str) -> Any:
    if kind is Any:
        return value
    if kind is float:
        return _decode_float(value, path)
    if kind in (int, str, bool):
        if type(value) is not kind:
            raise _Misfit(f"`{path}` should be {_called(kind)}, not {_called(type(value))}")
        return value
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, value, path)
    return _decode_generic(kind, value, path)


def _decode_float(value: Any, path: str) -> float:
    if isinstance(value, str) and value in _NON_FINITE:
        return _NON_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Misfit(f"`{path}` should be a number, not {_called(type(value))}")
    # An int stays one: to_plain keeps what the document holds, and so does the way back.
    return value


def _decode_generic(kind: Any, value: Any, path: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        (inner,) = (argument for argument in arguments if argument is not types.NoneType)
        return _decode(inner, value, path)
    if origin is list:
        if not isinstance(value, list):
            raise _Misfit(f"`{path}` should be a list, not {_called(type(value))}")
        return [_decode(arguments[0], item, f"{path}[{i}]") for i, item in enumerate(value)]
    if origin is dict:
        _require_object(value, path)
        return {key: _decode(arguments[1], item, f"{path}.{key}") for key, item in value.items()}
    raise TypeError(f"run.document has a field of a type that JSON cannot hold: {kind}")


def _decode_dataclass(kind: type, value: Any, path: str) -> Any:
    _require_object(value, path)
    arguments = {}
    for name, field_type, required in _field_types(kind):
        inner = f"{path}.{name}" if path else name
        if name in value:
            arguments[name] = _decode(field_type, value[name], inner)
        elif required:
            raise _Misfit(f"`{inner}` is missing")
    return kind(**arguments)


def _require_object(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise _Misfit(f"`{path}` should be an object, not {_called(type(value))}")


def _called(kind: type) -> str:
    """A JSON type as a person calls it."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return names.get(kind, "null" if kind is types.NoneType else "a number")
