"""The metrics of a master with a real worker on loopback."""

from __future__ import annotations

import gevent
import pytest

from katydid.compat.locust.env import Environment
from katydid.load.spec import ConstantLoad
from katydid.metrics.workers import MasterWorkers
from katydid.run.master import MasterRunner
from katydid.run.settings import RunSettings
from katydid.run.states import State
from katydid.run.worker import WorkerRunner
from katydid.user import User, constant, task


class Clicker(User):
    wait_time = constant(0.05)

    @task
    def click(self) -> None:
        self.environment.events.request.fire(
            request_type="GET", name="/", response_time=12.0, response_length=7, exception=None
        )
        raise LookupError("only its class is counted")


@pytest.fixture
def pair():
    master_environment = Environment(user_classes=[Clicker])
    master = MasterRunner(
        master_environment, "127.0.0.1", 0, RunSettings(name="pair", expected_workers=2)
    )
    master_environment.runner = master
    environment = Environment(user_classes=[Clicker])
    worker = WorkerRunner(
        environment, "127.0.0.1", master.server.port, settings=RunSettings(worker_id="3")
    )
    environment.runner = worker
    yield master, worker
    with gevent.Timeout(15):
        master.quit()
        worker.quit()


def test_a_master(serve_runner, pair, until) -> None:
    master, _ = pair
    test = serve_runner(master, MasterWorkers(master))
    until(lambda: master.worker_count == 1)
    master.begin_load(ConstantLoad(4, 100.0))
    until(lambda: master.stats.num_requests > 40 and master.user_count == 4)
    node = master.clients["3"]
    until(lambda: node.memory_usage > 0)
    scrape = test.scrape()
    assert scrape.value("katydid_users", user_class="Clicker") == 4
    assert scrape.value("katydid_worker_users", worker="3") == 4
    assert scrape.value("katydid_worker_memory_bytes", worker="3") == node.memory_usage
    assert scrape.value("katydid_worker_cpu_ratio", worker="3") == node.cpu_usage / 100
    assert scrape.value("katydid_worker_loop_lag_seconds", worker="3") == node.loop_lag_ms / 1000
    assert 0 <= scrape.value("katydid_worker_heartbeat_age_seconds", worker="3") < 5
    assert scrape.value("katydid_workers_expected") == 2
    assert sum(scrape.values("katydid_workers").values()) == 1
    master.stop()
    scrape = test.scrape()
    requests = master.stats.num_requests
    assert scrape.value("katydid_requests_total", name="/", outcome="success") == requests
    assert scrape.value("katydid_users_spawned_total", user_class="Clicker") == 4
    exceptions = sum(entry["count"] for entry in master.exceptions.values())
    assert scrape.values("katydid_user_exceptions_total") == {("LookupError",): exceptions}
    assert exceptions > 0
    assert scrape.value("katydid_workers_lost_total") == 0
    master.lose(node, "was lost by the test")
    scrape = test.scrape()
    assert scrape.value("katydid_workers_lost_total") == 1
    assert scrape.value("katydid_workers", state=State.MISSING) == 1
