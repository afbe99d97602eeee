"""Recording: samples wait in arrays until they are counted, all at once.

The hot path of the engine is `record`: a row of the sample's name, four appends, a look at the
clock. Failures count at once. Samples are counted when somebody reads, when a second closes, or
when 4,096 are waiting. A failure's text is made when it happens: the exception is not kept.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from katydid import tunables
from katydid.clock import Clock
from katydid.stats.batch import from_samples
from katydid.stats.delta import FloatArray, IntArray
from katydid.stats.failures import OTHER, ErrorLog
from katydid.stats.ledger import Ledger

FLUSH_AT = 4096  # samples waiting; more would make one flush noticeable
TOTAL = ("", "Aggregated")
_MAX_DROPPED_NAMES = 100_000  # names over the cap that are told apart
_NAN = float("nan")
_NO_STATUS = -1
_EXACT = 2**53  # whole numbers below are exact in float64
_OTHER_KEY = ("", OTHER)

Keeper = Callable[[], Callable[[], None]]
"""Called before statistics are forgotten; what it answers is called after."""


class Recording:
    """Rows by name, the samples that wait, and the ledgers they are counted into."""

    def __init__(self, clock: Clock, start_delay: Callable[[], float] | None) -> None:
        self.clock = clock
        self._wall = clock.wall
        self._start_delay = start_delay
        self.keepers: list[Keeper] = []
        """Told before and after anything is forgotten: counters of others that must never fall."""
        self._begin()

    def _begin(self) -> None:
        """Forget everything, names included."""
        self.ledger = Ledger()
        self._delay: Callable[[], float] | None = None
        self.service_ledger: Ledger | None = None
        self._rows: dict[tuple[str, str], int] = {}  # (method, name) → row
        self._keys: list[tuple[str, str]] = [TOTAL]  # row → (method, name)
        self._stamps: list[float] = [0.0]  # row → when its last sample came
        self._started: list[float] = [self._wall()]
        self._failures: dict[int, int] = {}  # row → failures not yet counted
        self._failed = 0
        self._log = ErrorLog()
        self._dropped_names: set[int] = set()  # hashes
        self._new_columns()

    @property
    def keys(self) -> Sequence[tuple[str, str]]:
        """(method, name) of each row; row 0 is the total."""
        return self._keys

    @contextmanager
    def _forgetting(self) -> Iterator[None]:
        """Around everything that makes a count smaller."""
        self.flush()
        afterwards = [keeper() for keeper in self.keepers]
        yield
        for forgotten in afterwards:
            forgotten()

    def record(
        self,
        method: str,
        name: str,
        response_time: float | None,
        response_length: int,
        error: BaseException | str | None,
        status: int | None = None,
    ) -> None:
        """Count one sample (`http.recorder.Recorder`): milliseconds, bytes, HTTP status."""
        row = self._rows.get((method, name))
        if row is None:
            row = self.row_of(method, name)
        try:
            self._add_time(_NAN if response_time is None else response_time)
            self._add_length(response_length)
            self._add_status(_NO_STATUS if status is None else status)
            if self._delay is not None:
                self._add_delay(self._delay())
            self._add_row(row)
        except (TypeError, OverflowError):
            self._add_odd(row, response_time, response_length, status)
        self._stamps[row] = self._wall()
        if error:
            self._fail(row, error, status)
        if len(self._waiting) >= FLUSH_AT:
            self.flush()

    def _add_odd(self, row: int, time: object, length: object, status: object) -> None:
        """Count a sample some value of which is no number: a locustfile fired the event itself."""
        complete = len(self._waiting)
        for column in (self._times, self._lengths, self._statuses, self._delays):
            del column[complete:]
        self._times.append(_number(time, _NAN))
        self._lengths.append(int(_number(length, 0)))
        self._statuses.append(int(_number(status, _NO_STATUS)))
        if self._delay is not None:
            self._delays.append(0.0)
        self._waiting.append(row)

    def _fail(self, row: int, error: BaseException | str, status: int | None) -> None:
        self._failures[row] = self._failures.get(row, 0) + 1
        self._failed += 1
        method, name = self._keys[row]  # as they are counted: the name may be over the cap
        self._log.occurred(method, name, error, status, self._wall())

    def row_of(self, method: str, name: str) -> int:
        """Row of a request; a new one while there are fewer than MAX_REQUEST_NAMES."""
        known = self._rows.get((method, name))
        if known is not None:
            return known
        key = (str(method or ""), str(name))
        if key not in self._rows:
            if len(self._keys) > tunables.MAX_REQUEST_NAMES and key != _OTHER_KEY:
                if len(self._dropped_names) < _MAX_DROPPED_NAMES:
                    self._dropped_names.add(hash(key))
                key = _OTHER_KEY
            if key not in self._rows:
                self._admit(key)
        row = self._rows[key]
        if key != _OTHER_KEY:
            self._rows[method, name] = row  # as spelt: an int or None may stand for a text
        return row

    def _admit(self, key: tuple[str, str]) -> None:
        row = len(self._keys)
        self._rows[key] = row
        self._keys.append(key)
        self._stamps.append(0.0)
        self._started.append(self._wall())
        for ledger in (self.ledger, self.service_ledger):
            if ledger is not None:
                ledger.pages.reserve_rows(row + 1)
        self._admitted(row, key)

    def _new_columns(self) -> None:
        self._waiting = array("q")  # row of each sample
        self._times = array("d")
        self._lengths = array("q")
        self._statuses = array("q")
        self._delays = array("d")
        self._add_row = self._waiting.append
        self._add_time = self._times.append
        self._add_length = self._lengths.append
        self._add_status = self._statuses.append
        self._add_delay = self._delays.append

    def flush(self) -> None:
        """Count the samples that wait. Reading any attribute does it."""
        if not self._waiting and not self._failures:
            return
        rows, times = _ints(self._waiting), _floats(self._times)
        lengths, statuses, delays = (
            _ints(self._lengths),
            _ints(self._statuses),
            _floats(self._delays),
        )
        failures, self._failures, self._failed = self._failures, {}, 0
        self._new_columns()
        intended = times + delays if len(delays) == len(times) else times
        batch = from_samples(rows, intended, lengths, statuses, failures, self._stamps)
        self.ledger.add(batch, fresh=True)
        if self.service_ledger is not None:
            sent = from_samples(rows, times, lengths, statuses, failures, self._stamps)
            self.service_ledger.add(sent, fresh=True)

    def enable_service(self) -> None:
        """Open model: keep response times from the intended start, and apart from the send."""
        if self._delay is None and self._start_delay is not None:
            self.flush()
            self._delay = self._start_delay
        if self.service_ledger is None:
            self.service_ledger = Ledger()
            self.service_ledger.pages.reserve_rows(len(self._keys))

    def _admitted(self, row: int, key: tuple[str, str]) -> None:
        """A name came that has a row of its own now."""


def _number(value: object, otherwise: float) -> float:
    """A number that every column can hold, or `otherwise`."""
    plausible = isinstance(value, int | float) and abs(value) < _EXACT
    return float(value) if plausible else otherwise  # type: ignore[arg-type]  # as checked


def _ints(column: array[int]) -> IntArray:
    return np.frombuffer(column, dtype=np.int64) if column else np.zeros(0, dtype=np.int64)


def _floats(column: array[float]) -> FloatArray:
    return np.frombuffer(column, dtype=np.float64) if column else np.zeros(0)
