"""Failures grouped by method, name and text, bounded.

Only the text of an error is kept: an exception object would keep its traceback, the response and
the frames of the user alive. Addresses in the text are masked, or no two errors were alike.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from katydid import tunables

OTHER = "(other)"
_MAX_TEXT = 4096  # characters; failure messages may hold a whole response
_ADDRESS = re.compile(r"(object at )0x[0-9a-fA-F]+")
_DEFAULT_HTTP_ERRORS = frozenset({"HTTPError", "LocustBadStatusCode"})

ErrorRow = tuple[str, str, str, str, int, float, float]
"""Method, name, text, reason, occurrences, first seen, last seen (seconds since the epoch)."""


def text_of(error: object) -> str:
    """What identifies an error: a string as it is, anything else as its repr, masked and cut."""
    try:
        text = error if isinstance(error, str) else repr(error)
    except Exception:  # noqa: BLE001 - the repr of a locustfile's class; its failure still counts
        text = f"{type(error).__name__}(…)"
    if "object at 0x" in text:
        text = _ADDRESS.sub(r"\g<1>0x....", text)
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def reason_of(error: object, status: int | None) -> str:
    """A name with few values: `HTTP 503` of a default HTTP error, else the exception's class."""
    if isinstance(error, str):
        return "Failure"
    name = type(error).__name__
    if status is not None and status >= 400 and name in _DEFAULT_HTTP_ERRORS:
        return f"HTTP {status}"
    return name


class StatsError:
    """One kind of failure of one request; Locust's names."""

    def __init__(
        self,
        method: str,
        name: str,
        error: object,
        occurrences: int = 0,
        first_seen: float | None = None,
        last_seen: float | None = None,
    ) -> None:
        self.method = method
        self.name = name
        self.error = text_of(error)
        self.reason = reason_of(error, None)
        self.occurrences = occurrences
        self.first_seen = first_seen or 0.0  # seconds since the epoch
        self.last_seen = last_seen or 0.0

    @classmethod
    def parse_error(cls, error: object) -> str:
        """The text by which errors are grouped."""
        return text_of(error)

    @classmethod
    def create_key(cls, method: str, name: str, error: object) -> str:
        """Key in `RequestStats.errors`: sha256 in hexadecimal digits."""
        key = f"{method}.{name}.{text_of(error)}"
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

    def occurred(self) -> None:
        """Count one more."""
        self.occurrences += 1

    def to_name(self) -> str:
        """`GET /path: text`, with Locust's CatchResponseError unwrapped."""
        text = self.error
        prefix = "CatchResponseError("
        if text.startswith(prefix) and text.endswith(")"):
            text = text[len(prefix) : -1]
        return f"{self.method} {self.name}: {text}"

    def to_dict(self, escape_string_values: bool = False) -> dict[str, object]:
        """Locust's JSON form of a failure."""
        # Escaping is the caller's trade; the parameter exists because Locust's callers pass it
        return {
            "method": self.method,
            "name": self.name,
            "error": self.error,
            "occurrences": self.occurrences,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
        }

    def serialize(self) -> dict[str, object]:
        """The same, as Locust's workers send it."""
        return self.to_dict()

    @classmethod
    def unserialize(cls, data: dict[str, Any]) -> StatsError:
        """The error of `serialize`."""
        return cls(**data)

    def row(self) -> ErrorRow:
        """The error as a plain value."""
        return (
            self.method,
            self.name,
            self.error,
            self.reason,
            self.occurrences,
            self.first_seen,
            self.last_seen,
        )


class ErrorLog:
    """All failures of a run, and those since the last take."""

    def __init__(self) -> None:
        self.by_key: dict[str, StatsError] = {}
        self.dropped = 0  # failures counted under (other)
        self._index: dict[tuple[str, str, str], StatsError] = {}
        self._fresh: dict[tuple[str, str, str], ErrorRow] = {}

    def occurred(
        self, method: str, name: str, error: object, status: int | None, when: float
    ) -> None:
        """Count one failure at `when` (seconds since the epoch)."""
        known = self._index.get((method, name, text_of(error)))
        if known is None:
            row = (method, name, text_of(error), reason_of(error, status), 1, when, when)
            known = self.merge(row)
        else:
            known.occurrences += 1
            known.last_seen = max(known.last_seen, when)
        key = (known.method, known.name, known.error)
        fresh = self._fresh.get(key)
        count, first = (1, when) if fresh is None else (fresh[4] + 1, fresh[5])
        self._fresh[key] = (*key, known.reason, count, first, when)

    def merge(self, row: ErrorRow) -> StatsError:
        """Add occurrences that were counted elsewhere."""
        method, name, text, reason, occurrences, first, last = row
        known = self._index.get((method, name, text))
        if known is None:
            if len(self._index) >= tunables.MAX_ERRORS:
                self.dropped += occurrences
                method, name, text, reason = "", OTHER, OTHER, OTHER
                known = self._index.get((method, name, text))
            if known is None:
                known = StatsError(method, name, text)
                known.reason, known.first_seen, known.last_seen = reason, first, last
                self._index[method, name, text] = known
                self.by_key[StatsError.create_key(method, name, text)] = known
        known.occurrences += occurrences
        known.first_seen = min(known.first_seen, first)
        known.last_seen = max(known.last_seen, last)
        return known

    def take(self) -> tuple[ErrorRow, ...]:
        """Failures since the last take, recorded here (not merged)."""
        fresh = tuple(self._fresh.values())
        self._fresh.clear()
        return fresh

    def rows(self) -> list[ErrorRow]:
        """All failures as plain values."""
        return [error.row() for error in self._index.values()]
