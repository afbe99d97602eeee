"""The open model's promise: a target that stalls shows in the percentiles, or as drops.

1,000 iterations are due in 10 s and the target answers nothing for one second of them: a hundred
wait, between 1,000 ms and none, so the truth is a p95 of 510 ms (PERFORMANCE §1.7).
"""

from __future__ import annotations

import math
import socket
import time
from collections import Counter

import gevent
import pytest
from gevent.server import StreamServer

from katydid.compat.locust.env import Environment
from katydid.load.spec import ArrivalLoad, RateStage
from katydid.run.snapshot import document, judgement_of, status
from katydid.run.verdict import Ending
from katydid.user import User, task

from .conftest import fire

pytestmark = pytest.mark.slow

STALL_SECONDS = 1.0
IDLE_P95_MS = 510.0  # 50 of the 1,000 wait longer, 10 ms apart


class StallingTarget:
    """Answers at once, but for the first second after `stall()`."""

    def __init__(self):
        self._stalled_until = 0.0
        self.requests = 0
        self.server = StreamServer(("127.0.0.1", 0), self._serve)
        self.server.start()

    def stall(self):
        self._stalled_until = time.monotonic() + STALL_SECONDS

    def _serve(self, connection, _address):
        """Requests without a body, one after another: little work beside the engine's own."""
        while connection.recv(8192):
            self.requests += 1
            left = self._stalled_until - time.monotonic()
            if left > 0:
                gevent.sleep(left)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    def quit(self):
        self.server.stop(timeout=1)


class Visitor(User):
    """Speaks HTTP over a socket of its own, and keeps when: a truth that the engine has no part in.

    When the stall ends a hundred answers come at once. What a full client takes to read them is
    its own affair (docs of the latency clock, DESIGN §2.10); here the schedule is measured.
    """

    visits = []  # (sent, answered) of all users, monotonic seconds

    def on_start(self):
        self.connection = socket.create_connection(self.host, timeout=5)

    def on_stop(self):
        self.connection.close()

    @task
    def visit(self):
        sent = time.monotonic()
        self.connection.sendall(b"GET / HTTP/1.1\r\nHost: target\r\n\r\n")
        assert self.connection.recv(8192).endswith(b"ok")
        answered = time.monotonic()
        Visitor.visits.append((sent, answered))
        fire(self.environment, (answered - sent) * 1000)


@pytest.fixture
def target(ended):
    target = StallingTarget()
    Visitor.host = ("127.0.0.1", target.server.server_port)
    Visitor.visits = []
    ended.append(target)
    return target


def run_with_a_stall(runner, target, max_users):
    gevent.sleep(0)
    gevent.spawn_later(4.5, target.stall)
    runner.begin_load(ArrivalLoad(100.0, max_users, run_time_seconds=10.0))
    zero = time.monotonic() - runner.control.elapsed
    with gevent.Timeout(60):
        runner.finished.wait()
    assert runner.ending == Ending("done")
    return document(runner), zero


def truth_ms(zero):
    """Sorted (latencies from the intended start, service times): iterations start in the order in
    which they are due, each 10 ms after the one before."""
    visits = sorted(Visitor.visits)
    latencies = [answered - zero - i / 100 for i, (_, answered) in enumerate(visits)]
    services = [answered - sent for sent, answered in visits]
    return [[1000 * seconds for seconds in sorted(times)] for times in (latencies, services)]


def assert_the_stall_shows(result, zero, target):
    """5 % from the truth as the users saw it, which on an idle machine is 510 ms.

    A busy one answers, sends and reads later still, which is true of its latencies.
    """
    total = result.status.total
    # The last iteration is due 10 ms before the end: a late machine may not get to start it.
    dropped = result.status.load.dropped_iterations
    assert total.requests + dropped == 1000
    assert dropped <= 10
    assert target.requests == total.requests
    assert total.failures == 0
    latencies, services = truth_ms(zero)
    p95 = math.ceil(0.95 * total.requests) - 1
    assert latencies[p95] >= 0.95 * IDLE_P95_MS, "the users saw the stall"
    assert total.latency.percentiles_ms["p95"] == pytest.approx(latencies[p95], rel=0.05)
    assert total.latency.max_ms == pytest.approx(latencies[-1], rel=0.05)
    assert total.latency.percentiles_ms["p50"] < 0.5 * IDLE_P95_MS
    # Users were there for all of them, so the stall is in what the target took as well.
    assert total.service.percentiles_ms["p95"] == pytest.approx(services[p95], rel=0.01)
    assert services[p95] >= 0.95 * IDLE_P95_MS


def test_a_stall_shows_in_a_local_run(local, target):
    runner = local(Visitor, stop_timeout=60)
    assert_the_stall_shows(*run_with_a_stall(runner, target, 200), target)
    assert 90 <= runner.peak_users <= 200


