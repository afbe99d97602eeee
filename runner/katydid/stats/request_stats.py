"""`RequestStats`: the statistics of one node: deltas, merging, seconds, and Locust's API.

Recording is in `recording`. A worker cuts what came since the last cut into a delta
(`take_delta`); a master merges deltas (`merge`); the local runner and the master close one second
after another (`close_second`). Nothing here reads a clock but the injected one, and nothing
yields to other greenlets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from katydid import tunables
from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.stats import checkpoint
from katydid.stats.batch import FAILURES, REQUESTS, Batch, empty, from_delta, moved, to_delta
from katydid.stats.delta import StatsDelta
from katydid.stats.entry import StatsEntry
from katydid.stats.failures import ErrorLog, StatsError
from katydid.stats.history import History, Point
from katydid.stats.incoming import Incoming
from katydid.stats.recording import TOTAL, Recording
from katydid.stats.rounding import utc_text
from katydid.stats.seconds import Seconds, Window, whole_run

RATE_SECONDS = 10  # over which current rates are taken
MAX_INCOMING = 4  # seconds whose deltas wait apart from each other
GAP_SECONDS = 60  # a longer silence of close_second leaves a gap in the history


class RequestStats(Recording):
    """Statistics of all requests of a node."""

    def __init__(
        self,
        clock: Clock = SYSTEM_CLOCK,
        *,
        start_delay: Callable[[], float] | None = None,
        grace_seconds: int = 0,
    ) -> None:
        """`start_delay` answers and clears the milliseconds by which the running iteration
        started late (open model, after `enable_service`). `grace_seconds` is how long a second
        stays open for the deltas of other nodes: 0 on a local runner."""
        self.grace_seconds = grace_seconds
        self.entries: dict[tuple[str, str], StatsEntry] = {}  # (name, method), Locust's order
        super().__init__(clock, start_delay)

    def _begin(self) -> None:
        super()._begin()
        self.entries = {}
        self.total = StatsEntry.of_row(self, 0, TOTAL[1], TOTAL[0])
        self._begin_course()
        self._dropped_taken = 0
        self._names_dropped_elsewhere = 0

    def _begin_course(self) -> None:
        self._seconds = Seconds(self.ledger)
        self._charted = tunables.MAX_CHARTED_NAMES
        self._history = History(self._charted)
        self._facts: dict[int, tuple[int, int, int]] = {}  # second → users, workers, dropped
        self._latest_facts = (0, 0)
        self._incoming: dict[int, Incoming] = {}  # second → deltas not yet counted
        self._spare_incoming: Incoming | None = None
        self._arrived = False

    def _admitted(self, row: int, key: tuple[str, str]) -> None:
        self.entries[key[1], key[0]] = StatsEntry.of_row(self, row, key[1], key[0])

    def clear_all(self) -> None:
        """Forget everything, names and the open model too; a new test begins."""
        with self._forgetting():
            self._begin()

    def reset_all(self) -> None:
        """Start again from zero with the names known so far."""
        with self._forgetting():
            for ledger in (self.ledger, self.service_ledger):
                if ledger is not None:
                    ledger.run.clear()
                    ledger.fresh.clear()
            self._log = ErrorLog()
            self._stamps = [0.0] * len(self._stamps)
            self._started = [self._wall()] * len(self._started)
            self._begin_course()

    # -- deltas

    def take_delta(self, second: int) -> StatsDelta:
        """Everything recorded here since the last take, charged to `second` (epoch).

        It stays in this node's own statistics.
        """
        batch = self._cut()
        self._seconds.remember(second, batch)
        dropped = len(self._dropped_names) - self._dropped_taken
        self._dropped_taken = len(self._dropped_names)
        errors = self._log.take()
        service = None
        if self.service_ledger is not None:
            service = to_delta(self.service_ledger.cut(), second, self._keys)
        return to_delta(batch, second, self._keys, errors, service, dropped)

    def merge(self, delta: StatsDelta) -> None:
        """Add what another node recorded."""
        rows = self._rows_of(delta.keys)
        if len(set(rows)) < len(rows):  # several names share the row of those over the cap
            self._charge(delta.second, from_delta(delta, np.array(rows, dtype=np.int64)))
        else:
            incoming = self._incoming.get(delta.second)
            if incoming is None:
                incoming = self._expect(delta.second)
            incoming.add(delta, rows)
            self._arrived = True
        for error in delta.errors:
            self._log.merge(error)
        if delta.service is not None:
            self.enable_service()
            assert self.service_ledger is not None
            service_rows = np.array(self._rows_of(delta.service.keys), dtype=np.int64)
            self.service_ledger.add(from_delta(delta.service, service_rows), fresh=False)
        self._names_dropped_elsewhere += delta.names_dropped

    def _rows_of(self, keys: Sequence[tuple[str, str]]) -> list[int]:
        known = self._rows
        try:
            return [known[key] for key in keys]
        except KeyError:
            return [self.row_of(*key) for key in keys]

    def _expect(self, second: int) -> Incoming:
        if len(self._incoming) >= MAX_INCOMING:
            self.flush()
            self._spare_incoming = self._incoming.popitem()[1]
            self._incoming.clear()
        spare, self._spare_incoming = self._spare_incoming, None
        self._incoming[second] = spare or Incoming(self.ledger.pages)
        return self._incoming[second]

    def flush(self) -> None:
        """Count what waits: samples recorded here and deltas merged."""
        super().flush()
        if self._arrived:
            self._arrived = False
            for second, incoming in self._incoming.items():
                if not incoming.is_empty:
                    self._charge(second, incoming.take())

    def _charge(self, second: int, batch: Batch) -> None:
        places = self.ledger.add(batch, fresh=False)
        if not self._seconds.charge(second, batch, places, int(self._wall())):
            self._history.late(second, batch)

    def _cut(self) -> Batch:
        self.flush()
        return self.ledger.cut()

    def close_second(
        self,
        second: int,
        users: int,
        workers: int = 0,
        dropped_iterations: int = 0,
        *,
        final: bool = False,
    ) -> None:
        """Charge what was recorded here to `second`, close seconds up to `second - grace`.

        `dropped_iterations` are those of this second. `final` closes everything that is open.
        """
        self.flush()
        if not self.ledger.fresh.is_empty:
            batch = self.ledger.cut()
            self._seconds.charge_own(second, batch, self.ledger.pages.places(batch.cells))
        self._log.take()  # nobody asks for deltas here
        if self.service_ledger is not None:
            self.service_ledger.fresh.clear()
        self._facts[second] = (users, workers, dropped_iterations)
        end = second if final else second - self.grace_seconds
        if final and self._seconds.open:
            end = max(end, *self._seconds.open)
        self._close_through(end)

    def _close_through(self, end: int) -> None:
        closed = self._seconds.closed_through
        known = sorted({*self._seconds.open, *self._facts})
        first = closed + 1 if closed is not None else min(known, default=end)
        # A late tick owes the points in between; after a long silence there is a gap instead
        short = end - first < GAP_SECONDS
        due = range(first, end + 1) if short else [one for one in known if first <= one <= end]
        for second in due:
            users, workers, dropped = self._facts.pop(second, (*self._latest_facts, 0))
            self._latest_facts = (users, workers)
            batch = self._seconds.close(second) or empty()
            self._history.append(second, batch, users, workers, dropped)

    # -- reading

    def get(self, name: str, method: str) -> StatsEntry:
        """The entry of a request; made if there is none."""
        row = self.row_of(method, name)
        return self.entries[self._keys[row][1], self._keys[row][0]]

    @property
    def errors(self) -> dict[str, StatsError]:
        """Failures by Locust's key."""
        return self._log.by_key

    @property
    def failures_dropped(self) -> int:
        """Failures beyond MAX_ERRORS kinds, counted under (other)."""
        return self._log.dropped

    @property
    def names_dropped(self) -> int:
        """Names beyond MAX_REQUEST_NAMES, counted under (other); a name counts on each node."""
        return len(self._dropped_names) + self._names_dropped_elsewhere

    @property
    def num_requests(self) -> int:
        # Without counting samples: locustfiles ask this after each request
        if self._arrived:
            self.flush()
        return self.ledger.run.count(0, REQUESTS) + len(self._waiting)

    @property
    def num_failures(self) -> int:
        if self._arrived:
            self.flush()
        return self.ledger.run.count(0, FAILURES) + self._failed

    @property
    def num_none_requests(self) -> int:
        return self.total.num_none_requests

    @property
    def start_time(self) -> float:
        """When the statistics began or were cleared; seconds since the epoch."""
        return self._started[0]

    @start_time.setter
    def start_time(self, seconds: float) -> None:
        self._started[0] = seconds

    @property
    def last_request_timestamp(self) -> float | None:
        return self.total.last_request_timestamp

    @property
    def history(self) -> list[dict[str, Any]]:
        """Locust's form of the history, derived from `history_points`."""
        return [_locust_point(point) for point in self.history_points()]

    def history_points(
        self,
        method: str | None = None,
        name: str | None = None,
        since: float = 0.0,
        width: int = 1,
    ) -> list[Point]:
        """Points of the whole test, or of a request, that began after `since`.

        Each has at least `width` seconds (1, 10, 60 …). None for names beyond MAX_CHARTED_NAMES.
        """
        row = 0 if name is None else self._rows.get((method or "", name))
        if row is None or row > self._charted:
            return []
        return self._history.points(row, since, width)

    def p95_trend(self, method: str, name: str, count: int) -> list[float | None]:
        """95th percentiles of a request, second by second; none beyond MAX_CHARTED_NAMES."""
        row = self._rows.get((method, name))
        return [] if row is None or row > self._charted else self._history.trend(row, count)

    def window(self, seconds: int, method: str | None = None, name: str | None = None) -> Window:
        """The last `seconds` closed seconds, of all requests, a name (of any method), or one.

        Windows above a few seconds are whole from the first call on: ask from the start of a test.
        """
        return self.window_at(self._matching(method, name), seconds)

    def whole(self, method: str | None = None, name: str | None = None) -> Window:
        """The same of everything so far, from the start of the statistics."""
        self.flush()
        return whole_run(self.ledger.run, self._matching(method, name), self.active_seconds())

    def _matching(self, method: str | None, name: str | None) -> list[int]:
        if method is None and name is None:
            return [0]
        if method is not None and name is not None:
            row = self._rows.get((method, name))
            return [] if row is None else [row]
        return [
            row
            for row, key in enumerate(self._keys)
            if row and name in (None, key[1]) and method in (None, key[0])
        ]

    def _window_end(self) -> int:
        """The last second of every window: the last closed one, or later when nobody closes."""
        due = int(self._wall()) - 2 - self.grace_seconds
        closed = self._seconds.closed_through
        return due if closed is None else max(closed, due)

    def _covered(self, end: int, seconds: int) -> int:
        return max(1, min(seconds, end + 1 - int(self._started[0])))

    # -- what entries ask for

    def window_at(self, rows: list[int], seconds: int) -> Window:
        """The last closed seconds of some rows together."""
        end = self._window_end()
        return self._seconds.window(rows, end, seconds, self._covered(end, seconds))

    def current_rates(self, row: int) -> tuple[float, float]:
        """Requests and failures per second over the last ten closed seconds."""
        end = self._window_end()
        requests, failures = self._seconds.counts(row, end, RATE_SECONDS)
        covered = self._covered(end, RATE_SECONDS)
        return requests / covered, failures / covered

    def current_percentiles(self, row: int, fractions: Sequence[float]) -> list[float | None]:
        """Percentiles of a row over CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW closed seconds."""
        seconds = tunables.CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW
        known = self._seconds.percentiles(self._window_end(), seconds, tuple(fractions)).get(row)
        return [None] * len(fractions) if known is None else list(known)

    def active_seconds(self) -> float:
        """From the start of the statistics to the last request; at least 1."""
        return max(1.0, (self.last_request_timestamp or 0.0) - self._started[0])

    def started(self, row: int) -> float:
        return self._started[row]

    def set_started(self, row: int, seconds: float) -> None:
        self._started[row] = seconds

    def per_second(self, row: int, column: str) -> dict[int, int]:
        """Second → `requests` or `failures`, as far back as seconds are kept."""
        if row <= self._charted:
            return self._history.column(row, column)
        return self._seconds.per_second(row, REQUESTS if column == "requests" else FAILURES)

    def add_to(self, row: int, batch: Batch) -> None:
        """Add a batch whose one row is 0 to a row of this node, and to no other."""
        self.flush()
        self.ledger.add(moved(batch, row), fresh=False)

    def reset_row(self, row: int) -> None:
        """Forget what a row counted."""
        with self._forgetting():
            self.ledger.run.clear_row(row)
            if self.service_ledger is not None:
                self.service_ledger.run.clear_row(row)
            self._started[row] = self._wall()

    # -- Locust's ways to record

    def log_request(
        self, method: str, name: str, response_time: float | None, content_length: int
    ) -> None:
        """Count a request: milliseconds, bytes."""
        self.record(method, name, response_time, content_length, None)

    def log_error(self, method: str, name: str, error: BaseException | str | None) -> None:
        """Count a failure of a request that was logged apart."""
        row = self.row_of(method, name)
        self._fail(row, error or "", None)

    def serialize_stats(self) -> list[dict[str, Any]]:
        """Locust's raw form of every entry that counted something."""
        return [one.serialize() for one in self.entries.values() if one.num_requests]

    def serialize_errors(self) -> dict[str, dict[str, object]]:
        """Locust's raw form of every failure, by key."""
        return {key: error.serialize() for key, error in self.errors.items()}

    # -- checkpoint

    def dump(self) -> dict[str, Any]:
        """Everything a restarted master needs, as msgpack can write it."""
        return checkpoint.dump(self)

    def load(self, state: dict[str, Any]) -> None:
        """Replace all statistics by dumped ones."""
        checkpoint.load(self, state)


def _locust_point(point: Point) -> dict[str, Any]:
    time = utc_text(point.time)
    return {
        "time": time,
        "user_count": [time, point.users],
        "current_rps": [time, point.rps],
        "current_fail_per_sec": [time, point.failures_per_second],
        "response_time_percentile_0.5": [time, point.p50_ms or 0],
        "response_time_percentile_0.95": [time, point.p95_ms or 0],
    }
