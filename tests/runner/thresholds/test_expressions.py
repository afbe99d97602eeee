from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.errors import UsageError
from katydid.thresholds import Threshold, format_value, from_manifest, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p95 < 300ms", {"metric": "p95", "below": 300.0, "unit": "ms"}),
        (
            "POST /checkout: p99 < 1s",
            {
                "metric": "p99",
                "method": "POST",
                "request_name": "/checkout",
                "below": 1000.0,
                "unit": "ms",
            },
        ),
        ("failures < 1%", {"metric": "failures", "below": 1.0, "unit": "%"}),
        ("failures < 10", {"metric": "failures", "below": 10.0, "unit": ""}),
        ("rps > 100", {"metric": "rps", "above": 100.0, "unit": "/s"}),
        ("rps>100/s", {"metric": "rps", "above": 100.0, "unit": "/s"}),
        ("requests > 1000", {"metric": "requests", "above": 1000.0, "unit": ""}),
        (
            "mean > 0.5ms over 30s after 1m30s abort",
            {
                "metric": "mean",
                "above": 0.5,
                "unit": "ms",
                "window_seconds": 30,
                "after_seconds": 90.0,
                "abort": True,
            },
        ),
        ("p99.9 < 1.25s", {"metric": "p999", "below": 1250.0, "unit": "ms"}),
        (
            "Search page: max < 2s",
            {"request_name": "Search page", "metric": "max", "below": 2000.0},
        ),
        (
            "GET /a: b?x=1: p50 < 5ms",
            {"method": "GET", "request_name": "/a: b?x=1", "metric": "p50", "below": 5.0},
        ),
    ],
)
def test_expressions(text: str, expected: dict) -> None:
    threshold = parse(text)
    assert {name: getattr(threshold, name) for name in expected} == expected
    assert threshold.name == threshold.expression
    assert parse(threshold.expression) == threshold


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("p95 300ms", "is not a threshold; write METRIC < LIMIT"),
        ("", "is not a threshold"),
        ("p95 <= 300ms", "comparisons are strict; use < or >"),
        ("p95 < 300", "limited by a time such as 300ms or 1.5s"),
        ("p95 < 1%", "limited by a time"),
        ("p100 < 1s", "p100 is max"),
        ("p00 < 1s", "is not a metric"),
        ("latency < 1s", "is not a metric"),
        ("failures < 5ms", "a share such as 1% or a whole number"),
        ("rps > 5%", "a rate such as 100/s"),
        ("requests > 5/s", "a whole number"),
        ("p95 < 1s over 0s", "a window is a whole number of seconds from 1s to 1h"),
        ("p95 < 1s over 1.5s", "a window is a whole number of seconds"),
        ("p95 < 1s over 2h", "a window is a whole number of seconds"),
        ("p95 < 1s after soon", "is not a time span"),
        ("p95 < 1s sometimes", "is not a threshold"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(".")
    assert caught.value.exit_code == 64


def test_manifest_form() -> None:
    item = {
        "name": "checkout is fast",
        "metric": "p999",
        "scope": {"name": "/checkout", "method": "POST"},
        "below": "1.5s",
        "window": "1m",
        "after": "90s",
        "abort": True,
    }
    threshold = from_manifest(item)
    assert threshold == Threshold(
        name="checkout is fast",
        metric="p999",
        method="POST",
        request_name="/checkout",
        below=1500.0,
        window_seconds=60,
        after_seconds=90.0,
        abort=True,
        unit="ms",
    )
    assert threshold.expression == "POST /checkout: p999 < 1.5s over 1m after 1m30s abort"
    assert threshold.fraction == 0.999
    assert threshold.limit == 1500.0


def test_manifest_limits() -> None:
    limit = {"name": "x", "metric": "failures"}
    assert from_manifest({**limit, "below": 10}).unit == ""
    assert from_manifest({**limit, "below": "0.5%"}).unit == "%"
    assert from_manifest({"name": "x", "metric": "rps", "above": "10/s"}).above == 10.0
    assert from_manifest({"name": "x", "metric": "requests", "above": 0}).limit == 0.0
    assert from_manifest({"metric": "p95", "below": "9ms", "scope": {"name": "/a"}}).name == (
        "/a: p95 < 9ms"
    )
    with pytest.raises(UsageError, match="exactly one of below and above"):
        from_manifest({**limit, "below": 1, "above": 2})
    with pytest.raises(UsageError, match="exactly one of below and above"):
        from_manifest(limit)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (300, "ms", "300ms"),
        (1000, "ms", "1s"),
        (1500, "ms", "1.5s"),
        (1250, "ms", "1250ms"),
        (0.1, "%", "0.1%"),
        (100, "/s", "100/s"),
        (12, "", "12"),
    ],
)
def test_values(value: float, unit: str, text: str) -> None:
    assert format_value(value, unit) == text


@given(
    st.sampled_from(["p50", "p999", "max", "mean", "failures", "rps", "requests"]),
    st.none() | st.sampled_from([("GET", "/a"), (None, "/a b"), (None, "Search"), ("X-Y", "a: b")]),
    st.integers(0, 10**6),
    st.booleans(),
    st.none() | st.integers(1, 3600),
    st.integers(0, 10_000),
    st.booleans(),
)
def test_printed_expressions_read_back(metric, scope, limit, below, window, after, abort) -> None:
    unit = {"failures": "%", "rps": "/s", "requests": ""}.get(metric, "ms")
    method, name = scope or (None, None)
    threshold = Threshold(
        name="",
        metric=metric,
        method=method,
        request_name=name,
        below=float(limit) if below else None,
        above=None if below else float(limit),
        window_seconds=window,
        after_seconds=float(after),
        abort=abort,
        unit=unit,
    )
    again = parse(threshold.expression)
    assert again == Threshold(**{**vars(threshold), "name": threshold.expression})
