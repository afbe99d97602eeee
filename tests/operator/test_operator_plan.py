"""The planner before a run, and that nothing is ever done twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from katydid_operator import actions as do
from katydid_operator.loadtest import Json
from katydid_operator.observed import (
    Learned,
    Observed,
    Problem,
    Reading,
)
from katydid_operator.plan import plan
from katydid_operator.resources.sources import Snapshot, SourceProblem
from katydid_operator.status import condition

from .planning import (
    FINAL,
    KNOBS,
    NOW,
    SELECTOR,
    Make,
    ended,
    is_true,
    master,
    reasons,
)


def test_a_run_is_claimed_before_anything_is_created(make_test: Make) -> None:
    spec = {"workers": {"replicas": 3}, "thresholds": [{"name": "fast"}]}
    found = plan(Observed(make_test(spec), sources=Snapshot()), NOW)
    assert found.claims
    assert found.status["thresholds"] == [{"name": "fast", "status": "Pending"}]
    assert found.actions == ()
    assert found.requeue_seconds == 0
    assert reasons(found) == ("Starting", "Claimed")
    assert found.status["run"]["number"] == 1
    assert found.status["run"]["startedAt"] == "2026-01-01T12:00:00Z"
    assert found.status["workers"]["summary"] == "0/3"
    assert found.status["workers"]["selector"] == SELECTOR
    assert is_true(found.status, "Accepted") == "True"
    assert is_true(found.status, "Finished") == "False"
    assert is_true(found.status, "Reconciling") == "True"


@pytest.mark.parametrize(
    ("spec", "seen", "phase", "reason"),
    [
        ({"suspend": True}, {}, "Suspended", "Suspended"),
        ({}, {"sources": SourceProblem("SourceNotFound", "no")}, "Pending", "SourceNotFound"),
        (
            KNOBS,
            {"learned": Learned(trial=Problem("InvalidPodTemplate", "bad"), is_tried=True)},
            "Pending",
            "InvalidPodTemplate",
        ),
    ],
)
def test_what_holds_a_run_back(
    make_test: Make, spec: Json, seen: Json, phase: str, reason: str
) -> None:
    found = plan(Observed(make_test(spec), **{"sources": Snapshot(), **seen}), NOW)
    assert reasons(found) == (phase, reason)
    assert found.actions == ()
    assert "run" not in found.status
    assert found.requeue_seconds == (None if phase == "Suspended" else 5.0)
    assert is_true(found.status, "Stalled") == "False"


def test_pods_with_knobs_are_tried_first(make_test: Make) -> None:
    seen = Observed(make_test(KNOBS), sources=Snapshot())
    assert plan(seen, NOW).actions == (do.TryPods(1),)
    tried = replace(seen, learned=Learned(is_tried=True))
    assert plan(tried, NOW).claims


def test_a_pending_test_goes_on_when_its_source_appears(make_test: Make) -> None:
    problem = SourceProblem("SourceNotFound", "no")
    waiting_ = plan(Observed(make_test(), sources=problem), NOW).status
    found = plan(Observed(make_test(status=waiting_), sources=Snapshot()), NOW)
    assert reasons(found) == ("Starting", "Claimed")
    assert is_true(found.status, "Accepted") == "True"


def test_a_config_map_applied_in_the_same_breath_is_no_problem(make_test: Make) -> None:
    test = make_test(creationTimestamp="2026-01-01T12:00:00Z")
    seen = Observed(test, sources=SourceProblem("SourceNotFound", "no such map"))
    assert not plan(seen, NOW + timedelta(seconds=1)).status
    found = plan(seen, NOW + timedelta(seconds=2))
    assert reasons(found) == ("Pending", "SourceNotFound")
    wrong = replace(seen, sources=SourceProblem("SourceKeyNotFound", "no such key"))
    assert reasons(plan(wrong, NOW)) == ("Pending", "SourceKeyNotFound")


def test_a_pending_test_is_an_error_after_the_time_to_become_ready(make_test: Make) -> None:
    spec = {"workers": {"readyTimeout": "1m"}}
    problem = SourceProblem("SourceNotFound", "no such map")
    first = plan(Observed(make_test(spec), sources=problem), NOW).status
    seen = Observed(make_test(spec, status=first), sources=problem)
    assert reasons(plan(seen, NOW + timedelta(seconds=59))) == ("Pending", "SourceNotFound")
    late = plan(seen, NOW + timedelta(seconds=60))
    assert reasons(late) == ("Failed", "SourceNotFound")
    assert late.status["verdict"] == "Error"
    assert late.claims
    # A corrected spec gets the whole time again.
    edited = Observed(make_test(spec, status=first, generation=2), sources=problem)
    assert reasons(plan(edited, NOW + timedelta(seconds=60))) == ("Pending", "SourceNotFound")


def test_a_stop_before_the_start_starts_nothing(make_test: Make) -> None:
    found = plan(Observed(make_test({"stop": True})), NOW)
    assert reasons(found) == ("Stopped", "StopRequested")
    assert found.status["verdict"] == "Stopped"
    assert found.actions == ()
    # Taking the stop back does not start it either: the verdict stands.
    after = plan(Observed(make_test({"stop": False}, status=found.status)), NOW)
    assert reasons(after) == ("Stopped", "StopRequested")
    assert not any(isinstance(action, do.Launch) for action in after.actions)


def test_children_are_created_after_the_claim_and_a_look(make_test: Make) -> None:
    claimed = plan(Observed(make_test(), sources=Snapshot()), NOW).status
    seen = Observed(make_test(status=claimed), sources=Snapshot())
    assert plan(seen, NOW).actions == ()  # not before a live GET
    assert plan(replace(seen, is_confirmed=True), NOW).actions == (do.Launch(1),)


def test_nothing_is_created_once_it_was_launched(starting: Callable[..., Observed]) -> None:
    lost = plan(starting(master=None, workers=(), job=None), NOW)
    assert lost.actions == ()
    assert lost.status["verdict"] == "Error"
    assert reasons(lost) == ("Failed", "MasterLost")


def test_an_unconfirmed_absence_is_not_believed(running: Callable[..., Observed]) -> None:
    found = plan(running(master=None, is_confirmed=False), NOW)
    assert found.status["phase"] == "Running"
    assert "verdict" not in found.status


def test_a_lost_master_is_asked_for_its_last_words(running: Callable[..., Observed]) -> None:
    found = plan(running(master=None, last_words=FINAL), NOW)
    assert reasons(found) == ("Succeeded", "ThresholdsMet")


@pytest.mark.parametrize("generation", [1, 2, 9])
def test_a_verdict_is_never_computed_again(
    finished: Callable[..., Observed], generation: int
) -> None:
    seen = finished()
    other = Reading({**FINAL, "verdict": "Failed"}, NOW)
    for again in (
        replace(seen, reading=other),
        replace(seen, master=None, job=None, workers=()),
        replace(seen, master=master(ended(1), phase="Failed")),
    ):
        again.test.metadata["generation"] = generation
        found = plan(again, NOW)
        assert (found.status["verdict"], found.status["phase"]) == ("Passed", "Succeeded")
        assert not any(isinstance(a, do.Launch) for a in found.actions)


def test_only_a_changed_token_starts_the_next_run(
    finished: Callable[..., Observed], make_test: Make
) -> None:
    seen = finished()
    assert reasons(plan(seen, NOW))[0] == "Succeeded"
    spec = {"rerunToken": "again"}
    again = replace(seen, test=make_test(spec, status=seen.test.status), sources=Snapshot())
    first = plan(again, NOW)
    assert first.actions == (do.CleanUp(1),)
    assert "selector" not in first.status["workers"]
    assert condition(first.status, "ResultsStored")["reason"] == "MasterGone"
    second = plan(replace(again, test=make_test(spec, status=first.status)), NOW)
    assert second.claims
    assert second.status["run"]["number"] == 2
    assert [one["number"] for one in second.status["history"]] == [1]
    assert "verdict" not in second.status
    assert "load" not in second.status
    assert is_true(second.status, "WorkersReady") == "None"
    # While it runs, the same token asks for nothing more.
    third = plan(Observed(make_test(spec, status=second.status), sources=Snapshot()), NOW)
    assert third.status["run"]["number"] == 2
    assert not third.claims


@pytest.mark.parametrize(
    ("held", "phase"), [({"suspend": True}, "Suspended"), ({"stop": True}, "Stopped")]
)
def test_a_held_run_leaves_nothing_of_the_last_one(
    finished: Callable[..., Observed], make_test: Make, held: Json, phase: str
) -> None:
    """A claimed number is all that is looked after: what is older would stay for ever."""
    spec = {"rerunToken": "again", **held}
    first = plan(Observed(make_test(spec, status=finished().test.status)), NOW)
    assert first.actions == (do.CleanUp(1),)
    second = plan(Observed(make_test(spec, status=first.status)), NOW)
    assert (second.actions, second.status["phase"]) == ((), phase)
