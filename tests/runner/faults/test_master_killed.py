"""The master dies by SIGKILL: with a checkpoint nothing is lost or doubled, without one it ends."""

from __future__ import annotations

import json
import signal

import pytest

pytestmark = pytest.mark.processes

LIVE = {"users": 6, "spawnRate": 100, "unbounded": True, "stopTimeout": "20s"}


def test_goes_on_from_its_checkpoint(engine, target, eventually):
    arguments = ("--checkpoint", "state.checkpoint")
    master = engine.master(*arguments, users=10)
    workers = [engine.worker(0), engine.worker(1)]
    master.runs(users=10)
    master.put_live(generation=7, load=LIVE)
    master.runs(users=6)
    shown = master.requests
    incarnations = set(target.answers)

    master.process.kill()
    answered = target.total
    again = engine.master(*arguments, users=10)
    totals: list[int] = []

    def returned() -> bool:
        if (status := again.status()) is not None:
            totals.append(status["total"]["requests"])
        return bool(status and status["load"]["users"] == 6)

    eventually(returned, 12, "the users are seen again")
    assert target.total > answered  # the load went on while nobody was in charge
    eventually(lambda: totals.append(again.requests) or totals[-1] > totals[0] + 50)
    assert totals[0] >= shown
    assert totals == sorted(totals)
    assert again.status()["generation"] == 7
    assert again.status()["load"]["target_users"] == 6
    assert len(again.marks("gap")) == 1
    assert again.marks("worker-lost") == []
    assert again.users() == {"0": 3, "1": 3}

    again.stop()
    assert again.process.exit_code() == 0
    assert [worker.exit_code() for worker in workers] == [0, 0]
    assert again.counts() == target.answers
    assert set(target.answers) == incarnations


def test_worker_lost_with_the_master_is_missed_after_its_return(engine, target, eventually):
    arguments = ("--checkpoint", "state.checkpoint")
    master = engine.master(*arguments, users=4)
    lost, stays = engine.worker(0), engine.worker(1)
    master.runs(users=4)
    lost.kill()
    master.process.kill()

    again = engine.master(*arguments, users=4)
    eventually(lambda: again.status(), 15, "the master is back")
    eventually(lambda: again.users() == {"0": 0, "1": 4}, 12, "the users move")
    assert again.workers()["0"]["state"] == "missing"
    again.stop()
    assert again.process.exit_code() == 0
    assert stays.exit_code() == 0
    lived = next(key for key in target.answers if key.startswith("1."))
    assert again.counts()[lived] == target.answers[lived]


def test_stop_that_was_under_way_is_finished(engine, target, eventually):
    arguments = ("--checkpoint", "state.checkpoint", "--stop-timeout", "20")
    master = engine.master(*arguments, users=2, workers=1)
    worker = engine.worker(0)
    master.runs(users=2)
    target.tell(latency=6)
    eventually(lambda: target.tell()["in_flight"] == 2)
    master.process.send(signal.SIGTERM)  # drains: its users wait for an answer
    eventually(lambda: master.status()["state"] == "cleanup")
    checkpoint = engine.folder / "state.checkpoint"
    eventually(lambda: b"cleanup" in checkpoint.read_bytes())

    master.process.kill()
    again = engine.master(*arguments, users=2)
    assert again.process.exit_code(20) == 0
    assert worker.exit_code(5) == 0
    assert again.counts() == target.answers
    assert "Ramping" not in again.process.text


def test_without_checkpoint_the_run_is_over(engine, target, eventually):
    workers = [engine.worker(n, "--orphan-timeout", "3") for n in (0, 1)]
    master = engine.master(users=10)
    master.runs(users=10)
    master.process.kill()
    eventually(lambda: target.quiet_for() > 1, 8, "the users stop")

    fresh = engine.master(users=4)
    fresh.runs(users=4, timeout=20)
    for worker in workers:
        worker.says("The master does not know this worker's run")
        worker.says("reports that it never got are dropped")
    before = dict(target.answers)
    assert fresh.requests < sum(before.values())
    fresh.stop()
    assert fresh.process.exit_code() == 0
    assert [worker.exit_code() for worker in workers] == [0, 0]


def test_master_that_never_returns_leaves_no_load(engine, target, eventually):
    quick = {"MASTER_HEARTBEAT_TIMEOUT": "4", "HEARTBEAT_INTERVAL": "0.5"}
    worker = engine.worker(0, "--orphan-timeout", "2", **quick)
    master = engine.master(users=5, workers=1, **quick)
    master.runs(users=5)
    master.process.kill()
    eventually(lambda: target.quiet_for() > 0.5, 4, "the users stop")
    answered = target.total
    assert worker.exit_code(10) == 1
    assert "This worker ends." in worker.text
    assert target.total == answered


def test_finished_run_is_not_run_again(engine, target, eventually):
    engine.lay_out(users=4, workers=1, run_time="2s")
    master = engine.master_pod()
    worker = engine.worker_pod(0)
    results = engine.folder / "state" / "results" / "run.json"
    eventually(results.exists, 20, "the run ends")
    assert worker.exit_code() == 0
    eventually(lambda: master.status()["final"])
    master.process.says("Shutting down")
    master.process.kill()
    answered = target.total
    results.unlink()
    summary = engine.folder / "state" / "summary.json"
    first_summary = json.loads(summary.read_text())
    summary.unlink()

    again = engine.master_pod()
    eventually(results.exists, 10, "the results are there again")
    again.process.says("This run is finished")
    assert again.status()["final"] is True
    again.process.send(signal.SIGTERM)
    assert again.process.exit_code() == 0
    assert target.total == answered
    assert again.counts() == target.answers
    second_summary = json.loads(summary.read_text())
    for part in ("verdict", "reason", "message", "elapsed_seconds", "load", "final"):
        assert second_summary[part] == first_summary[part]
    assert len(again.document()["workers"]) == 1
