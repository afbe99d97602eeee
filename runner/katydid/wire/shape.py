"""Decoded values against the types that a message declares.

The wire may carry anything, also from a peer of another version: a field of the wrong type is
found here, once, and not wherever it would be used. Lists become the tuples they were.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], Any]
"""Takes a decoded value; returns it, made to fit, or raises TypeError."""


def check_for(hint: Any) -> Check:
    """The check of a type: plain types, X | None, tuple[X, ...], tuple[X, Y], dict[K, V]."""
    if hint is Any:
        return _anything
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType or origin is typing.Union:
        return _optional(hint, args)
    if origin is tuple:
        return _tuple_of(args)
    if origin is dict:
        return _dict_of(check_for(args[0]), check_for(args[1]))
    if hint is float:
        return _number
    return _exactly(hint)


def _anything(value: Any) -> Any:
    return value


def _exactly(wanted: type) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not wanted:  # a bool is no int here
            raise TypeError(f"{value!r:.40} is no {wanted.__name__}")
        return value

    return check


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    raise TypeError(f"{value!r:.40} is no number")


def _optional(hint: Any, args: tuple[Any, ...]) -> Check:
    inner = [check_for(arg) for arg in args if arg is not type(None)]
    if len(inner) != 1 or len(args) != 2:
        raise TypeError(f"unions other than X | None do not travel: {hint}")

    def check(value: Any) -> Any:
        return None if value is None else inner[0](value)

    return check


def _tuple_of(args: tuple[Any, ...]) -> Check:
    checks = [check_for(arg) for arg in args if arg is not ...]
    endless = args[-1] is ...

    def check(value: Any) -> Any:
        if type(value) not in (list, tuple):
            raise TypeError(f"{value!r:.40} is no list")
        if endless:
            return tuple(map(checks[0], value))
        if len(value) != len(checks):
            raise TypeError(f"{value!r:.40} has not {len(checks)} parts")
        return tuple(check(part) for check, part in zip(checks, value, strict=True))

    return check


def _dict_of(key_check: Check, value_check: Check) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not dict:
            raise TypeError(f"{value!r:.40} is no map")
        return {key_check(k): value_check(v) for k, v in value.items()}

    return check
