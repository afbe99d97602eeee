"""The generator watches itself: CPU, memory and how late its event loop is.

A load generator that is busy reports its own queueing as the target's latency. Its numbers are
therefore part of every result, with a verdict of their own: saturated or not.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
import psutil

from katydid import tunables
from katydid.clock import SYSTEM_CLOCK, Clock
from katydid.events import Events

logger = logging.getLogger(__name__)

LAG_STEP_SECONDS = 0.1
RECENT_LAGS = 10
LAGGY_MS = 250.0
"""An event loop later than this adds it to latencies. Once may be a garbage collection; a few
times, or once for over a second, and the run is flagged."""
LAGGY_TIMES = 3
LAGGY_ALONE_MS = 1000.0


class Health:
    """Measures this process. `on_tick(monotonic)` is called on every turn of the hub."""

    def __init__(
        self,
        events: Events,
        environment: object,
        on_tick: Callable[[float], None] = lambda _: None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._events = events
        self._environment = environment
        self._on_tick = on_tick
        self._clock = clock
        self._process = psutil.Process()
        self._greenlets: list[gevent.Greenlet[..., Any]] = []
        self.cpu_percent = 0.0  # of one core, over the last monitor interval
        self.memory_bytes = 0
        self.max_cpu_percent = 0.0
        self.max_loop_lag_ms = 0.0
        self._lag_ms = 0.0
        self._recent_lags_ms: deque[float] = deque([0.0], maxlen=RECENT_LAGS)
        self._laggy = 0
        self._warned = False

    def start(self) -> list[gevent.Greenlet[..., Any]]:
        """Begin to watch; returns the greenlets that do, until `stop`."""
        self._process.cpu_percent()
        self.memory_bytes = self._process.memory_info().rss
        self._greenlets = [gevent.spawn(self._watch_lag), gevent.spawn(self._watch_cpu)]
        return self._greenlets

    def stop(self) -> None:
        gevent.killall(self._greenlets, block=False)
        self._greenlets = []

    def reset(self) -> None:
        """Forget the worst values: a new test begins."""
        self.max_cpu_percent = self.max_loop_lag_ms = self._lag_ms = 0.0
        self._laggy = 0
        self._warned = False

    def take_lag_ms(self) -> float:
        """The worst lag since the last call."""
        lag, self._lag_ms = self._lag_ms, 0.0
        return lag

    @property
    def recent_lag_ms(self) -> float:
        """The worst lag of the last second."""
        return max(self._recent_lags_ms)

    @property
    def saturated(self) -> bool:
        return (
            self.max_cpu_percent > tunables.CPU_WARNING_THRESHOLD
            or self._laggy >= LAGGY_TIMES
            or self.max_loop_lag_ms > LAGGY_ALONE_MS
        )

    def _watch_lag(self) -> None:
        while True:
            due = self._clock.monotonic() + LAG_STEP_SECONDS
            self._clock.sleep(LAG_STEP_SECONDS)
            now = self._clock.monotonic()
            lag = (now - due) * 1000
            self._lag_ms = max(self._lag_ms, lag)
            self._recent_lags_ms.append(lag)
            self.max_loop_lag_ms = max(self.max_loop_lag_ms, lag)
            self._laggy += lag > LAGGY_MS
            self._on_tick(now)

    def _watch_cpu(self) -> None:
        while True:
            self._clock.sleep(tunables.CPU_MONITOR_INTERVAL)
            self.cpu_percent = self._process.cpu_percent()
            self.memory_bytes = self._process.memory_info().rss
            self.max_cpu_percent = max(self.max_cpu_percent, self.cpu_percent)
            self._events.usage_monitor.fire(
                environment=self._environment,
                cpu_usage=self.cpu_percent,
                memory_usage=self.memory_bytes,
            )
            if self.cpu_percent > tunables.CPU_WARNING_THRESHOLD and not self._warned:
                self._warned = True
                self._events.cpu_warning.fire(
                    environment=self._environment, cpu_usage=self.cpu_percent
                )
                logger.warning(
                    "This process uses %.0f %% of a core: latencies now contain its own queueing. "
                    "Use more workers, or fewer users per worker.",
                    self.cpu_percent,
                )
