"""The table of a runner's states: every move that it has, and none that it has not."""

import itertools

import pytest

from katydid.errors import InternalError
from katydid.run.states import (
    LOADED,
    PHASE_OF_VERDICT,
    TRANSITIONS,
    UNFINISHED,
    Phase,
    State,
    Verdict,
    check_transition,
)

READY_TO_STOPPED = ["ready", "spawning", "running", "spawning", "running", "cleanup", "stopped"]
LIFE = [*READY_TO_STOPPED, "spawning", "cleanup", "stopped"]


def test_a_test_with_an_edit_and_a_second_test_are_legal():
    for old, new in itertools.pairwise(LIFE):
        assert check_transition(State(old), State(new)) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ready", "running"),
        ("stopped", "running"),
        ("cleanup", "running"),
        ("cleanup", "spawning"),
        ("running", "ready"),
        ("running", "stopped"),
        ("spawning", "stopped"),
        ("missing", "running"),
        ("left", "ready"),
        ("stalled", "running"),
    ],
)
def test_any_other_move_is_a_bug_of_ours(old, new):
    with pytest.raises(InternalError, match=f"cannot go from {old} to {new}"):
        check_transition(State(old), State(new))


def test_the_table_has_every_state_that_a_runner_is_in_by_itself():
    only_said_of_workers = {State.MISSING, State.STALLED, State.LEFT}
    assert set(TRANSITIONS) == set(State) - only_said_of_workers
    assert {new for moves in TRANSITIONS.values() for new in moves} <= set(TRANSITIONS)


def test_groups_of_states():
    assert {"spawning", "running"} == LOADED
    assert {"spawning", "running", "cleanup"} == UNFINISHED


def test_every_verdict_has_the_phase_that_people_read():
    assert PHASE_OF_VERDICT == {
        Verdict.PASSED: Phase.SUCCEEDED,
        Verdict.FAILED: Phase.FAILED,
        Verdict.ERROR: Phase.FAILED,
        Verdict.STOPPED: Phase.STOPPED,
    }
