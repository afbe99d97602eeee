"""A worker dies by SIGKILL: its users move, little is lost, its successor takes its place."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes


def test_users_move_and_only_the_undelivered_is_lost(engine, target, eventually):
    quick = {"HEARTBEAT_INTERVAL": "0.5"}  # missing after 2.5 s of silence
    master = engine.master(users=10, **quick)
    first, second = engine.worker(0, **quick), engine.worker(1, **quick)
    master.runs(users=10)
    assert master.users() == {"0": 5, "1": 5}
    killed = next(key for key in target.answers if key.startswith("0."))
    lived = next(key for key in target.answers if key.startswith("1."))

    first.kill()
    told = target.tell()
    eventually(lambda: master.users() == {"0": 0, "1": 10}, 8, "the users move")
    assert master.workers()["0"]["state"] == "missing"
    assert master.marks("worker-lost") != []

    successor = engine.worker(0, **quick)
    eventually(lambda: master.users() == {"0": 5, "1": 5}, 8, "the successor gets its share")
    assert master.workers()["0"]["index"] == 0
    reborn = eventually(lambda: [k for k in target.answers if k[:2] == "0." and k != killed])[0]

    master.stop()
    assert master.process.exit_code() == 0
    assert (second.exit_code(), successor.exit_code()) == (0, 0)
    ours, theirs = master.counts(), target.answers
    assert {key: ours[key] for key in (lived, reborn)} == {
        key: theirs[key] for key in (lived, reborn)
    }
    assert 0 <= theirs[killed] - ours[killed] <= told["last_two_seconds"][killed]
    assert set(ours) == {killed, lived, reborn}