def test_a_stall_shows_with_a_master_and_two_workers(ended, until, target):
    environment = Environment(user_classes=[Visitor], stop_timeout=60)
    master = environment.create_master_runner("127.0.0.1", 0)
    ended.append(master)
    for _ in range(2):
        other = Environment(user_classes=[Visitor])
        ended.append(other.create_worker_runner("127.0.0.1", master.server.port))
    until(lambda: master.worker_count == 2)
    result, zero = run_with_a_stall(master, target, 200)
    assert_the_stall_shows(result, zero, target)
    assert {point.workers for point in result.history[1:-1]} == {2}


def test_ten_users_drop_what_they_cannot_start(local, target):
    runner = local(Visitor, stop_timeout=60)
    gevent.sleep(0)
    gevent.spawn_later(0.5, target.stall)
    runner.begin_load(ArrivalLoad(100.0, 10, run_time_seconds=2.0))
    assert runner.finished.wait(60)
    result = document(runner)
    dropped = result.status.load.dropped_iterations
    assert 86 <= dropped <= 150  # 90, and what a busy machine is late with
    assert result.status.total.requests == 200 - dropped
    assert sum(point.dropped_iterations for point in result.history) == dropped
    assert result.status.load.peak_users == 10


class TestLateGenerator:
    def test_iterations_that_start_late_tell_the_two_latencies_apart(self, local):
        """Here the generator is late, so the send is: what only the open model shows."""

        class Sampler(User):
            @task
            def sample(self):
                fire(self.environment, 2.0)

        runner = local(Sampler)
        runner.begin_load(ArrivalLoad(100.0, 20, run_time_seconds=2.0))
        gevent.sleep(0.7)
        begun = time.monotonic()
        while time.monotonic() < begun + 0.5:
            pass  # the hub stands still, as in a C call
        blocked_ms = 1000 * (time.monotonic() - begun)
        assert runner.finished.wait(60)
        total = document(runner).status.total
        assert total.requests == 200 - runner.dropped_iterations
        assert blocked_ms - 10 <= total.latency.max_ms <= blocked_ms + 500
        assert total.service.max_ms == 2.0
        assert total.latency.percentiles_ms["p50"] < 0.5 * blocked_ms


class TestRates:
    @pytest.fixture
    def sampled(self, local):
        class Sampler(User):
            started: Counter = Counter()

            @task
            def sample(self):
                fire(self.environment, 1.0)

        return local(Sampler)

    def test_a_live_change_of_the_rate(self, sampled):
        sampled.begin_load(ArrivalLoad(20.0, 200, run_time_seconds=2.5))
        gevent.sleep(0.5)
        edited = sampled.control.elapsed
        sampled.begin_load(ArrivalLoad(200.0, 200, run_time_seconds=2.5))
        changed = status(sampled)
        assert changed.load.rate == 200.0
        assert sampled.finished.wait(60)
        assert sampled.elapsed_seconds >= 2.5
        requests = sampled.stats.num_requests
        # The windows dealt before the edit reach at most 1.3 s beyond it.
        last = min(2.5, edited + 1.3)
        assert 20 * last + 200 * (2.5 - last) - 2 <= requests
        assert requests <= 20 * edited + 200 * (2.5 - edited) + 2
        assert sampled.dropped_iterations == 0
        assert [mark.kind for mark in sampled.marks] == ["start", "edit", "stop"]

    def test_stages_ramp_the_rate(self, sampled):
        stages = (RateStage(0.6, 100.0), RateStage(0.6, 100.0), RateStage(0.6, 0.0))
        sampled.begin_load(ArrivalLoad(0.0, 200, stages=stages))
        assert sampled.finished.wait(60)
        assert sampled.stats.num_requests == 30 + 60 + 30
        assert judgement_of(sampled).verdict == "Passed"

    def test_what_a_status_says(self, sampled, until):
        sampled.begin_load(ArrivalLoad(50.0, 100, run_time_seconds=2.5))
        until(lambda: sampled.state == "running")
        now = status(sampled)
        assert (now.state, now.phase) == ("running", "Running")
        assert (now.load.model, now.load.rate, now.load.max_users) == ("arrivalRate", 50.0, 100)
        assert now.load.spec["arrivalRate"]["maxUsers"] == 100
        assert sampled.finished.wait(60)
        assert sampled.stats.num_requests == 125

    def test_a_second_test_of_users_has_one_latency_again(self, sampled):
        from katydid.load.spec import ConstantLoad

        sampled.begin_load(ArrivalLoad(50.0, 20, run_time_seconds=0.3))
        assert sampled.finished.wait(60)
        assert sampled.stats.total.service is not None
        sampled.begin_load(ConstantLoad(2, 100.0, 0.3))
        assert sampled.finished.wait(60)
        assert sampled.stats.num_requests > 2
        assert sampled.stats.total.service is None
