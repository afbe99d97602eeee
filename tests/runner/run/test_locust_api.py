"""Programs on Locust's API: a local runner, and a master with two workers in one process."""

from __future__ import annotations

import time
from dataclasses import replace
from unittest import mock

import gevent
import pytest

from katydid.compat.locust import runners as locust_runners
from katydid.compat.locust.env import Environment
from katydid.load.spec import ConstantLoad
from katydid.manifest import live
from katydid.run.snapshot import document, judgement_of, status
from katydid.user import User, constant, task
from katydid.wire import messages as m

from .conftest import Clicker, Idler

pytestmark = pytest.mark.slow

INTERVALS = {
    "WORKER_REPORT_INTERVAL": 0.2,
    "HEARTBEAT_INTERVAL": 0.2,
    "CPU_MONITOR_INTERVAL": 0.2,
}


@pytest.fixture
def fast_intervals():
    with mock.patch.multiple(locust_runners, **INTERVALS):
        yield


@pytest.fixture
def cluster(ended, fast_intervals, until):
    """`cluster(Idler, workers=2, **environment)`: (master, workers), all welcome."""

    def make(*classes, workers=2, **keywords):
        environment = Environment(user_classes=list(classes), **keywords)
        master = environment.create_master_runner("127.0.0.1", 0)
        ended.append(master)
        made = []
        for _ in range(workers):
            other = Environment(user_classes=list(classes), **keywords)
            made.append(other.create_worker_runner("127.0.0.1", master.server.port))
            ended.append(made[-1])
        until(lambda: len(master.clients.ready) == workers)
        return master, made

    return make


def life_of(environments):
    names = []
    for who, environment in environments.items():
        for event in ("test_start", "spawning_complete", "test_stopping", "test_stop"):
            getattr(environment.events, event).add_listener(
                lambda who=who, event=event, **_: names.append(f"{who} {event}")
            )
    return names


class TestLocal:
    def test_start_quit_join(self, alarm):
        environment = Environment(user_classes=[Clicker])
        runner = environment.create_local_runner()
        rings = alarm(0.9)
        runner.start(10, spawn_rate=10)
        gevent.spawn_later(0.9, runner.quit)
        with gevent.Timeout(60):
            runner.greenlet.join()
        assert time.monotonic() == pytest.approx(rings.rang, abs=0.25)
        assert runner.state == "stopped"
        assert runner.user_count == 0
        assert environment.stats.total.num_requests > 10
        assert environment.stats.total.num_failures == 0
        assert environment.stats.get("/", "GET").avg_response_time == 20.0

    def test_the_group_lives_until_quit_whether_or_not_a_test_runs(self):
        runner = Environment(user_classes=[Idler]).create_local_runner()
        runner.greenlet.join(timeout=0.05)
        assert len(runner.greenlet) > 0
        runner.start(1, 10)
        runner.stop()
        runner.greenlet.join(timeout=0.05)
        assert len(runner.greenlet) > 0
        runner.quit()
        with gevent.Timeout(60):
            runner.greenlet.join()

    def test_start_can_wait_for_all_users(self, local):
        runner = local(Idler)
        runner.start(5, spawn_rate=50, wait=True)
        assert runner.user_count == 5
        assert runner.state == "running"

    def test_start_takes_some_user_classes(self, local):
        class Other(Idler):
            pass

        runner = local(Idler, Other)
        runner.start(4, spawn_rate=100, wait=True, user_classes=[Other])
        assert runner.user_classes_count == {"Idler": 0, "Other": 4}

    def test_users_may_be_started_and_stopped_by_hand(self, local):
        runner = local(Idler)
        users = runner.spawn_users({"Idler": 3})
        assert [type(user) for user in users] == [Idler] * 3
        assert runner.user_count == 3
        assert len(runner.user_greenlets) == 3
        gevent.sleep(0)
        runner.stop_users({"Idler": 2})
        assert runner.user_count == 1
        runner.node.stop_users(0)

    def test_a_test_without_users(self, local):
        runner = local(Idler)
        runner.start(0, spawn_rate=1, wait=True)
        assert (runner.state, runner.user_count) == ("running", 0)

    def test_messages_come_back_to_their_sender(self, local, caplog):
        runner = local(Idler)
        got = []
        runner.register_message(
            "hello", lambda environment, msg: got.append((msg.type, msg.data, msg.node_id))
        )
        runner.send_message("hello", {"a": 1})
        assert got == [("hello", {"a": 1}, "local")]
        with pytest.raises(Exception, match="registered already"):
            runner.register_message("hello", print)
        runner.send_message("unknown")
        assert "unknown type 'unknown'" in caplog.text

    def test_a_listener_that_fails_harms_nobody(self, local, caplog):
        runner = local(Idler)
        runner.register_message("bad", lambda environment, msg: 1 / 0)
        runner.send_message("bad")
        assert "The listener for messages of type 'bad' failed" in caplog.text

    def test_a_concurrent_listener_does_not_hold_up_the_sender(self, local, until):
        runner = local(Idler)
        got = []

        def slow(environment, msg):
            gevent.sleep(0.01)
            got.append(msg.data)

        runner.register_message("slow", slow, concurrent=True)
        runner.send_message("slow", 1)
        assert got == []
        until(lambda: got == [1])


