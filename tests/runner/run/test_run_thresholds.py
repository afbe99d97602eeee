"""Thresholds of a run: judged each second, aborting in time, and with the last word."""

from __future__ import annotations

import time

import pytest

from katydid.load.spec import ConstantLoad
from katydid.run.settings import RunSettings
from katydid.run.snapshot import judgement_of
from katydid.thresholds import parse
from katydid.user import User, constant, task

from .conftest import Clicker, fire

pytestmark = pytest.mark.slow


def settings(*expressions):
    return RunSettings(thresholds=tuple(parse(text) for text in expressions))


class Turning(User):
    """Fast until `slow_from`, slow for a while, then fast again."""

    wait_time = constant(0.02)
    slow_from = slow_until = 0.0

    @task
    def click(self):
        slow = self.slow_from <= time.monotonic() < self.slow_until
        fire(self.environment, 900.0 if slow else 20.0)


def statuses(runner):
    return {row.expression: row.status for row in runner.threshold_rows()}


def run(runner, seconds, users=5):
    runner.begin_load(ConstantLoad(users, 100.0, seconds))
    assert runner.finished.wait(seconds + 60)
    return judgement_of(runner)


def test_thresholds_that_are_met(local):
    runner = local(Clicker, settings=settings("p95 < 300ms", "failures < 1%", "requests > 20"))
    judgement = run(runner, 1.3)
    assert (judgement.verdict, judgement.reason) == ("Passed", "ThresholdsMet")
    assert set(statuses(runner).values()) == {"Met"}
    assert [row.value for row in runner.threshold_rows()][:2] == [20.0, 0.0]


def test_thresholds_alone_decide(local):
    class Failing(Clicker):
        error = "503"

    judgement = run(local(Failing, settings=settings("p95 < 300ms")), 1.1)
    assert (judgement.verdict, judgement.exit_code) == ("Passed", 0)


def test_a_breach_fails_the_run_at_its_end(local):
    runner = local(Clicker, settings=settings("p50 < 10ms", "rps > 1"))
    judgement = run(runner, 1.3)
    assert (judgement.reason, judgement.exit_code) == ("ThresholdsBreached", 3)
    assert judgement.message == "p50 < 10ms was 20 ms."
    assert statuses(runner) == {"p50 < 10ms": "Breached", "rps > 1/s": "Met"}
    assert [mark.text for mark in runner.marks if mark.kind == "breach"] == ["p50 < 10ms was 20 ms"]


def test_a_threshold_without_data_is_breached_at_the_end(local):
    runner = local(Clicker, settings=settings("POST /pay: p95 < 1s after 10m"))
    judgement = run(runner, 1.1)
    assert judgement.exit_code == 3
    assert (
        judgement.message == "POST /pay: p95 < 1s after 10m: No request named POST /pay was made."
    )


@pytest.mark.parametrize("expression", ["p90 < 300ms over 1s abort", "max < 300ms abort"])
def test_abort_ends_the_run_within_three_seconds_of_the_sample(local, expression):
    runner = local(Turning, settings=settings(expression))
    Turning.slow_from, Turning.slow_until = time.monotonic() + 1.4, float("inf")
    stopped = []
    runner.environment.events.test_stopping.add_listener(
        lambda **_: stopped.append(time.monotonic())
    )
    judgement = run(runner, 10.0)
    assert len(stopped) == 1
    assert 0 < stopped[0] - Turning.slow_from <= 3.0
    assert (judgement.verdict, judgement.reason) == ("Failed", "ThresholdAborted")
    assert judgement.exit_code == 3
    assert judgement.message == f"{expression} was 900 ms; the test was aborted."


def test_only_a_threshold_that_says_so_aborts(local):
    runner = local(Clicker, settings=settings("p50 < 10ms", "p50 < 1s abort"))
    judgement = run(runner, 2.2)
    assert judgement.reason == "ThresholdsBreached"
    assert runner.elapsed_seconds >= 2.2


def test_a_breached_window_stays_and_a_whole_run_recovers(local):
    runner = local(Turning, settings=settings("p50 < 300ms over 1s", "p50 < 300ms"))
    Turning.slow_from = time.monotonic()
    Turning.slow_until = Turning.slow_from + 1.1
    judgement = run(runner, 3.2)
    assert statuses(runner) == {"p50 < 300ms over 1s": "Breached", "p50 < 300ms": "Met"}
    assert judgement.message == "p50 < 300ms over 1s was 900 ms."


def test_they_are_judged_anew_in_a_second_test(local):
    runner = local(Turning, settings=settings("p50 < 300ms over 1s"))
    Turning.slow_from, Turning.slow_until = 0.0, float("inf")
    assert run(runner, 1.2).verdict == "Failed"
    Turning.slow_until = 0.0
    assert run(runner, 1.2).verdict == "Passed"
