"""SIGTERM, and the death of a parent: who leaves says goodbye, and nobody is left behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes


def test_worker_leaves_on_sigterm(engine, target, eventually):
    master = engine.master(users=6)
    leaves, stays = engine.worker(0), engine.worker(1)
    master.runs(users=6)
    leaves.send(signal.SIGTERM)
    assert leaves.exit_code() == 143
    eventually(lambda: master.users() == {"0": 0, "1": 6}, 5, "the users move")
    assert master.workers()["0"]["state"] == "left"
    assert master.status()["workers_lost"] == 0
    assert master.marks("worker-lost") == []
    master.stop()
    assert master.process.exit_code() == 0
    assert stays.exit_code() == 0
    assert master.counts() == target.answers


def test_master_drains_on_sigterm(engine, target, eventually):
    """`katydid run` on a laptop: exit code 4, reports written, children gone, all counted."""
    engine.lay_out(users=4, workers=2)
    run = engine.laptop("--workers", "2")
    run.runs(users=4)
    workers = engine.children_of(run.process)
    assert len(workers) == 2
    run.process.send(signal.SIGTERM)
    assert run.process.exit_code(20) == 4
    assert run.document()["status"]["verdict"] == "Stopped"
    assert run.counts() == target.answers
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    names = {path.name for path in (engine.folder / "out").iterdir()}
    assert {"run.json", "report.html", "junit.xml"} <= names


def test_stop_while_workers_are_awaited(engine, target, eventually):
    """Nothing starts, and the session ends with its results."""
    master = engine.master(users=4, workers=2)
    one = engine.worker(0)
    eventually(lambda: (status := master.status()) and status["workers_ready"] == 1, 10)
    master.put_live(generation=2, load={"users": 4, "runTime": "60s"}, stop=True)
    assert master.process.exit_code() == 0
    assert one.exit_code() == 0
    status = master.document()["status"]
    assert (status["verdict"], status["phase"]) == ("Stopped", "Stopped")
    assert status["load_started_at"] is None
    assert target.total == 0


def test_children_end_when_their_parent_is_killed(engine, target, eventually):
    engine.lay_out(users=4, workers=2)
    run = engine.laptop("--workers", "2")
    run.runs(users=4)
    workers = engine.children_of(run.process)
    run.process.kill()
    eventually(lambda: target.quiet_for() > 1, 4, "the load ends")
    answered = target.total
    eventually(lambda: not any(map(_lives, workers)), 8, "the children end by themselves")
    assert target.total == answered


def test_worker_pod_with_two_processes(engine, target, eventually):
    """Each process is a worker; one that is killed takes the pod with it, for its index to be
    started again."""
    engine.lay_out(users=4, workers=2, processes=2)
    master = engine.master_pod()
    pods = [engine.worker_pod(0), engine.worker_pod(1)]
    master.runs(users=4, timeout=25)
    assert master.users() == {"0": 1, "1": 1, "2": 1, "3": 1}
    assert {row["index"] for row in master.workers().values()} == {0, 1, 2, 3}
    one, other = engine.children_of(pods[0])
    os.kill(one, signal.SIGKILL)
    assert pods[0].exit_code() == 137
    assert not _lives(other)
    eventually(lambda: sum(master.users().values()) == 4, 10, "the users move")

    def states() -> list[str]:
        return sorted(row["state"] for row in master.workers().values())

    eventually(lambda: states()[-2:] == ["running", "running"], 5, "beats say so")
    pods[1].send(signal.SIGTERM)
    assert pods[1].exit_code() == 143

    master.process.send(signal.SIGTERM)
    assert master.process.exit_code() == 0
    status = master.document()["status"]  # the operator tells it from a stop that was asked for
    assert (status["verdict"], status["reason"]) == ("Stopped", "Terminated")


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
