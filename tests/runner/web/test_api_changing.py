"""`/api/v1`: start, stop, reset, and the live part."""

from __future__ import annotations

import pytest

LOAD = {"users": 30, "spawnRate": 5, "runTime": "2m"}


def test_a_start_hands_checked_values_to_the_run(browse, controls):
    answer = browse().post(
        "/api/v1/start",
        json={
            "users": 30,
            "spawnRate": "2.5",
            "runTime": "1m30s",
            "host": " http://a ",
            "userClasses": ["Visitor"],
            "shapeClass": None,
        },
    )
    assert answer.status_code == 202
    assert answer.json()["load"]["users"] == 30
    assert controls.started == [
        {
            "users": 30,
            "spawn_rate": 2.5,
            "run_time_seconds": 90.0,
            "host": "http://a",
            "user_classes": ["Visitor"],
        }
    ]


def test_an_empty_start_takes_what_was_configured(browse, controls):
    assert browse().post("/api/v1/start").status_code == 202
    assert controls.started == [{}]


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"users": "many"}, "users", "`users` is not a number."),
        ({"users": 1.5}, "users", "`users` is not a whole number from 0 to 1000000."),
        ({"users": -1}, "users", "`users` is not a whole number from 0 to 1000000."),
        ({"users": True}, "users", "`users` is not a number."),
        ({"users": "1e400"}, "users", "`users` is not a number."),
        ({"spawnRate": 0}, "spawnRate", "`spawnRate` is not above 0."),
        ({"spawnRate": "NaN"}, "spawnRate", "`spawnRate` is not a number."),
        (
            {"runTime": "soon"},
            "runTime",
            "`runTime` is not a time: write 20, 20s, 3m, 2h or 1h30m.",
        ),
        ({"runTime": []}, "runTime", "`runTime` is not a time: write 20, 20s, 3m, 2h or 1h30m."),
        ({"runTime": 0}, "runTime", "`runTime` is not a time: write 20, 20s, 3m, 2h or 1h30m."),
        ({"host": 5}, "host", "`host` is not a text."),
        ({"userClasses": "Visitor"}, "userClasses", "`userClasses` is not a list of names."),
        (
            {"rate": 5},
            "rate",
            "`rate` is no field of a start; there are users, spawnRate, runTime, host, "
            "userClasses, shapeClass, load, arguments.",
        ),
    ],
)
def test_a_bad_value_is_named_and_nothing_starts(browse, controls, body, field, sentence):
    answer = browse().post("/api/v1/start", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": sentence, "field": field})
    assert controls.started == []


@pytest.mark.parametrize("body", ["[1]", "{", '"x"', "[" * 200_000])
def test_a_body_that_is_no_object(browse, body):
    answer = browse().post("/api/v1/start", data=body)
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "The body is not a JSON object."},
    )


def test_a_body_that_is_too_large(browse):
    answer = browse().post("/api/v1/start", data="x" * (2 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (413, {"error": "The body is too large."})


def test_what_the_run_declines_is_its_sentence(browse):
    answer = browse().post("/api/v1/start", json={"users": 0})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "A test without users tests nothing."},
    )


def test_a_finished_run_does_not_start_again(browse, controls):
    controls.final = True
    answer = browse().post("/api/v1/start")
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "The test has ended; a new run starts a new one."},
    )
    assert controls.started == []


def test_stop_answers_when_the_users_are_gone(browse, controls):
    controls.state, controls.users = "running", 5
    body = browse().post("/api/v1/stop").json()
    assert (body["state"], body["load"]["users"]) == ("stopped", 0)


def test_reset_forgets_and_the_next_read_knows(browse, record):
    record(5)
    browser = browse()
    assert browser.get("/api/v1/stats").json()["total"]["requests"] == 5
    assert browser.post("/api/v1/reset").json()["total"]["requests"] == 0
    assert browser.get("/api/v1/stats").json()["total"]["requests"] == 0


def test_a_live_update_replaces_the_live_part_and_may_come_twice(browse, controls):
    browser = browse()
    body = {"generation": 3, "load": LOAD, "thresholds": []}
    for _ in range(2):
        answer = browser.put("/api/v1/live", json=body)
        assert (answer.status_code, answer.json()["generation"]) == (200, 3)
    assert [(u.generation, u.load.users, u.load.spawn_rate) for u in controls.live] == [
        (3, 30, 5.0),
        (3, 30, 5.0),
    ]


def test_a_stale_live_update_is_refused(browse, controls):
    controls.generation = 4
    answer = browse().put("/api/v1/live", json={"generation": 3, "load": LOAD})
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "Generation 3 is older than 4, in force now.", "field": "generation"},
    )
    assert controls.live == []


def test_a_live_update_after_the_end_is_refused(browse, controls):
    controls.final = True
    answer = browse().put("/api/v1/live", json={"generation": 3, "load": LOAD})
    assert (answer.status_code, answer.json()) == (
        409,
        {"error": "The test has ended; the next run uses it."},
    )


def test_every_problem_of_a_live_update_is_named_with_its_field(browse, controls):
    answer = browse().put(
        "/api/v1/live",
        json={"generation": 2, "load": {**LOAD, "users": -1}, "deadline": "soon"},
    )
    body = answer.json()
    assert answer.status_code == 400
    assert {problem["field"] for problem in body["problems"]} == {"load.users", "deadline"}
    assert (body["field"], body["error"]) == (
        body["problems"][0]["field"],
        body["problems"][0]["error"],
    )
    assert controls.live == []


def test_a_live_update_that_is_no_json(browse):
    answer = browse().put("/api/v1/live", data="{")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("not JSON")
