from __future__ import annotations

import pytest

from katydid import tunables
from katydid.stats import RequestStats, StatsEntry, StatsError


def test_a_sample_shows_everywhere_at_once(stats: RequestStats) -> None:
    stats.record("GET", "/a", 12.5, 300, None, 200)
    stats.record("GET", "/a", 20.0, 100, None, 200)
    entry = stats.get("/a", "GET")
    for one in (entry, stats.total):
        assert one.num_requests == 2
        assert one.num_failures == 0
        assert one.total_response_time == 32.5
        assert one.min_response_time == 12.5
        assert one.max_response_time == 20.0
        assert one.avg_response_time == 16.25
        assert one.total_content_length == 400
        assert one.avg_content_length == 200
        assert one.status_codes == {200: 2}
        assert one.get_response_time_percentile(1.0) == 20.0
    assert (stats.num_requests, stats.num_failures) == (2, 0)
    assert list(stats.entries) == [("/a", "GET")]
    assert stats.total.name == "Aggregated"
    assert stats.total.method == ""


def test_failures_count_at_once_and_as_requests(stats: RequestStats) -> None:
    stats.record("GET", "/a", 1.0, 0, ValueError("no"), 503)
    assert stats.num_failures == 1
    assert stats.get("/a", "GET").num_failures == 1
    assert stats.total.fail_ratio == 1.0
    [error] = stats.errors.values()
    assert (error.method, error.name, error.error) == ("GET", "/a", "ValueError('no')")
    assert (error.reason, error.occurrences) == ("ValueError", 1)


def test_requests_without_a_time_are_in_no_mean_and_no_percentile(stats: RequestStats) -> None:
    stats.record("GET", "/a", None, 10, None)
    stats.record("GET", "/a", 30.0, 10, None)
    stats.record("GET", "/a", float("inf"), 10, None)
    assert stats.total.num_requests == 3
    assert stats.total.num_none_requests == 2
    assert stats.total.avg_response_time == 30.0
    assert stats.total.median_response_time == 30.0
    assert stats.total.num_none_requests == stats.get("/a", "GET").num_none_requests


def test_empty_statistics_have_locusts_values(stats: RequestStats) -> None:
    entry = stats.total
    assert entry.min_response_time is None
    assert entry.max_response_time == 0
    assert entry.avg_response_time == 0
    assert entry.median_response_time == 0
    assert entry.get_current_response_time_percentile(0.5) is None
    assert entry.last_request_timestamp is None
    assert entry.current_rps == 0
    assert entry.fail_ratio == 0.0
    assert stats.history == []


def test_samples_that_are_no_numbers_are_counted_all_the_same(stats: RequestStats) -> None:
    stats.record("GET", "/a", 5.0, None, None, 200)
    stats.record("GET", "/a", "soon", 10, None, "OK")
    stats.record("GET", "/a", 7, 10, None, True)
    stats.record("GET", "/a", 7, 2**70, None, 200)
    stats.record(None, 17, 7.0, 10, None, 10**9)
    assert stats.num_requests == 5
    assert stats.total.num_requests == 5
    assert stats.total.num_none_requests == 1
    assert stats.get("/a", "GET").status_codes == {1: 1, 200: 2}
    assert stats.get("17", "").num_requests == 1
    assert ("17", "") in stats.entries


def test_many_samples_are_counted_without_a_read(stats: RequestStats) -> None:
    for number in range(10_000):
        stats.record("GET", f"/{number % 10}", number / 100, 1, None, 200)
    assert len(stats._waiting) < 4096  # counted on the way, so that memory stays flat
    assert stats.get("/3", "GET").num_requests == 1000
    assert stats.total.status_codes == {200: 10_000}


def test_names_over_the_cap_are_counted_together(stats: RequestStats, monkeypatch) -> None:
    monkeypatch.setattr(tunables, "MAX_REQUEST_NAMES", 3)
    for number in range(10):
        stats.record("GET", f"/{number}", 1.0, 1, ValueError("x"), 500)
        stats.record("GET", f"/{number}", 1.0, 1, None, 200)
    assert sorted(stats.entries) == [
        ("(other)", ""), ("/0", "GET"), ("/1", "GET"), ("/2", "GET"),
    ]  # fmt: skip
    assert stats.get("(other)", "").num_requests == 14
    assert stats.names_dropped == 7
    assert stats.total.num_requests == 20
    assert {error.name for error in stats.errors.values()} == {"/0", "/1", "/2", "(other)"}


def test_errors_over_the_cap_are_counted_together(stats: RequestStats, monkeypatch) -> None:
    monkeypatch.setattr(tunables, "MAX_ERRORS", 2)
    for number in range(5):
        stats.record("GET", "/a", 1.0, 1, ValueError(number))
    texts = {error.error: error.occurrences for error in stats.errors.values()}
    assert texts == {"ValueError(0)": 1, "ValueError(1)": 1, "(other)": 3}
    assert stats.failures_dropped == 3
    assert stats.num_failures == 5


