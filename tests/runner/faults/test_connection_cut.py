"""The connection between workers and master breaks: nothing is lost, nothing is doubled."""

from __future__ import annotations

import gevent
import pytest

pytestmark = pytest.mark.processes


def start(engine, proxied, *arguments: str, users: int = 6, **environ: str):
    """A master and two workers that reach it through the proxy."""
    master = engine.master(users=users, **environ)
    workers = [engine.worker(n, *arguments, port=proxied.port, **environ) for n in (0, 1)]
    master.runs(users=users)
    return master, workers


def assert_exact(master, workers, target) -> None:
    incarnations = set(target.answers)
    assert len(incarnations) == 2
    master.stop()
    assert master.process.exit_code() == 0
    assert [worker.exit_code() for worker in workers] == [0, 0]
    assert master.counts() == target.answers


def test_cut_for_four_seconds(engine, target, proxied, eventually):
    master, workers = start(engine, proxied)
    known = master.requests
    proxied.cut()
    answered = target.total
    eventually(lambda: target.total > answered + 100, 8, "the load goes on alone")
    eventually(lambda: master.status()["elapsed_seconds"] > 0)
    proxied.restore()
    eventually(lambda: master.requests > known + 100, 8, "what was kept is delivered")
    eventually(lambda: master.users() == {"0": 3, "1": 3}, 8, "the users are seen again")
    assert_exact(master, workers, target)


def test_cut_for_longer_than_the_orphan_timeout(engine, target, proxied, eventually):
    master, workers = start(engine, proxied, "--orphan-timeout", "2", HEARTBEAT_INTERVAL="2")
    proxied.cut()
    eventually(lambda: target.quiet_for() > 0.5, 5, "the users stop")
    answered = target.total
    proxied.restore()
    eventually(lambda: target.total > answered + 50, 10, "the users start again")
    eventually(lambda: master.users() == {"0": 3, "1": 3}, 8, "and are seen")
    for worker in workers:
        assert "the users stop until it is back" in worker.text
    master.stop()
    assert master.process.exit_code() == 0
    assert [worker.exit_code() for worker in workers] == [0, 0]
    ours, theirs = master.counts(), target.answers
    assert set(ours) == set(theirs)
    for key in ours:  # an orphan's users do not drain: three were in flight at most
        assert 0 <= theirs[key] - ours[key] <= 3


def test_lost_workers_come_back(engine, target, proxied, eventually):
    quick = {"HEARTBEAT_INTERVAL": "0.4"}
    master = engine.master(users=6, workers=2, **quick)
    far = engine.worker(0, port=proxied.port, **quick)
    near = engine.worker(1, **quick)
    master.runs(users=6)
    proxied.cut()
    eventually(lambda: master.users() == {"0": 0, "1": 6}, 8, "the users move")
    assert master.workers()["0"]["state"] == "missing"
    proxied.restore()
    eventually(lambda: master.users() == {"0": 3, "1": 3}, 8, "and back")
    assert_exact(master, [far, near], target)


def test_black_hole(engine, target, proxied, eventually):
    master, workers = start(engine, proxied, HEARTBEAT_INTERVAL="2")
    proxied.swallow()
    answered = target.total
    eventually(lambda: target.total > answered + 100, 8, "the load goes on alone")
    proxied.restore(resume=False)
    eventually(lambda: master.requests > answered + 50, 15, "what was kept is delivered")
    eventually(lambda: master.users() == {"0": 3, "1": 3}, 8)
    assert_exact(master, workers, target)


def test_old_connection_is_dead_but_new_ones_work(engine, target, proxied, eventually):
    """As when a firewall has forgotten a connection: the worker must not wait for ever."""
    master, workers = start(engine, proxied, HEARTBEAT_INTERVAL="1.5")
    proxied.forget()
    answered = target.total
    eventually(lambda: master.requests > answered + 50, 20, "the workers connect anew")
    eventually(lambda: master.users() == {"0": 3, "1": 3}, 10)
    assert master.marks("worker-lost") == []
    for worker in workers:
        assert "the users stop" not in worker.text
    assert_exact(master, workers, target)


def test_drain_outlives_a_cut(engine, target, proxied, eventually):
    """A stop whose workers drain while the connection breaks still counts everything."""
    master, workers = start(engine, proxied)
    target.tell(latency=1.5)
    eventually(lambda: target.tell()["in_flight"] == 6)
    stopping = gevent.spawn(master.stop)
    eventually(lambda: master.status()["state"] == "cleanup")
    proxied.cut()
    eventually(lambda: target.quiet_for() > 0.3, 5)
    proxied.restore()
    stopping.get(timeout=15)
    assert master.process.exit_code() == 0
    assert [worker.exit_code() for worker in workers] == [0, 0]
    assert master.counts() == target.answers
