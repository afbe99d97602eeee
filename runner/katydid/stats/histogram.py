"""Log-linear latency histogram: which bucket a time falls into, and percentiles of buckets.

A time in milliseconds, read as the bits of its float64, shifted right by 45, is an octave and the
128th part of it: buckets are at most 2⁻⁷ of their lower edge wide, so their mid-point is at most
0.4 % away from any time in them. 4096 buckets cover 2⁻¹⁰ ms (a microsecond) to 2²² ms (70
minutes); what lies outside is counted in the first or last one, while min and max stay exact.
Buckets are stored elsewhere (`ledger`); here is arithmetic only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from katydid.stats.delta import FloatArray, IntArray

PER_OCTAVE = 128
OCTAVES = 32
BUCKETS = PER_OCTAVE * OCTAVES
_SHIFT = 45  # 52 bits of mantissa, the upper 7 of which name the bucket within its octave
_FIRST = (1023 - 10) << 7  # the shifted bits of 2⁻¹⁰

EDGES: FloatArray = ((np.arange(BUCKETS + 1, dtype=np.int64) + _FIRST) << _SHIFT).view(np.float64)
"""Bucket i holds times t with EDGES[i] <= t < EDGES[i + 1], in milliseconds."""

MIDPOINTS: FloatArray = (EDGES[:-1] + EDGES[1:]) / 2


def index_of(times_ms: FloatArray) -> IntArray:
    """Bucket of each time (a contiguous float64 array, milliseconds)."""
    index: IntArray = (times_ms.view(np.int64) >> _SHIFT) - _FIRST
    return np.clip(index, 0, BUCKETS - 1, out=index)


def bounds(bucket: int) -> tuple[float, float]:
    """Lower (inclusive) and upper (exclusive) edge of a bucket, in milliseconds."""
    return float(EDGES[bucket]), float(EDGES[bucket + 1])


def midpoint(bucket: int) -> float:
    """The time that stands for every sample of a bucket, in milliseconds."""
    return float(MIDPOINTS[bucket])


def rank(fraction: float, samples: int) -> int:
    """Nearest rank ⌈p·n⌉ of a percentile, from 1 to `samples`."""
    # Rounded first, because 0.07 · 100 is 7.000000000000001 in floating point.
    return min(samples, max(1, math.ceil(round(fraction * samples, 9))))


def ranks_of(fractions: Sequence[float], samples: int | IntArray) -> IntArray:
    """`rank` of several percentiles; one row each when there are several numbers of samples."""
    wanted = np.ceil(np.round(np.multiply.outer(samples, np.asarray(fractions)), 9))
    most = samples if isinstance(samples, int) else samples[:, np.newaxis]
    ranks: IntArray = np.clip(wanted.astype(np.int64), 1, most)
    return ranks


def percentiles(
    buckets: Sequence[int] | IntArray,
    counts: Sequence[int] | IntArray,
    fractions: Sequence[float],
    min_ms: float,
    max_ms: float,
) -> list[float | None]:
    """Percentiles (fractions 0…1) of the samples in non-empty buckets given in ascending order.

    Nearest rank, bucket mid-point, clamped to [min_ms, max_ms]; the highest rank is `max_ms`
    itself. All None when there is no sample.
    """
    cumulated = np.cumsum(np.asarray(counts, dtype=np.int64))
    if not len(cumulated) or not cumulated[-1]:
        return [None] * len(fractions)
    samples = int(cumulated[-1])
    ranks = ranks_of(fractions, samples)
    found = np.searchsorted(cumulated, ranks)
    times = np.clip(MIDPOINTS[np.asarray(buckets, dtype=np.int64)[found]], min_ms, max_ms)
    times[ranks == samples] = max_ms
    return [float(time) for time in times]


def percentile(
    buckets: Sequence[int] | IntArray,
    counts: Sequence[int] | IntArray,
    fraction: float,
    min_ms: float,
    max_ms: float,
) -> float | None:
    """One percentile; see `percentiles`."""
    return percentiles(buckets, counts, [fraction], min_ms, max_ms)[0]
