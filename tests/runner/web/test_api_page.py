"""What the page asks of the API besides: the table, one request, the test, the form."""

from __future__ import annotations

import gzip
from typing import Any, NamedTuple

import pytest

from katydid.load.spec import ArrivalLoad, RateStage, ShapeLoad, Stage, StagedLoad
from katydid.page import bundle


class Option(NamedTuple):
    default_value: Any
    is_secret: bool = False
    help_text: str = ""
    choices: list[Any] | None = None
    is_required: bool = False
    is_multiple: bool = False


def test_the_table_has_all_names_and_its_top_the_busiest(browse, record):
    for number in range(12):
        record(number + 1, name=f"/{number:02}")
    browser = browse()
    table = browser.get("/api/v1/table").json()
    at = table["fields"].index("requests")
    assert [row[at] for row in table["rows"]] == list(range(1, 13))
    assert (table["count"], table["total"][at]) == (12, 78)
    assert table["sparks"] == {}
    top = browser.get("/api/v1/table?top=1").json()
    assert [row[at] for row in top["rows"]] == list(range(12, 2, -1))
    assert top["count"] == 12


def test_the_table_is_fresh_after_a_change(browse, record):
    record(3)
    browser = browse()
    assert browser.get("/api/v1/table").json()["count"] == 1
    assert browser.post("/api/v1/reset").status_code == 200
    table = browser.get("/api/v1/table").json()
    assert table["total"][table["fields"].index("requests")] == 0


def test_one_request_has_its_histogram_history_and_failures(browse, controls, record, point):
    controls.points = [point(100), point(101)]
    record(10, error_every=5)
    browser = browse()
    body = browser.get("/api/v1/request?method=GET&name=/products").json()
    assert body["row"]["requests"] == 10
    assert body["histogram"] == [[1, 3], [2, 4]]
    assert body["history"]["time"] == [100, 101]
    assert [failure["occurrences"] for failure in body["failures"]] == [2]
    answer = browser.get("/api/v1/request?method=GET&name=/nothing")
    assert (answer.status_code, answer.json()["field"]) == (404, "name")


def test_history_comes_in_columns_and_coarser(browse, controls, point):
    controls.points = [point(100), point(101)]
    browser = browse()
    body = browser.get("/api/v1/history?columns=1&width=60").json()
    assert body["time"] == [100, 101]
    assert controls.asked_width == 60
    answer = browser.get("/api/v1/history?width=7")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "`width` is none of 1, 10, 60, 600, 3600.",
    )


def test_the_test_tells_what_ran(browse):
    body = browse().get("/api/v1/test").json()
    assert body["versions"] == {"katydid": "0.1.0"}
    assert set(body) == {"sources", "manifest", "options", "versions", "task_ratio"}


def test_the_form_offers_classes_hosts_load_and_arguments(browse, environment):
    options = {"search_for": Option("lamp", help_text="what"), "pin": Option("1234", True)}
    body = browse(extra_options=lambda: options).get("/api/v1/setup").json()
    assert body["load"] == {"users": 7, "spawnRate": 2.0}
    assert (body["host"], body["host_required"]) == ("http://shop.example", False)
    assert [(c["name"], c["tasks"]) for c in body["classes"]] == [
        ("Customer", {"buy": 1.0}),
        ("Visitor", {"look": 0.75, "buy": 0.25}),
    ]
    assert sorted(body["chosen"]) == ["Customer", "Visitor"]
    assert [(a["name"], a["default_value"]) for a in body["arguments"]] == [
        ("search_for", "lamp"),
        ("pin", ""),  # a secret stays
    ]


@pytest.mark.parametrize(
    ("spec", "load"),
    [
        (
            {"stages": [{"duration": "2m", "users": 5}]},
            StagedLoad((Stage(120.0, 5, None),)),
        ),
        (
            {"arrivalRate": {"rate": 5, "maxUsers": 9, "stages": [{"duration": "10s", "rate": 8}]}},
            ArrivalLoad(5.0, 9, None, (RateStage(10.0, 8.0),)),
        ),
        ({"shape": {"class": "Waves"}}, ShapeLoad("Waves")),
    ],
)
def test_a_start_takes_a_whole_load(browse, controls, spec, load):
    assert browse().post("/api/v1/start", json={"load": spec}).status_code == 202
    assert controls.started == [{"load": load}]


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"stages": [{"duration": "0s", "users": 5}]}, "load.stages[0].duration"),
        ({"arrivalRate": {"rate": -1, "maxUsers": 9}}, "load.arrivalRate.rate"),
        ({"users": "many"}, "load.users"),
        ({"stages": [{}], "arrivalRate": {"rate": 1}}, "load"),
        ("ten", "load"),
    ],
)
def test_a_load_that_is_none_is_refused_at_its_field(browse, controls, spec, field):
    answer = browse().post("/api/v1/start", json={"load": spec})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert controls.started == []


def test_arguments_reach_the_options_with_their_types(browse, controls, environment):
    options = {name: Option(None) for name in ("search_for", "depth", "deep", "words")}
    browser = browse(extra_options=lambda: options)
    arguments = {"search_for": "oak", "depth": "5", "deep": True, "words": ["b", "c"]}
    assert browser.post("/api/v1/start", json={"arguments": arguments}).status_code == 202
    parsed = environment.parsed_options
    assert (parsed.search_for, parsed.depth, parsed.deep) == ("oak", 5, True)
    assert parsed.words == ["b", "c"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [({"depth": "deep"}, "arguments.depth"), ({"control_token": "x"}, "arguments.control_token"),
     (["depth"], "arguments")],
)  # fmt: skip
def test_arguments_that_are_none_change_nothing(browse, controls, environment, arguments, field):
    browser = browse(extra_options=lambda: {"depth": Option(3)})
    answer = browser.post("/api/v1/start", json={"arguments": arguments})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert (controls.started, environment.parsed_options.depth) == ([], 3)


def test_the_bundle_is_served_for_ever_and_nothing_beside_it(browse):
    browser = browse()
    assert browser.get("/ui/app-0.js").status_code == 404
    assert browser.get("/ui/..%2Fdata.py").status_code == 404
    found = bundle.find()
    if found is None:
        return  # not built here; tests/ui looks at it in a browser
    answer = browser.get(f"/ui/app-{found.version}.js", headers={"Accept-Encoding": "identity"})
    assert answer.text == found.script
    assert "immutable" in answer.headers["Cache-Control"]
    packed = browser.get(
        f"/ui/app-{found.version}.css", headers={"Accept-Encoding": "gzip"}, stream=True
    )
    assert gzip.decompress(packed.raw.read(decode_content=False)).decode() == found.style
