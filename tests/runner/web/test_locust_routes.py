"""Locust's routes answer as Locust's do (LOCUST §3)."""

from __future__ import annotations

import pytest

from katydid.run.document import ExceptionRow
from katydid.user import LoadTestShape

ENTRY_KEYS = {
    "method",
    "name",
    "num_requests",
    "num_failures",
    "min_response_time",
    "max_response_time",
    "current_rps",
    "current_fail_per_sec",
    "avg_response_time",
    "median_response_time",
    "total_rps",
    "total_fail_per_sec",
    "response_time_percentile_0.95",
    "response_time_percentile_0.99",
    "avg_content_length",
}


def test_swarm_starts_with_the_form(browse, controls, environment):
    answer = browse().post(
        "/swarm",
        data={"user_count": 5, "spawn_rate": 2.5, "host": "http://other", "run_time": "1m"},
    )
    assert answer.json() == {
        "success": True,
        "message": "Swarming started",
        "host": "http://other",
        "run_time": 60.0,
    }
    assert controls.started == [
        {"users": 5, "spawn_rate": 2.5, "host": "http://other", "run_time_seconds": 60.0}
    ]
    options = environment.parsed_options
    assert (options.num_users, options.spawn_rate, options.run_time) == (5, 2.5, 60.0)
    assert options.host == "http://other"


def test_swarm_changes_options_and_keeps_their_types(browse, environment):
    browse().post(
        "/swarm",
        data={
            "user_count": 1,
            "spawn_rate": 1,
            "search_for": "clock",
            "depth": "9",
            "deep": "true",
            "words": ["b", "c"],
            "control_token": "mine",
            "unknown": "x",
            "profile": "nightly",
        },
    )
    options = environment.parsed_options
    assert (options.search_for, options.depth, options.deep) == ("clock", 9, True)
    assert options.words == ["b", "c"]
    assert options.control_token == "t"
    assert not hasattr(options, "unknown")
    assert environment.profile == "nightly"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (
            {"run_time": "soon"},
            "Valid run_time formats are : 20, 20s, 3m, 2h, 1h20m, 3h30m10s, etc.",
        ),
        ({"user_count": "x"}, "`user_count` is not a number."),
        ({"user_count": 1, "depth": "deep"}, "`depth` does not take `deep`."),
        ({"user_count": 0}, "A test without users tests nothing."),
    ],
)
def test_a_form_that_is_wrong_is_told_as_locust_tells_it(
    browse, controls, environment, form, message
):
    before = vars(environment.parsed_options).copy()
    answer = browse().post("/swarm", data={"spawn_rate": 1, **form})
    assert answer.status_code == 200
    assert answer.json() == {"success": False, "message": message, "host": None}
    assert controls.started == []
    if form.get("user_count") != 0:
        assert vars(environment.parsed_options) == before


def test_swarm_with_a_shape_names_it(browse, environment, controls):
    class TwoWaves(LoadTestShape):
        pass

    environment.shape_class = TwoWaves()
    body = browse().post("/swarm", data={}).json()
    assert body["message"] == "Swarming started using shape class 'TwoWaves'"
    assert controls.started == [{}]


def test_swarm_with_the_class_picker(browse, controls, environment):
    environment.available_shape_classes = {"Waves": LoadTestShape()}
    browser = browse(userclass_picker_is_active=True)
    data = {"user_count": 2, "spawn_rate": 1, "user_classes": ["Visitor", "Customer"]}
    assert browser.post("/swarm", data=data).json()["user_classes"] == ["Visitor", "Customer"]
    assert controls.started[0]["user_classes"] == ["Visitor", "Customer"]
    wrong = browser.post("/swarm", data={**data, "user_classes": "Nobody"}).json()
    assert (wrong["success"], wrong["message"]) == (False, "There is no user class `Nobody`.")
    browser.post("/swarm", data={**data, "shape_class": "Waves"})
    assert controls.started[1]["shape_class"] == "Waves"
    browser.post("/swarm", data={**data, "shape_class": "Default"})
    assert controls.started[2]["shape_class"] == ""
    wrong = browser.post("/swarm", data={**data, "shape_class": "Hills"}).json()
    assert wrong["message"] == "There is no shape class `Hills`."


def test_stop_and_reset(browse, controls, record):
    record(3)
    browser = browse()
    controls.state = "running"
    assert browser.post("/stop").json() == {"success": True, "message": "Test stopped"}
    assert controls.state == "stopped"
    assert browser.post("/stats/reset").text == "ok"
    assert browser.get("/stats/requests").json()["stats"][-1]["num_requests"] == 0


def test_stats_requests_has_rows_errors_and_the_total(browse, controls, record):
    record(10, name="/b", error_every=5)
    record(5, name="/a")
    controls.state, controls.users = "running", 7
    body = browse().get("/stats/requests").json()
    assert [(r["name"], r["num_requests"]) for r in body["stats"]] == [
        ("/a", 5),
        ("/b", 10),
        ("Aggregated", 15),
    ]
    assert set(body["stats"][0]) >= ENTRY_KEYS
    assert (body["stats"][1]["min_response_time"], body["stats"][1]["num_failures"]) == (20, 2)
    [error] = body["errors"]
    assert (error["method"], error["name"], error["error"], error["occurrences"]) == (
        "GET",
        "/b",
        "broken",
        2,
    )
    assert body["fail_ratio"] == pytest.approx(2 / 15)
    assert (body["state"], body["user_count"]) == ("running", 7)
    assert set(body["current_response_time_percentiles"]) == {
        "response_time_percentile_0.5",
        "response_time_percentile_0.95",
    }
    assert "workers" not in body


