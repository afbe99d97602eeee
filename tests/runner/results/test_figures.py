"""How numbers, times and foreign text read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.results import figures

T = figures.THIN_SPACE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (41203, f"41{T}203"),
        (1e6, f"1{T}000{T}000"),
        (None, figures.NONE),
        (math.nan, figures.NONE),
    ],
)
def test_counts_are_separated_thinly(value: float | None, text: str) -> None:
    assert figures.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (412.345, "412"), (41.27, "41.3"), (4.127, "4.13"), (0.0412, "0.041"), (0, "0"),
        (-0.0001, "0"), (1234.5, f"1{T}234"), (3.0, "3"),
        (None, figures.NONE), (math.inf, figures.NONE),
    ],
)  # fmt: skip
def test_decimals_carry_three_digits(value: float | None, text: str) -> None:
    assert figures.decimal(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.001, "<0.01"), (0.04, "0.04"), (12.5, "12.5"), (99.999, ">99.99"), (100, "100"),
     (99.5, "99.5"), (None, figures.NONE)],
)  # fmt: skip
def test_percentages_never_round_to_none_or_all(value: float | None, text: str) -> None:
    assert figures.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(412.34, "412.3"), (33.333, "33.3"), (12_345.6, f"12{T}346"), (None, figures.NONE)],
)
def test_rates(value: float | None, text: str) -> None:
    assert figures.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.34, "0.34 ms"), (212.0, "212 ms"), (1210.0, f"1{T}210 ms"), (12_400.0, "12.4 s"),
     (3.6e6, "60 min"), (None, figures.NONE)],
)  # fmt: skip
def test_latencies_have_a_unit(value: float | None, text: str) -> None:
    assert figures.latency_text(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.04, "%", "0.04 %"), (98.2, "/s", "98.2 /s"), (12, "", "12"), (412, "ms", "412 ms"),
     (None, "ms", figures.NONE)],
)  # fmt: skip
def test_threshold_values_keep_their_unit(value: float | None, unit: str, text: str) -> None:
    assert figures.with_unit(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.84, "0.84 s"), (42, "42 s"), (64, "1 m 04 s"), (59.7, "1 m 00 s"), (7380, "2 h 03 m"),
     (273_600, "3 d 04 h"), (-1, "0 s"), (None, figures.NONE)],
)  # fmt: skip
def test_durations_are_humane(value: float | None, text: str) -> None:
    assert figures.duration(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(134, "02:14"), (3734, "1:02:14"), (0, "00:00"), (-5, "00:00")]
)
def test_positions_on_the_time_axis(value: float, text: str) -> None:
    assert figures.clock(value) == text


def test_moments_are_utc() -> None:
    assert figures.moment(1_772_368_200.5) == "2026-03-01 12:30:00 UTC"
    assert figures.iso(1_772_368_200.5) == "2026-03-01T12:30:00Z"
    assert figures.file_time(1_772_368_200.5) == "20260301-123000"


@pytest.mark.parametrize("impossible", [None, math.nan, math.inf, 1e18, -1e18])
def test_moments_that_no_calendar_has_are_left_out(impossible: float | None) -> None:
    assert figures.moment(impossible) == figures.NONE
    assert figures.iso(impossible) == ""
    assert figures.file_time(impossible) == "unstarted"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (512, "512 B"),
        (4096, "4 KiB"),
        (1_489_000, "1.42 MiB"),
        (3 * 2**40, "3 TiB"),
        (None, figures.NONE),
    ],
)
def test_sizes_are_binary(value: float | None, text: str) -> None:
    assert figures.size(value) == text


def test_one_time_is_not_two() -> None:
    assert (figures.times(1), figures.times(17)) == ("1 time", "17 times")


def test_control_characters_are_written_out() -> None:
    assert figures.visible("\x1b[31m\x00a\nb\tc\r\x9b\ud800\u202e") == (
        "\\x1b[31m\\x00a\\nb\\tc\\r\\x9b\\ud800\\u202e"
    )
    assert figures.visible("a\nb\tc", keep="\n\t") == "a\nb\tc"
    assert figures.visible("päth/日本語/🦗") == "päth/日本語/🦗"


@given(st.text(st.characters(exclude_categories=())))
def test_visible_text_is_printable_and_always_encodes(text: str) -> None:
    shown = figures.visible(text)
    shown.encode("utf-8")
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in shown)
