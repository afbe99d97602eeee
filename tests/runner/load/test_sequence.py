from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.load.sequence import ClassSequence, WeightedOrder

WEIGHTS = st.dictionaries(st.sampled_from("ABCDEFGH"), st.integers(1, 60), min_size=1)


def order(classes: dict[str, float], users: int, **fixed: int) -> str:
    sequence = ClassSequence((name, w, fixed.get(name, 0)) for name, w in classes.items())
    return "".join(sequence.next() or "-" for _ in range(users))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ({"A": 5, "B": 1}, "AABAAAAABAAAAAB"),
        ({"A": 3, "B": 2, "C": 1}, "ABCABAABCABA"),
        ({"A": 1, "B": 1}, "ABABAB"),
        ({"A": 1}, "AAA"),
        ({"A": 0, "B": 2}, "BBB"),
    ],
)
def test_the_order_is_locusts(weights: dict[str, float], expected: str) -> None:
    assert order(weights, len(expected)) == expected


@pytest.mark.parametrize(
    ("weights", "users", "expected"),
    [
        ({"A": 20, "B": 25}, 45, {"A": 20, "B": 25}),
        ({"A": 35, "B": 55, "C": 10}, 5, {"A": 2, "B": 3, "C": 0}),
        ({"A": 3, "B": 2, "C": 1}, 600, {"A": 300, "B": 200, "C": 100}),
    ],
)
def test_the_shares_are_locusts(
    weights: dict[str, float], users: int, expected: dict[str, int]
) -> None:
    assert ClassSequence((n, w, 0) for n, w in weights.items()).counts(users) == expected


def test_fixed_counts_come_first_and_only_once() -> None:
    assert order({"A": 5, "B": 1, "C": 1}, 10, B=1, C=2) == "CBC" + "AAAAAAA"
    assert order({"A": 5, "B": 5}, 10, A=5, B=1) == "AABAAA" + "----"


def test_without_a_class_there_is_no_user() -> None:
    assert ClassSequence([]).next() is None
    assert ClassSequence([("A", 0, 0)]).next() is None


@given(WEIGHTS, st.integers(1, 300))
def test_every_prefix_keeps_the_shares(weights: dict[str, int], users: int) -> None:
    # Locust's order itself keeps within 1.1 users up to three classes (all mixes of LOCUST §6);
    # with more, one heavy class may run ahead of many light ones by about half their number.
    bound = 1.1 if len(weights) <= 3 else max(1.1, len(weights) / 2)
    sequence = ClassSequence((name, w, 0) for name, w in weights.items())
    total, counts = sum(weights.values()), Counter[str | None]()
    for n in range(1, users + 1):
        counts[sequence.next()] += 1
        assert all(abs(counts[c] - n * w / total) <= bound for c, w in weights.items())


CLASSES = st.lists(
    st.tuples(st.sampled_from("ABCDEF"), st.integers(0, 20), st.integers(0, 5)),
    unique_by=lambda row: row[0],
    max_size=6,
)


@given(CLASSES, st.integers(0, 60), st.integers(0, 60), st.randoms(use_true_random=False))
def test_taking_back_in_any_order_leads_back(classes, first, more, random) -> None:
    sequence = ClassSequence(classes)
    given_first = [sequence.next() for _ in range(first)]
    extra = [name for name in (sequence.next() for _ in range(more)) if name is not None]
    random.shuffle(extra)
    for name in extra:
        sequence.take_back(name)
    fresh = ClassSequence(classes)
    assert [fresh.next() for _ in range(first)] == given_first
    assert [fresh.next() for _ in range(20)] == [sequence.next() for _ in range(20)]


@given(CLASSES, st.integers(0, 60))
def test_a_dumped_sequence_goes_on_where_it_was(classes, users) -> None:
    sequence = ClassSequence(classes)
    for _ in range(users):
        sequence.next()
    resumed = ClassSequence.load(sequence.dump())
    assert [resumed.next() for _ in range(30)] == [sequence.next() for _ in range(30)]


def test_picks_among_some_names() -> None:
    weighted = WeightedOrder({"A": 5, "B": 1, "C": 0})
    assert weighted.names == {"A", "B"}
    assert weighted.best(["B", "C"]) == "B"
    assert weighted.best(["C"]) is None
