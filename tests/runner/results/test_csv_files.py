"""Locust's four CSV files from a document, and its JSON."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import Any

import pytest

from katydid.results import csv_columns, csv_files, locust_json
from katydid.run.document import RunDocument

STATS_HEAD = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,"
    "Min Response Time,Max Response Time,Average Content Size,Requests/s,Failures/s,"
    "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
)
HISTORY_HEAD = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,"
    "50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,"
    "Total Request Count,Total Failure Count,Total Median Response Time,"
    "Total Average Response Time,Total Min Response Time,Total Max Response Time,"
    "Total Average Content Size"
)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_columns_are_locusts(any_sample: RunDocument) -> None:
    files = csv_files.render(any_sample)
    assert {kind: text.splitlines()[0] for kind, text in files.items()} == {
        "stats": STATS_HEAD,
        "stats_history": HISTORY_HEAD,
        "failures": "Method,Name,Error,Occurrences,First Seen,Last Seen",
        "exceptions": "Count,Message,Traceback,Nodes",
    }


def test_rows_are_sorted_and_end_with_the_total(samples: Any) -> None:
    document = samples.usual()
    rows = table(csv_files.stats_csv(document))
    keys = [(row["Name"], row["Type"]) for row in rows]
    assert keys[:-1] == sorted(keys[:-1])
    assert keys[-1] == ("Aggregated", "")
    total = rows[-1]
    assert int(total["Request Count"]) == document.status.total.requests == 240_000
    assert sum(int(row["Request Count"]) for row in rows[:-1]) == 240_000
    assert float(total["Average Response Time"]) == document.status.total.latency.mean_ms
    assert total["95%"] == "442"
    assert total["100%"] == str(round(document.status.total.latency.max_ms))


def test_a_run_without_requests_has_unknown_percentiles(samples: Any) -> None:
    (row,) = table(csv_files.stats_csv(samples.nothing()))
    assert row["Request Count"] == "0"
    assert row["50%"] == row["100%"] == "N/A"
    assert len(table(csv_files.history_csv(samples.nothing()))) == 0


def test_the_history_adds_up(samples: Any) -> None:
    document = samples.passed()
    rows = table(csv_files.history_csv(document))
    assert len(rows) == 60
    assert rows[0]["Timestamp"] == str(int(samples.START) + 1)
    assert int(rows[-1]["Total Request Count"]) == sum(p.requests for p in document.history)
    assert rows[-1]["User Count"] == "50"
    assert rows[5]["95%"] == str(round(document.history[5].p95_ms))
    assert rows[5]["75%"] == "N/A"
    assert {row["Name"] for row in rows} == {"Aggregated"}


def test_full_history_has_the_names_before_the_total(samples: Any) -> None:
    rows = table(csv_files.history_csv(samples.passed(), full_history=True))
    assert len(rows) == 60 * 5
    assert [row["Name"] for row in rows[:5]][-1] == "Aggregated"
    assert {row["Timestamp"] for row in rows[:5]} == {str(int(samples.START) + 1)}


def test_failures_and_exceptions_are_whole(samples: Any) -> None:
    document = samples.usual()
    rows = table(csv_files.failures_csv(document))
    assert len(rows) == 8
    assert rows[0]["First Seen"] == "2026-03-01T12:30:01Z"
    (exception,) = table(csv_files.exceptions_csv(document))
    assert exception["Traceback"] == document.exceptions[0].traceback
    assert exception["Nodes"] == "checkout-1-worker-0, checkout-1-worker-3"


def test_hostile_names_come_back_whole(samples: Any) -> None:
    document = samples.hostile()
    names = [row["Name"] for row in table(csv_files.stats_csv(document))[:-1]]
    assert names == [row.name for row in document.requests]


@pytest.mark.parametrize(
    ("percentiles", "heads"),
    [
        ([0.5, 0.999, 0.9999, 1.0], ["50%", "99.9%", "99.99%", "100%"]),
        ([0.29, 0.07], ["29%", "7%"]),
    ],
)
def test_percentile_heads(percentiles: list[float], heads: list[str]) -> None:
    assert csv_columns.percentile_heads(percentiles) == heads


@pytest.mark.parametrize(
    ("value", "text"),
    [(412.4, 412), (12.3456, 12.35), (7.0, 7), (0.12345678, 0.1235), (None, "N/A"), (0, 0)],
)
def test_numbers_are_whole_from_a_hundred_up(value: float | None, text: object) -> None:
    assert csv_columns.number(value) == text


def test_locusts_json_of_a_document(samples: Any) -> None:
    document = samples.passed()
    entries = locust_json.from_document(document)
    assert [entry["name"] for entry in entries] == [row.name for row in document.requests]
    first, row = entries[0], document.requests[0]
    assert first["num_requests"] == row.requests == sum(first["response_times"].values())
    assert first["total_response_time"] == pytest.approx(row.latency.mean_ms * row.requests)
    assert first["start_time"] == samples.START
    assert sum(first["num_reqs_per_sec"].values()) == sum(
        point.requests for point in document.request_history["GET /"]
    )
    assert all(key < 100 or key % 10 == 0 for key in first["response_times"])


def test_locusts_json_of_a_name_without_a_history(samples: Any) -> None:
    document = dataclasses.replace(samples.passed(), request_history={})
    entry = locust_json.from_document(document)[0]
    assert entry["last_request_timestamp"] is None
    assert entry["num_reqs_per_sec"] == {}
