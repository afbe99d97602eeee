"""A test in one process: its life, its times, its ends."""

from __future__ import annotations

import time

import gevent
import pytest

from katydid.errors import RunnerAlreadyExistsError, StopTest, UsageError
from katydid.load.spec import ArrivalLoad, ConstantLoad, ShapeLoad, Stage, StagedLoad
from katydid.run.snapshot import document, judgement_of, status
from katydid.run.verdict import Ending
from katydid.user import LoadTestShape, User, constant, task

from .conftest import Clicker, Idler, fire

pytestmark = pytest.mark.slow


class TestLife:
    def test_events_come_in_order_and_states_with_them(self, local, told, clock):
        runner = local(Idler, clock=clock)
        names = told(runner.environment)
        states = []
        for event in ("test_start", "spawning_complete", "test_stopping", "test_stop"):
            getattr(runner.environment.events, event).add_listener(
                lambda **_: states.append(str(runner.state))
            )
        runner.begin_load(ConstantLoad(5, 10.0))
        assert runner.state == "spawning"
        clock.advance(2)
        assert (runner.state, runner.user_count) == ("running", 5)
        runner.stop()
        assert names == ["test_start", "spawning_complete", "test_stopping", "test_stop"]
        assert states == ["ready", "running", "running", "stopped"]
        assert runner.user_count == 0
        assert runner.final_user_classes_count == {"Idler": 5}
        assert runner.peak_users == 5

    def test_on_stop_of_users_runs_between_test_stopping_and_test_stop(self, local, clock):
        names = []

        class Leaver(Idler):
            def on_stop(self):
                names.append(f"on_stop {self.environment.runner.state}")

        runner = local(Leaver, clock=clock)
        for event in ("test_stopping", "test_stop"):
            getattr(runner.environment.events, event).add_listener(
                lambda event=event, **_: names.append(event)
            )
        runner.begin_load(ConstantLoad(1, 10.0))
        clock.advance(1)
        runner.stop()
        assert names == ["test_stopping", "on_stop cleanup", "test_stop"]

    def test_a_second_test_starts_from_zero(self, local, clock, told):
        class Once(User):
            wait_time = constant(3600)

            @task
            def click(self):
                fire(self.environment)

        runner = local(Once, clock=clock)
        names = told(runner.environment)
        for users in (3, 2):
            runner.begin_load(ConstantLoad(users, 10.0))
            clock.advance(1)
            assert runner.user_count == users
            assert runner.stats.num_requests == users
            runner.stop()
        assert names.count("test_start") == names.count("test_stop") == 2
        assert runner.peak_users == 2

    def test_stopping_twice_is_one_stop(self, local, told):
        runner = local(Idler)
        names = told(runner.environment)
        runner.environment.events.test_stopping.add_listener(lambda **_: gevent.sleep(0.05))
        runner.begin_load(ConstantLoad(1, 10.0))
        gevent.joinall([gevent.spawn(runner.stop) for _ in range(3)], raise_error=True)
        assert names.count("test_stopping") == names.count("test_stop") == 1
        assert runner.state == "stopped"

    def test_a_stop_before_anything_began_does_nothing(self, local, told):
        runner = local(Idler)
        names = told(runner.environment)
        runner.stop()
        assert (names, runner.state) == ([], "ready")

    def test_a_user_may_quit_the_runner(self, local, told):
        class Quitter(User):
            wait_time = constant(3600)

            @task
            def end(self):
                self.environment.runner.quit()

        runner = local(Quitter, Idler)
        names = told(runner.environment)
        runner.begin_load(ConstantLoad(6, 100.0))
        runner.greenlet.join(timeout=60)
        assert runner.state == "stopped"
        assert runner.user_count == 0
        assert names[-2:] == ["test_stopping", "test_stop"]

    def test_a_user_that_quits_with_a_drain_finishes_its_task(self, local):
        finished = []

        class Quitter(User):
            wait_time = constant(3600)

            @task
            def end(self):
                self.environment.runner.quit()
                gevent.sleep(0.05)
                finished.append(self)

        runner = local(Quitter, stop_timeout=5)
        runner.begin_load(ConstantLoad(1, 100.0))
        runner.greenlet.join(timeout=60)
        assert len(finished) == 1
        assert runner.state == "stopped"

    def test_test_start_may_end_the_test(self, local, told):
        runner = local(Idler)
        names = told(runner.environment)
        runner.environment.events.test_start.add_listener(lambda **_: runner.quit())
        runner.begin_load(ConstantLoad(5, 100.0))
        assert runner.state == "stopped"
        assert runner.finished.is_set()
        assert names == ["test_start", "test_stopping", "test_stop"]
        assert runner.node.population.spawned == {}

    def test_stop_test_of_a_user_stops_the_test(self, local):
        class Aborter(User):
            @task
            def end(self):
                raise StopTest("sold out")

        runner = local(Aborter)
        runner.begin_load(ConstantLoad(1, 100.0))
        assert runner.finished.wait(60)
        judgement = judgement_of(runner)
        assert (judgement.verdict, judgement.reason) == ("Stopped", "StopTest")
        assert (judgement.message, judgement.exit_code) == ("sold out", 4)

    def test_the_first_reason_to_end_counts(self, local):
        runner = local(Idler)
        runner.begin_load(ConstantLoad(1, 100.0))
        runner.end(Ending("error", "First", "1"))
        runner.end(Ending("stopped"))
        runner.stop()
        assert runner.ending == Ending("error", "First", "1")

    def test_one_environment_has_one_runner(self, local):
        runner = local(Idler)
        with pytest.raises(RunnerAlreadyExistsError):
            runner.environment.create_local_runner()


