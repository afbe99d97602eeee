from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from katydid_operator.errors import LoadTestError
from katydid_operator.loadtest import Json, LoadTest
from katydid_operator.news import breach_text, load_text, news
from katydid_operator.numbers import decimal, whole
from katydid_operator.status import (
    ACTIVE,
    FINAL,
    TRANSITIONS,
    Phase,
    condition,
    duration_text,
    enter,
    is_due,
    live_interval_seconds,
    remember,
    run_id,
    set_condition,
)

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def test_every_phase_has_its_steps() -> None:
    assert set(TRANSITIONS) == {None, *Phase}
    for phase in FINAL:
        assert not TRANSITIONS[phase] & (ACTIVE - {Phase.STARTING})


@pytest.mark.parametrize(
    ("before", "after"),
    [("Running", "Starting"), ("Finishing", "Running"), ("Starting", "Pending")],
)
def test_an_illegal_step_raises(before: str, after: str) -> None:
    with pytest.raises(LoadTestError, match=f"from {before} to {after}"):
        enter({"phase": before}, Phase(after), "", "")


def test_the_time_of_a_condition_moves_with_its_status_only() -> None:
    status: Json = {"observedGeneration": 3}
    set_condition(status, "Ready", False, "A", "a", NOW)
    set_condition(status, "Ready", False, "B", "b", NOW + timedelta(seconds=9))
    assert condition(status, "Ready") == {
        "type": "Ready",
        "status": "False",
        "observedGeneration": 3,
        "lastTransitionTime": "2026-01-01T12:00:00Z",
        "reason": "B",
        "message": "b",
    }
    set_condition(status, "Ready", True, "B", "b", NOW + timedelta(seconds=9))
    assert condition(status, "Ready")["lastTransitionTime"] == "2026-01-01T12:00:09Z"


def test_run_ids_differ_by_number_and_token(make_test: Callable[..., LoadTest]) -> None:
    one, two = make_test(), make_test({"rerunToken": "x"})
    assert len({run_id(one, 1), run_id(one, 2), run_id(two, 1)}) == 3
    assert len(run_id(one, 1)) <= 128


@pytest.mark.parametrize(("limit", "numbers"), [(2, [3, 2]), (0, None), (10, [3, 2, 1])])
def test_history_is_limited(limit: int, numbers: list[int] | None) -> None:
    status: Json = {
        "run": {"number": 3, "id": "c", "finishedAt": "t"},
        "verdict": "Passed",
        "history": [{"number": 2}, {"number": 1}],
    }
    remember(status, 5, limit)
    found = [one["number"] for one in status["history"]] if "history" in status else None
    assert found == numbers


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (412.345, 1, "412.3"),
        (0.04, 2, "0.04"),
        (None, 1, "0"),
        (float("nan"), 1, "0"),
        (-1, 0, "0"),
    ],
)
def test_decimals(value: float | None, places: int, text: str) -> None:
    assert decimal(value, places) == text


