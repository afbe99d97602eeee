"""A worker that computes instead of turning its hub: stalled is not missing, missing comes back."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

QUICK = {"HEARTBEAT_INTERVAL": "0.5"}  # 2.5 s of silence and a worker is missing


def start(engine):
    master = engine.master(users=6, **QUICK)
    workers = [engine.worker(n, **QUICK) for n in (0, 1)]
    master.runs(users=6)
    return master, workers


def assert_exact(master, workers, target) -> None:
    master.stop()
    assert master.process.exit_code() == 0
    assert [worker.exit_code() for worker in workers] == [0, 0]
    assert len(target.answers) == 2
    assert master.counts() == target.answers


def test_pure_python_stalls_a_worker(engine, target, eventually):
    master, workers = start(engine)
    target.tell(orders={"0": "spin 8"})
    eventually(lambda: master.workers()["0"]["state"] == "stalled", 8, "it is seen to stall")
    seen: set[tuple[str, int]] = set()

    def turns_again() -> bool:
        rows = master.workers()
        seen.add((rows["0"]["state"], rows["0"]["users"]))
        return rows["0"]["state"] == "running"

    eventually(turns_again, 12, "its hub turns again")
    assert {state for state, _ in seen} == {"stalled", "running"}
    assert {users for _, users in seen} == {3}  # not moved
    assert master.users() == {"0": 3, "1": 3}
    assert master.marks("worker-lost") == []
    assert len(master.marks("saturated")) == 1
    generator = master.status()["generator"]
    assert generator["saturated"] is True
    assert generator["max_loop_lag_ms"] > 2500
    assert 7 <= generator["saturated_seconds"] <= 12
    assert_exact(master, workers, target)
    saved = master.document()["status"]["generator"]
    assert {**saved, "saturated_seconds": 0} == {**generator, "saturated_seconds": 0}


def test_one_long_c_call_makes_a_worker_missing(engine, target, eventually):
    master, workers = start(engine)
    target.tell(orders={"0": "hold 5"})
    eventually(lambda: master.users() == {"0": 0, "1": 6}, 8, "its users move")
    assert master.workers()["0"]["state"] == "missing"
    eventually(lambda: master.users() == {"0": 3, "1": 3}, 20, "it is admitted again")
    assert master.workers()["0"]["state"] in ("running", "spawning")
    assert len(master.marks("worker-lost")) == 1
    assert_exact(master, workers, target)
