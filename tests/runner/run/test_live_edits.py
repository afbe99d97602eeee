"""`PUT /api/v1/live`: the whole live part is replaced, once per generation."""

from __future__ import annotations

import gevent
import pytest
import requests

from katydid.compat.locust.env import Environment, renderers
from katydid.errors import UsageError
from katydid.load.spec import ArrivalLoad, ConstantLoad
from katydid.manifest import live
from katydid.run.controls import RunnerControls
from katydid.run.master import MasterRunner
from katydid.run.settings import RunSettings
from katydid.run.snapshot import judgement_of, status
from katydid.user import User, task
from katydid.web.ui import WebUI

from .conftest import Clicker, Idler, fire

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-this-run"


def update(generation, load=None, **parts):
    load = load or {"users": 3, "spawnRate": 100, "runTime": "60s"}
    return live.from_body({"generation": generation, "load": load, **parts})


@pytest.fixture
def running(local, clock):
    runner = local(Idler, clock=clock)
    runner.begin_load(ConstantLoad(3, 100.0, 60.0))
    clock.advance(1)
    return runner


class TestGenerations:
    def test_a_newer_one_is_applied(self, running, clock):
        running.apply_live(update(2, {"users": 5, "spawnRate": 100, "runTime": "60s"}))
        clock.advance(2)
        assert (running.generation, running.user_count) == (2, 5)
        assert status(running).generation == 2

    @pytest.mark.parametrize("generation", [2, 1])
    def test_an_equal_or_older_one_changes_nothing(self, running, clock, generation):
        running.apply_live(update(2))
        running.apply_live(
            update(
                generation,
                {"users": 9, "spawnRate": 1, "runTime": "5s", "stopTimeout": "7s"},
                thresholds=[{"name": "fast", "metric": "p95", "below": "1s"}],
                stop=True,
            )
        )
        clock.advance(2)
        assert (running.generation, running.user_count) == (2, 3)
        assert running.thresholds.thresholds == ()
        assert running.ending is None

    def test_the_same_load_is_no_edit(self, running, clock):
        running.apply_live(update(2))
        clock.advance(1)
        assert running.state == "running"
        assert [mark.kind for mark in running.marks] == ["start"]


class TestParts:
    def test_stop_timeout(self, running):
        running.apply_live(update(2, {"users": 3, "runTime": "60s", "stopTimeout": "7s"}))
        assert running.environment.stop_timeout == 7.0

    def test_run_time_below_the_elapsed_time_ends_the_run_now(self, running, clock):
        clock.advance(20)
        running.apply_live(update(2, {"users": 3, "spawnRate": 100, "runTime": "10s"}))
        clock.advance(0)
        assert running.state == "stopped"
        assert judgement_of(running).verdict == "Passed"

    def test_stages(self, running, clock):
        stages = [{"duration": "1m", "users": 8, "spawnRate": 100}]
        running.apply_live(update(2, {"stages": stages}))
        clock.advance(2)
        assert running.user_count == 8
        assert status(running).load.model == "stages"

    def test_stop_wins_over_another_model(self, running, clock):
        arrivals = {"arrivalRate": {"rate": 10, "maxUsers": 5, "runTime": "60s"}}
        running.apply_live(update(2, arrivals, stop=True))
        clock.advance(0)
        assert (running.state, judgement_of(running).verdict) == ("stopped", "Stopped")

    def test_stop(self, running, clock):
        running.apply_live(update(2, stop=True))
        clock.advance(0)
        judgement = judgement_of(running)
        assert (running.state, judgement.verdict) == ("stopped", "Stopped")
        assert judgement.message == "The test was stopped by its resource."

    def test_thresholds_are_replaced_and_unchanged_ones_keep_their_state(self, running, clock):
        kept = {"name": "kept", "metric": "requests", "above": 100}
        running.apply_live(update(2, thresholds=[kept]))
        clock.advance(2)
        before = running.thresholds.states[0]
        running.apply_live(
            update(3, thresholds=[kept, {"name": "new", "metric": "p95", "below": "1s"}])
        )
        assert [row.name for row in running.threshold_rows()] == ["kept", "new"]
        assert running.thresholds.states[0] is before
        running.apply_live(update(4))
        assert running.threshold_rows() == []

    def test_another_model_is_refused_and_nothing_changes(self, running, clock):
        arrivals = {"arrivalRate": {"rate": 10, "maxUsers": 5, "runTime": "60s"}}
        with pytest.raises(UsageError, match="cannot change between users and an arrival rate"):
            running.apply_live(
                update(2, arrivals, thresholds=[{"name": "a", "metric": "max", "below": "1s"}])
            )
        clock.advance(2)
        assert (running.generation, running.user_count) == (0, 3)
        assert running.threshold_rows() == []

    def test_the_rate_of_the_open_model(self, local):
        class Sampler(User):
            @task
            def sample(self):
                fire(self.environment)

        runner = local(Sampler)
        runner.begin_load(ArrivalLoad(10.0, 5, run_time_seconds=60.0))
        body = {"arrivalRate": {"rate": 100, "maxUsers": 9, "runTime": "2s"}}
        runner.apply_live(update(2, body))
        assert (status(runner).load.rate, status(runner).load.max_users) == (100.0, 9)
        assert runner.finished.wait(60)
        assert runner.stats.num_requests >= 60


