"""Tolerances: how they are written, and what is worse by more than they allow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.errors import UsageError
from katydid.thresholds.tolerance import Tolerance, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p95=10%", Tolerance("p95", 10.0, "%")),
        ("p99.9 = 1.5s", Tolerance("p999", 1500.0, "ms")),
        ("mean=20ms", Tolerance("mean", 20.0, "ms")),
        ("failures=1%", Tolerance("failures", 1.0, "%")),
        ("failures=0", Tolerance("failures", 0.0, "")),
        ("rps=5/s", Tolerance("rps", 5.0, "/s")),
        ("POST /cart: p95=0%", Tolerance("p95", 0.0, "%", "POST", "/cart")),
        ("/a: b: max=2%", Tolerance("max", 2.0, "%", None, "/a: b")),
        ("*: requests=3%", Tolerance("requests", 3.0, "%", None, "*")),
    ],
)
def test_what_people_write(text: str, expected: Tolerance) -> None:
    assert parse(text) == expected
    assert parse(expected.expression) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a tolerance"),
        ("p95", "is not a tolerance"),
        ("p95<10%", "is not a tolerance"),
        ("p95=-10%", "is not a tolerance"),
        ("p95=10", "p95 is tolerated by a share such as p95=10%, or a time such as 20ms."),
        ("p95=10/s", "p95 is tolerated by a share such as p95=10%"),
        ("failures=10ms", "failures is tolerated by percentage points such as failures=1%"),
        ("rps=10", "rps is tolerated by a share such as rps=5%"),
        ("p100=1%", '"p100" is not a metric (p100 is max)'),
        ("speed=1%", '"speed" is not a metric'),
    ],
)
def test_what_is_none_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(f'"{text}"')


@pytest.mark.parametrize(
    ("text", "before", "after", "exceeded"),
    [
        ("p95=10%", 100.0, 110.0, False),  # at the limit
        ("p95=10%", 100.0, 110.1, True),
        ("p95=10%", 100.0, 10.0, False),  # better
        ("p95=20ms", 100.0, 120.0, False),
        ("p95=20ms", 100.0, 121.0, True),
        ("p95=0%", 0.1 + 0.2, 0.3, False),  # floating point is no regression
        ("p95=10%", 0.0, 1.0, True),
        ("rps=5%", 100.0, 95.0, False),
        ("rps=5%", 100.0, 94.9, True),
        ("rps=5%", 100.0, 500.0, False),
        ("requests=3", 10.0, 6.0, True),
        ("failures=1%", 0.5, 1.5, False),  # points, not a share of 0.5 %
        ("failures=1%", 0.5, 1.6, True),
        ("failures=0", 3.0, 4.0, True),
    ],
)
def test_what_is_exceeded(text: str, before: float, after: float, exceeded: bool) -> None:
    assert parse(text).exceeded(before, after) is exceeded


@given(st.floats(0, 1e6), st.sampled_from(["p95=0%", "failures=0", "rps=0%", "max=0ms"]))
def test_the_same_is_always_tolerated(value: float, text: str) -> None:
    assert not parse(text).exceeded(value, value)
