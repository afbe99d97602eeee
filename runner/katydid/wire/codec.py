"""Messages as frames, and back.

Two frames: the name of the message's class, and its content in msgpack. Small messages are maps
of their fields, so that a peer of another version can still be told why it is refused: unknown
fields are ignored, missing ones take their default. A Report is a list with columns (`columns`),
its names numbered per connection (`interner`).
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import msgpack

from katydid.wire import messages
from katydid.wire.delta_form import delta_from_list, delta_to_list
from katydid.wire.errors import DecodeError, EncodeError, UnknownName
from katydid.wire.interner import Interner
from katydid.wire.messages import Message, Report
from katydid.wire.shape import Check, check_for

_DATETIME = 1  # extension types of ours: ISO 8601 text
_DATE = 2
_LARGEST_FRAME = 256 * 1024 * 1024  # bytes


def encode(message: Message, interner: Interner) -> list[bytes]:
    """Two frames; EncodeError if the message holds something that cannot travel.

    `interner` numbers the names of reports on this connection. A report that is not delivered
    may leave the reader without its names: it then asks for a resync (`UnknownName`).
    """
    name = type(message).__name__
    try:
        if isinstance(message, Report):
            body: Any = _report_to_list(message, interner)
        else:
            body = {field: getattr(message, field) for field in _FIELDS[name]}
        return [name.encode(), _pack(body)]
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EncodeError(f"a {name} message cannot be sent: {error}") from error


def decode(frames: Sequence[bytes], interner: Interner) -> Message:
    """The message of `frames`.

    Raises UnknownName where names were lost, DecodeError for anything that is not a message.
    """
    if len(frames) != 2:
        raise DecodeError(f"{len(frames)} frames are no message")
    kind = frames[0].decode("ascii", "replace")
    if kind not in _FIELDS:
        raise DecodeError(f"{kind[:40]!r} is no message")
    try:
        body = _unpack(frames[1])
        if kind == "Report":
            return _report_from_list(body, interner)
        return _small_from_map(kind, body)
    except UnknownName:
        raise
    except _MALFORMED as error:
        raise DecodeError(f"a malformed {kind} message: {error}") from error


_MALFORMED: tuple[type[Exception], ...] = (
    ValueError,  # msgpack's own errors and those of columns
    TypeError,
    OverflowError,
    RecursionError,
    MemoryError,  # a header that promises more than there is
    IndexError,
    msgpack.exceptions.UnpackException,
)


def _report_to_list(report: Report, interner: Interner) -> list[Any]:
    known = len(interner)
    delta = delta_to_list(report.delta, interner)
    return [
        report.number,
        report.run,
        report.state,
        report.users,
        report.exceptions,
        report.dropped_iterations,
        report.extra,
        [interner.generation, known, interner.keys_from(known)],
        delta,
        report.spawned,
        report.exception_types,
    ]


def _report_from_list(body: Any, interner: Interner) -> Report:
    number, run, state, users, exceptions, dropped, extra, names, delta, spawned, types = body
    generation, first, keys = names
    interner.define(_whole(generation), _whole(first), list(_keys(keys)))
    return Report(
        number=_whole(number),
        run=_text(run),
        state=_text(state),
        users=_users(users),
        delta=delta_from_list(delta, interner),
        exceptions=_exceptions(exceptions),
        dropped_iterations=_whole(dropped),
        extra=_extra(extra),
        spawned=_users(spawned),
        exception_types=_users(types),
    )


def _small_from_map(kind: str, body: Any) -> Message:
    if not isinstance(body, dict):
        raise TypeError("its content is no map")
    checks = _FIELDS[kind]
    values = {field: checks[field](value) for field, value in body.items() if field in checks}
    message: Message = _CLASSES[kind](**values)
    return message


def _pack(body: Any) -> bytes:
    packed: bytes = msgpack.packb(body, default=_extend, unicode_errors="surrogatepass")
    return packed


def _unpack(frame: bytes) -> Any:
    if len(frame) > _LARGEST_FRAME:
        raise ValueError("it is too large")
    return msgpack.unpackb(
        frame, ext_hook=_restore, strict_map_key=False, unicode_errors="surrogatepass"
    )


def _extend(value: Any) -> Any:
    """Types that msgpack does not know."""
    if isinstance(value, datetime):
        return msgpack.ExtType(_DATETIME, value.isoformat().encode())
    if isinstance(value, date):
        return msgpack.ExtType(_DATE, value.isoformat().encode())
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()  # a number of numpy
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} does not travel")


def _restore(code: int, data: bytes) -> Any:
    if code == _DATETIME:
        return datetime.fromisoformat(data.decode())
    if code == _DATE:
        return date.fromisoformat(data.decode())
    raise ValueError(f"extension type {code} is unknown")


_whole = check_for(int)
_text = check_for(str)
_users = check_for(dict[str, int])
_extra = check_for(dict[str, Any])
_exceptions = check_for(tuple[tuple[str, str, int], ...])
_keys = check_for(tuple[tuple[str, str], ...])

_CLASSES: dict[str, Callable[..., Any]] = {c.__name__: c for c in typing.get_args(Message)}


def _checks_of(message_class: Any) -> dict[str, Check]:
    if message_class is Report:
        return {}  # has a form of its own
    hints = typing.get_type_hints(message_class, vars(messages))
    return {field.name: check_for(hints[field.name]) for field in dataclasses.fields(message_class)}


_FIELDS: dict[str, dict[str, Check]] = {name: _checks_of(c) for name, c in _CLASSES.items()}
"""Message name → field → check of its type."""
