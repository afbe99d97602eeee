"""What the web page may do with a run."""

from __future__ import annotations

import pytest

from katydid.errors import UsageError
from katydid.load.spec import ConstantLoad, Stage, StagedLoad
from katydid.run.controls import RunnerControls
from katydid.run.settings import RunSettings
from katydid.user import LoadTestShape

from .conftest import Idler, fire


class Other(Idler):
    pass


class Two(LoadTestShape):
    def tick(self):
        return (2, 100)


@pytest.fixture
def started(local, clock):
    """Controls of a test with three users, and its runner."""
    runner = local(Idler, clock=clock, settings=RunSettings(load=ConstantLoad(3, 50.0, 60.0)))
    controls = RunnerControls(runner)
    controls.start()
    clock.advance(1)
    return controls, runner


def test_start_as_configured(started):
    controls, runner = started
    assert (runner.user_count, runner.control.ends_at()) == (3, 60.0)
    assert controls.distributed is False
    assert controls.status().load.users == 3
    assert controls.document().status.state == "running"


def test_start_again_changes_what_is_given_and_leaves_the_rest(started, clock):
    controls, runner = started
    controls.start(users=5)
    clock.advance(1)
    assert runner.control.load == ConstantLoad(5, 50.0, 60.0)
    assert runner.user_count == 5
    controls.start(host="http://other.example", run_time_seconds=10.0)
    assert runner.environment.host == "http://other.example"
    assert runner.control.ends_at() == pytest.approx(12.0)  # from now on, as the page says


def test_stop_and_start_again(started, clock):
    controls, runner = started
    controls.stop()
    assert (runner.state, runner.user_count) == ("stopped", 0)
    assert controls.status().message == "The test was stopped at its web page."
    controls.start(run_time_seconds=5.0)
    clock.advance(4.5)
    assert runner.state == "running"
    clock.advance(1)
    assert (runner.state, controls.status().verdict) == ("stopped", "Passed")


def test_reset(started):
    controls, runner = started
    fire(runner.environment)
    assert runner.stats.num_requests == 1
    controls.reset()
    assert runner.stats.num_requests == 0
    assert controls.history(0.0) == []


def test_classes_are_chosen_before_a_start(local, clock):
    runner = local(
        Idler, Other, clock=clock, available_user_classes={"Idler": Idler, "Other": Other}
    )
    controls = RunnerControls(runner)
    with pytest.raises(UsageError, match="There is no user class Nobody"):
        controls.start(users=1, user_classes=["Nobody"])
    controls.start(users=2, spawn_rate=100, user_classes=["Other"])
    clock.advance(1)
    assert runner.user_classes_count == {"Other": 2}
    controls.start(users=3, user_classes=["Other"])  # the page sends them with every edit
    clock.advance(1)
    assert runner.user_count == 3
    with pytest.raises(UsageError, match="cannot change while the test runs"):
        controls.start(users=3, user_classes=["Idler"])


def test_a_shape_is_chosen_before_a_start(local, clock):
    runner = local(Idler, clock=clock, available_shape_classes={"Two": Two()})
    controls = RunnerControls(runner)
    with pytest.raises(UsageError, match="There is no shape class Three"):
        controls.start(shape_class="Three")
    controls.start(shape_class="Two")
    clock.advance(1)
    assert (runner.user_count, controls.status().load.model) == (2, "shape")


def test_stages_take_no_number_of_users(local, clock):
    load = StagedLoad((Stage(10, 4, 100.0),))
    runner = local(Idler, clock=clock, settings=RunSettings(load=load))
    controls = RunnerControls(runner)
    with pytest.raises(UsageError, match="not a number of users"):
        controls.start(users=3)
    controls.start()
    clock.advance(1)
    assert runner.user_count == 4


def test_attributes_of_a_class(started):
    controls, _ = started
    controls.update_user_class({"user_class_name": "Idler", "weight": 7})
    assert Idler.weight == 7
    controls.update_user_class({"user_class_name": "Idler", "weight": 1})
