"""A StatsDelta as a list of plain values, and back: exactly, or with an error."""

from __future__ import annotations

from typing import Any

import numpy as np

from katydid.stats.delta import StatsDelta
from katydid.stats.histogram import BUCKETS
from katydid.wire.columns import (
    from_gaps,
    gaps_of,
    pack_floats,
    pack_ints,
    pack_small,
    unpack_floats,
    unpack_ints,
    unpack_small,
)
from katydid.wire.interner import Interner
from katydid.wire.shape import check_for

_INTS = ("requests", "none_requests", "failures", "length")
_FLOATS = ("total_ms", "min_ms", "max_ms", "last_timestamp")
_ERRORS = check_for(tuple[tuple[str, str, str, str, int, float, float], ...])
_WHOLE = check_for(int)


def delta_to_list(delta: StatsDelta, interner: Interner) -> list[Any]:
    """Plain values of `delta`; names become numbers of `interner`."""
    numbers = np.array([interner.number_of(key) for key in delta.keys], dtype=np.int64)
    per_row, gaps = gaps_of(delta.bucket_row, delta.bucket, len(delta.keys))
    return [
        delta.second,
        pack_ints(numbers),
        [pack_ints(getattr(delta, column)) for column in _INTS],
        [pack_floats(getattr(delta, column)) for column in _FLOATS],
        pack_ints(per_row),
        pack_small(gaps),
        pack_small(delta.count),
        [pack_ints(column) for column in np.array(delta.codes, np.int64).reshape(-1, 3).T],
        delta.errors,
        None if delta.service is None else delta_to_list(delta.service, interner),
        delta.names_dropped,
    ]


def delta_from_list(parts: Any, interner: Interner, nested: bool = False) -> StatsDelta:
    """The delta of `delta_to_list`.

    Raises UnknownName for a number that `interner` does not know, ValueError or TypeError for
    values that are no delta: columns of different lengths, buckets that do not exist.
    """
    (second, numbers, ints, floats, per_row, gaps, counts, codes, errors, service, dropped) = parts
    keys = interner.keys_of(unpack_ints(numbers).tolist())
    columns: dict[str, Any] = {
        name: unpack_ints(data) for name, data in zip(_INTS, ints, strict=True)
    }
    columns |= {name: unpack_floats(data) for name, data in zip(_FLOATS, floats, strict=True)}
    buckets_per_row = unpack_ints(per_row)
    if any(len(column) != len(keys) for column in (*columns.values(), buckets_per_row)):
        raise ValueError("columns of a report differ in length")
    rows, buckets = from_gaps(buckets_per_row, unpack_small(*gaps))
    count = unpack_small(*counts)
    if len(count) != len(buckets):
        raise ValueError("buckets and counts of a report differ in length")
    if len(buckets) and (buckets.min() < 0 or buckets.max() >= BUCKETS or count.min() <= 0):
        raise ValueError("a report has a bucket or a count that cannot be")
    code_rows, statuses, code_counts = map(unpack_ints, codes)
    if len(code_rows) and (code_rows.min() < 0 or code_rows.max() >= len(keys)):
        raise ValueError("a status code belongs to no row")
    if service is not None and nested:
        raise ValueError("a service delta has none of its own")
    return StatsDelta(
        second=_WHOLE(second),
        keys=keys,
        **columns,
        bucket_row=rows,
        bucket=buckets,
        count=count,
        codes=tuple(zip(code_rows.tolist(), statuses.tolist(), code_counts.tolist(), strict=True)),
        errors=_ERRORS(errors),
        service=None if service is None else delta_from_list(service, interner, nested=True),
        names_dropped=_WHOLE(dropped),
    )