def test_stats_requests_cuts_at_500_names(browse, record):
    for i in range(502):
        record(1, name=f"/{i:03}")
    stats = browse().get("/stats/requests").json()["stats"]
    assert len(stats) == 501
    assert (stats[0]["name"], stats[499]["name"]) == ("/000", "/499")
    assert (stats[500]["name"], stats[500]["num_requests"]) == ("Aggregated", 502)


def test_stats_requests_is_kept_for_a_while_and_can_be_cleared(browse, environment, record):
    browser = browse()
    assert browser.get("/stats/requests").json()["stats"][-1]["num_requests"] == 0
    record(1)
    assert browser.get("/stats/requests").json()["stats"][-1]["num_requests"] == 0
    environment.web_ui.app.view_functions["locust.request_stats"].clear_cache()
    assert browser.get("/stats/requests").json()["stats"][-1]["num_requests"] == 1


def test_stats_requests_lists_workers_where_there_are_any(browse, controls, worker):
    controls.distributed = True
    controls.workers = [worker(0), worker(1, lost_at=1.0)]
    browser = browse()
    body = browser.get("/stats/requests").json()
    assert body["worker_count"] == 1
    assert body["workers"][0] == {
        "id": "w-0",
        "state": "running",
        "user_count": 5,
        "cpu_usage": 40.0,
        "memory_usage": 2**27,
    }
    assert browser.get("/worker-count").json() == {"worker_count": 1}


@pytest.mark.parametrize(
    ("path", "kind", "head"),
    [
        ("/stats/requests/csv", "requests", "Type,Name,Request Count,"),
        ("/stats/failures/csv", "failures", "Method,Name,Error,Occurrences,"),
        ("/exceptions/csv", "exceptions", "Count,Message,Traceback,Nodes"),
    ],
)
def test_csv_downloads(browse, environment, record, path, kind, head):
    environment.host = "http://shop.example:80"
    record(4, error_every=2)
    answer = browse().get(path)
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="Locust_')
    assert disposition.endswith(f'_locustfile.py_http_shop.example_80_{kind}.csv"')
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith(head)


def test_csv_by_a_writer_that_the_program_passed(browse, environment, tmp_path):
    class Writer:
        def requests_csv(self, writer):
            writer.writerow(["own", "columns"])

        def stats_history_file_name(self):
            return str(tmp_path / "own_stats_history.csv")

    (tmp_path / "own_stats_history.csv").write_text("Timestamp\n1\n")
    browser = browse(stats_csv_writer=Writer())
    assert browser.get("/stats/requests/csv").text == "own,columns\r\n"
    refused = browser.get("/stats/requests_full_history/csv")
    assert (refused.status_code, refused.text) == (
        404,
        "Error: Server was not started with option to generate full history.",
    )
    environment.parsed_options.stats_history_enabled = True
    assert browser.get("/stats/requests_full_history/csv").text == "Timestamp\n1\n"


def test_report_for_reading_and_as_a_download(browse, record):
    record(3)
    browser = browse()
    shown = browser.get("/stats/report?theme=dark")
    assert "/products" in shown.text
    assert "Content-Disposition" not in shown.headers
    assert "attachment" in browser.get("/stats/report?download=1").headers["Content-Disposition"]


def test_exceptions_tasks_and_logs(browse, controls):
    controls.exceptions = [ExceptionRow("boom", "trace", 2, ["w-0", "w-1"], 1.0, 2.0)]
    controls.logs = {"local": [f"{i}" for i in range(600)], "w-0": ["w"]}
    browser = browse()
    assert browser.get("/exceptions").json() == {
        "exceptions": [{"count": 2, "msg": "boom", "traceback": "trace", "nodes": "w-0, w-1"}]
    }
    tasks = browser.get("/tasks").json()
    assert tasks["per_class"]["Visitor"]["tasks"]["look"]["ratio"] == 0.75
    assert tasks["total"]["Visitor"]["tasks"]["look"]["ratio"] == 0.375
    logs = browser.get("/logs").json()
    assert (len(logs["master"]), logs["master"][-1], logs["workers"]) == (
        500,
        "599",
        {"w-0": ["w"]},
    )


def test_user_sets_attributes_of_a_class(browse, environment):
    visitor = environment.user_classes_by_name["Visitor"]
    before = (visitor.weight, visitor.host, visitor.tasks)
    try:
        answer = browse().post(
            "/user",
            json={"user_class_name": "Visitor", "weight": 9, "host": "http://x", "tasks": ["buy"]},
        )
        assert (answer.status_code, answer.json()) == (201, {})
        assert (visitor.weight, visitor.host) == (9, "http://x")
        assert [each.__name__ for each in visitor.tasks] == ["buy"]
    finally:
        visitor.weight, visitor.host, visitor.tasks = before


def test_user_with_an_unknown_class(browse):
    answer = browse().post("/user", json={"user_class_name": "Nobody"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "There is no user class `Nobody`.", "field": "user_class_name"},
    )
