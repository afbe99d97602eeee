"""The target misbehaves: failures are counted, nothing hangs, the run ends in time."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

REASONS = {
    "refuse": {"ConnectionRefusedError"},
    "reset": {"ConnectionResetError"},
    "garbage": {"BadStatusLine"},
    "fail": {"HTTP 503"},
    "stall": {"TimeoutError"},
    "endless": set(),
}


@pytest.mark.parametrize("mode", sorted(REASONS))
def test_run_ends_in_time_and_counts_failures(engine, target, eventually, mode):
    target.tell(mode=mode)
    engine.lay_out(users=4, workers=1, run_time="2s", drain="2s")
    run = engine.laptop("--workers", "1", TIMEOUT="1")
    code = run.process.exit_code(60)
    document = run.document()
    status = document["status"]
    assert status["elapsed_seconds"] < 2 + 2 + 8  # run time, drain, and a busy machine
    assert "Traceback" not in run.process.text
    if mode == "endless":  # no answer ever ends: nothing to count, and no user is left in it
        assert code == 0
        assert status["total"]["requests"] == 0
        assert target.tell()["seen"]["endless"] >= 4
        return
    assert code == 1
    assert status["verdict"] == "Failed"
    assert status["total"]["failures"] == status["total"]["requests"] > 0
    assert {row["reason"] for row in document["failures"]} == REASONS[mode]
    if mode == "fail":
        assert run.counts() == target.answers
