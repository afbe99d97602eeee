from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.stats import histogram
from katydid.stats.batch import cell_percentiles, tally_cells

times = st.floats(min_value=2.0**-10, max_value=2.0**22, exclude_max=True)
fractions = st.sampled_from([0.01, 0.07, 0.5, 0.66, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0])


def nearest_rank(samples: list[float], fraction: float) -> float:
    exact = Fraction(str(fraction)) * len(samples)
    return sorted(samples)[max(1, math.ceil(exact)) - 1]


@given(times)
def test_a_time_lies_in_its_bucket(time: float) -> None:
    bucket = int(histogram.index_of(np.array([time]))[0])
    low, high = histogram.bounds(bucket)
    assert low <= time < high
    assert abs(histogram.midpoint(bucket) - time) <= 0.004 * time


@given(st.lists(times, min_size=1, max_size=300), fractions)
def test_percentiles_are_within_four_per_mille_of_the_nearest_rank(
    samples: list[float], fraction: float
) -> None:
    buckets, counts = tally_cells(histogram.index_of(np.array(samples)))
    found = histogram.percentile(buckets, counts, fraction, min(samples), max(samples))
    true = nearest_rank(samples, fraction)
    assert found is not None
    assert abs(found - true) <= 0.004 * true
    assert min(samples) <= found <= max(samples)


@pytest.mark.parametrize(
    ("time", "bucket"),
    [(0.0, 0), (-3.0, 0), (1e-9, 0), (2.0**-10, 0), (1.0, 1280), (2.0**22, 4095), (1e300, 4095)],
)
def test_times_out_of_range_are_counted_at_the_ends(time: float, bucket: int) -> None:
    assert histogram.index_of(np.array([time])).tolist() == [bucket]


def test_buckets_join_without_gaps_and_grow_by_at_most_a_128th() -> None:
    edges = histogram.EDGES
    assert edges[0] == 2.0**-10
    assert edges[-1] == 2.0**22
    assert (np.diff(edges) / edges[:-1]).max() <= 2.0**-7


@pytest.mark.parametrize(
    ("fraction", "samples", "rank"),
    [(0.07, 100, 7), (0.95, 100, 95), (0.951, 100, 96), (0.5, 1, 1), (0.0, 9, 1), (1.0, 9, 9)],
)
def test_ranks_do_not_suffer_from_floating_point(fraction, samples, rank) -> None:
    assert histogram.rank(fraction, samples) == rank


def test_the_highest_rank_is_the_maximum_itself() -> None:
    buckets, counts = tally_cells(histogram.index_of(np.array([10.0, 20.3])))
    assert histogram.percentiles(buckets, counts, [0.5, 1.0], 10.0, 20.3) == [
        histogram.midpoint(int(buckets[0])),
        20.3,
    ]


def test_no_sample_no_percentile() -> None:
    assert histogram.percentiles([], [], [0.5, 0.99], 0, 0) == [None, None]


@given(
    st.lists(st.tuples(st.integers(0, 5), times), min_size=1, max_size=200),
    st.lists(fractions, min_size=1, max_size=4),
)
def test_percentiles_of_many_rows_equal_those_of_each(samples, wanted) -> None:
    rows = np.array([row for row, _ in samples])
    values = np.array([time for _, time in samples])
    cells, counts = tally_cells(rows * histogram.BUCKETS + histogram.index_of(values))
    found_rows, found = cell_percentiles(cells, counts, wanted)
    assert found_rows.tolist() == sorted({row for row, _ in samples})
    for row, times_of_row in zip(found_rows.tolist(), found, strict=True):
        own = values[rows == row]
        low, high = own.min(), own.max()
        single = histogram.percentiles(*tally_cells(histogram.index_of(own)), wanted, low, high)
        assert np.clip(times_of_row, low, high).tolist() == single


@given(st.lists(st.tuples(st.integers(0, 100_000), st.integers(1, 1000)), max_size=100))
def test_tallied_cells_are_unique_ascending_and_complete(pairs) -> None:
    expected: dict[int, int] = {}
    for cell, count in pairs:
        expected[cell] = expected.get(cell, 0) + count
    cells, counts = tally_cells(
        np.array([cell for cell, _ in pairs], dtype=np.int64),
        np.array([count for _, count in pairs], dtype=np.int64),
    )
    assert dict(zip(cells.tolist(), counts.tolist(), strict=True)) == expected
    assert cells.tolist() == sorted(expected)
