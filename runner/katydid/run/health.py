"""The generator watches itself: CPU, memory and how late its event loop is.

A load generator that is busy reports its own queueing as the target's latency. Its numbers are
therefore part of every result, with a verdict of their own (run.saturation).
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
from katydid.run.saturation import ProcessSaturation, Saturation

logger = logging.getLogger(__name__)

LAG_STEP_SECONDS = 0.1
RECENT_LAGS = 10
CPU_STEP_SECONDS = 1.0


class Health:
    """Measures this process. `on_tick(monotonic)` is called on every turn of the hub.

    What counts for the result of a test is handed to `saturation`.
    """

    def __init__(
        self,
        events: Events,
        environment: object,
        on_tick: Callable[[float], None] = lambda _: None,
        clock: Clock = SYSTEM_CLOCK,
        saturation: ProcessSaturation | None = None,
    ) -> None:
        self.saturation = saturation or ProcessSaturation("This process", Saturation())
        self._events = events
        self._environment = environment
        self._on_tick = on_tick
        self._clock = clock
        self._process = psutil.Process()
        self._greenlets: list[gevent.Greenlet[..., Any]] = []
        self.cpu_percent = 0.0  # of one core, over the last monitor interval
        self.memory_bytes = 0
        self._cpu_times: deque[tuple[float, float]] = deque()  # (monotonic, seconds used)
        self._lag_ms = 0.0
        self._recent_lags_ms: deque[float] = deque([0.0], maxlen=RECENT_LAGS)
        self._reset_at = clock.monotonic()
        self._warned = False

    def start(self) -> list[gevent.Greenlet[..., Any]]:
        """Begin to watch; returns the greenlets that do, until `stop`."""
        self._measure_cpu()
        self.memory_bytes = self._process.memory_info().rss
        self._greenlets = [gevent.spawn(self._watch_lag), gevent.spawn(self._watch_cpu)]
        return self._greenlets

    def stop(self) -> None:
        gevent.killall(self._greenlets, block=False)
        self._greenlets = []

    def reset(self) -> None:
        """A new test begins."""
        self.saturation.reset()
        self.restart()

    def restart(self) -> None:
        """Measure from now on: what was before, a lag that lasts until now included, is over."""
        self._reset_at = self._clock.monotonic()
        self._lag_ms = 0.0
        self._cpu_times.clear()
        self._measure_cpu()
        self._warned = False

    def take_lag_ms(self) -> float:
        """The worst lag since the last call."""
        lag, self._lag_ms = self._lag_ms, 0.0
        return lag

    @property
    def recent_lag_ms(self) -> float:
        """The worst lag of the last second."""
        return max(self._recent_lags_ms)

    def _watch_lag(self) -> None:
        while True:
            due = self._clock.monotonic() + LAG_STEP_SECONDS
            self._clock.sleep(LAG_STEP_SECONDS)
            now = self._clock.monotonic()
            lag = max(0.0, now - max(due, self._reset_at)) * 1000
            self._lag_ms = max(self._lag_ms, lag)
            self._recent_lags_ms.append(lag)
            self.saturation.lag(lag, self._clock.wall())
            self._on_tick(now)

    def _watch_cpu(self) -> None:
        told_at = self._clock.monotonic()
        while True:
            self._clock.sleep(min(CPU_STEP_SECONDS, tunables.CPU_MONITOR_INTERVAL))
            self._measure_cpu()
            self.memory_bytes = self._process.memory_info().rss
            self.saturation.use(self.cpu_percent, self._clock.wall())
            now = self._clock.monotonic()
            if now - told_at < tunables.CPU_MONITOR_INTERVAL:
                continue
            told_at = now
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

    def _measure_cpu(self) -> None:
        """Over the last monitor interval, or for as long as this test goes."""
        now, used = self._clock.monotonic(), sum(self._process.cpu_times()[:2])
        times = self._cpu_times
        times.append((now, used))
        while len(times) > 2 and now - times[1][0] >= tunables.CPU_MONITOR_INTERVAL:
            times.popleft()
        began, before = times[0]
        if now > began:
            self.cpu_percent = 100 * (used - before) / (now - began)