def test_before_the_load_it_is_what_will_be_started(local, clock):
    runner = local(Idler, clock=clock, settings=RunSettings(load=ConstantLoad(1, 1.0)))
    runner.apply_live(update(2, {"users": 4, "spawnRate": 100, "runTime": "60s"}))
    assert runner.state == "ready"
    runner.begin_load(runner.settings.load)
    clock.advance(1)
    assert runner.user_count == 4


class TestDeadline:
    def test_is_counted_from_the_start_of_the_run(self, local, clock):
        runner = local(Idler, clock=clock, settings=RunSettings(deadline=30.0))
        clock.advance(20)
        runner.begin_load(ConstantLoad(1, 1.0))
        clock.advance(9)
        assert runner.state == "running"
        clock.advance(1)
        judgement = judgement_of(runner)
        assert (runner.state, judgement.verdict) == ("stopped", "Error")
        assert judgement.reason == "DeadlineExceeded"
        assert judgement.message == "The run was not over after its deadline of 30 s."

    def test_moves(self, running, clock):
        running.apply_live(update(2, deadline="40s"))
        clock.advance(35)
        running.apply_live(update(3, deadline="50s"))
        clock.advance(10)
        assert running.state == "running"
        running.apply_live(update(4, deadline="45s"))
        clock.advance(0)
        assert judgement_of(running).reason == "DeadlineExceeded"


class TestSettings:
    PARTS = {
        "workers": {"replicas": 3, "readyTimeout": "5s", "maxLost": "50%"},
        "deadline": "2h",
        "results": {"formats": ["json"]},
    }

    def test_are_replaced(self, local):
        settings = RunSettings(expected_workers=8, processes_per_replica=2, formats=("html",))
        runner = local(Idler, settings=settings)
        runner.apply_live(update(2, **self.PARTS))
        now = runner.settings
        assert (now.expected_workers, now.ready_timeout, now.deadline) == (6, 5.0, 7200.0)
        assert now.max_lost == pytest.approx(0.5)
        assert now.formats == ("json",)

    def test_replicas_say_nothing_where_others_start_the_workers(self, local):
        runner = local(Idler, settings=RunSettings(expected_workers=2))
        runner.apply_live(update(2, **self.PARTS))
        assert runner.settings.expected_workers == 2
        assert runner.settings.max_lost == pytest.approx(0.5)  # one of two

    def test_are_kept_in_the_checkpoint(self, master, tmp_path):
        settings = RunSettings(processes_per_replica=1, checkpoint=tmp_path / "state")
        master(settings).apply_live(update(2, **self.PARTS))
        again = master(settings)
        assert again.memory.restore() is False  # no load was started
        now = again.settings
        assert (again.generation, now.expected_workers, now.deadline) == (2, 3, 7200.0)
        assert (now.formats, now.load.users) == (("json",), 3)