def test_whole_numbers() -> None:
    assert [whole(one) for one in (3.9, None, True, -2, float("inf"))] == [3, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (59.9, "59s"), (250, "4m10s"), (3725, "1h2m")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


LIVE: Json = {
    "phase": "Running",
    "run": {"number": 1, "loadStartedAt": "2026-01-01T11:59:57Z", "duration": "3s"},
    "load": {"requests": 1, "updatedAt": "a"},
    "thresholds": [{"name": "a", "status": "Pending"}],
}


@pytest.mark.parametrize(
    ("change", "age", "due"),
    [
        ({"load": {"requests": 1, "updatedAt": "b"}}, 60, False),
        ({"load": {"requests": 2, "updatedAt": "b"}}, 1, False),
        ({"load": {"requests": 2, "updatedAt": "b"}}, 5, True),
        ({"load": {"requests": 2, "updatedAt": "b"}}, None, True),
        ({"phase": "Finishing"}, 1, True),
        ({"thresholds": [{"name": "a", "status": "Breached"}]}, 1, True),
        ({"thresholds": [{"name": "a", "status": "Met"}]}, 1, False),
        ({"thresholds": [{"name": "a", "status": "Met"}]}, 5, True),
        ({"workers": {"ready": 1}}, 1, False),
        ({"workers": {"lost": 1}}, 1, True),
    ],
)
def test_what_is_written_when(change: Json, age: float | None, due: bool) -> None:
    written = None if age is None else NOW - timedelta(seconds=age)
    assert is_due(LIVE, {**LIVE, **change}, NOW, written) is due


def test_a_minute_of_live_numbers_is_few_writes() -> None:
    at, writes = 0.0, 0
    while at < 60:
        at += live_interval_seconds(at)
        writes += 1
    assert writes == 8
    assert live_interval_seconds(3600) == 15.0


def ran(**more: object) -> Json:
    return {"phase": "Running", "message": "m", "run": {"number": 1}, **more}


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ({}, ran(phase="Starting", reason="Claimed"), ["Starting"]),
        ({}, {"phase": "Pending", "reason": "SourceNotFound", "message": "m"}, ["Pending"]),
        (ran(), ran(), []),
        (ran(), ran(thresholds=[{"name": "a", "status": "Breached"}]), ["ThresholdBreached"]),
        (ran(workers={"lost": 0}), ran(workers={"lost": 2}), ["WorkerLost"]),
        (
            ran(),
            ran(
                conditions=[
                    {
                        "type": "Degraded",
                        "status": "True",
                        "reason": "WorkersMissing",
                        "message": "1/2 workers are ready.",
                    }
                ]
            ),
            ["WorkerLost"],
        ),
        (
            ran(
                conditions=[{"type": "Degraded", "status": "True", "reason": "WorkersMissing"}],
            ),
            ran(conditions=[{"type": "WorkersReady", "status": "True", "reason": "AllReady"}]),
            ["WorkerReplaced"],
        ),
        (
            ran(),
            ran(
                phase="Failed",
                verdict="Failed",
                reason="ThresholdBreached",
                run={"number": 1, "finishedAt": "t"},
                thresholds=[{"name": "a", "status": "Breached"}, {"name": "b", "status": "Met"}],
            ),
            ["ThresholdBreached", "Failed"],
        ),
        (
            ran(phase="Starting", reason="Launched"),
            ran(phase="Starting", reason="ImagePullFailed"),
            ["ImagePullFailed"],
        ),
    ],
)
def test_news(old: Json, new: Json, reasons: list[str]) -> None:
    assert [one.reason for one in news(old, new)] == reasons


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        ("Passed", "Run 2 passed: m"),
        ("Failed", "Run 2 failed: m"),
        ("Stopped", "Run 2 was stopped: m"),
        ("Error", "Run 2 ended in an error, OOMKilled: m"),
    ],
)
def test_the_end_as_a_sentence(verdict: str, text: str) -> None:
    run = {"number": 2, "finishedAt": "t"}
    [told] = news(ran(), ran(verdict=verdict, reason="OOMKilled", run=run))
    assert (told.reason, told.note) == (verdict, text)


@pytest.mark.parametrize(
    ("value", "threshold", "text"),
    [
        ("412ms", {"metric": "p95", "below": "300ms"}, "a: p95 is 412ms, not below 300ms."),
        (
            "3/s",
            {
                "metric": "rps",
                "above": 5,
                "window": "10s",
                "scope": {"name": "/a", "method": "GET"},
            },
            "a: rps of GET /a is 3/s, not above 5 over 10s.",
        ),
        ("", {"metric": "p95", "below": "1s"}, "a: p95 has no value, and should be below 1s."),
        ("7", {}, "a: 7."),
    ],
)
def test_a_breach_as_a_sentence(value: str, threshold: Json, text: str) -> None:
    assert breach_text({"name": "a", "value": value}, threshold) == text


@pytest.mark.parametrize(
    ("load", "text"),
    [
        ({"users": 9, "runTime": "10m"}, "9 users for 10m"),
        ({"users": 1, "unbounded": True}, "1 user"),
        ({"stages": [{}, {}]}, "2 stages"),
        ({"shape": {}}, "the shape of the locustfile"),
        ({"arrivalRate": {"rate": 50, "maxUsers": 20}}, "50 iterations/s, 20 users at most"),
        ({"arrivalRate": {"stages": [{}], "maxUsers": 20}}, "20 users at most"),
    ],
)
def test_a_load_in_words(load: Json, text: str) -> None:
    assert load_text(load) == text
