"""Server-sent events: the status each second, and the history points that a client lacks.

An event is always the newest, and has the marks when they changed: a client that reads slowly
misses statuses, never history. The id of an event is the start of the last history point in it;
a client that comes back with it (the browser sends Last-Event-ID) gets what was closed since.
"""

from __future__ import annotations

from collections.abc import Iterator

import gevent
from gevent.event import Event

from katydid.clock import Clock
from katydid.run.document import HistoryPoint, Mark
from katydid.web.answers import Refusal, to_text
from katydid.web.controls import Controls
from katydid.web.summary import status_body

INTERVAL_SECONDS = 1.0
MOST_CLIENTS = 64
RETRY_MS = 2000
LATE_SECONDS = 10
"""A point may still grow for so long, by what a worker reported late: then it is sent again."""


class Feed:
    """Wakes its clients once a second, with one status made for all of them."""

    def __init__(self, controls: Controls, clock: Clock) -> None:
        self._controls = controls
        self._clock = clock
        self._clients = 0
        self._tick = Event()
        self._status = "{}"
        self._ticker: gevent.Greenlet[..., None] | None = None
        self._closed = False

    def subscribe(self, last_id: str | None) -> Iterator[str]:
        """The events of one client, without end; Refusal when there are too many."""
        if self._clients >= MOST_CLIENTS:
            raise Refusal(503, f"There are {MOST_CLIENTS} streams already.")
        since = int(last_id) if last_id is not None and last_id.isdecimal() else 0
        return self._events(since)

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._tick.set()

    def _events(self, since: int) -> Iterator[str]:
        self._clients += 1
        told: list[Mark] | None = None
        try:
            if self._ticker is None:
                self._publish()
                self._ticker = gevent.spawn(self._run)
            yield f"retry: {RETRY_MS}\n\n"
            sent: dict[int, HistoryPoint] = {}
            while not self._closed:
                latest = self._controls.history(since - LATE_SECONDS if sent else since)
                points = [point for point in latest if sent.get(point.time) != point]
                since = latest[-1].time if latest else since
                sent = {point.time: point for point in latest if point.time > since - LATE_SECONDS}
                data = f'{{"status":{self._status},"history":{to_text(points)}'
                marks = self._controls.marks()
                if marks != told:  # few and seldom: all of them, so that none is ever missed
                    told = marks
                    data += f',"marks":{to_text(marks)}'
                data += "}"
                yield f"id: {since}\nevent: tick\ndata: {data}\n\n"
                self._tick.wait()
        finally:
            self._clients -= 1

    def _run(self) -> None:
        while self._clients and not self._closed:
            self._clock.sleep(INTERVAL_SECONDS)
            self._publish()
            self._tick.set()
            self._tick.clear()
        self._ticker = None

    def _publish(self) -> None:
        self._status = to_text(status_body(self._controls.status()))
