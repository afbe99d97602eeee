"""From a load to targets of nodes: ramps, edits, stages, shapes, windows of arrivals."""

from __future__ import annotations

import numpy as np
import pytest

from katydid.errors import LocustfileError
from katydid.load.spec import ArrivalLoad, ConstantLoad, RateStage, ShapeLoad, Stage, StagedLoad
from katydid.run.control import WINDOW_LEAD_SECONDS, Control, describe
from katydid.user import LoadTestShape, User

CLASSES = [("Buyer", 1.0, 0)]


class NotedFleet:
    """Nodes that write down what they are told."""

    def __init__(self, *nodes):
        self.names = list(nodes)
        self.assigned = []
        self.scheduled = {}

    def nodes(self):
        return list(self.names)

    def assign(self, targets, over_seconds):
        self.assigned.append(({node: dict(share) for node, share in targets.items()}, over_seconds))

    def schedule(self, node, base, offsets_us, max_users):
        times = base + np.frombuffer(offsets_us, dtype="<u4") / 1e6
        self.scheduled.setdefault(node, []).append((times.tolist(), max_users))

    def take(self):
        """Starts of all nodes since the last call, as seconds of the epoch, ascending."""
        scheduled, self.scheduled = self.scheduled, {}
        return sorted(t for windows in scheduled.values() for times, _ in windows for t in times)


@pytest.fixture
def fleet():
    return NotedFleet("0")


@pytest.fixture
def control(fleet, clock):
    return Control(CLASSES, fleet, clock)


def users_each_second(control, fleet, clock, seconds):
    """What node 0 has been told at the end of each second."""
    told = []
    for _ in range(seconds):
        if not control.step(1.0):
            told.append(None)
            break
        told.append(fleet.assigned[-1][0]["0"]["Buyer"] if fleet.assigned else 0)
        clock.advance(1.0)
    return told


class TestRamp:
    def test_the_first_user_comes_at_once_and_the_rest_at_the_rate(self, control, fleet, clock):
        control.begin(ConstantLoad(10, 3.0))
        assert users_each_second(control, fleet, clock, 5) == [4, 7, 10, 10, 10]

    def test_less_than_one_a_second(self, control, fleet, clock):
        control.begin(ConstantLoad(3, 0.5))
        assert users_each_second(control, fleet, clock, 6) == [1, 2, 2, 3, 3, 3]

    def test_only_what_changed_is_said(self, control, fleet, clock):
        control.begin(ConstantLoad(4, 2.0))
        users_each_second(control, fleet, clock, 10)
        assert fleet.assigned == [({"0": {"Buyer": 3}}, 1.0), ({"0": {"Buyer": 4}}, 0.5)]

    def test_a_part_of_a_second_gets_its_part_of_the_users(self, control, fleet, clock):
        control.begin(ConstantLoad(100, 10.0))
        control.step(0.35)
        assert fleet.assigned == [({"0": {"Buyer": 4}}, 0.35)]

    def test_down_at_the_rate(self, control, fleet, clock):
        control.begin(ConstantLoad(10, 100.0))
        control.step(1.0)
        clock.advance(1.0)
        control.change(ConstantLoad(2, 3.0))
        assert users_each_second(control, fleet, clock, 4) == [6, 3, 2, 2]

    def test_an_edit_takes_effect_within_its_second(self, control, fleet, clock):
        control.begin(ConstantLoad(10, 2.0))
        control.step(1.0)
        clock.advance(0.5)
        control.change(ConstantLoad(100, 50.0))
        control.step(0.5)
        clock.advance(0.5)
        control.step(1.0)
        assert fleet.assigned[-1][0]["0"]["Buyer"] >= 50
        assert control.target_users == 100
        assert control.spawn_rate == 50.0
        assert not control.at_target

    def test_a_load_begun_in_its_middle(self, control, fleet, clock):
        control.begin(StagedLoad((Stage(10, 5, 100.0), Stage(10, 20, 100.0))), elapsed=12.0)
        control.step(1.0)
        assert control.elapsed == 12.0
        assert fleet.assigned[-1][0] == {"0": {"Buyer": 20}}