class TestRamp:
    def test_users_come_at_the_rate_and_without_clumps(self, local, clock):
        runner = local(Idler, clock=clock)
        runner.begin_load(ConstantLoad(20, 10.0))
        counts = []
        for _ in range(5):
            counts.append(runner.user_count)
            clock.advance(0.5)
        assert counts == [pytest.approx(min(20, 1 + 5 * half), abs=1) for half in range(5)]

    def test_spawning_completes_with_the_last_user_and_once(self, local, told, clock):
        runner = local(Idler, clock=clock)
        names = told(runner.environment)
        runner.begin_load(ConstantLoad(15, 10.0))
        clock.advance(1.2)
        assert names == ["test_start"]
        clock.advance(0.2)
        assert names == ["test_start", "spawning_complete"]
        clock.advance(60)
        assert names == ["test_start", "spawning_complete"]

    def test_an_edit_completes_anew(self, local, told, clock):
        runner = local(Idler, clock=clock)
        names = told(runner.environment)
        runner.begin_load(ConstantLoad(5, 10.0))
        clock.advance(2)
        runner.begin_load(ConstantLoad(2, 10.0))
        assert runner.state == "spawning"
        clock.advance(2)
        assert (runner.state, runner.user_count) == ("running", 2)
        assert names == ["test_start", "spawning_complete", "spawning_complete"]
        assert [mark.kind for mark in runner.marks] == ["start", "edit"]

    def test_an_edit_in_the_middle_of_the_ramp(self, local, told, clock):
        runner = local(Idler, clock=clock)
        names = told(runner.environment)
        runner.begin_load(ConstantLoad(100, 10.0))
        clock.advance(2.5)
        assert 25 <= runner.user_count <= 27
        runner.begin_load(ConstantLoad(40, 5.0))
        clock.advance(10)
        assert runner.user_count == 40
        assert names.count("spawning_complete") == 1

    def test_down_to_nobody_and_up_again(self, local, clock):
        runner = local(Idler, clock=clock)
        for users in (8, 0, 3):
            runner.begin_load(ConstantLoad(users, 100.0))
            clock.advance(2)
            assert runner.user_count == users
            assert runner.state == "running"

    def test_each_stage_completes_once(self, local, told, clock):
        runner = local(Idler, clock=clock)
        names = told(runner.environment)
        runner.begin_load(StagedLoad((Stage(3, 4, 100.0), Stage(3, 6, 100.0), Stage(3, 6, 1.0))))
        clock.advance(8.5)
        assert runner.user_count == 6
        assert names.count("spawning_complete") == 2
        clock.advance(1)
        assert runner.ending == Ending("done")

    def test_reset_stats_when_all_users_are_there(self, local, clock):
        runner = local(Idler, clock=clock, reset_stats=True)
        runner.begin_load(ConstantLoad(10, 10.0))
        for _ in range(7):
            fire(runner.environment)
        clock.advance(2)
        assert runner.stats.num_requests == 0
        fire(runner.environment)
        clock.advance(10)
        assert runner.stats.num_requests == 1

    def test_fixed_counts_and_weights(self, local, clock):
        class Admin(Idler):
            fixed_count = 2

        class Buyer(Idler):
            weight = 3

        runner = local(Admin, Buyer, Idler, clock=clock)
        runner.begin_load(ConstantLoad(10, 100.0))
        clock.advance(1)
        assert runner.user_classes_count == {"Admin": 2, "Buyer": 6, "Idler": 2}
        assert runner.target_user_classes_count == {"Admin": 2, "Buyer": 6, "Idler": 2}
        assert runner.target_user_count == 10


