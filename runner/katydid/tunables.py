"""Constants that a locustfile may set, in one lowest-layer module.

Read them at the moment of use (`tunables.WORKER_REPORT_INTERVAL`), never with
`from tunables import`: `locust.stats.X = …` and `locust.runners.X = …` write here through the
properties of the compat modules. Units stand beside each.
"""

from __future__ import annotations

# Reports (Locust: locust.stats)
PERCENTILES_TO_REPORT: list[float] = [
    0.50, 0.66, 0.75, 0.80, 0.90, 0.95, 0.98, 0.99, 0.999, 0.9999, 1.0,
]  # fmt: skip
PERCENTILES_TO_STATISTICS: list[float] = [0.95, 0.99]
PERCENTILES_TO_CHART: list[float] = [0.50, 0.95]
CONSOLE_STATS_INTERVAL_SEC: float = 2
HISTORY_STATS_INTERVAL_SEC: float = 5
CSV_STATS_INTERVAL_SEC: float = 1
CSV_STATS_FLUSH_INTERVAL_SEC: float = 5
CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW: int = 10  # seconds
STATS_NAME_WIDTH: int = 60  # characters
STATS_TYPE_WIDTH: int = 8  # characters
STATS_AUTORESIZE: bool = True

# Runners (Locust: locust.runners); seconds, unless they count beats
WORKER_REPORT_INTERVAL: float = 1.0
WORKER_LOG_REPORT_INTERVAL: float = 10
CPU_MONITOR_INTERVAL: float = 5.0
CPU_WARNING_THRESHOLD: float = 90  # per cent of one core
HEARTBEAT_INTERVAL: float = 1
HEARTBEAT_LIVENESS: int = 3  # beats
HEARTBEAT_DEAD_INTERNAL: int = -60  # beats
MASTER_HEARTBEAT_TIMEOUT: float = 60
FALLBACK_INTERVAL: float = 5
CONNECT_TIMEOUT: float = 5
CONNECT_RETRY_COUNT: int = 60

# Ours: limits on what one test may make the engine remember
MAX_REQUEST_NAMES: int = 10_000
MAX_CHARTED_NAMES: int = 200
MAX_ERRORS: int = 1_000
MAX_EXCEPTIONS: int = 200
MAX_LOG_LINES: int = 1_000


def heartbeat_timeout() -> float:
    """Seconds of silence after which a worker is missing."""
    return (HEARTBEAT_LIVENESS + 2) * HEARTBEAT_INTERVAL