class TestEnd:
    def test_of_a_run_time(self, control, fleet, clock):
        control.begin(ConstantLoad(1, 1.0, 2.0))
        assert control.ends_at() == 2.0
        assert users_each_second(control, fleet, clock, 5) == [1, 1, None]

    def test_of_a_run_time_that_is_lowered_below_the_elapsed_time(self, control, fleet, clock):
        control.begin(ConstantLoad(1, 1.0, 60.0))
        clock.advance(10)
        control.change(ConstantLoad(1, 1.0, 5.0))
        assert control.step(1.0) is False

    def test_of_stages(self, control, clock):
        control.begin(StagedLoad((Stage(10, 5), Stage(5, 0))))
        assert control.ends_at() == 15.0
        clock.advance(15.0)
        assert control.step(1.0) is False

    def test_of_arrivals(self, control, clock):
        control.begin(ArrivalLoad(10.0, 5, run_time_seconds=3.0))
        assert control.ends_at() == 3.0
        clock.advance(3.0)
        assert control.step(1.0) is False

    def test_nothing_but_a_stop_ends_a_shape_or_an_unbounded_load(self, control):
        control.begin(ShapeLoad(), LoadTestShape())
        assert control.ends_at() is None
        control.begin(ConstantLoad(1, 1.0))
        assert control.ends_at() is None


class TestStages:
    def test_without_a_spawn_rate_the_target_is_reached_at_the_end(self, control, fleet, clock):
        control.begin(StagedLoad((Stage(4, 8), Stage(4, 0))))
        told = users_each_second(control, fleet, clock, 9)
        assert told[3] == 8
        assert told[-1] is None
        assert told[7] <= 1
        assert told[:4] == sorted(told[:4])
        assert told[3:8] == sorted(told[3:8], reverse=True)

    def test_with_a_spawn_rate(self, control, fleet, clock):
        control.begin(StagedLoad((Stage(3, 6, 100.0), Stage(3, 2, 2.0))))
        assert users_each_second(control, fleet, clock, 7) == [6, 6, 6, 3, 2, 2, None]


