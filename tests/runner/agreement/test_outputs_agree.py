"""Console, CSV, JSON, JUnit, HTML report, API, /metrics, and the page and the report in a browser
agree on the same run.

Counts are held against the server's own, percentiles against run.json's.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

pytestmark = pytest.mark.processes


def test_requests_and_failures_are_those_that_the_server_answered(
    ended_run: Any, account: Any
) -> None:
    counts = {key: dataclasses.replace(row, p95=None) for key, row in account.rows.items()}
    expected = dict(ended_run.answered)
    if not counts.keys() & {("", "Aggregated")}:  # JUnit has no totals
        del expected["", "Aggregated"]
    assert counts == expected


def test_percentiles_are_those_of_the_document(ended_run: Any, account: Any) -> None:
    told = {key: row.p95 for key, row in account.rows.items() if row.p95 is not None}
    assert told == {key: account.milliseconds(ended_run.p95_ms[key]) for key in told}


def test_verdict_and_thresholds_are_the_same(ended_run: Any, account: Any) -> None:
    assert account.verdict in ("Failed", None)
    assert account.thresholds in ({"enough": "Met", "works": "Breached"}, None)
    assert ended_run.exit_code == 3


def test_the_generator_fared_the_same(ended_run: Any, account: Any) -> None:
    """Reports and goodbyes, which came between the accounts, are no load."""
    assert account.generator in (ended_run.accounts["run.json"].generator, None)


def test_the_run_was_one_worth_agreeing_on(ended_run: Any) -> None:
    """Several methods, failures, an odd name, latencies that differ."""
    rows = ended_run.accounts["run.json"].rows
    assert len(rows) == 5
    assert len({row.p95 for row in rows.values()}) > 2
    shown = {"shown page", "shown report"} & ended_run.accounts.keys()
    assert {name for name, account in ended_run.accounts.items() if account.verdict} == shown | {
        "api", "api archive", "api report", "run.json", "report", "console",
    }  # fmt: skip
    accounts = ended_run.accounts
    assert {name for name, account in accounts.items() if account.thresholds is None} == {
        "api csv", "locust's stats", "csv", "console",
    }  # fmt: skip
    assert {name for name, account in accounts.items() if account.generator is not None} >= {
        "api", "api archive", "run.json",
    }  # fmt: skip
    without_p95 = {"locust's stats", "metrics"}
    for name, account in accounts.items():
        assert all((row.p95 is None) == (name in without_p95) for row in account.rows.values())
    assert all(row.requests > 3 for row in rows.values())
