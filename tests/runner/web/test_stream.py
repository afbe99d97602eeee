"""`GET /api/v1/stream`: the newest status each second, missing history on return."""

from __future__ import annotations

import json

import gevent
import pytest

from katydid.clock import SYSTEM_CLOCK
from katydid.run.document import Mark
from katydid.web.answers import Refusal
from katydid.web.stream import MOST_CLIENTS, Feed


def events(answer):
    """The events of a stream as (id, data) pairs."""
    event = {}
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        if line:
            name, _, value = line.partition(": ")
            event[name] = value
        elif "data" in event:
            yield int(event["id"]), json.loads(event["data"])
            event = {}


def test_the_first_event_comes_at_once_with_all_history(browse, controls, point):
    controls.points = [point(100), point(101)]
    with browse().get("/api/v1/stream", stream=True) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        number, data = next(events(answer))
    assert number == 101
    assert [p["time"] for p in data["history"]] == [100, 101]
    assert data["status"]["state"] == "ready"


def test_later_events_carry_what_is_new(browse, controls, point):
    controls.points = [point(100)]
    with browse().get("/api/v1/stream", stream=True) as answer:
        stream = events(answer)
        assert next(stream)[0] == 100
        controls.points.append(point(101))
        controls.state = "running"
        number, data = next(stream)
    assert (number, data["status"]["state"]) == (101, "running")
    assert [p["time"] for p in data["history"]] == [101]


@pytest.mark.parametrize(("last", "times"), [("101", [102]), ("102", []), ("x", [100, 101, 102])])
def test_a_client_that_comes_back_gets_what_it_lacks(browse, controls, point, last, times):
    controls.points = [point(100), point(101), point(102)]
    headers = {"Last-Event-ID": last}
    with browse().get("/api/v1/stream", headers=headers, stream=True) as answer:
        number, data = next(events(answer))
    assert [p["time"] for p in data["history"]] == times
    assert number == 102


def test_a_point_that_grew_by_a_late_report_comes_again(browse, controls, point):
    controls.points = [point(100), point(101)]
    with browse().get("/api/v1/stream", stream=True) as answer:
        stream = events(answer)
        next(stream)
        controls.points[1] = point(101, requests=12)
        number, data = next(stream)
    assert number == 101
    assert [(p["time"], p["requests"]) for p in data["history"]] == [(101, 12)]


def test_marks_come_when_there_are_others(browse, controls):
    controls.marked = [Mark(100.5, "start", "go")]
    with browse().get("/api/v1/stream", stream=True) as answer:
        stream = events(answer)
        assert [m["text"] for m in next(stream)[1]["marks"]] == ["go"]
        assert "marks" not in next(stream)[1]
        controls.marked.append(Mark(101.5, "edit", "more"))
        assert [m["text"] for m in next(stream)[1]["marks"]] == ["go", "more"]


class ManualClock:
    """Its sleep ends when the test says so."""

    def __init__(self):
        self.woken = gevent.event.Event()

    def wall(self):
        return 0.0

    def monotonic(self):
        return 0.0

    def sleep(self, seconds):
        self.woken.wait()
        self.woken.clear()

    def second(self):
        self.woken.set()
        for _ in range(5):
            gevent.sleep(0)


def test_a_slow_client_gets_the_newest_and_misses_no_history(controls, point):
    clock = ManualClock()
    feed = Feed(controls, clock)
    slow = feed.subscribe(None)
    next(slow)
    next(slow)
    for second in range(100, 105):
        controls.points.append(point(second))
        controls.users = second
        clock.second()
    waiting = gevent.spawn(next, slow)
    gevent.sleep(0)
    clock.second()
    data = json.loads(waiting.get(timeout=5).split("data: ")[1])
    assert data["status"]["load"]["users"] == 104
    assert [p["time"] for p in data["history"]] == [100, 101, 102, 103, 104]
    slow.close()


def test_closing_ends_every_stream(controls):
    feed = Feed(controls, SYSTEM_CLOCK)
    streams = [feed.subscribe(None) for _ in range(3)]
    for stream in streams:
        next(stream)
        next(stream)
    feed.close()
    assert [list(stream) for stream in streams] == [[], [], []]


def test_too_many_streams_are_refused(controls):
    feed = Feed(controls, SYSTEM_CLOCK)
    streams = [feed.subscribe(None) for _ in range(MOST_CLIENTS)]
    for stream in streams:
        next(stream)
    with pytest.raises(Refusal) as refusal:
        feed.subscribe(None)
    assert (refusal.value.status, str(refusal.value)) == (503, "There are 64 streams already.")
    streams.pop().close()
    assert next(feed.subscribe(None)) == "retry: 2000\n\n"
    for stream in streams:
        stream.close()
