"""The live CSV files and Locust's console functions, on real statistics and a fake clock."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from katydid import tunables
from katydid.results import console_locust, csv_live, locust_json
from katydid.results.csv_files import StatsCSV, StatsCSVFileWriter
from katydid.stats.request_stats import RequestStats


class FakeClock:
    """Stands still but for `sleep`, which lets `on_sleep` act."""

    def __init__(self) -> None:
        self.now = 1_772_368_200.0
        self.slept: list[float] = []
        self.on_sleep: Any = lambda: None

    def wall(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.on_sleep()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def environment(clock: FakeClock) -> SimpleNamespace:
    """An Environment as the writers see it: statistics and a runner."""
    stats = RequestStats(clock)
    for ms in range(1, 101):
        stats.log_request("GET", "/a", float(ms), 100)
    stats.log_request("POST", "/b", None, 0)
    stats.log_error("GET", "/a", ValueError("broken"))
    exceptions = {
        "1": {"count": 2, "msg": "KeyError: 'x'", "traceback": "T\nK", "nodes": {"w2", "w1"}}
    }
    return SimpleNamespace(stats=stats, runner=SimpleNamespace(user_count=7, exceptions=exceptions))


@pytest.fixture
def tuned() -> Iterator[None]:
    """Puts back the constants that a test sets as a locustfile would."""
    names = ("STATS_NAME_WIDTH", "STATS_AUTORESIZE", "CSV_STATS_INTERVAL_SEC",
             "CSV_STATS_FLUSH_INTERVAL_SEC", "CONSOLE_STATS_INTERVAL_SEC")  # fmt: skip
    before = {name: getattr(tunables, name) for name in names}
    yield
    for name, value in before.items():
        setattr(tunables, name, value)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def writer_for(
    environment: SimpleNamespace, path: Path, clock: FakeClock, full_history: bool = False
) -> StatsCSVFileWriter:
    return StatsCSVFileWriter(
        environment, tunables.PERCENTILES_TO_REPORT, str(path / "deep" / "run"), full_history,
        clock=clock,
    )  # fmt: skip


def test_any_csv_writer_gets_the_tables(environment: SimpleNamespace) -> None:
    table = StatsCSV(environment, [0.5, 0.95])
    out = io.StringIO()
    table.requests_csv(csv.writer(out))
    lines = list(csv.reader(io.StringIO(out.getvalue())))
    assert lines[0] == table.requests_csv_columns
    assert lines[0][-2:] == ["50%", "95%"]
    assert lines[1][:5] == ["GET", "/a", "100", "1", "50.12"]
    assert lines[1][-2:] == ["50.12", "95.25"]
    assert lines[2][:4] == ["POST", "/b", "1", "0"]
    assert lines[3][:4] == ["", "Aggregated", "101", "1"]
    out = io.StringIO()
    table.exceptions_csv(csv.writer(out))
    assert out.getvalue() == (
        'Count,Message,Traceback,Nodes\r\n2,KeyError: \'x\',"T\nK","w1, w2"\r\n'
    )


def test_no_runner_and_no_request_is_fine(clock: FakeClock) -> None:
    table = StatsCSV(SimpleNamespace(stats=RequestStats(clock), runner=None), [0.5])
    out = io.StringIO()
    table.requests_csv(csv.writer(out))
    table.exceptions_csv(csv.writer(out))
    table.failures_csv(csv.writer(out))
    tables = list(csv.reader(io.StringIO(out.getvalue())))
    assert tables[1][:4] == ["", "Aggregated", "0", "0"]
    assert [float(cell) for cell in tables[1][4:-1]] == [0.0] * 7
    assert tables[1][-1] == "N/A"
    assert len(tables) == 4


def test_the_last_write_has_everything(
    environment: SimpleNamespace, tmp_path: Path, clock: FakeClock
) -> None:
    """Locust's own files miss what came after the last interval."""
    writer = writer_for(environment, tmp_path, clock)
    writer.write()
    environment.stats.log_request("GET", "/late", 5.0, 1)
    writer.close_files()
    writer.close_files()
    folder = tmp_path / "deep"
    rows = read(folder / "run_stats.csv")
    assert [(row["Name"], row["Request Count"]) for row in rows] == [
        ("/a", "100"), ("/b", "1"), ("/late", "1"), ("Aggregated", "102"),
    ]  # fmt: skip
    history = read(folder / "run_stats_history.csv")
    assert [row["Total Request Count"] for row in history] == ["101", "102"]
    assert history[0]["Timestamp"] == "1772368200"
    assert history[0]["User Count"] == "7"
    assert history[0]["95%"] == "95.25"
    (failure,) = read(folder / "run_failures.csv")
    assert failure["Error"] == "ValueError('broken')"
    assert failure["First Seen"] == "2026-03-01T12:30:00Z"
    (exception,) = read(folder / "run_exceptions.csv")
    assert exception["Nodes"] == "w1, w2"
    assert writer.stats_history_file_name() == str(folder / "run_stats_history.csv")


def test_reset_statistics_leave_nothing_of_the_longer_file(
    environment: SimpleNamespace, tmp_path: Path, clock: FakeClock
) -> None:
    writer = writer_for(environment, tmp_path, clock)
    writer.write()
    environment.stats.clear_all()
    writer.close_files()
    rows = read(tmp_path / "deep" / "run_stats.csv")
    assert [row["Name"] for row in rows] == ["Aggregated"]
    assert rows[0]["99.99%"] == "N/A"


