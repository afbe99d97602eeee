"""Workers that the master does not take: without the key of the run, or under a taken id."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.processes

SEED = {"KATYDID_CURVE_SEED": "0123456789abcdef0123456789abcdef"}
OTHER_SEED = {"KATYDID_CURVE_SEED": "fedcba9876543210fedcba9876543210"}


def test_without_the_key(engine, target, eventually):
    master = engine.master(users=4, workers=1, KATYDID_API_TOKEN="t", **SEED)
    master.token = "t"
    worker = engine.worker(0, **SEED)
    master.runs(users=4)
    keyless = engine.worker(1)
    stranger = engine.worker(2, **OTHER_SEED)
    for refused in (keyless, stranger):
        eventually(
            lambda p=refused: (
                "hangs up during the handshake of CURVE keys" in p.text
                or "has no CURVE key and the master" in p.text
            ),
            15,
            f"{refused.name} says why it is not connected",
        )
    # A keyless worker sees the mismatch as well, and may hang up before the master knows more.
    eventually(
        lambda: (
            "A worker was refused: it has no CURVE key and this master has one."
            in master.process.text
            or "A worker was refused: it hung up during the handshake" in master.process.text
        ),
        15,
        "the master logs the worker without a key",
    )
    master.process.says("A worker was refused: its CURVE key is not that of this run.", 15)
    assert master.users() == {"0": 4}
    master.stop()
    assert master.process.exit_code() == 0
    assert worker.exit_code() == 0
    assert master.counts() == target.answers


def test_second_worker_of_the_same_id_takes_the_place_of_the_first(engine, target, eventually):
    master = engine.master(users=4, workers=1)
    first = engine.worker(0)
    master.runs(users=4)
    (older,) = target.answers
    second = engine.worker(0)
    assert first.exit_code() == 1
    first.says("a newer process with the same worker id has taken its place")
    told = target.tell()
    eventually(lambda: len(target.answers) == 2)
    eventually(lambda: master.users() == {"0": 4})
    assert master.status()["state"] == "running"
    master.stop()
    assert master.process.exit_code() == 0
    assert second.exit_code() == 0
    ours, theirs = master.counts(), target.answers
    (newer,) = set(theirs) - {older}
    assert ours[newer] == theirs[newer]
    assert 0 <= theirs[older] - ours[older] <= told["last_two_seconds"][older]
