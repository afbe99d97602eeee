"""Workers that are gone: how many, for how long, and of how many."""

from __future__ import annotations

from katydid.run.absence import Absence


def test_too_many_for_over_a_minute():
    absence = Absence()
    assert absence.update(0, expected=4, here=4, max_lost=0.5) == 0
    assert absence.update(1, expected=4, here=1, max_lost=0.5) == 0
    assert absence.update(61, expected=4, here=1, max_lost=0.5) == 0
    assert absence.update(62, expected=4, here=1, max_lost=0.5) == 3


def test_one_that_comes_back_starts_the_minute_again():
    absence = Absence()
    absence.update(0, expected=2, here=2, max_lost=0.0)
    absence.update(1, expected=2, here=1, max_lost=0.0)
    absence.update(60, expected=2, here=2, max_lost=0.0)
    assert absence.update(62, expected=2, here=1, max_lost=0.0) == 0
    assert absence.update(123, expected=2, here=1, max_lost=0.0) == 1


def test_added_replicas_are_not_gone_before_they_have_come():
    absence = Absence()
    absence.update(0, expected=2, here=2, max_lost=0.5)
    for now in (1, 100):
        assert absence.update(now, expected=10, here=2, max_lost=0.5) == 0


def test_removed_replicas_are_not_gone():
    absence = Absence()
    absence.update(0, expected=10, here=10, max_lost=0.0)
    for now in (1, 100):
        assert absence.update(now, expected=2, here=2, max_lost=0.0) == 0
    for now in (101, 200):
        assert absence.update(now, expected=10, here=2, max_lost=0.0) == 0
