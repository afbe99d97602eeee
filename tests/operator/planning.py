"""What tests of the planner look at: pods, a master's answers, how to read a plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from katydid_operator.actions import Plan
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.observed import (
    ContainerView,
    PodView,
    Terminated,
    text_of,
)
from katydid_operator.status import condition

Make = Callable[..., LoadTest]
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SELECTOR = "katydid.dev/loadtest=checkout,katydid.dev/run=1,katydid.dev/component=worker"
KNOBS = {"pod": {"priorityClassName": "low"}}
FINAL = {
    "run": "1",
    "final": True,
    "verdict": "Passed",
    "reason": "ThresholdsMet",
    "message": "All thresholds were met.",
    "generation": 1,
    "state": "stopped",
    "elapsed_seconds": 61.2,
    "load_started_at": 1767268800.0,
    "load": {"users": 0, "target_users": 10, "peak_users": 10},
    "total": {
        "requests": 1200,
        "failures": 3,
        "fail_percent": 0.25,
        "rps": 19.6,
        "current_rps": 0.0,
        "latency": {"percentiles_ms": {"p50": 12.25, "p95": 80.0, "p99": 120.0}},
    },
}
RUNNING: Json = {**FINAL, "final": False, "verdict": None, "reason": "", "state": "running"}


def ago(seconds: float) -> str:
    return text_of(NOW - timedelta(seconds=seconds))


def engine(**fields: Any) -> ContainerView:
    return ContainerView("katydid", **{"is_running": True, "image": "runner:1", **fields})


def ended(code: int, reason: str = "Error", message: str = "") -> ContainerView:
    return engine(is_running=False, terminated=Terminated(code, reason, message))


def waiting(reason: str, message: str = "") -> ContainerView:
    return engine(is_running=False, waiting_reason=reason, waiting_message=message)


def master(container: ContainerView | None = None, **fields: Any) -> PodView:
    given = {"phase": "Running", "ip": "10.0.0.1", **fields}
    return PodView("checkout-1-master", containers=(container or engine(),), **given)


def worker(index: int = 0, container: ContainerView | None = None, **fields: Any) -> PodView:
    given = {"phase": "Running", "is_ready": container is None, **fields}
    name = f"checkout-1-worker-{index}"
    return PodView(name, index=index, containers=(container or engine(),), **given)


def reasons(found: Plan) -> tuple[str, str]:
    return found.status["phase"], found.status["reason"]


def is_true(status: Json, kind: str) -> str:
    return str(condition(status, kind).get("status"))