@pytest.fixture
def master(ended):
    def make(settings):
        environment = Environment(user_classes=[Idler])
        ended.append(MasterRunner(environment, "127.0.0.1", 0, settings))
        return ended[-1]

    return make


class TestWhileWorkersAreAwaited:
    WAITS = RunSettings(expected_workers=2, processes_per_replica=1)

    @pytest.fixture
    def waiting(self, master):
        master = master(self.WAITS)
        greenlet = gevent.spawn(master.await_workers)
        gevent.sleep(0)
        assert not greenlet.ready()
        return master, greenlet

    def test_stop(self, waiting):
        master, greenlet = waiting
        master.apply_live(update(2, stop=True))
        assert greenlet.get(timeout=60) is False
        assert master.finished.is_set()
        judgement = judgement_of(master)
        assert (judgement.verdict, judgement.reason) == ("Stopped", "StopRequested")
        assert master.load_started_at is None

    def test_ready_timeout(self, waiting):
        master, greenlet = waiting
        master.apply_live(update(2, workers={"replicas": 2, "readyTimeout": "0.1s"}))
        assert greenlet.get(timeout=60) is False
        assert master.ending is None

    def test_deadline(self, waiting):
        master, greenlet = waiting
        master.apply_live(update(2, deadline="0.1s"))
        assert greenlet.get(timeout=60) is False
        assert judgement_of(master).reason == "DeadlineExceeded"

    def test_stop_survives_the_master(self, master, tmp_path):
        settings = RunSettings(expected_workers=2, checkpoint=tmp_path / "state")
        master(settings).apply_live(update(2, stop=True))
        again = master(settings)
        again.memory.restore()
        assert again.await_workers() is False
        assert judgement_of(again).verdict == "Stopped"


class Page:
    """The web page of a runner, as a program talks to it."""

    def __init__(self, runner):
        self.ui = WebUI(
            runner.environment,
            RunnerControls(runner),
            renderers(),
            host="127.0.0.1",
            port=0,
            token=TOKEN,
        )
        self.url = f"http://127.0.0.1:{self.ui.server.server_port}"

    def put(self, body):
        return requests.put(
            f"{self.url}/api/v1/live",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=5,
        )

    def post(self, what, body=None):
        return requests.post(
            f"{self.url}/api/v1/{what}",
            json=body or {},
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=5,
        )

    def status(self):
        return requests.get(f"{self.url}/api/v1/status", timeout=5).json()

    def quit(self):
        self.ui.stop()


class TestOverHttp:
    @pytest.fixture
    def page(self, local, ended):
        page = Page(local(Clicker))
        ended.append(page)
        return page

    def test_put_live(self, page, until):
        assert page.post("start", {"users": 2, "spawnRate": 100}).ok
        until(lambda: page.status()["state"] == "running")
        answer = page.put({"generation": 7, "load": {"users": 6, "spawnRate": 100,
                                                     "runTime": "1h"}})  # fmt: skip
        assert answer.ok, answer.text
        until(lambda: page.status()["load"]["users"] == 6, 3)
        assert page.status()["generation"] == 7
        refused = page.put(
            {"generation": 8, "load": {"arrivalRate": {"rate": 1, "maxUsers": 1, "runTime": "1m"}}}
        )
        assert refused.status_code in (400, 409)
        assert "cannot change between users and an arrival rate" in refused.text
        assert page.status()["generation"] == 7
        until(lambda: page.status()["state"] == "running")
        page.put({"generation": 9, "stop": True,
                  "load": {"users": 6, "spawnRate": 100, "runTime": "1h"}})  # fmt: skip
        until(lambda: page.status()["state"] == "stopped", 3)
        assert page.status()["verdict"] == "Stopped"

    def test_start_edit_stop_without_a_configured_load(self, page, until):
        assert page.post("start", {"users": 4, "spawnRate": 50}).ok
        until(lambda: page.status()["load"]["users"] == 4)
        assert page.post("start", {"users": 1, "spawnRate": 50}).ok
        until(lambda: page.status()["load"]["users"] == 1)
        assert page.post("stop").ok
        gevent.sleep(0)
        assert page.status()["state"] == "stopped"
