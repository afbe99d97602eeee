"""CsvRequestLogger: its columns, and when rows are on disk."""

import csv

import pytest

from katydid.contrib.csv_request_logger import CSV_COLUMNS, CsvRequestLogger
from katydid.events import Events


class Surroundings:
    def __init__(self):
        self.events = Events()


class FakeClock:
    now = 50.0

    def wall(self):
        return self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Answer:
    status_code = 503


@pytest.fixture
def surroundings():
    return Surroundings()


def fire(surroundings, **changes):
    surroundings.events.request.fire(
        **{
            "request_type": "GET",
            "name": "/a,b",
            "response_time": 12.3456,
            "response_length": 7,
            "start_time": 1700000000.25,
            **changes,
        }
    )


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_one_row_per_request(tmp_path, surroundings):
    path = tmp_path / "deep" / "requests.csv"
    CsvRequestLogger(path).register(surroundings)
    fire(surroundings)
    fire(surroundings, response=Answer(), exception=ValueError("bad"), extra=1)
    fire(surroundings, response_time=None)
    surroundings.events.quitting.fire(environment=surroundings)
    assert rows(path) == [
        CSV_COLUMNS,
        ["1700000000.25", "GET", "/a,b", "12.35", "7", "0", ""],
        ["1700000000.25", "GET", "/a,b", "12.35", "7", "503", "bad"],
        ["1700000000.25", "GET", "/a,b", "", "7", "0", ""],
    ]


def test_rows_reach_the_disk_every_interval(tmp_path, surroundings):
    path = tmp_path / "requests.csv"
    clock = FakeClock()
    CsvRequestLogger(str(path), flush_interval=2, clock=clock).register(surroundings)
    fire(surroundings)
    assert rows(path) == []
    clock.now += 2
    fire(surroundings)
    assert len(rows(path)) == 3
    surroundings.events.quitting.fire(environment=surroundings)


def test_requests_after_the_end_are_ignored(tmp_path, surroundings):
    path = tmp_path / "requests.csv"
    CsvRequestLogger(path).register(surroundings)
    surroundings.events.quitting.fire(environment=surroundings)
    fire(surroundings)
    assert rows(path) == [CSV_COLUMNS]
