"""The native thread, over real sockets; what must not be shared with pytest runs in a process."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time

import pytest

from katydid.wire import messages as m
from katydid.wire.heartbeat import BeatState, HeartbeatThread


@pytest.fixture
def beating(links):
    threads: list[HeartbeatThread] = []

    def start(port: int, state: BeatState, **options) -> HeartbeatThread:
        thread = HeartbeatThread(
            "127.0.0.1", port, "7", options.pop("keys", None), state, **options
        )
        threads.append(thread)
        thread.start()
        return thread

    yield start
    for thread in threads:
        thread.stop()
        assert not thread.running
        assert thread.error is None


def beat_of(master) -> m.Beat:
    said = master.receive(5)
    assert said is not None
    identity, beat = said
    assert identity == "7/hb"
    assert isinstance(beat, m.Beat)
    return beat


@pytest.mark.parametrize("encrypted", [False, True])
def test_beats_carry_the_state_and_replies_come_back(
    links, beating, keys, until, encrypted: bool
) -> None:
    keys = keys if encrypted else None
    master = links.master(keys=keys)
    state = BeatState(42, "running", 9, 12.5, 1 << 20, time.monotonic() - 3, loop_lag_ms=80.0)
    thread = beating(master.port, state, keys=keys, interval=0.05)
    first = beat_of(master)
    assert (first.incarnation, first.state, first.users) == (42, "running", 9)
    assert (first.cpu_percent, first.memory_bytes, first.loop_lag_ms) == (12.5, 1 << 20, 80.0)
    assert first.hub_age_seconds == pytest.approx(3, abs=1)
    assert first.wall == pytest.approx(time.time(), abs=2)
    state.state = "stopped"
    assert (beat_of(master).loop_lag_ms, thread.running) == (0.0, True)
    assert state.replies == 0
    before = time.monotonic()
    assert master.send("7/hb", m.BeatReply(1.0, "run-5"))
    until(lambda: state.replies == 1)
    assert state.run == "run-5"
    assert state.last_reply_monotonic >= before
    assert beat_of(master).state == "stopped"


def test_a_new_master_hears_the_same_thread(links, beating, until) -> None:
    first = links.master()
    state = BeatState(1)
    beating(first.port, state, interval=0.05)
    beat_of(first)
    first.close(0)
    second = links.master(first.port)
    assert beat_of(second).incarnation == 1


def test_no_beat_is_queued_for_a_master_that_is_away(links, beating, until) -> None:
    master = links.master()
    port = master.port
    master.close(0)
    state = BeatState(1, loop_lag_ms=70.0)
    beating(port, state, interval=0.05)
    assert state.beats == 0
    master = links.master(port)
    assert beat_of(master).loop_lag_ms == 70.0  # kept until it could be told


def run_program(
    program: str, *arguments: object, timeout: float = 30
) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, arguments)],
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.mark.processes
def test_beats_flow_while_the_hub_computes() -> None:
    # The master is another process, so that only the worker's hub is busy.
    program = """
        import katydid, os, sys, time
        role = sys.argv[1]
        if role == "parent":
            import gevent, gevent.subprocess as subprocess
            from katydid.wire.links import MasterLink
            master = MasterLink("127.0.0.1", 0)
            command = [sys.executable, "-c", os.environ["PROGRAM"], str(master.port)]
            worker = subprocess.Popen(command)
            arrivals, ages = [], []
            while worker.poll() is None:
                said = master.receive(0.2)
                if said is not None:
                    arrivals.append(time.monotonic())
                    ages.append(said[1].hub_age_seconds)
            gaps = [b - a for a, b in zip(arrivals, arrivals[1:])]
            print(worker.returncode, len(arrivals), max(gaps), max(ages))
            master.close()
        else:
            from katydid.wire.heartbeat import BeatState, HeartbeatThread
            state = BeatState(1, hub_ticked=time.monotonic())
            thread = HeartbeatThread("127.0.0.1", int(role), "0", None, state, interval=0.2)
            thread.start()
            end, n = time.monotonic() + 3, 0
            while time.monotonic() < end:
                n += 1
            thread.stop()
            sys.exit(0 if thread.error is None else 9)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), "parent"],
        env={"PATH": "/usr/bin:/bin", "PROGRAM": textwrap.dedent(program)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    code, beats, longest_gap, oldest = done.stdout.split()
    assert code == "0"
    assert int(beats) >= 8  # of 15; the machine may be busy
    assert float(longest_gap) < 1.0
    assert float(oldest) > 2.0  # and they say that the hub does not tick


ORPHAN = """
    import katydid, sys, time
    from katydid.wire.heartbeat import BeatState, HeartbeatThread
    state = BeatState(1, users=int(sys.argv[1]))
    HeartbeatThread("127.0.0.1", 9, "0", None, state, 0.1, orphan_exit_seconds=0.5).start()
    end = time.monotonic() + float(sys.argv[2])
    while time.monotonic() < end:
        pass
    print("still here")
"""


@pytest.mark.processes
def test_an_orphan_whose_hub_hangs_is_ended() -> None:
    began = time.monotonic()
    done = run_program(ORPHAN, 5, 20)
    assert done.returncode == 70
    assert done.stdout == ""
    assert "ending the process" in done.stderr
    assert time.monotonic() - began < 15


@pytest.mark.processes
def test_an_orphan_without_users_is_left_alone() -> None:
    done = run_program(ORPHAN, 0, 1.5)
    assert (done.returncode, done.stdout) == (0, "still here\n")