class Steps(LoadTestShape):
    """Answers one entry of `answers` per tick."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)

    def tick(self):
        return self.answers.pop(0)


class TestShapes:
    def test_each_tick_counts(self, control, fleet, clock):
        control.begin(ShapeLoad(), Steps((5, 100), (5, 100), (8, 100), (2, 100), None))
        assert users_each_second(control, fleet, clock, 9) == [5, 5, 8, 2, None]

    def test_user_classes_of_a_tick(self, fleet, clock):
        class Buyer(User):
            pass

        class Looker(User):
            pass

        control = Control([("Buyer", 1.0, 0), ("Looker", 1.0, 0)], fleet, clock)
        control.begin(
            ShapeLoad(),
            Steps((4, 100, [Buyer]), (6, 100, [Looker]), (8, 100, None), (8, 100, [])),
        )
        seen = []
        for _ in range(4):
            control.step(1.0)
            seen.append(control.target_classes())
            clock.advance(1.0)
        assert seen[0] == {"Buyer": 4, "Looker": 0}
        assert seen[1:] == [
            {"Buyer": 4, "Looker": 2},
            {"Buyer": 4, "Looker": 4},
            {"Buyer": 4, "Looker": 4},
        ]

    @pytest.mark.parametrize("answer", [(1,), ("many", 1), "text", 5])
    def test_an_answer_that_is_none_is_the_locustfiles_fault(self, control, answer):
        control.begin(ShapeLoad(), Steps(answer))
        with pytest.raises(LocustfileError, match=r"^The load shape failed: "):
            control.step(1.0)

    def test_an_exception_in_tick(self, control):
        class Broken(LoadTestShape):
            def tick(self):
                raise KeyError("stage 3")

        control.begin(ShapeLoad(), Broken())
        with pytest.raises(LocustfileError, match="KeyError\\('stage 3'\\)"):
            control.step(1.0)


class TestNodes:
    def test_users_are_shared_and_only_the_surplus_moves(self, fleet, control, clock):
        fleet.names = ["0", "1"]
        control.begin(ConstantLoad(9, 100.0))
        control.step(1.0)
        assert fleet.assigned[-1][0] == {"0": {"Buyer": 5}, "1": {"Buyer": 4}}
        fleet.names = ["0", "1", "2"]
        control.place(1.0)
        assert fleet.assigned[-1] == (
            {"0": {"Buyer": 3}, "1": {"Buyer": 3}, "2": {"Buyer": 3}},
            1.0,
        )

    def test_a_node_that_was_forgotten_is_told_again(self, fleet, control):
        control.begin(ConstantLoad(2, 100.0))
        control.step(1.0)
        control.place()
        assert len(fleet.assigned) == 1
        control.forget("0")
        control.place()
        assert fleet.assigned[1:] == [({"0": {"Buyer": 2}}, 0.0)]

    def test_without_a_node_users_wait_for_one(self, fleet, control, clock):
        fleet.names = []
        control.begin(ConstantLoad(4, 100.0))
        control.step(1.0)
        assert fleet.assigned == []
        fleet.names = ["7"]
        clock.advance(1.0)
        control.step(1.0)
        assert fleet.assigned == [({"7": {"Buyer": 4}}, 0.0)]


class TestArrivals:
    def test_every_iteration_is_dealt_once_and_before_it_is_due(self, fleet, control, clock):
        fleet.names = ["0", "1", "2"]
        start = clock.wall()
        control.begin(ArrivalLoad(100.0, 30, run_time_seconds=5.0))
        starts = []
        for _ in range(20):
            now = clock.wall()
            if not control.step(0.25):
                break
            window = fleet.take()
            assert all(due >= now for due in window)
            starts += window
            clock.advance(0.25)
        expected = start + np.arange(500) / 100
        assert np.allclose(starts, expected, atol=2e-6)

    def test_nodes_take_turns(self, fleet, control, clock):
        fleet.names = ["0", "1", "2"]
        control.begin(ArrivalLoad(10.0, 30))
        for _ in range(4):
            control.step(1.0)
            clock.advance(1.0)
        counts = {n: sum(len(times) for times, _ in w) for n, w in fleet.scheduled.items()}
        assert sum(counts.values()) == 43
        assert max(counts.values()) - min(counts.values()) <= 1

    def test_max_users_are_shared_and_who_has_none_gets_no_iteration(self, fleet, control, clock):
        fleet.names = ["0", "1", "2"]
        control.begin(ArrivalLoad(10.0, 7))
        control.step(1.0)
        assert [windows[0][1] for windows in fleet.scheduled.values()] == [3, 2, 2]
        fleet.take()
        clock.advance(1.0)
        control.change(ArrivalLoad(10.0, 2))
        control.step(1.0)
        assert [windows[0][1] for windows in fleet.scheduled.values()] == [1, 1, 0]
        assert [len(windows[0][0]) for windows in fleet.scheduled.values()] == [5, 5, 0]

    def test_without_a_node_iterations_are_dropped(self, fleet, control, clock):
        fleet.names = []
        control.begin(ArrivalLoad(10.0, 5))
        control.step(1.0 - WINDOW_LEAD_SECONDS)
        assert control.dropped == 10

    def test_a_changed_rate_counts_from_the_end_of_what_is_dealt(self, fleet, control, clock):
        start = clock.wall()
        control.begin(ArrivalLoad(10.0, 5))
        control.step(1.0)
        dealt = fleet.take()
        assert len(dealt) == 13
        clock.advance(0.5)
        control.change(ArrivalLoad(100.0, 5))
        control.step(0.5)
        clock.advance(0.5)
        control.step(1.0)
        after = fleet.take()
        assert min(after) >= start + 1.3
        assert len(after) == 100
        assert control.rate == 100.0

    def test_stages_of_the_rate(self, fleet, control, clock):
        control.begin(ArrivalLoad(0.0, 5, stages=(RateStage(2.0, 20.0), RateStage(2.0, 20.0))))
        assert control.ends_at() == 4.0
        for _ in range(5):
            control.step(1.0)
            clock.advance(1.0)
        assert len(fleet.take()) == 20 + 40

    def test_a_join_moves_no_users(self, fleet, control):
        control.begin(ArrivalLoad(10.0, 5))
        control.step(1.0)
        fleet.names.append("1")
        control.forget("1")
        control.place(1.0)
        assert fleet.assigned == []

    def test_the_target_is_the_pool_and_counts_as_reached(self, control):
        control.begin(ArrivalLoad(10.0, 5))
        control.step(1.0)
        assert (control.target_users, control.at_target, control.open_model) == (5, True, True)


def test_a_dumped_position_is_taken_up(fleet, control, clock):
    load = ConstantLoad(10, 2.0)
    control.begin(load)
    control.step(1.0)
    state = control.dump()
    other = Control(CLASSES, fleet, clock)
    other.begin(load, elapsed=3.0)
    other.restore(state, 3.0)
    other.step(1.0)
    assert fleet.assigned[-1][0] == {"0": {"Buyer": 5}}
    assert other.elapsed == 3.0


@pytest.mark.parametrize(
    ("load", "text"),
    [
        (ConstantLoad(10, 2.5), "Ramping to 10 users at a rate of 2.50 per second"),
        (StagedLoad((Stage(1, 1), Stage(1, 2))), "Starting a load of 2 stages"),
        (ShapeLoad(), "Shape test starting"),
        (ArrivalLoad(100.0, 20), "Starting 100 iterations per second with up to 20 users"),
    ],
)
def test_what_begins_is_described(load, text):
    assert describe(load) == text