class TestRunTime:
    @pytest.mark.parametrize("run_time", [0.75, 1.25])  # exact in binary, as the clock's steps are
    def test_is_precise(self, local, clock, run_time):
        runner = local(Idler, clock=clock)
        runner.begin_load(ConstantLoad(5, 100.0, run_time))
        clock.advance(run_time - 0.001)
        assert runner.state in ("spawning", "running")
        clock.advance(0.002)
        assert runner.state == "stopped"
        assert runner.elapsed_seconds == pytest.approx(run_time, abs=0.002)

    @pytest.mark.parametrize("run_time", [0.7, 1.3])
    def test_is_as_precise_as_the_machine(self, local, alarm, run_time):
        runner = local(Clicker)
        stopped = []
        runner.environment.events.test_stopping.add_listener(
            lambda **_: stopped.append(time.monotonic())
        )
        rings = alarm(run_time)
        runner.begin_load(ConstantLoad(5, 100.0, run_time))
        assert runner.finished.wait(60)
        assert stopped == [pytest.approx(rings.rang, abs=0.25)]
        assert stopped[0] - rings.began >= run_time
        assert runner.elapsed_seconds >= run_time
        assert runner.ending == Ending("done")
        assert judgement_of(runner).exit_code == 0

    def test_counts_from_the_start_of_the_ramp(self, local, clock):
        runner = local(Idler, clock=clock)
        runner.begin_load(ConstantLoad(100, 1.0, 5.25))
        clock.advance(5.2)
        assert runner.state == "spawning"
        clock.advance(0.1)
        assert runner.state == "stopped"

    def test_lowered_below_the_elapsed_time_ends_now(self, local, clock):
        runner = local(Idler, clock=clock)
        runner.begin_load(ConstantLoad(1, 1.0, 60.0))
        clock.advance(10)
        runner.begin_load(ConstantLoad(1, 1.0, 5.0))
        clock.advance(0)
        assert (runner.state, runner.ending) == ("stopped", Ending("done"))

    def test_raised_while_it_runs(self, local, clock):
        runner = local(Idler, clock=clock)
        runner.begin_load(ConstantLoad(1, 1.0, 3.0))
        clock.advance(2.9)
        runner.begin_load(ConstantLoad(1, 1.0, 6.0))
        clock.advance(3)
        assert runner.state == "running"
        clock.advance(0.2)
        assert runner.state == "stopped"

    def test_lowered_within_the_present_second(self, local, clock):
        runner = local(Idler, clock=clock)
        runner.begin_load(ConstantLoad(1, 1.0, 60.0))
        clock.advance(3.2)
        runner.begin_load(ConstantLoad(1, 1.0, 3.5))
        clock.advance(1.0)
        assert runner.state == "stopped"

    def test_goes_on_with_seconds_while_users_finish(self, local):
        class Slow(User):
            wait_time = constant(0)

            @task
            def work(self):
                gevent.sleep(0.1)
                fire(self.environment)
                if self.environment.runner.state == "cleanup":
                    gevent.sleep(1.3)
                    fire(self.environment, 99.0)

        runner = local(Slow, stop_timeout=60)
        runner.begin_load(ConstantLoad(2, 100.0, 0.5))
        assert runner.finished.wait(60)
        points = runner.stats.history_points()
        late = [point for point in points if point.time > int(runner.load_started_at + 0.5)]
        assert sum(point.requests for point in points) == runner.stats.num_requests
        assert sum(point.requests for point in late) >= 1  # a user between two tasks ends at once
        assert late[-1].users == 0