class TestMasterAndWorkers:
    def test_users_are_shared_and_all_is_counted(self, cluster, until):
        master, workers = cluster(Clicker)
        assert master.worker_count == 2
        assert sorted(worker.worker_index for worker in workers) == [0, 1]
        master.start(7, spawn_rate=100)
        until(lambda: master.user_count == 7)
        assert sorted(worker.user_count for worker in workers) == [3, 4]
        assert master.target_user_classes_count == {"Clicker": 7}
        until(lambda: master.stats.num_requests > 50)
        master.stop()
        assert [worker.user_count for worker in workers] == [0, 0]
        recorded = sum(worker.stats.num_requests for worker in workers)
        assert master.stats.num_requests == recorded
        assert master.reported_user_classes_count == {"Clicker": 0}
        assert judgement_of(master).verdict == "Stopped"

    def test_events_come_in_order_on_every_node(self, cluster, until):
        master, workers = cluster(Idler)
        nodes = {"m": master} | {f"w{i}": worker for i, worker in enumerate(workers)}
        names = life_of({who: runner.environment for who, runner in nodes.items()})
        master.start(2, spawn_rate=100)
        until(lambda: names.count("w0 spawning_complete") and names.count("w1 spawning_complete"))
        master.stop()
        until(lambda: len(names) == 12)
        for who in nodes:
            own = [name.split()[1] for name in names if name.startswith(who)]
            assert own == ["test_start", "spawning_complete", "test_stopping", "test_stop"]
        order = names.index
        assert order("m test_start") < order("w0 test_start")
        assert order("m spawning_complete") < order("w0 spawning_complete")
        assert order("m test_stopping") < order("w0 test_stopping")
        assert order("w0 test_stop") < order("m test_stop")

    def test_messages_travel_both_ways(self, cluster, until):
        master, workers = cluster(Idler)
        on_master, on_workers = [], []
        master.register_message(
            "up", lambda environment, msg: on_master.append((msg.data, msg.node_id))
        )
        for index, worker in enumerate(workers):
            worker.register_message(
                "down",
                lambda environment, msg, index=index: on_workers.append((index, msg.data)),
            )
        workers[1].send_message("up", {"n": [1, 2.5, None, "é"]})
        until(lambda: on_master)
        assert on_master == [({"n": [1, 2.5, None, "é"]}, workers[1].client_id)]
        master.send_message("down", "all")
        until(lambda: len(on_workers) == 2)
        master.send_message("down", "one", client_id=workers[0].client_id)
        until(lambda: len(on_workers) == 3)
        assert sorted(on_workers) == [(0, "all"), (0, "one"), (1, "all")]

    def test_quit_sends_the_workers_home(self, cluster, until):
        master, workers = cluster(Idler)
        master.start(4, spawn_rate=100)
        until(lambda: sum(worker.user_count for worker in workers) == 4)
        master.quit()
        assert [worker.user_count for worker in workers] == [0, 0]
        until(lambda: all(worker.gone.is_set() for worker in workers))
        assert master.workers_lost == 0

    def test_reports_carry_what_listeners_add(self, cluster, until):
        master, workers = cluster(Idler, workers=1)
        workers[0].environment.events.report_to_master.add_listener(
            lambda client_id, data: data.update(bytes_sent=123)
        )
        reported = []
        master.environment.events.worker_report.add_listener(
            lambda client_id, data: reported.append((client_id, data["bytes_sent"]))
        )
        master.start(1, spawn_rate=100)
        until(lambda: reported)
        assert reported[0] == (workers[0].client_id, 123)

    def test_exceptions_and_failures_say_who_had_them(self, cluster, until):
        class Faulty(User):
            wait_time = constant(0.02)

            @task
            def fail(self):
                self.environment.events.request.fire(
                    request_type="GET", name="/", response_time=1, response_length=0,
                    exception=ValueError("out of stock"),
                )  # fmt: skip
                raise KeyError("basket")

        master, workers = cluster(Faulty)
        master.begin_load(ConstantLoad(2, 100.0, 0.6))
        assert master.finished.wait(60)
        result = document(master)
        assert result.status.total.failures == result.status.total.requests > 10
        (failure,) = result.failures
        assert (failure.error, failure.reason) == ("ValueError('out of stock')", "ValueError")
        assert failure.occurrences == result.status.total.failures
        (exception,) = result.exceptions
        assert exception.message == "'basket'"
        assert exception.count == result.status.total.requests
        assert exception.nodes == sorted(worker.client_id for worker in workers)
        assert judgement_of(master).reason == "RequestsFailed"

    def test_the_run_time_is_precise(self, cluster, alarm):
        master, _ = cluster(Clicker)
        stopped = []
        master.environment.events.test_stopping.add_listener(
            lambda **_: stopped.append(time.monotonic())
        )
        rings = alarm(1.3)
        master.begin_load(ConstantLoad(4, 100.0, 1.3))
        assert master.finished.wait(60)
        assert stopped == [pytest.approx(rings.rang, abs=0.25)]
        assert stopped[0] - rings.began >= 1.3
        assert master.partial is False

    def test_a_worker_that_leaves_gives_its_users_to_the_other(self, cluster, until):
        master, workers = cluster(Idler)
        master.start(6, spawn_rate=100)
        until(lambda: [worker.user_count for worker in workers] == [3, 3])
        workers[0].leave("told to go")
        until(lambda: workers[1].user_count == 6)
        assert (master.worker_count, master.workers_lost) == (1, 0)

    def test_a_new_stop_timeout_and_fewer_replicas(self, cluster, until):
        master, workers = cluster(Idler, stop_timeout=1)
        master.settings = replace(master.settings, expected_workers=2, processes_per_replica=1)
        master.start(4, spawn_rate=100)
        until(lambda: [worker.user_count for worker in workers] == [2, 2])
        load = {"users": 4, "spawnRate": 100, "unbounded": True, "stopTimeout": "7s"}
        master.apply_live(live.from_body({"generation": 2, "load": load}))
        until(lambda: [worker.environment.stop_timeout for worker in workers] == [7.0, 7.0])
        assert [worker.node.drain_seconds for worker in workers] == [7.0, 7.0]
        workers[1].leave("its replica is one too many")
        until(lambda: workers[0].user_count == 4)
        shown = status(master)
        assert (shown.workers_expected, shown.workers_ready, shown.workers_lost) == (1, 1, 0)
        assert master.clients[workers[1].client_id].state == "left"

    def test_who_took_part_to_the_end_is_known_when_all_have_left(self, cluster, until):
        master, workers = cluster(Idler)
        master.start(2, spawn_rate=100)
        until(lambda: [worker.user_count for worker in workers] == [1, 1])
        workers[1].leave("told to go")
        until(lambda: master.worker_count == 1)
        master.stop()
        master.conclude()
        workers[0].leave("the test is over")
        until(lambda: master.worker_count == 0)
        assert status(master).workers_ready == 1

    @pytest.mark.parametrize("goodbye", [False, True])
    def test_results_lack_what_a_vanished_worker_took_along(self, cluster, until, goodbye):
        master, workers = cluster(Clicker)
        master.start(2, spawn_rate=100)
        until(lambda: [worker.user_count for worker in workers] == [1, 1])
        node = master.clients[workers[0].client_id]
        if goodbye:
            workers[0].send(m.Bye("it got SIGTERM", -1))
            until(lambda: node.leaving)
        workers[0].node.stop_users(0)
        workers[0].close()
        until(lambda: not node.active)
        assert node.state == ("left" if goodbye else "missing")
        assert (master.workers_lost, len(master.clients.missing)) == ((0, 0), (1, 1))[not goodbye]
        assert master.partial is False
        master.stop()
        assert master.partial is True
        master.start(1, spawn_rate=100)
        master.stop()
        assert master.partial is False

    def test_stop_test_of_a_user_on_a_worker(self, cluster):
        from katydid.errors import StopTest

        class Aborter(User):
            @task
            def end(self):
                raise StopTest("sold out")

        master, _ = cluster(Aborter)
        master.start(1, spawn_rate=100)
        assert master.finished.wait(60)
        assert (judgement_of(master).reason, judgement_of(master).message) == (
            "StopTest",
            "sold out",
        )

    def test_a_user_on_a_worker_may_quit_its_runner(self, cluster, until):
        class Quitter(User):
            wait_time = constant(3600)

            @task
            def end(self):
                self.environment.runner.quit()

        master, workers = cluster(Quitter)
        master.start(2, spawn_rate=100)
        until(lambda: [worker.user_count for worker in workers] == [0, 0])
        until(lambda: all(worker.gone.is_set() for worker in workers))

    def test_test_start_on_the_master_may_quit(self, cluster, until):
        master, workers = cluster(Idler)
        master.environment.events.test_start.add_listener(lambda **_: master.quit())
        master.start(2, spawn_rate=100)
        assert master.state == "stopped"
        until(lambda: all(worker.gone.is_set() for worker in workers))
        assert [worker.node.population.spawned for worker in workers] == [{}, {}]
