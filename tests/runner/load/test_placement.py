from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from katydid.load.placement import Placement, Targets
from katydid.load.sequence import ClassSequence

CLASSES = [("Browse", 5, 0), ("Buy", 2, 0), ("Admin", 1, 2)]


def placed(*workers: str, users: int = 0, classes=CLASSES) -> Placement:
    placement = Placement(ClassSequence(classes))
    placement.set_workers(workers)
    placement.resize(users)
    return placement


def loads(targets: Targets) -> dict[str, int]:
    return {worker: sum(counts.values()) for worker, counts in targets.items()}


def started_on(before: Targets, after: Targets, workers: set[str]) -> int:
    return sum(
        max(0, n - before[worker][name]) for worker in workers for name, n in after[worker].items()
    )


def stopped_on(before: Targets, after: Targets, workers: set[str]) -> int:
    return started_on(after, before, workers)


def test_users_go_to_workers_in_turn_in_the_order_of_the_sequence() -> None:
    placement = placed("0", "1", users=5)
    # Admin Admin Browse Buy Browse
    assert placement.targets() == {
        "0": {"Admin": 1, "Browse": 2, "Buy": 0},
        "1": {"Admin": 1, "Browse": 0, "Buy": 1},
    }
    assert placement.class_counts == {"Admin": 2, "Browse": 2, "Buy": 1}


def test_down_takes_the_newest_first_and_up_again_is_the_same() -> None:
    placement = placed("0", "1", "2", users=20)
    seen = {}
    for total in range(20, -1, -1):
        placement.resize(total)
        seen[total] = placement.class_counts
    for total in range(21):
        placement.resize(total)
        assert placement.class_counts == seen[total]
        assert seen[total] == ClassSequence(CLASSES).counts(total)


def test_a_worker_that_joins_gets_the_surplus_and_nothing_else_moves() -> None:
    placement = placed("0", "1", "2", users=30)
    before = placement.targets()
    placement.add("3")
    after = placement.targets()
    assert sorted(loads(after).values()) == [7, 7, 8, 8]
    assert loads(after)["3"] == 7
    assert started_on(before, after, {"0", "1", "2"}) == 0
    assert stopped_on(before, after, {"0", "1", "2"}) == 7
    # The new worker has the mix of the whole.
    assert after["3"] == {"Admin": 0, "Browse": 5, "Buy": 2}


def test_a_worker_that_leaves_costs_the_others_nothing() -> None:
    placement = placed("0", "1", "2", "3", users=30)
    before = placement.targets()
    placement.remove("1")
    after = placement.targets()
    assert loads(after) == {"0": 10, "2": 10, "3": 10}
    assert stopped_on(before, after, {"0", "2", "3"}) == 0
    assert placement.class_counts == ClassSequence(CLASSES).counts(30)


def test_a_worker_replaced_in_one_step_moves_only_its_own_users() -> None:
    placement = placed("0", "1", "2", users=30)
    before = placement.targets()
    placement.set_workers(["0", "9", "2"])
    after = placement.targets()
    assert (after["0"], after["2"]) == (before["0"], before["2"])
    assert loads(after)["9"] == 10


def test_users_wait_for_the_first_worker() -> None:
    placement = placed(users=7)
    assert placement.targets() == {}
    assert placement.total == 7
    placement.add("0")
    assert loads(placement.targets()) == {"0": 7}
    placement.remove("0")
    placement.resize(4)
    placement.set_workers(["1", "2"])
    assert loads(placement.targets()) == {"1": 2, "2": 2}
    assert placement.class_counts == ClassSequence(CLASSES).counts(4)


def test_no_more_users_than_fixed_counts_allow() -> None:
    placement = placed("0", users=10, classes=[("A", 1, 3)])
    assert placement.total == 3


def test_joining_twice_and_leaving_unknown_change_nothing() -> None:
    placement = placed("0", "1", users=5)
    before = placement.targets()
    placement.add("1")
    placement.remove("7")
    assert placement.targets() == before


def test_explicit_counts() -> None:
    placement = placed("0", "1", users=8)
    placement.set_counts({"Buy": 6, "Admin": 0, "New": 1})
    assert placement.class_counts == {"Admin": 0, "Browse": 4, "Buy": 6, "New": 1}
    assert sorted(loads(placement.targets()).values()) == [5, 6]
    # Then the class furthest behind: Admin's fixed count, and Browse, whose weight is highest.
    placement.resize(15)
    assert placement.class_counts == {"Admin": 2, "Browse": 6, "Buy": 6, "New": 1}


def test_another_sequence_leaves_running_users_alone() -> None:
    placement = placed("0", "1", users=10)
    before = placement.class_counts
    placement.set_sequence(ClassSequence([("Late", 1, 0), ("Admin", 1, 2)]))
    assert placement.class_counts == {**before, "Late": 0}
    placement.resize(14)
    assert placement.class_counts == {**before, "Late": 4}
    placement.resize(10)
    assert placement.class_counts == {**before, "Late": 0}


class Life(RuleBasedStateMachine):
    """Ramps, joins and leaves in any order."""

    @initialize(
        classes=st.lists(
            st.tuples(st.sampled_from("ABCDE"), st.integers(1, 40), st.sampled_from([0, 0, 1, 3])),
            min_size=1,
            unique_by=lambda row: row[0],
        )
    )
    def begin(self, classes) -> None:
        self.classes = classes
        self.placement = Placement(ClassSequence(classes))
        self.names = 0

    @rule(total=st.integers(0, 80))
    def resize(self, total) -> None:
        self.placement.resize(total)

    @rule()
    def join(self) -> None:
        before = self.placement.targets()
        self.names += 1
        new = f"w{self.names}"
        self.placement.add(new)
        after = self.placement.targets()
        if before:
            survivors = set(before)
            assert started_on(before, after, survivors) == 0
            share = self.placement.total // (len(before) + 1)
            assert stopped_on(before, after, survivors) == share == loads(after)[new]

    @rule(data=st.data())
    def leave(self, data) -> None:
        before = self.placement.targets()
        if before:
            gone = data.draw(st.sampled_from(sorted(before)))
            self.placement.remove(gone)
            after = self.placement.targets()
            assert stopped_on(before, after, set(before) - {gone}) == 0

    @rule()
    def restart(self) -> None:
        self.placement = Placement.load(json.loads(json.dumps(self.placement.dump())))

    @invariant()
    def level_and_in_order(self) -> None:
        targets = self.placement.targets()
        by_worker = loads(targets).values()
        if targets:
            assert max(by_worker) - min(by_worker) <= 1
            assert sum(by_worker) == self.placement.total
            for name, count in self.placement.class_counts.items():
                assert sum(counts[name] for counts in targets.values()) == count
        expected = ClassSequence(self.classes).counts(self.placement.total)
        assert self.placement.class_counts == expected


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@given(st.integers(1, 7), st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None)
def test_a_ramp_in_steps_equals_a_ramp_at_once(workers, middle, end) -> None:
    ids = [str(i) for i in range(workers)]
    stepped = placed(*ids, users=middle)
    for total in range(middle, end + 1):
        stepped.resize(total)
    if end >= middle:
        assert stepped.targets() == placed(*ids, users=end).targets()
