"""What a headless run prints and writes on Locust's surface."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ElementTree

import pytest
import requests

pytestmark = pytest.mark.processes


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_texts_that_scripts_look_for(headless, shop):
    run = headless("-u", "3", "-r", "20", "--only-summary")
    assert run.code == 0, run.err
    for text in (
        "/INFO/",
        "Starting Locust 2.46.4",
        "Ramping to 3 users at a rate of 20.00 per second",
        "Run time limit set to 1 seconds",
        'All users spawned: {"Visitor": 3} (3 total users)',
        "--run-time limit reached, shutting down",
        "Shutting down (exit code 0)",
        "Response time percentiles (approximated)",
    ):
        assert text in run.err, text
    assert run.err.count("# reqs       # fails") == 1, "--only-summary: one table"
    assert "Error report" not in run.err
    assert shop.total > 10


def test_a_run_of_a_second_has_complete_reports(headless, shop):
    run = headless(
        "-u", "2", "-r", "5", "--stop-timeout", "2", "--csv", "out/csv", "--csv-full-history",
        "--html", "out/report-{u}-{r}-{t}.html", "--json-file", "out/all", "--junit",
        "out/junit.xml", "--results", "out/results",
    )  # fmt: skip
    assert run.code == 0, run.err
    out = run.folder / "out"
    total = rows(out / "csv_stats.csv")[-1]
    assert (total["Name"], int(total["Request Count"])) == ("Aggregated", shop.total)
    raw = json.loads((out / "all.json").read_text())
    assert {entry["name"]: entry["num_requests"] for entry in raw} == dict(shop.paths)
    table = {row["Name"]: row for row in rows(out / "csv_stats.csv")}
    for entry in raw:
        row = table[entry["name"]]
        assert int(row["Request Count"]) == entry["num_requests"]
        assert float(row["Max Response Time"]) == entry["max_response_time"]
        assert float(row["Min Response Time"]) == entry["min_response_time"]
    history = rows(out / "csv_stats_history.csv")
    assert {row["Name"] for row in history} == {"Aggregated", *shop.paths}
    assert int(history[-1]["Total Request Count"]) == shop.total
    assert rows(out / "csv_failures.csv") == []
    assert (out / "report-2-5-1s.html").read_text().startswith("<!doctype html>")
    assert {path.name for path in (out / "results").iterdir()} == {
        "run.json", "report.html", "junit.xml", "results_stats.csv", "results_stats_history.csv",
        "results_failures.csv", "results_exceptions.csv",
    }  # fmt: skip
    saved = json.loads((out / "results/run.json").read_text())
    assert saved["status"]["total"]["requests"] == shop.total
    assert saved["status"]["final"] is True
    assert ElementTree.parse(out / "junit.xml").getroot().tag == "testsuites"
    assert "# reqs" not in run.err, "--json-file: no tables"


def test_json_on_standard_output(headless, shop):
    run = headless("--json", "-u", "2", "-r", "9", "--stop-timeout", "2")
    entries = json.loads(run.out)
    assert sum(entry["num_requests"] for entry in entries) == shop.total
    last_table = run.err.rpartition("# reqs       # fails")[2]
    assert f" {shop.total} " in last_table, "the table after --json is not emptied"


def test_live_tables_and_history_of_the_total(headless):
    run = headless("-t", "3", "--csv", "stats")
    assert run.err.count("# reqs       # fails") >= 3
    history = rows(run.folder / "stats_stats_history.csv")
    assert {row["Name"] for row in history} == {"Aggregated"}
    assert len(history) >= 3


def test_failures_and_exceptions_in_tables(headless, shop):
    run = headless(
        "--csv", "out", "--only-summary", "--stop-timeout", "2",
        files={"locustfile.py": """
            from locust import HttpUser, constant, task

            class Buyer(HttpUser):
                wait_time = constant(0.1)

                @task
                def buy(self):
                    self.client.get("/fail")
                    raise ValueError("no money")
            """},
    )  # fmt: skip
    assert run.code == 1
    failure = rows(run.folder / "out_failures.csv")[0]
    assert int(failure["Occurrences"]) == shop.paths["/fail"] > 1
    assert failure["Error"] == "HTTPError('500 Server Error: Oops for url: /fail')"
    exception = rows(run.folder / "out_exceptions.csv")[0]
    assert (exception["Message"], int(exception["Count"])) == ("no money", shop.total)
    assert "Error report" in run.err
    assert "GET /fail: HTTPError" in run.err


def test_all_outputs_agree(start, shop):
    """Console, CSV, JSON, JUnit, HTML and the API say the same of one run."""
    run = start(
        "--autostart", "--host", shop.url, "-t", "2", "-u", "4", "-r", "9", "--web-port", "0",
        "--web-host", "127.0.0.1", "--stop-timeout", "2", "--csv", "c", "--html", "r.html",
        "--results", "out", "--junit", "j.xml", "--print-stats", "--processes", "2",
        "--threshold", "requests > 5", "--threshold", "/fail: failures < 1", "--json",
        files={"locustfile.py": """
            from locust import HttpUser, constant, task

            class Visitor(HttpUser):
                wait_time = constant(0.05)

                @task(4)
                def home(self):
                    self.client.get("/")

                @task
                def fail(self):
                    self.client.get("/fail")
            """},
    )  # fmt: skip
    run.until("--run-time limit reached")
    api = f"{run.web}/api/v1"
    run.until(lambda: requests.get(f"{api}/status", timeout=5).json()["state"] == "stopped")
    stats = requests.get(f"{api}/stats?limit=10", timeout=5).json()
    page = requests.get(f"{api}/report.html", timeout=5).text
    run.send("SIGTERM")
    assert run.wait() == 3
    requests_of = {row["name"]: row["requests"] for row in stats["items"]}
    assert requests_of == dict(shop.paths)
    fails = shop.paths["/fail"]
    assert (stats["total"]["requests"], stats["total"]["failures"]) == (shop.total, fails)
    for table in ("c_stats.csv", "out/results_stats.csv"):
        found = {row["Name"]: int(row["Request Count"]) for row in rows(run.folder / table)}
        assert found == requests_of | {"Aggregated": shop.total}, table
        assert int(rows(run.folder / table)[-1]["Failure Count"]) == fails
    saved = json.loads((run.folder / "out/run.json").read_text())
    assert {row["name"]: row["requests"] for row in saved["requests"]} == requests_of
    assert saved["status"]["verdict"] == "Failed"
    assert {entry["name"]: entry["num_requests"] for entry in json.loads(run.out)} == requests_of
    suites = ElementTree.parse(run.folder / "j.xml").getroot()
    assert int(suites.get("failures", "0")) >= 1
    cases = {case.get("name") for case in suites.iter("testcase")}
    assert {"requests > 5", "/fail: failures < 1"} <= cases
    last_table = run.err.rpartition("# reqs       # fails")[2]
    share = f"{fails}({100 * fails / shop.total:.2f}%)"
    assert f" {shop.total} " in last_table
    assert share in last_table
    for text in (page, (run.folder / "r.html").read_text()):
        assert f"{shop.total:,}".replace(",", "\u202f") in text or str(shop.total) in text