class TestShape:
    def test_ticks_each_second_and_ends_with_none(self, local, clock, told, caplog):
        caplog.set_level("INFO")

        class Steps(LoadTestShape):
            asked = []

            def tick(self):
                self.asked.append(clock.now - 1000)
                users = {0: 2, 1: 2, 2: 5, 3: 1}.get(len(self.asked) - 1)
                return None if users is None else (users, 100)

        Steps.clock = clock
        runner = local(Idler, clock=clock, shape_class=Steps())
        names = told(runner.environment)
        runner.begin_load(ShapeLoad())
        clock.advance(3.5)
        assert runner.user_count == 1
        clock.advance(1)
        assert Steps.asked == [0, 1, 2, 3, 4]
        assert (runner.state, runner.ending) == ("stopped", Ending("done"))
        assert "The load shape has ended, shutting down" in caplog.messages
        assert not any("--run-time" in message for message in caplog.messages)
        assert names.count("spawning_complete") == 3

    def test_sees_its_run_time_and_the_users(self, local, clock):
        seen = []

        class Shape(LoadTestShape):
            def tick(self):
                seen.append((self.get_run_time(), self.get_current_user_count()))
                return (3, 100)

        Shape.clock = clock
        shape = Shape()
        clock.advance(50)
        runner = local(Idler, clock=clock, shape_class=shape)
        runner.start_shape()
        clock.advance(2)
        assert seen == [(0.0, 0), (1.0, 3), (2.0, 3)]
        assert runner.shape_greenlet is not None

    def test_an_exception_in_tick_ends_the_test_with_error(self, local, clock):
        class Broken(LoadTestShape):
            def tick(self):
                if self.get_run_time() >= 2:
                    raise KeyError("stage 3")
                return (1, 1)

        Broken.clock = clock
        runner = local(Idler, clock=clock, shape_class=Broken())
        runner.begin_load(ShapeLoad())
        clock.advance(3)
        judgement = judgement_of(runner)
        assert (judgement.verdict, judgement.reason) == ("Error", "ShapeFailed")
        assert (judgement.message, judgement.exit_code) == (
            "The load shape failed: KeyError('stage 3').",
            65,
        )
        assert (runner.state, runner.user_count) == ("stopped", 0)

    def test_a_second_start_of_a_running_shape_changes_nothing(self, local, clock):
        class Shape(LoadTestShape):
            def tick(self):
                return (1, 1)

        runner = local(Idler, clock=clock, shape_class=Shape())
        runner.start_shape()
        runner.start_shape()
        assert [mark.kind for mark in runner.marks] == ["start"]


class TestSeconds:
    def test_history_has_a_point_for_every_second(self, local):
        runner = local(Clicker)
        runner.begin_load(ConstantLoad(4, 100.0, 2.3))
        assert runner.finished.wait(60)
        points = runner.stats.history_points()
        times = [point.time for point in points]
        assert times == list(range(times[0], times[0] + len(times)))
        assert times[0] == int(runner.load_started_at)
        assert sum(point.requests for point in points) == runner.stats.num_requests
        assert {point.users for point in points[1:-1]} == {4}
        assert {point.workers for point in points} == {1}


class TestSaturation:
    def test_a_hub_that_hung_is_told_in_the_status(self, local, until):
        class Burner(User):
            wait_time = constant(0.01)

            @task
            def burn(self):
                burn(1.3)

        runner = local(Burner)
        runner.begin_load(ConstantLoad(1, 1.0))
        until(lambda: status(runner).generator.saturated)
        runner.stop()
        row = status(runner).generator
        assert row.max_loop_lag_ms > 1000
        assert row.reasons[0].startswith("This process used up to ")
        assert 1.0 <= row.saturated_seconds <= runner.elapsed_seconds + 0.1
        assert runner.load_started_at <= row.first_saturated_at < row.last_saturated_at
        (mark,) = (mark for mark in runner.marks if mark.kind == "saturated")
        assert mark.text == "This process is saturated: it delays what it measures."
        assert document(runner).status.generator == row

    def test_what_is_not_load_counts_for_nothing(self, local):
        runner = local(Idler)
        runner.environment.events.test_start.add_listener(lambda **_: burn(1.2))
        runner.environment.events.test_stopping.add_listener(lambda **_: burn(1.2))
        gevent.sleep(0.15)  # the watch sleeps
        burn(1.2)
        runner.begin_load(ConstantLoad(1, 1.0, 0.3))
        runner.finished.wait(30)
        burn(1.2)
        gevent.sleep(0.15)  # the watch has looked again
        row = status(runner).generator
        assert (row.saturated, row.reasons) == (False, [])
        assert (row.saturated_seconds, row.first_saturated_at) == (0.0, None)
        assert row.max_loop_lag_ms < 1000


def burn(seconds: float) -> None:
    """Compute without a turn of the hub."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def test_the_model_of_a_running_test_stays(local, clock):
    runner = local(Idler, clock=clock)
    runner.begin_load(ConstantLoad(2, 10.0))
    with pytest.raises(UsageError, match="cannot change between users and an arrival rate"):
        runner.begin_load(ArrivalLoad(1.0, 1))
    clock.advance(1)
    assert runner.user_count == 2
    assert runner.control.load == ConstantLoad(2, 10.0)


def test_exceptions_of_users_are_counted_by_text(local, until):
    class Faulty(User):
        wait_time = constant(0.01)

        @task
        def fail(self):
            raise ValueError("no stock")

    runner = local(Faulty)
    runner.begin_load(ConstantLoad(2, 100.0))
    until(lambda: sum(e["count"] for e in runner.exceptions.values()) >= 6)
    runner.stop()
    (entry,) = runner.exceptions.values()
    assert entry["msg"] == "no stock"
    assert entry["nodes"] == {"local"}
    assert 'raise ValueError("no stock")' in entry["traceback"]
    assert judgement_of(runner).verdict == "Stopped"
