"""`/api/v1`: what can be read, and how refusals look."""

from __future__ import annotations

import io
import json
import tarfile
from xml.etree import ElementTree

import pytest

from katydid.errors import UsageError
from katydid.run.document import Mark


def test_status_has_the_fields_of_the_document(browse, controls, record):
    record(20, error_every=10)
    controls.state, controls.users, controls.generation = "running", 7, 4
    answer = browse().get("/api/v1/status")
    body = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert (body["state"], body["generation"], body["final"]) == ("running", 4, False)
    assert body["load"]["users"] == 7
    assert (body["total"]["requests"], body["total"]["failures"]) == (20, 2)
    assert body["total"]["fail_percent"] == 10
    assert "buckets" not in body["total"]["latency"]
    assert body["may_change"] is True


def test_numbers_that_json_lacks_become_null(browse, controls):
    controls.spawn_rate = float("nan")
    assert browse().get("/api/v1/status").json()["load"]["spawn_rate"] is None


def test_stats_are_paged_filtered_and_carry_histograms_on_demand(browse, record):
    for name in ("/a", "/b", "/c"):
        record(2, name=name)
    browser = browse()
    body = browser.get("/api/v1/stats?limit=2&offset=1").json()
    assert (body["count"], body["offset"]) == (3, 1)
    assert [row["name"] for row in body["items"]] == ["/b", "/c"]
    assert (body["total"]["requests"], body["names_dropped"]) == (6, 0)
    assert "counts" not in body["items"][0]["latency"]
    body = browser.get("/api/v1/stats?q=GET+/B&histograms=1").json()
    assert [(r["name"], r["latency"]["counts"]) for r in body["items"]] == [("/b", [3, 4])]


def test_lists_come_as_pages(browse, controls, record, worker):
    record(3, error_every=1)
    controls.workers = [worker(0), worker(1, lost_at=1_700_000_030.0)]
    browser = browse()
    failures = browser.get("/api/v1/failures").json()
    assert [(f["method"], f["name"], f["error"], f["occurrences"]) for f in failures["items"]] == [
        ("GET", "/products", "broken", 3)
    ]
    workers = browser.get("/api/v1/workers").json()
    assert [(w["id"], w["state"], w["lost_at"]) for w in workers["items"]] == [
        ("w-0", "running", None),
        ("w-1", "missing", 1_700_000_030.0),
    ]
    assert browser.get("/api/v1/exceptions").json() == {"count": 0, "offset": 0, "items": []}


def test_history_since_a_time_and_of_one_request(browse, controls, point):
    controls.points = [point(100), point(101), point(102)]
    controls.marked = [Mark(100.5, "start", "start"), Mark(101.5, "edit", "10 users")]
    browser = browse()
    body = browser.get("/api/v1/history?since=101").json()
    assert [p["time"] for p in body["points"]] == [102]
    assert [m["kind"] for m in body["marks"]] == ["edit"]
    one = browser.get("/api/v1/history?method=GET&name=/products").json()
    assert [p["time"] for p in one["points"]] == [100, 101, 102]


def test_logs_of_all_nodes_and_of_one(browse, controls):
    controls.logs = {"master": ["m"], "w-0": ["w"]}
    browser = browse()
    assert browser.get("/api/v1/logs").json() == {"logs": {"master": ["m"], "w-0": ["w"]}}
    assert browser.get("/api/v1/logs?node=w-0").json() == {"logs": {"w-0": ["w"]}}


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        (
            "GET",
            "stats?limit=x",
            400,
            {"error": "`limit` is not a whole number.", "field": "limit"},
        ),
        (
            "GET",
            "history?since=-1",
            400,
            {"error": "`since` is not a whole number.", "field": "since"},
        ),
        (
            "GET",
            "history?name=/x",
            404,
            {"error": "There is no history of `GET /x`.", "field": "name"},
        ),
        ("GET", "logs?node=x", 404, {"error": "There is no node `x`.", "field": "node"}),
        ("GET", "nothing", 404, {"error": "There is no such page."}),
        ("DELETE", "status", 405, {"error": "Method Not Allowed."}),
        ("GET", "start", 405, {"error": "Method Not Allowed."}),
    ],
)
def test_refusals_are_json_with_a_sentence(browse, method, path, status, body):
    answer = browse().request(method, f"/api/v1/{path}")
    assert (answer.status_code, answer.json()) == (status, body)


def test_pollers_cost_one_document_a_second_together(browse, controls):
    browser = browse()
    for path in ("stats", "failures", "exceptions", "workers", "logs") * 3:
        browser.get(f"/api/v1/{path}")
    assert controls.documents_made <= 3


def test_what_breaks_inside_is_a_500_with_a_sentence(browse, controls, caplog):
    browser = browse()
    controls.broken = ZeroDivisionError("x")
    answer = browser.get("/api/v1/status")
    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "This failed inside: ZeroDivisionError."},
    )
    assert "GET /api/v1/status failed" in caplog.text
    controls.broken = UsageError("A sentence.")
    assert browser.get("/api/v1/status").json() == {"error": "A sentence."}


def test_downloads_have_names_types_and_contents(browse, controls, record):
    record(20)
    controls.state, controls.final, controls.verdict = "stopped", True, "Passed"
    browser = browse()
    report = browser.get("/api/v1/report.html?download=1")
    stem = "checkout-20231114T221420Z-passed"
    assert report.headers["Content-Disposition"] == f'attachment; filename="{stem}.html"'
    assert report.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "/products" in report.text
    assert "Content-Disposition" not in browser.get("/api/v1/report.html").headers
    document = browser.get("/api/v1/results.json")
    assert document.headers["Content-Disposition"] == f'attachment; filename="{stem}.json"'
    assert json.loads(document.text)["status"]["total"]["requests"] == 20
    lines = browser.get("/api/v1/results.csv").text.splitlines()
    assert lines[0].startswith("Type,Name,Request Count,Failure Count,")
    assert lines[1].startswith("GET,/products,20,0,")
    junit = browser.get("/api/v1/junit.xml")
    assert ElementTree.fromstring(junit.content).tag == "testsuites"


def test_the_archive_holds_every_output(browse, controls, record):
    record(5)
    answer = browse().get("/api/v1/results.tar.gz")
    assert answer.headers["Content-Type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
        member = next(name for name in tar.getnames() if name.endswith("run.json"))
        document = json.load(tar.extractfile(member))
    assert names == {
        "report.html",
        "run.json",
        "junit.xml",
        "results_stats.csv",
        "results_stats_history.csv",
        "results_failures.csv",
        "results_exceptions.csv",
    }
    assert document["status"]["total"]["requests"] == 5
