"""A delta of statistics: what one node recorded in one interval, in columns.

Columns (numpy arrays), because the master adds hundreds of these per second: one fancy-indexed
add per delta instead of a loop over buckets. Row i of every per-entry array belongs to keys[i].
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StatsDelta:
    """Samples of one interval. Times in milliseconds, lengths in bytes."""

    second: int  # whole second (epoch, common time base) that these samples are charged to
    keys: tuple[tuple[str, str], ...]  # (method, name) of each row
    requests: IntArray
    none_requests: IntArray  # samples without a response time
    failures: IntArray
    total_ms: FloatArray
    min_ms: FloatArray  # NaN where the row has no response time
    max_ms: FloatArray
    length: IntArray  # sum of response lengths
    last_timestamp: FloatArray  # seconds since the epoch
    bucket_row: IntArray  # row of each histogram bucket, ascending
    bucket: IntArray  # index of the bucket, ascending within a row
    count: IntArray  # samples in it, > 0
    codes: tuple[tuple[int, int, int], ...] = ()  # (row, HTTP status or 0, count)
    errors: tuple[tuple[str, str, str, str, int, float, float], ...] = ()
    # (method, name, error text, reason, occurrences, first seen, last seen)
    service: StatsDelta | None = None  # open model: the same samples from the actual send
    names_dropped: int = field(default=0)  # names first seen over the cap, counted under (other)
