"""The data of the page: columns that say what the document says, and no more than fits."""

from __future__ import annotations

from katydid.page import data
from katydid.run.document import RunDocument


def test_columns_have_a_value_per_point_in_every_field(any_sample: RunDocument) -> None:
    columns = data.columns(any_sample.history)
    codes = columns.pop("codes")
    for values in [*columns.values(), *codes.values()]:
        assert len(values) == len(any_sample.history)
    assert columns["time"] == [point.time for point in any_sample.history]
    assert columns["requests"] == [point.requests for point in any_sample.history]
    for code, counts in codes.items():
        assert sum(counts) == sum(point.codes.get(code, 0) for point in any_sample.history)


def test_a_row_of_the_table_is_the_row_of_the_document(samples) -> None:
    document = samples.usual()
    table = data.saved_table(document)
    assert table["count"] == len(table["rows"]) == len(document.requests)
    row, cells = document.requests[0], dict(zip(table["fields"], table["rows"][0], strict=True))
    assert (cells["method"], cells["name"]) == (row.method, row.name)
    assert (cells["requests"], cells["failures"]) == (row.requests, row.failures)
    assert cells["p95"] == row.latency.percentiles_ms["p95"]
    assert cells["max_ms"] == row.latency.max_ms
    assert cells["current_p95"] == row.current_percentiles_ms.get("p95")
    total = dict(zip(table["fields"], table["total"], strict=True))
    assert total["requests"] == document.status.total.requests


def test_sparks_are_the_last_points_of_charted_names(samples) -> None:
    document = samples.usual()
    sparks = data.saved_table(document)["sparks"]
    assert set(sparks) == {key for key, points in document.request_history.items() if points}
    for key, values in sparks.items():
        assert len(values) == min(data.SPARK_POINTS, len(document.request_history[key]))


def test_one_request_is_whole(samples) -> None:
    document = samples.usual()
    row = document.requests[0]
    points = document.request_history[data.key_of(row)]
    found = data.request(document, row.method, row.name, points)
    assert found is not None
    assert found["row"] is row
    assert sum(count for _bucket, count in found["histogram"]) == sum(row.latency.counts)
    assert all((f.method, f.name) == (row.method, row.name) for f in found["failures"])
    assert found["history"]["time"] == [point.time for point in points]
    assert data.request(document, row.method, "/nothing", []) is None
