"""Columns of numbers as bytes: the compact form of a statistics delta (PERFORMANCE §1.6).

Integers travel in the narrowest type that holds the column; bucket gaps and counts as one byte
each, 255 meaning "see the escapes", since nearly all of them are small. Everything is vectorised:
a report of 100 names costs a few array operations, not a loop over 20,000 buckets.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_ESCAPE = 255
_TYPES = {code: np.dtype(f"<{code}") for code in ("u1", "u2", "u4", "i8")}
_CODES = {code: index for index, code in enumerate(_TYPES)}
_BY_INDEX = list(_TYPES.values())
_LIMITS = (("u1", 1 << 8), ("u2", 1 << 16), ("u4", 1 << 32))


def pack_ints(values: IntArray) -> bytes:
    """Integers in their narrowest type, the type first."""
    code = "i8"
    if not len(values):
        code = "u1"
    elif values.min() >= 0:
        highest = values.max()
        code = next((code for code, limit in _LIMITS if highest < limit), "i8")
    return bytes((_CODES[code],)) + values.astype(_TYPES[code]).tobytes()


def unpack_ints(data: bytes) -> IntArray:
    """What `pack_ints` packed; ValueError for anything else."""
    if not data or data[0] >= len(_BY_INDEX):
        raise ValueError("an integer column has no known type")
    return np.frombuffer(data, _BY_INDEX[data[0]], offset=1).astype(np.int64)


def pack_small(values: IntArray) -> tuple[bytes, bytes]:
    """Mostly small integers: one byte each, and the escapes packed as integers."""
    large = (values >= _ESCAPE) | (values < 0)
    escapes = values[large]
    if not len(escapes):
        return values.astype(np.uint8).tobytes(), b""
    return np.where(large, _ESCAPE, values).astype(np.uint8).tobytes(), pack_ints(escapes)


def unpack_small(data: bytes, escapes: bytes) -> IntArray:
    """What `pack_small` packed; ValueError for anything else."""
    narrow = np.frombuffer(data, np.uint8)
    values = narrow.astype(np.int64)
    if escapes:
        large = np.flatnonzero(narrow == _ESCAPE)
        wide = unpack_ints(escapes)
        if len(wide) != len(large):
            raise ValueError("escapes of a column do not match their places")
        values[large] = wide
    elif (narrow == _ESCAPE).any():
        raise ValueError("a column lacks its escapes")
    return values


def pack_floats(values: FloatArray) -> bytes:
    """Floats bit by bit, NaN included."""
    return values.astype("<f8").tobytes()


def unpack_floats(data: bytes) -> FloatArray:
    """What `pack_floats` packed; ValueError for anything else."""
    return np.frombuffer(data, "<f8").astype(np.float64)


def gaps_of(rows: IntArray, buckets: IntArray, row_count: int) -> tuple[IntArray, IntArray]:
    """(buckets per row, gap of each bucket to the one before it in its row)."""
    per_row = np.bincount(rows, minlength=row_count)
    gaps = np.diff(buckets, prepend=0)
    starts = _row_starts(per_row)
    gaps[starts] = buckets[starts]
    return per_row, gaps


def from_gaps(per_row: IntArray, gaps: IntArray) -> tuple[IntArray, IntArray]:
    """(row, bucket) of each gap: the inverse of `gaps_of`; ValueError if they do not fit."""
    if len(per_row) and per_row.min() < 0:
        raise ValueError("a row has a negative number of buckets")
    if int(per_row.sum()) != len(gaps):
        raise ValueError("the rows do not add up to the buckets")
    rows = np.repeat(np.arange(len(per_row)), per_row)
    buckets = np.cumsum(gaps)
    starts = _row_starts(per_row)
    before = buckets[starts] - gaps[starts]
    buckets -= np.repeat(before, per_row[per_row > 0])
    return rows, buckets


def _row_starts(per_row: IntArray) -> IntArray:
    """Index of the first bucket of each row that has one."""
    filled = per_row[per_row > 0]
    starts: IntArray = np.cumsum(filled) - filled
    return starts
