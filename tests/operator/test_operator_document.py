"""Whatever a master answers, a LoadTest is looked after, and its status can be written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from katydid_operator.document import checked
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.observed import Observed, PodView, Reading, Terminated
from katydid_operator.plan import plan

from .emulator import ApiServer

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
NUMBERS = (
    "requests", "failures", "fail_percent", "rps", "current_rps", "users", "target_users",
    "peak_users", "max_cpu_percent", "max_loop_lag_ms", "p50", "p95", "p99", "value",
    "workers_lost", "workers_ready", "elapsed_seconds", "load_started_at", "generation",
)  # fmt: skip
GROUPS = ("load", "total", "latency", "percentiles_ms", "generator", "thresholds")
WORDS = ("state", "verdict", "reason", "message", "name", "status", "unit")

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300)
    | st.sampled_from(["Passed", "Error", "Breached", "running", "stopping", "fast"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from((*NUMBERS, *GROUPS, *WORDS)), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
answers = st.fixed_dictionaries(
    {"final": st.booleans(), "run": st.just("1")},
    optional={key: anything for key in (*NUMBERS, *GROUPS, *WORDS)},
)


def running() -> LoadTest:
    spec = {
        "source": {"inline": {"locustfile.py": ""}},
        "load": {"users": 1, "runTime": "1m"},
        "thresholds": [{"name": "fast", "metric": "p95", "below": "1s"}],
    }
    run = {"number": 1, "id": "a-1-b", "startedAt": "2026-01-01T11:59:00Z"}
    status = {"phase": "Starting", "reason": "Launched", "message": "", "run": run,
              "workers": {"desired": 1}}  # fmt: skip
    metadata = {"name": "checkout", "namespace": "shop", "uid": "u" * 36, "generation": 1}
    return LoadTest({"metadata": metadata, "spec": spec, "status": status})


def problems(document: Json | None) -> list[str]:
    master = PodView("checkout-1-master", phase="Running", ip="10.0.0.1", is_ready=True)
    seen = Observed(running(), master=master, is_confirmed=True, reading=Reading(document, NOW))
    found: list[str] = ApiServer.status_problems(None, plan(seen, NOW).status)  # type: ignore[arg-type]  # it needs none of the server
    return found


@settings(deadline=None)
@given(answer=answers)
def test_any_answer_leaves_a_status_that_can_be_written(answer: Json) -> None:
    assert problems(checked(answer)) == []
    message = Terminated(0, "Completed", json.dumps(answer)).document
    assert (message is not None) is answer["final"]
    assert problems(message) == []


def test_what_is_right_stays_and_what_is_wrong_goes() -> None:
    good: Json = {"final": True, "verdict": None, "load": {"users": 3}, "more": [1]}
    bad: Json = {"reason": "no word", "total": [], "generator": {"max_cpu_percent": "high"}}
    assert checked({**good, **bad}) == {**good, "generator": {}}
    assert [checked(one) for one in ([], "", None, 7)] == [None] * 4


def test_an_answer_that_is_too_deep_is_none() -> None:
    text: Any = "[" * 100_000
    assert Terminated(0, "Completed", text).document is None
