"""The terminal: lines that fit, a final summary that loses nothing, no codes in a pipe."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.results import console, text_table
from katydid.results.figures import visible
from katydid.results.text_table import Head, Paint, Row, shorten, sparkline, width
from katydid.run.document import RunDocument

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 132, 200])
def test_the_live_view_fits_any_width(any_sample: RunDocument, columns: int) -> None:
    for paint in (Paint(), Paint(True)):
        for line in console.live_view(any_sample, columns, paint):
            plain = ESCAPES.sub("", line)
            fits = max(columns, 70)  # the numbers of the table need that much
            assert width(plain) <= fits, plain


def test_the_live_view_of_a_run(samples: Any) -> None:
    lines = [line.replace("\u202f", " ") for line in console.live_view(samples.running(), 120)]
    assert lines[0] == (
        "● Running  02:14 / 10:00  500 users  412.3 req/s  0.022 % failed  p95 437 ms  5/5 workers"
    )
    assert lines[2].split() == [
        "Type", "Name", "#", "reqs", "#", "fails", "Avg", "Min", "Max", "Med", "req/s",
        "failures/s",
    ]  # fmt: skip
    assert lines[3].split() == [
        "GET", "/", "4", "604", "0", "44.8", "4.22", "258", "37.3", "34.4", "0",
    ]  # fmt: skip
    assert "and 2 more requests" in lines
    assert "✓ met       p95 < 900ms was 212 ms" in lines
    assert "… pending   POST /checkout: p99 < 1s is pending" in lines
    assert [line.split()[0] for line in lines[-2:]] == ["req/s", "p95"]


@pytest.mark.parametrize("height", [1, 4, 10, 16, 20, 24])
def test_the_live_view_fits_any_height(any_sample: RunDocument, height: int) -> None:
    lines = console.live_view(any_sample, 80, height=height)
    assert len(lines) <= height
    assert lines[0] == console.progress_line(any_sample.status, 80)


def test_the_table_gives_way_before_thresholds_and_sparklines(samples: Any) -> None:
    lines = console.live_view(samples.running(), 80, height=18)
    assert sum(line.startswith(("GET", "POST", "PUT", "DELETE")) for line in lines) == 6
    assert "and 6 more requests" in lines
    assert lines[-1].startswith("p95 ")


def test_what_is_wrong_is_on_the_line(samples: Any) -> None:
    line = console.progress_line(samples.aborted().status, 300)
    assert "2 of 2 thresholds breached" in line
    assert line.endswith("generator saturated")
    assert "18 dropped" in console.progress_line(samples.open_model().status, 300)


def test_a_narrow_line_keeps_the_first_facts(samples: Any) -> None:
    assert console.progress_line(samples.running().status, 30) == "● Running  02:14 / 10:00"
    assert console.progress_line(samples.running().status, 6) == "● Run…"


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_final_summary_loses_nothing(any_sample: RunDocument, columns: int) -> None:
    text = "\n".join(console.final_summary(any_sample, columns))
    assert not ESCAPES.search(text)
    assert "…" not in text.replace("… pending", "")  # nothing was shortened
    for row in any_sample.requests:
        assert visible(row.name) in text
    for failure in any_sample.failures:
        assert visible(failure.error) in text
    for threshold in any_sample.status.thresholds:
        assert visible(threshold.expression) in text


def test_the_summary_ends_with_verdict_files_and_what_to_do(samples: Any) -> None:
    lines = console.final_summary(
        samples.usual(), 120, files=["results/x/report.html"], command="katydid report results/x"
    )
    assert [line.replace("\u202f", " ") for line in lines[-7:]] == [
        "! 1 worker went missing during the run.",
        "✕ Failed: p95 < 300ms was 412 ms.",
        "240 000 requests in 10 m 00 s, 400 /s, <0.01 % failed, p95 442 ms",
        "",
        "  results/x/report.html",
        "",
        "More: katydid report results/x",
    ]


def test_a_narrow_summary_has_fewer_columns(samples: Any) -> None:
    """Rather than lines that wrap: all of it stands in the files."""
    for columns, heads in (
        (60, "50% 90% 95% 99% 100%"),
        (80, "50% 75% 90% 95% 99% 99.9% 99.99% 100%"),
        (120, "50% 66% 75% 80% 90% 95% 98% 99% 99.9% 99.99% 100%"),
    ):
        lines = console.final_summary(samples.passed(), columns)
        start = lines.index("Response times (ms)")
        assert lines[start + 1].split() == ["Type", "Name", *heads.split(), "#", "reqs"]
        assert max(width(line) for line in lines[: start + 8]) <= columns


def test_all_rows_of_the_final_table_are_there(samples: Any) -> None:
    lines = console.final_summary(samples.many_names(), 80)
    assert sum("/api/v1/resource/" in line for line in lines) >= 2 * 500


def test_both_latencies_of_the_open_model(samples: Any) -> None:
    lines = console.final_summary(samples.open_model(), 120)
    assert "Service times, from the actual send (ms)" in lines
    assert any("18 iterations were dropped" in line for line in lines)


def test_a_run_without_requests(samples: Any) -> None:
    lines = console.final_summary(samples.nothing(), 80)
    assert lines[0] == "No request was made."
    assert "✕ Error: Only 0 of 5 workers were ready within 60 s." in lines


def test_names_cannot_command_the_terminal(samples: Any) -> None:
    document = samples.hostile()
    for lines in (console.final_summary(document, 80), console.live_view(document, 80)):
        assert not any(re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", s) for s in lines)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))), st.integers(0, 30))
def test_shortened_text_fits(text: str, cells: int) -> None:
    shown = shorten(text, cells)
    assert width(shown) <= cells
    if width(text) <= cells:
        assert shown == text


def test_widths_are_those_of_the_screen() -> None:
    assert width("日本") == 4
    assert width("e\u0301") == 1
    assert shorten("日本語", 4) == "日…"
    lines = text_table.table(
        [Head("Name", False), Head("n")], [Row(("日本", "1")), Row(("ab", "23"))], 40, Paint(), 0,
        cut=True,
    )  # fmt: skip
    assert lines == ["Name   n", "日本   1", "ab    23"]


def test_a_text_too_long_gets_a_line_of_its_own() -> None:
    heads = [Head("Name", False), Head("n")]
    rows = [Row(("a-name-of-20-letters", "1")), text_table.RULE]
    assert text_table.table(heads, rows, 12, Paint(), 0, cut=False) == [
        "Name       n", "a-name-of-20-letters", "           1", "─" * 12,
    ]  # fmt: skip
    assert text_table.table(heads, rows, 12, Paint(), 0, cut=True)[1] == "a-name-o…  1"


def test_sparklines() -> None:
    assert sparkline([0, 1, 2, 4, 8, None], 10) == "▁▂▃▅█ "
    assert sparkline([0.0, 0.0], 10) == "▁▁"
    assert sparkline([1, 8, 1, 1], 2) == "█▂"
    assert sparkline([], 10) == sparkline([1], 0) == ""


def test_no_total_of_the_service_times_is_no_problem(samples: Any) -> None:
    document = samples.open_model()
    total = dataclasses.replace(document.status.total, service=None)
    document = dataclasses.replace(
        document, status=dataclasses.replace(document.status, total=total)
    )
    lines = console.final_summary(document, 120)
    start = lines.index("Service times, from the actual send (ms)")
    assert lines[start + 2].split()[:2] == ["GET", "/stall"]
    assert lines[start + 3] == ""
