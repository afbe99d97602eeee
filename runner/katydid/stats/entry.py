"""Statistics of one request, or of all together, as Locust's API names them.

An entry is a window onto a row of a ledger: it holds no numbers, and reading any of them first
counts the samples that are still waiting, so what is read is always complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from katydid import tunables
from katydid.stats import rounding
from katydid.stats.batch import FAILURES, LENGTH, NONE, REQUESTS, Batch, single
from katydid.stats.delta import IntArray
from katydid.stats.histogram import MIDPOINTS, index_of, percentiles
from katydid.stats.ledger import Ledger, Tally

if TYPE_CHECKING:
    from katydid.stats.request_stats import RequestStats
    from katydid.stats.seconds import Window


class Distribution:
    """Response times of one row: counts, extremes, percentiles; milliseconds."""

    def __init__(self, stats: RequestStats, ledger: Ledger, row: int) -> None:
        self._stats = stats
        self._ledger = ledger
        self._row = row

    def _tally(self) -> Tally:
        self._stats.flush()
        return self._ledger.run

    def _count(self, column: int) -> int:
        return self._tally().count(self._row, column)

    @property
    def num_requests(self) -> int:
        return self._count(REQUESTS)

    @property
    def num_none_requests(self) -> int:
        """Requests without a response time; in no mean and no percentile."""
        return self._count(NONE)

    @property
    def total_response_time(self) -> float:
        return float(self._tally().value("total_ms", self._row))

    @property
    def min_response_time(self) -> float | None:
        lowest = self._tally().value("min_ms", self._row)
        return None if lowest == np.inf else lowest

    @property
    def max_response_time(self) -> float:
        """0 when there is no response time, as in Locust."""
        highest = self._tally().value("max_ms", self._row)
        return 0 if highest == -np.inf else highest

    @property
    def avg_response_time(self) -> float:
        """Mean; 0 when there is no response time."""
        timed = self.num_requests - self.num_none_requests
        return self.total_response_time / timed if timed else 0

    def buckets(self) -> tuple[IntArray, IntArray]:
        """Non-empty histogram buckets, ascending, and their counts."""
        return self._tally().row_cells(self._row)

    def percentiles(self, fractions: Sequence[float]) -> list[float | None]:
        """Response times at fractions 0…1; all None without one."""
        buckets, counts = self.buckets()
        lowest = self.min_response_time
        if lowest is None:
            return [None] * len(fractions)
        return percentiles(buckets, counts, fractions, lowest, self.max_response_time)

    def as_batch(self) -> Batch:
        """All its numbers at one moment: the row alone, as row 0 of a batch."""
        return self._tally().row_batch(self._row)


class StatsEntry(Distribution):
    """Locust's `StatsEntry`. Made alone, it counts only what is logged to it directly."""

    def __init__(
        self,
        stats: RequestStats,
        name: str,
        method: str,
        use_response_times_cache: bool = False,
    ) -> None:
        alone = type(stats)(stats.clock)
        super().__init__(alone, alone.ledger, alone.row_of(method, name))
        self._name_it(alone, name, method)
        self.use_response_times_cache = use_response_times_cache

    def _name_it(self, stats: RequestStats, name: str, method: str) -> None:
        self.stats = stats
        self.name = name
        self.method = method
        self.use_response_times_cache = True

    @classmethod
    def of_row(cls, stats: RequestStats, row: int, name: str, method: str) -> StatsEntry:
        """The entry of a row of `stats`."""
        entry = cls.__new__(cls)
        Distribution.__init__(entry, stats, stats.ledger, row)
        entry._name_it(stats, name, method)
        return entry

    def __repr__(self) -> str:
        return f"<StatsEntry {self.method} {self.name}: {self.num_requests} requests>"

    # -- counters

    @property
    def num_requests(self) -> int:
        return self._stats.num_requests if self._row == 0 else self._count(REQUESTS)

    @property
    def num_failures(self) -> int:
        return self._stats.num_failures if self._row == 0 else self._count(FAILURES)

    @property
    def total_content_length(self) -> int:
        """Bytes."""
        return self._count(LENGTH)

    @property
    def start_time(self) -> float:
        """When the entry came to be or was reset; seconds since the epoch."""
        return self._stats.started(self._row)

    @property
    def last_request_timestamp(self) -> float | None:
        return self._tally().value("last", self._row) or None

    @property
    def status_codes(self) -> dict[int, int]:
        """HTTP status (0: no response) → responses."""
        return dict(sorted(self._tally().codes.get(self._row, {}).items()))

    @property
    def service(self) -> Distribution | None:
        """Open model: response times from the actual send; None in other models."""
        ledger = self._stats.service_ledger
        return None if ledger is None else Distribution(self._stats, ledger, self._row)

    # -- derived numbers

    @property
    def fail_ratio(self) -> float:
        """Failures per request, 0…1."""
        requests = self.num_requests
        return self.num_failures / requests if requests else 1.0 if self.num_failures else 0.0

    @property
    def avg_content_length(self) -> float:
        requests = self.num_requests
        return self.total_content_length / requests if requests else 0

    @property
    def median_response_time(self) -> float:
        """0 when there is no response time."""
        return self.get_response_time_percentile(0.5)

    def get_response_time_percentile(self, percent: float) -> float:
        """Response time at a fraction 0…1; 0 when there is none, as in Locust."""
        return self.percentiles([percent])[0] or 0

    def get_current_response_time_percentile(self, percent: float) -> float | None:
        """The same of the last seconds (CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW); None if empty."""
        return self.current_percentiles([percent])[0]

    def current_percentiles(self, fractions: Sequence[float]) -> list[float | None]:
        """Response times of the last seconds at fractions 0…1; all None without one."""
        return self._stats.current_percentiles(self._row, fractions)

    @property
    def current_rps(self) -> float:
        """Requests per second over the last ten closed seconds; 0 some seconds after the last."""
        return self._stats.current_rates(self._row)[0]

    def current_rates(self) -> tuple[float, float]:
        """`current_rps` and `current_fail_per_sec`."""
        return self._stats.current_rates(self._row)

    @property
    def current_fail_per_sec(self) -> float:
        return self._stats.current_rates(self._row)[1]

    @property
    def total_rps(self) -> float:
        """Requests per second from the start of the statistics to the last request of all."""
        return self.num_requests / self._stats.active_seconds()

    @property
    def total_fail_per_sec(self) -> float:
        return self.num_failures / self._stats.active_seconds()

    def window(self, seconds: int) -> Window:
        """The last closed seconds of this entry."""
        return self._stats.window_at([self._row], seconds)

    @property
    def num_reqs_per_sec(self) -> dict[int, int]:
        """Second (epoch) → requests, as far back as points of one second are kept."""
        return self._stats.per_second(self._row, "requests")

    @property
    def num_fail_per_sec(self) -> dict[int, int]:
        return self._stats.per_second(self._row, "failures")

    @property
    def response_times(self) -> dict[int, int]:
        """Locust's rounded buckets: milliseconds → samples."""
        buckets, counts = self.buckets()
        rounded: dict[int, int] = {}
        low, high = self.min_response_time, self.max_response_time
        for time, count in zip(MIDPOINTS[buckets].tolist(), counts.tolist(), strict=True):
            inside = min(max(time, low if low is not None else time), high)
            bucket = rounding.bucket_response_time(inside)
            rounded[bucket] = rounded.get(bucket, 0) + count
        return rounded

    # -- changing it

    def log(self, response_time: float | None, content_length: int) -> None:
        """Count a request of this entry alone."""
        batch = single(response_time, content_length, 0, self._stats.clock.wall())
        self._stats.add_to(self._row, batch)

    def log_error(self, error: BaseException | str | None) -> None:
        """Count a failure of this entry alone."""
        self._stats.add_to(self._row, single(None, 0, 1, 0.0))

    def reset(self) -> None:
        """Forget what this entry counted; the total keeps it."""
        self._stats.reset_row(self._row)

    def extend(self, other: StatsEntry) -> None:
        """Add the numbers of another entry."""
        self._stats.add_to(self._row, other.as_batch())

    # -- forms

    def serialize(self) -> dict[str, Any]:
        """Locust's raw form, as its JSON output lists it."""
        return {
            "name": self.name,
            "method": self.method,
            "last_request_timestamp": self.last_request_timestamp,
            "start_time": self.start_time,
            "num_requests": self.num_requests,
            "num_none_requests": self.num_none_requests,
            "num_failures": self.num_failures,
            "total_response_time": self.total_response_time,
            "max_response_time": self.max_response_time,
            "min_response_time": self.min_response_time,
            "total_content_length": self.total_content_length,
            "response_times": self.response_times,
            "num_reqs_per_sec": self.num_reqs_per_sec,
            "num_fail_per_sec": self.num_fail_per_sec,
        }

    @classmethod
    def unserialize(cls, data: dict[str, Any], stats: RequestStats | None = None) -> StatsEntry:
        """An entry of its own with the numbers of `serialize` (per-second ones are not kept)."""
        from katydid.stats.request_stats import RequestStats

        entry = cls(stats or RequestStats(), data["name"], data["method"])
        times = np.array([float(time) for time in data["response_times"]], dtype=np.float64)
        counts = np.array(list(data["response_times"].values()), dtype=np.int64)
        unique, inverse = np.unique(index_of(times), return_inverse=True)
        highest = data["max_response_time"] if len(times) else -np.inf
        lowest = data["min_response_time"]
        batch = Batch(
            rows=np.zeros(1, dtype=np.int64),
            counters=np.array(
                [[data[key] for key in _SERIALIZED_COUNTERS]],
                dtype=np.int64,
            ),
            total_ms=np.array([data["total_response_time"]], dtype=np.float64),
            min_ms=np.array([np.inf if lowest is None else lowest], dtype=np.float64),
            max_ms=np.array([highest], dtype=np.float64),
            last=np.array([data["last_request_timestamp"] or 0.0], dtype=np.float64),
            cells=unique,
            counts=np.bincount(inverse, weights=counts).astype(np.int64),
        )
        entry._stats.add_to(entry._row, batch)
        entry._stats.set_started(entry._row, data["start_time"])
        return entry

    def get_stripped_report(self) -> dict[str, Any] | None:
        """Serialise and reset; None when nothing was counted."""
        if not (self.num_requests or self.num_failures):
            return None
        report = self.serialize()
        self.reset()
        return report

    def to_dict(self, escape_string_values: bool = False) -> dict[str, Any]:
        """Locust's form for its web UI and report."""
        lowest = self.min_response_time
        return {
            "method": escape(self.method or "") if escape_string_values else self.method,
            "name": escape(self.name) if escape_string_values else self.name,
            "safe_name": escape(self.name, quote=False),
            "num_requests": self.num_requests,
            "num_failures": self.num_failures,
            "min_response_time": 0 if lowest is None else rounding.proper_round(lowest),
            "max_response_time": rounding.proper_round(self.max_response_time),
            "current_rps": self.current_rps,
            "current_fail_per_sec": self.current_fail_per_sec,
            "avg_response_time": self.avg_response_time,
            "median_response_time": self.median_response_time,
            "total_rps": self.total_rps,
            "total_fail_per_sec": self.total_fail_per_sec,
            **{
                f"response_time_percentile_{fraction}": self.get_response_time_percentile(fraction)
                for fraction in tunables.PERCENTILES_TO_STATISTICS
            },
            "avg_content_length": self.avg_content_length,
        }

    def to_string(self, current: bool = True) -> str:
        """A row of Locust's console table."""
        rps = self.current_rps if current else self.total_rps
        failing = self.current_fail_per_sec if current else self.total_fail_per_sec
        requests, failures = self.num_requests, self.num_failures
        percent = 100 * self.fail_ratio
        width = tunables.STATS_NAME_WIDTH
        label = f"{self.method or '':<{tunables.STATS_TYPE_WIDTH}} {self.name[:width]:<{width}}"
        times = (
            self.avg_response_time,
            self.min_response_time or 0,
            self.max_response_time,
            self.median_response_time,
        )
        columns = " ".join(f"{int(time):7d}" for time in times)
        return (
            f"{label} {requests:7d} {f'{failures:d}({percent:.2f}%)':>12} |"
            f"{columns} | {rps:7.2f} {failing:11.2f}"
        )

    def percentile(self) -> str:
        """A row of Locust's table of percentiles."""
        width = tunables.STATS_NAME_WIDTH
        label = f"{self.method or '':<{tunables.STATS_TYPE_WIDTH}} {self.name[:width]:<{width}}"
        times = self.percentiles(tunables.PERCENTILES_TO_REPORT)
        columns = " ".join(f"{int(time or 0):6d}" for time in times)
        return f"{label} {columns} {self.num_requests:6d}"


_SERIALIZED_COUNTERS = (
    "num_requests",
    "num_none_requests",
    "num_failures",
    "total_content_length",
)
