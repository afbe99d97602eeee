"""The body of a remote write: `WriteRequest` of Prometheus' remote write 1.0, as snappy blocks.

The message is three fields deep, so it is written here byte by byte; docs/decisions/005 says why.
What goes in are the lines of the exposition: whatever a scrape would answer is sent. A series'
labels are encoded once, when it is first seen; after that a sample costs one `struct.pack`.

    message WriteRequest { repeated TimeSeries timeseries = 1; }
    message TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
    message Label        { string name = 1; string value = 2; }
    message Sample       { double value = 1; int64 timestamp = 2; }
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator

import cramjam

SERIES_A_REQUEST = 2000
"""As Prometheus itself sends them; receivers are set up for that."""

LINES_A_TURN = 200
"""Lines that are encoded at a time: a millisecond, five where all are new."""

STALE = struct.pack("<Q", 0x7FF0000000000002)
"""The NaN that ends a series, as bytes: a float might not keep them."""

_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_LENGTH_DELIMITED_1, _LENGTH_DELIMITED_2 = 0x0A, 0x12
_DOUBLE_1, _VARINT_2 = b"\x09", b"\x10"


class Samples:
    """Encodes pushes one after the other, and knows which series were in the last."""

    def __init__(self) -> None:
        self._heads: dict[str, bytes] = {}  # series as the exposition writes it → its labels
        self._sent: set[str] = set()

    def encode(self, pieces: Iterable[str], at_ms: int) -> Iterator[bytes]:
        """One TimeSeries for each line in `pieces`, and a mark for each series that is gone.

        Bytes of up to SERIES_A_REQUEST series each, and b"" in between: then the caller may do
        something else, so that many series do not hold anybody up.
        """
        seen: set[str] = set()
        parts: list[bytes] = []
        end = _VARINT_2 + varint(at_ms)
        for piece in pieces:
            for number, line in enumerate(piece.splitlines()):
                if line and line[0] != "#":
                    series, _, value = line.rpartition(" ")
                    seen.add(series)
                    parts.append(self._series(series, struct.pack("<d", float(value)), end))
                if number % LINES_A_TURN == 0:
                    yield b""
            while len(parts) >= SERIES_A_REQUEST:
                yield b"".join(parts[:SERIES_A_REQUEST])
                del parts[:SERIES_A_REQUEST]
        parts += [self._series(series, STALE, end) for series in self._sent - seen]
        self._sent = seen
        for first in range(0, len(parts), SERIES_A_REQUEST):
            yield b"".join(parts[first : first + SERIES_A_REQUEST])

    def _series(self, series: str, value: bytes, end: bytes) -> bytes:
        sample = _DOUBLE_1 + value + end
        head = self._heads.get(series)
        if head is None:
            head = self._heads[series] = encoded_labels(series)
        body = head + delimited(_LENGTH_DELIMITED_2, sample)
        return delimited(_LENGTH_DELIMITED_1, body)


def compressed(series: bytes) -> bytes:
    """A request of encoded series, in snappy's block format."""
    return bytes(cramjam.snappy.compress_raw(series))


def encoded_labels(series: str) -> bytes:
    """`name{a="b",…}` as Label messages, sorted by name; empty values do not count as labels."""
    name, _, pairs = series.partition("{")
    labels = {"__name__": name}
    for label, value in _PAIR.findall(pairs):
        labels[label] = _ESCAPE.sub(lambda found: {"n": "\n"}.get(found[1], found[1]), value)
    encoded = []
    for label in sorted(name for name, value in labels.items() if value):
        message = delimited(_LENGTH_DELIMITED_1, label.encode())
        message += delimited(_LENGTH_DELIMITED_2, labels[label].encode())
        encoded.append(delimited(_LENGTH_DELIMITED_1, message))
    return b"".join(encoded)


def delimited(tag: int, content: bytes) -> bytes:
    """A field of protobuf that says its length."""
    return bytes((tag,)) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first. `number` is not negative."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)
