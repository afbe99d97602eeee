"""`locust.runners`: runners, states, and intervals that may be set."""

from katydid import tunables as _tunables
from katydid.compat import properties as _properties
from katydid.run.states import State as _State

STATE_INIT = _State.READY
STATE_SPAWNING = _State.SPAWNING
STATE_RUNNING = _State.RUNNING
STATE_CLEANUP = _State.CLEANUP
STATE_STOPPING = _State.STOPPING
STATE_STOPPED = _State.STOPPED
STATE_MISSING = _State.MISSING

_properties.forward_same(
    __name__,
    _tunables,
    (
        "WORKER_REPORT_INTERVAL",
        "WORKER_LOG_REPORT_INTERVAL",
        "CPU_MONITOR_INTERVAL",
        "CPU_WARNING_THRESHOLD",
        "HEARTBEAT_INTERVAL",
        "HEARTBEAT_LIVENESS",
        "HEARTBEAT_DEAD_INTERNAL",
        "MASTER_HEARTBEAT_TIMEOUT",
        "FALLBACK_INTERVAL",
        "CONNECT_TIMEOUT",
        "CONNECT_RETRY_COUNT",
    ),
)

__getattr__ = _properties.lazy(
    __name__,
    {
        "Runner": "katydid.run.runner:Runner",
        "LocalRunner": "katydid.run.local:LocalRunner",
        "MasterRunner": "katydid.run.master:MasterRunner",
        "WorkerRunner": "katydid.run.worker:WorkerRunner",
        "WorkerNode": "katydid.run.workers:WorkerNode",
        "WorkerNodes": "katydid.run.workers:WorkerNodes",
    },
)
