"""Whether thresholds hold: judged once a second and at the end of a run.

Over the whole run a threshold follows the current value; over a window, which slides by a second,
it stays breached once it was. Without data it is pending, and breached at the end. No clock is
read but that of the statistics, to say when a breach was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from katydid.clock import Clock
from katydid.thresholds.expression import Threshold

MET, BREACHED, PENDING = "Met", "Breached", "Pending"


class Measured(Protocol):
    """Numbers of some requests over some time; `stats.Window` has them."""

    @property
    def requests(self) -> int: ...
    @property
    def failures(self) -> int: ...
    @property
    def rps(self) -> float: ...
    @property
    def fail_percent(self) -> float | None: ...
    @property
    def mean(self) -> float | None: ...
    @property
    def max(self) -> float | None: ...
    def percentile(self, fraction: float) -> float | None: ...


class StatsView(Protocol):
    """Where thresholds look; `stats.RequestStats` is one."""

    @property
    def clock(self) -> Clock: ...
    def whole(self, method: str | None = None, name: str | None = None) -> Measured: ...
    def window(
        self, seconds: int, method: str | None = None, name: str | None = None
    ) -> Measured: ...


@dataclass
class ThresholdState:
    """A threshold and how it stands."""

    threshold: Threshold
    status: str = PENDING  # Met Breached Pending
    value: float | None = None  # in the threshold's unit; of a breached window, the breaching one
    breached_at: float | None = None  # seconds since the epoch
    reason: str = ""  # a sentence where the status needs one
    has_data: bool = False  # a request it is about was seen

    @property
    def breached(self) -> bool:
        return self.status == BREACHED


class ThresholdSet:
    """The thresholds of a run, judged once a second and at the end."""

    def __init__(self, thresholds: Iterable[Threshold] = ()) -> None:
        self.states = [ThresholdState(threshold) for threshold in thresholds]

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        return tuple(state.threshold for state in self.states)

    @property
    def should_abort(self) -> bool:
        """A breached one says that the run shall end."""
        return any(state.breached and state.threshold.abort for state in self.states)

    def evaluate(self, elapsed_seconds: float, stats: StatsView) -> list[ThresholdState]:
        """Judge what is due `elapsed_seconds` after the start of load."""
        for state in self.states:
            # Looked at from the start, so that a window is whole when its grace is over
            value = _measure(state, elapsed_seconds, stats)
            if elapsed_seconds >= state.threshold.after_seconds and value is not None:
                _judge(state, value, stats.clock.wall(), final=False)
        return self.states

    def final(self, elapsed_seconds: float, stats: StatsView) -> list[ThresholdState]:
        """Judge for the last time: nothing stays pending, whatever its grace."""
        for state in self.states:
            value = _measure(state, elapsed_seconds, stats)
            if value is not None:
                _judge(state, value, stats.clock.wall(), final=True)
            elif state.status == PENDING:
                state.status = BREACHED
                state.breached_at = stats.clock.wall()
                state.reason = _no_data(state)
        return self.states

    def replace(self, thresholds: Sequence[Threshold]) -> None:
        """Take other thresholds; unchanged ones keep their state."""
        known = {state.threshold: state for state in self.states}
        self.states = [known.get(one) or ThresholdState(one) for one in thresholds]

    def dump(self) -> list[list[Any]]:
        """States by expression, as msgpack can write them."""
        return [
            [
                state.threshold.name,
                state.threshold.expression,
                state.status,
                state.value,
                state.breached_at,
                state.reason,
                state.has_data,
            ]
            for state in self.states
        ]

    def load(self, state: Iterable[Sequence[Any]]) -> None:
        """Take over the dumped states of thresholds that are in this set, unchanged."""
        saved = {(entry[0], entry[1]): entry[2:] for entry in state}
        for one in self.states:
            known = saved.get((one.threshold.name, one.threshold.expression))
            if known is not None:
                one.status, one.value, one.breached_at, one.reason, one.has_data = known


def _measure(state: ThresholdState, elapsed_seconds: float, stats: StatsView) -> float | None:
    """The current value in the threshold's unit; None without data."""
    threshold = state.threshold
    measured: Measured | None = None
    for method, name in _candidates(threshold):
        whole = stats.whole(method, name)
        if threshold.window_seconds is not None:
            measured = stats.window(threshold.window_seconds, method, name)
        else:
            measured = whole
        if whole.requests:
            state.has_data = True
            break
    if measured is None or not state.has_data:
        return None
    if threshold.metric == "rps" and threshold.window_seconds is None:
        return measured.requests / max(1.0, elapsed_seconds)
    return _value(threshold, measured)


def _candidates(threshold: Threshold) -> Iterator[tuple[str | None, str | None]]:
    """(method, name) that a scope may mean: `API call` is a name, `grpc Hello` has a method."""
    yield threshold.method, threshold.request_name
    if threshold.method is not None:
        yield None, threshold.scope
    elif threshold.request_name is not None and " " in threshold.request_name:
        first, _, rest = threshold.request_name.partition(" ")
        yield first, rest


def _value(threshold: Threshold, measured: Measured) -> float | None:
    fraction = threshold.fraction
    if fraction is not None:
        return measured.percentile(fraction)
    if threshold.metric == "failures":
        return measured.fail_percent if threshold.unit == "%" else float(measured.failures)
    values: dict[str, float | None] = {
        "max": measured.max,
        "mean": measured.mean,
        "rps": measured.rps,
        "requests": float(measured.requests),
    }
    return values[threshold.metric]


def _judge(state: ThresholdState, value: float, now: float, *, final: bool) -> None:
    threshold = state.threshold
    if state.breached and threshold.window_seconds is not None:
        return  # once breached, a window stays breached
    state.value = value
    if threshold.holds(value):
        state.status, state.breached_at, state.reason = MET, None, ""
    elif threshold.needs_time and not final:
        state.status = PENDING
    elif not state.breached:
        state.status, state.breached_at = BREACHED, now


def _no_data(state: ThresholdState) -> str:
    threshold = state.threshold
    if not state.has_data:
        if not threshold.scope:
            return "No request was made."
        return f"No request named {threshold.scope} was made."
    about = f" of {threshold.scope}" if threshold.scope else ""
    return f"No {threshold.metric}{about} could be measured: no response time came."
