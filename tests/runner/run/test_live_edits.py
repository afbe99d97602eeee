"""`PUT /api/v1/live`: the whole live part is replaced, once per generation."""

from __future__ import annotations

import gevent
import pytest
import requests

from katydid.compat.locust.env import renderers
from katydid.errors import UsageError
from katydid.load.spec import ArrivalLoad, ConstantLoad
from katydid.manifest import live
from katydid.run.controls import RunnerControls
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
        assert runner.finished.wait(5)
        assert runner.stats.num_requests >= 60


def test_before_the_load_it_is_what_will_be_started(local, clock):
    runner = local(Idler, clock=clock, settings=RunSettings(load=ConstantLoad(1, 1.0)))
    runner.apply_live(update(2, {"users": 4, "spawnRate": 100, "runTime": "60s"}))
    assert runner.state == "ready"
    runner.begin_load(runner.settings.load)
    clock.advance(1)
    assert runner.user_count == 4


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
