"""When the iterations of the open model start: a closed form, so any split of time agrees.

The rate is piecewise linear in time and the k-th iteration (from 0) starts where its integral
reaches k. Nothing is remembered between calls: asking for [0, 1) and [1, 2) gives the same starts
as asking for [0, 2), without a gap or a double, on whichever node and after whichever restart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from katydid.load.spec import ArrivalLoad

FloatArray = npt.NDArray[np.float64]


class ArrivalSchedule:
    """Intended starts of an `ArrivalLoad`, in seconds from the start of load."""

    def __init__(self, load: ArrivalLoad) -> None:
        self.load = load
        ends, rates = [0.0], [load.rate]
        for stage in load.stages:
            ends.append(ends[-1] + stage.duration_seconds)
            rates.append(stage.rate)
        self.duration_seconds: float | None = load.run_time_seconds
        """When the load ends, in seconds from its start; None: never."""
        if load.stages and (self.duration_seconds is None or ends[-1] < self.duration_seconds):
            self.duration_seconds = ends[-1]
        self._starts = np.array(ends)  # of each segment; the last one is endless and flat
        self._rates = np.array(rates)
        lengths = np.diff(self._starts)
        self._slopes = np.append(np.diff(self._rates) / lengths, 0.0)
        means = (self._rates[1:] + self._rates[:-1]) / 2
        self._before = np.append(0.0, np.cumsum(means * lengths))  # iterations before each segment

    def rate_at(self, elapsed: float) -> float:
        """Iterations per second asked for at `elapsed` seconds; 0 after the end."""
        if self.duration_seconds is not None and elapsed >= self.duration_seconds:
            return 0.0
        segment = self._segment_of(elapsed)
        return float(
            self._rates[segment] + self._slopes[segment] * (elapsed - self._starts[segment])
        )

    def starts(self, begin: float, end: float) -> FloatArray:
        """Intended starts in [begin, end), ascending, in elapsed seconds."""
        first, last = self._count_before(begin), self._count_before(end)
        return self._times(np.arange(first, max(first, last), dtype=np.float64))

    def count(self, begin: float, end: float) -> int:
        """How many iterations start in [begin, end)."""
        return max(0, self._count_before(end) - self._count_before(begin))

    def _segment_of(self, elapsed: float) -> int:
        return max(0, int(np.searchsorted(self._starts, elapsed, side="right")) - 1)

    def _count_before(self, moment: float) -> int:
        """Iterations that start before `moment`: by `_times` itself, so that rounding agrees."""
        if self.duration_seconds is not None:
            moment = min(moment, self.duration_seconds)
        if moment <= 0:
            return 0
        segment = self._segment_of(moment)
        passed = moment - self._starts[segment]
        expected = self._before[segment] + passed * (
            self._rates[segment] + self._slopes[segment] * passed / 2
        )
        # The integral and its inverse round differently; the answer lies within a few counts.
        lowest = max(0, int(expected) - 2)
        nearby = self._times(np.arange(lowest, lowest + 6, dtype=np.float64))
        return lowest + int(np.searchsorted(nearby, moment, side="left"))

    def _times(self, numbers: FloatArray) -> FloatArray:
        """Start of each numbered iteration; infinite where it never comes."""
        segment = np.searchsorted(self._before, numbers, side="right") - 1
        rest = numbers - self._before[segment]
        rate, slope = self._rates[segment], self._slopes[segment]
        # rate·x + slope·x²/2 = rest, in the form that does not cancel; 0 ÷ 0 is the start itself.
        root = rate + np.sqrt(np.maximum(0.0, rate * rate + 2 * slope * rest))
        with np.errstate(divide="ignore", invalid="ignore"):
            after = np.where(rest > 0, 2 * rest / root, 0.0)
        last = len(self._starts) - 1
        never = (segment == last) & (self._rates[last] <= 0)
        times: FloatArray = np.where(never, np.inf, self._starts[segment] + after)
        return times