def test_reset_keeps_names_and_clear_forgets_them(stats: RequestStats, clock) -> None:
    stats.record("GET", "/a", 5.0, 10, "bad", 200)
    stats.close_second(1000, 1)
    entry = stats.get("/a", "GET")
    clock.now = 1010.0
    stats.reset_all()
    assert entry.num_requests == 0
    assert entry.min_response_time is None
    assert entry.status_codes == {}
    assert stats.total.num_failures == 0
    assert stats.errors == {}
    assert stats.history_points() == []
    assert stats.start_time == 1010.0
    stats.record("GET", "/a", 5.0, 10, None, 200)
    assert entry.num_requests == 1
    assert entry is stats.get("/a", "GET")
    stats.clear_all()
    assert stats.entries == {}
    assert stats.num_requests == 0
    assert entry.num_requests == 1  # the entry of the old test keeps its numbers


def test_one_entry_can_be_reset_alone(stats: RequestStats) -> None:
    stats.record("GET", "/a", 5.0, 10, None, 200)
    stats.record("GET", "/b", 5.0, 10, None, 200)
    stats.get("/a", "GET").reset()
    assert stats.get("/a", "GET").num_requests == 0
    assert stats.get("/b", "GET").num_requests == 1
    assert stats.total.num_requests == 2


def test_locusts_ways_to_record(stats: RequestStats) -> None:
    stats.log_request("GET", "/a", 100, 5)
    stats.log_error("GET", "/a", "broken")
    entry = stats.get("/a", "GET")
    assert (entry.num_requests, entry.num_failures) == (1, 1)
    stats.log_error("GET", "/never", "broken")
    assert stats.get("/never", "GET").fail_ratio == 1.0
    assert stats.num_failures == 2
    entry.log(50, 7)
    entry.log(None, 7)
    entry.log_error("broken")
    assert (entry.num_requests, entry.num_none_requests, entry.num_failures) == (3, 1, 2)
    assert entry.total_content_length == 19
    assert entry.avg_response_time == 75
    assert stats.total.num_requests == 1


def test_an_entry_of_its_own(stats: RequestStats) -> None:
    entry = StatsEntry(stats, "/a", "GET", use_response_times_cache=True)
    for ms in (10, 20, 30):
        entry.log(ms, 100)
    other = StatsEntry(stats, "/b", "GET")
    other.log(400, 5)
    entry.extend(other)
    assert entry.num_requests == 4
    assert entry.max_response_time == 400
    assert entry.total_content_length == 305
    assert entry.get_response_time_percentile(1.0) == 400
    assert stats.entries == {}
    again = StatsEntry.unserialize(entry.serialize())
    assert again.serialize() == entry.serialize()
    report = entry.get_stripped_report()
    assert report is not None
    assert report["response_times"] == {10: 1, 20: 1, 30: 1, 400: 1}
    assert entry.get_stripped_report() is None


def test_locusts_raw_forms(stats: RequestStats) -> None:
    stats.record("GET", "/a", 5.0, 1, "bad")
    stats.get("/never", "GET")
    [raw] = stats.serialize_stats()
    assert (raw["name"], raw["num_requests"], raw["response_times"]) == ("/a", 1, {5: 1})
    [(key, error)] = stats.serialize_errors().items()
    assert key == StatsError.create_key("GET", "/a", "bad")
    assert error["occurrences"] == 1


def test_response_times_are_rounded_as_locust_does(stats: RequestStats, monkeypatch) -> None:
    from katydid.stats import rounding

    for ms in (12.4, 123.0, 1234.0, 12345.0):
        stats.record("GET", "/a", ms, 1, None)
    assert stats.total.response_times == {12: 1, 120: 1, 1200: 1, 12000: 1}
    monkeypatch.setattr(rounding, "bucket_response_time", lambda time: 7)
    assert stats.total.response_times == {7: 4}


def test_forms_of_an_entry(stats: RequestStats) -> None:
    stats.record("GET", "/<a>", 10.4, 100, None, 200)
    stats.record("GET", "/<a>", 1500.0, 100, "bad", 500)
    form = stats.get("/<a>", "GET").to_dict(escape_string_values=True)
    assert form["name"] == form["safe_name"] == "/&lt;a&gt;"
    assert form["num_requests"] == 2
    assert form["min_response_time"] == 10
    assert form["max_response_time"] == 1500
    assert form["response_time_percentile_0.95"] == 1500
    line = stats.get("/<a>", "GET").to_string()
    assert line.split() == [
        "GET", "/<a>", "2", "1(50.00%)", "|", "755", "10", "1500", "10", "|", "0.00", "0.00",
    ]  # fmt: skip
    assert stats.total.percentile().split()[-2:] == ["1500", "2"]
    assert repr(stats.total) == "<StatsEntry  Aggregated: 2 requests>"


@pytest.mark.parametrize("column", ["num_reqs_per_sec", "num_fail_per_sec"])
def test_counts_per_second(stats: RequestStats, clock, column: str) -> None:
    for second in (1000, 1001, 1003):
        for _ in range(second - 998):
            stats.record("GET", "/a", 1.0, 1, "bad")
        stats.close_second(second, 1)
    expected = {1000: 2, 1001: 3, 1003: 5}
    assert getattr(stats.total, column) == expected
    assert getattr(stats.get("/a", "GET"), column) == expected
