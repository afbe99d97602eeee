"""Answers of the API: values as JSON, refusals as {"error": sentence, "field": path}."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from katydid.errors import KatydidError, ManifestError


class Refusal(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.field = field


def plain(value: Any) -> Any:
    """`value` in JSON's own types: dataclasses become objects, NaN and infinities null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


@functools.cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def to_text(value: Any) -> str:
    return json.dumps(plain(value), allow_nan=False, separators=(",", ":"))


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer that no cache keeps."""
    response = Response(to_text(value), status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse(refusal: Refusal) -> Response:
    body: dict[str, Any] = {"error": str(refusal)}
    if refusal.field is not None:
        body["field"] = refusal.field
    return answer(body, refusal.status)


def refuse_error(error: KatydidError) -> Response:
    """The answer to what the run would not do: all its problems, the first one in front."""
    if not isinstance(error, ManifestError) or not error.problems:
        return answer({"error": str(error)}, 400)
    problems = [{"field": p.path, "error": p.message} for p in error.problems]
    return answer({**problems[0], "problems": problems}, 400)


def json_object() -> dict[str, Any]:
    """The JSON object of the running request, {} for no body; Refusal for anything else."""
    if not request.get_data():
        return {}
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:  # a body of brackets
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "The body is not a JSON object.")
    return body


def number_argument(name: str, usual: int, most: int | None = None) -> int:
    """A whole number ≥ 0 from the query; Refusal where it is none, cut to `most`."""
    text = request.args.get(name)
    if text is None:
        return usual
    if not text.isdecimal():
        raise Refusal(400, f"`{name}` is not a whole number.", name)
    return int(text) if most is None else min(int(text), most)
