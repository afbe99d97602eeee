"""UsersDispatcher against what Locust 2.46.4 was seen to do (locust_dispatch.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from katydid.load.dispatch import UsersDispatcher

SEEN = json.loads((Path(__file__).parent / "locust_dispatch.json").read_text())


@dataclass
class Node:
    id: str


def user_class(name: str, weight: float = 1, fixed_count: int = 0) -> type:
    return type(name, (), {"weight": weight, "fixed_count": fixed_count})


def nodes(*ids: str) -> list[Node]:
    return [Node(worker) for worker in ids]


@pytest.mark.parametrize("seen", SEEN, ids=range(len(SEEN)))
def test_batches_and_order_are_locusts(seen: dict, fake_clock) -> None:
    classes = [user_class(*row) for row in seen["classes"]]
    dispatcher = UsersDispatcher(nodes(*seen["workers"]), classes, clock=fake_clock)
    names = sorted(row[0] for row in seen["classes"])
    for target, rate, expected in seen["ramps"]:
        dispatcher.new_dispatch(target, rate)
        batches = [[[item[w][c] for c in names] for w in sorted(item)] for item in dispatcher]
        assert (batches if len(batches) < 12 else batches[:3] + batches[-9:]) == expected
        assert not dispatcher.dispatch_in_progress


@pytest.mark.parametrize(
    ("rate", "users", "batches", "slept"),
    [
        (0.5, 3, [1, 2, 3], [2, 2]),
        (2.4, 5, [2, 4, 5], [2 / 2.4, 2 / 2.4]),
        (120, 300, [120, 240, 300], [1, 1]),
        (7, 7, [7], []),
    ],
)
def test_batch_and_wait(rate, users, batches, slept, fake_clock) -> None:
    dispatcher = UsersDispatcher(nodes("0"), [user_class("A")], clock=fake_clock)
    dispatcher.new_dispatch(users, rate)
    assert [item["0"]["A"] for item in dispatcher] == batches
    assert fake_clock.slept == pytest.approx(slept)


def test_the_wait_includes_the_consumers_time(fake_clock) -> None:
    dispatcher = UsersDispatcher(nodes("0"), [user_class("A")], clock=fake_clock)
    dispatcher.new_dispatch(3, 1)
    for took in (0.25, 4.0, 0.0):
        next(dispatcher)
        assert dispatcher.dispatch_in_progress
        fake_clock.now += took
    with pytest.raises(StopIteration):
        next(dispatcher)
    assert fake_clock.slept == pytest.approx([0.75, 0])
    assert dispatcher.dispatch_iteration_durations == pytest.approx([0.25, 4.0, 0.0])


def test_equal_target_yields_the_present_state_once(fake_clock) -> None:
    dispatcher = UsersDispatcher(nodes("0"), [user_class("A")], clock=fake_clock)
    with pytest.raises(StopIteration):
        next(dispatcher)
    dispatcher.new_dispatch(2, 2)
    assert list(dispatcher) == [{"0": {"A": 2}}]
    dispatcher.new_dispatch(2, 2)
    assert list(dispatcher) == [{"0": {"A": 2}}]
    assert dispatcher.get_current_user_count() == 2


def test_other_classes_start_their_order_anew_and_keep_fixed_counts(fake_clock) -> None:
    a, b, c = user_class("A"), user_class("B"), user_class("C", fixed_count=2)
    dispatcher = UsersDispatcher(nodes("0"), [a, b, c], clock=fake_clock)
    dispatcher.new_dispatch(3, 100, [a])
    assert list(dispatcher) == [{"0": {"A": 3, "B": 0, "C": 0}}]
    dispatcher.new_dispatch(7, 100, [b, a, c])
    assert list(dispatcher) == [{"0": {"A": 4, "B": 1, "C": 2}}]


def test_workers_alternate_over_hosts(fake_clock) -> None:
    dispatcher = UsersDispatcher(
        nodes("b_1", "a_9", "a_1", "b_0"), [user_class("A")], clock=fake_clock
    )
    dispatcher.new_dispatch(2, 100)
    assert list(dispatcher) == [
        {"a_1": {"A": 1}, "b_0": {"A": 1}, "a_9": {"A": 0}, "b_1": {"A": 0}}
    ]


def test_a_join_and_a_leave_move_only_the_surplus(fake_clock) -> None:
    dispatcher = UsersDispatcher(nodes("0", "1"), [user_class("A"), user_class("B")], fake_clock)
    dispatcher.new_dispatch(8, 100)
    list(dispatcher)
    dispatcher.add_worker(Node("2"))
    dispatcher.new_dispatch(8, 100)
    assert list(dispatcher) == [
        {"0": {"A": 3, "B": 0}, "1": {"A": 0, "B": 3}, "2": {"A": 1, "B": 1}}
    ]
    dispatcher.remove_worker(Node("1"))
    dispatcher.new_dispatch(9, 100)
    moved, grown = list(dispatcher)
    assert moved["0"]["A"] >= 3
    assert sum(moved["0"].values()) == sum(moved["2"].values()) == 4
    assert {worker: sum(counts.values()) for worker, counts in grown.items()} == {"0": 5, "2": 4}
    assert not dispatcher.dispatch_in_progress


def test_a_leave_during_the_ramp_is_the_next_item(fake_clock) -> None:
    dispatcher = UsersDispatcher(nodes("0", "1"), [user_class("A")], clock=fake_clock)
    dispatcher.new_dispatch(6, 2)
    assert next(dispatcher) == {"0": {"A": 1}, "1": {"A": 1}}
    dispatcher.remove_worker(Node("0"))
    assert list(dispatcher) == [{"1": {"A": 2}}, {"1": {"A": 4}}, {"1": {"A": 6}}]


def test_ramp_down_without_any_class_left(fake_clock) -> None:
    dispatcher = UsersDispatcher(nodes("0"), [user_class("A", fixed_count=2)], clock=fake_clock)
    dispatcher.new_dispatch(5, 100)
    assert list(dispatcher) == [{"0": {"A": 2}}]
    dispatcher.new_dispatch(0, 1)
    assert list(dispatcher) == [{"0": {"A": 1}}, {"0": {"A": 0}}]