def test_full_history_has_a_line_per_name(
    environment: SimpleNamespace, tmp_path: Path, clock: FakeClock
) -> None:
    writer = writer_for(environment, tmp_path, clock, full_history=True)
    writer.close_files()
    rows = read(tmp_path / "deep" / "run_stats_history.csv")
    assert [row["Name"] for row in rows] == ["/a", "/b", "Aggregated"]
    assert rows[1]["95%"] == "N/A"  # its requests have no response time


@pytest.mark.usefixtures("tuned")
def test_files_are_written_each_interval_and_flushed_now_and_then(
    environment: SimpleNamespace, tmp_path: Path, clock: FakeClock
) -> None:
    tunables.CSV_STATS_INTERVAL_SEC = 2
    writer = writer_for(environment, tmp_path, clock)
    on_disk: list[int] = []

    def look() -> None:
        on_disk.append(len(read(tmp_path / "deep" / "run_stats_history.csv")))
        if len(clock.slept) == 5:
            raise gevent.GreenletExit

    clock.on_sleep = look
    greenlet = gevent.spawn(writer)
    greenlet.join()
    writer.close_files()
    assert clock.slept == [2, 2, 2, 2, 2]
    assert on_disk == [0, 0, 0, 4, 4]  # flushed once five seconds are over
    assert len(read(tmp_path / "deep" / "run_stats_history.csv")) == 6


def test_slow_passes_are_spaced_out(
    environment: SimpleNamespace, tmp_path: Path, clock: FakeClock
) -> None:
    class Slow(csv_live.StatsCSVFileWriter):
        def write(self) -> None:
            clock.now += 3.0

    writer = Slow(environment, [0.5], str(tmp_path / "slow"), clock=clock)
    clock.on_sleep = writer.close_files
    writer.stats_writer()
    assert clock.slept == [pytest.approx(27.0)]


def test_the_console_table_has_locusts_columns(environment: SimpleNamespace) -> None:
    lines = console_locust.get_stats_summary(environment.stats, current=False)
    assert lines[0].split() == [
        "Type", "Name", "#", "reqs", "#", "fails", "|", "Avg", "Min", "Max", "Med", "|", "req/s",
        "failures/s",
    ]  # fmt: skip
    assert lines[2].split()[:9] == [
        "GET", "/a", "100", "1(1.00%)", "|", "50", "1", "100", "50"
    ]  # fmt: skip
    assert lines[-2].split()[:3] == ["Aggregated", "101", "1(0.99%)"]
    assert len({len(line) for line in lines[:-1]}) == 1


def test_percentiles_and_errors(environment: SimpleNamespace) -> None:
    lines = console_locust.get_percentile_stats_summary(environment.stats)
    assert lines[0] == "Response time percentiles (approximated)"
    assert lines[1].split()[2:] == [
        "50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%", "100%", "#",
        "reqs",
    ]  # fmt: skip
    row = next(line for line in lines if "/a" in line)
    assert row.split() == ["GET", "/a", "50", "66", "75", "80", "90", "95", "98", "99", "100",
                           "100", "100", "100"]  # fmt: skip
    errors = console_locust.get_error_report_summary(environment.stats)
    assert errors[3].split(maxsplit=1) == ["1", "GET /a: ValueError('broken')"]


@pytest.mark.usefixtures("tuned")
def test_names_keep_to_the_width_that_a_locustfile_sets(clock: FakeClock) -> None:
    tunables.STATS_AUTORESIZE = False
    tunables.STATS_NAME_WIDTH = 12
    stats = RequestStats(clock)
    stats.log_request("GET", "/a/very/long/\x1b[31mname", 1.0, 1)
    lines = console_locust.get_stats_summary(stats)
    assert lines[2].startswith("GET      /a/very/lon… ")
    assert len({len(line) for line in lines[:-1]}) == 1


def test_printing_goes_to_locusts_logger(
    environment: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "locust.stats_logger")
    console_locust.print_stats(environment.stats)
    console_locust.print_percentile_stats(environment.stats)
    console_locust.print_error_report(environment.stats)
    assert {record.name for record in caplog.records} == {"locust.stats_logger"}
    assert "Error report" in caplog.messages
    caplog.clear()
    environment.stats.clear_all()
    console_locust.print_error_report(environment.stats)
    assert caplog.messages == []


@pytest.mark.usefixtures("tuned")
def test_the_printer_prints_until_it_is_killed(
    environment: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "locust.stats_logger")
    tunables.CONSOLE_STATS_INTERVAL_SEC = 0.001
    printer = gevent.spawn(console_locust.stats_printer(environment.stats))
    while sum(message.startswith("Type") for message in caplog.messages) < 2:
        gevent.sleep(0.001)
    printer.kill()
    assert printer.ready()


def test_json_leaves_the_statistics_as_they_are(
    environment: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    console_locust.print_stats_json(environment.stats)
    entries = json.loads(capsys.readouterr().out)
    assert entries == json.loads(locust_json.to_text(locust_json.from_stats(environment.stats)))
    assert list(entries[0]) == [
        "name", "method", "last_request_timestamp", "start_time", "num_requests",
        "num_none_requests", "num_failures", "total_response_time", "max_response_time",
        "min_response_time", "total_content_length", "response_times", "num_reqs_per_sec",
        "num_fail_per_sec",
    ]  # fmt: skip
    assert entries[0]["num_requests"] == 100
    assert entries[0]["total_response_time"] == 5050.0
    assert environment.stats.total.num_requests == 101
