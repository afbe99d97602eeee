"""What the dashboards show are the engine's own numbers, while a run goes and after its end."""

from __future__ import annotations

import bisect
import json
from typing import Any

import pytest

from katydid.metrics.catalogue import BUCKETS_SECONDS

Json = dict[str, Any]
BOARDS = ("load-test", "runs", "operator")
REASONS = {  # queries that have nothing to say of these runs: each would be a problem
    "sum(katydid_workers_lost_total",
    "sum(katydid_iterations_dropped_total",
    "sum(katydid_request_names_dropped_total",
}


def bucket(seconds: float) -> tuple[float, float]:
    """The bounds between which a histogram knows this value."""
    index = bisect.bisect_left(BUCKETS_SECONDS, seconds)
    lower = BUCKETS_SECONDS[index - 1] if index else 0.0
    return lower, BUCKETS_SECONDS[index]


def assert_in_bucket(shown: float, exact_ms: float) -> None:
    """Our histogram's buckets straddle a bound by 0.4 % at most."""
    lower, upper = bucket(exact_ms / 1000)
    assert lower * 0.99 <= shown <= upper * 1.01, f"{shown} s for {exact_ms} ms"


def rows(world: Any, dashboard: str, title: str, labels: tuple[str, ...]) -> Any:
    """A table as Grafana joins it: label values → refId → number."""
    found: dict[tuple[str, ...], dict[str, float]] = {}
    for target in world.panel(dashboard, title)["targets"]:
        for one in world.answers(target):
            key = tuple(one["metric"].get(label, "") for label in labels)
            found.setdefault(key, {})[target["refId"]] = one["value"]
    return found


@pytest.mark.parametrize("board", BOARDS)
def test_every_query_answers(world: Any, dashboards: dict[str, Json], board: str) -> None:
    silent = []
    for panel in dashboards[board]["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"]
            if any(expr.startswith(reason) for reason in REASONS):  # without the "> 0" it answers
                assert expr.endswith(" > 0")
                target = target | {"expr": expr.removesuffix(" > 0")}
            if not world.answers(target):
                silent.append((panel["title"], target["refId"], expr))
    assert silent == []


@pytest.mark.parametrize("board", BOARDS)
def test_numbers_are_numbers(world: Any, dashboards: dict[str, Json], board: str) -> None:
    """What a stat or table shows is never NaN or infinite."""
    for panel in dashboards[board]["panels"]:
        for target in panel.get("targets", ()):
            if target["instant"]:
                for one in world.answers(target):
                    assert abs(one["value"]) < float("inf"), (panel["title"], one)


def test_while_it_runs(world: Any) -> None:
    [(before, shown, after)] = world.live
    assert before["state"] == after["state"] == "running"
    assert shown["State running"] == 1
    assert shown["Users"] == before["load"]["users"] == 8
    assert shown["Peak users"] == before["load"]["peak_users"] == 8
    assert shown["Workers"] == before["workers_ready"] == 2
    assert before["total"]["requests"] <= shown["Requests"] <= after["total"]["requests"]
    rates = before["total"]["current_rps"], after["total"]["current_rps"]
    assert 0.7 * min(rates) <= shown["Requests now"] <= 1.3 * max(rates)
    assert shown["Failures now"] == pytest.approx(0.05, abs=0.04)
    slowest = max(after["total"]["latency"]["percentiles_ms"]["p100"] / 1000, 0.18)
    assert bucket(0.18)[0] <= shown["p95 now"] <= bucket(slowest)[1]


def test_the_target_failed_five_per_cent(world: Any) -> None:
    """So that equal numbers are right numbers too."""
    total = sum(document["status"]["total"]["requests"] for document in world.documents.values())
    failures = sum(document["status"]["total"]["failures"] for document in world.documents.values())
    assert total == world.target.requests
    assert failures == world.target.requests // 20
    times = world.documents["2"]["status"]["total"]["latency"]["percentiles_ms"]
    assert times["p50"] >= 15
    assert times["p95"] >= 180


def test_the_whole_run(world: Any) -> None:
    status = world.documents["2"]["status"]
    total, load = status["total"], status["load"]
    assert world.shown("load-test", "Requests") == total["requests"]
    assert world.shown("load-test", "Failures") == total["failures"] / total["requests"]
    assert world.shown("load-test", "Mean rate") == pytest.approx(total["rps"], rel=0.1)
    assert world.shown("load-test", "Peak users") == load["peak_users"] == 8
    seconds = status["finished_at"] - status["load_started_at"]
    assert world.shown("load-test", "Load time") == pytest.approx(seconds, abs=0.01)
    for name in ("p50", "p95", "p99"):
        assert_in_bucket(world.shown("load-test", name), total["latency"]["percentiles_ms"][name])
    [verdict] = world.answers(world.panel("load-test", "Verdict")["targets"][0])
    assert verdict["metric"]["verdict"] == status["verdict"] == "Failed"
    [state] = world.answers(world.panel("load-test", "State")["targets"][0])
    assert state["metric"]["state"] == status["state"] == "stopped"


def test_requests_by_name(world: Any) -> None:
    table = rows(world, "load-test", "All requests", ("method", "name"))
    requests = world.documents["2"]["requests"]
    assert set(table) == {(row["method"], row["name"]) for row in requests}
    assert set(table) == {("GET", "/quick"), ("GET", "/slow")}
    for row in requests:
        shown = table[row["method"], row["name"]]
        times = row["latency"]["percentiles_ms"]
        assert shown["A"] == row["requests"]
        assert shown["B"] == pytest.approx(row["rps"], rel=0.1)
        assert shown["C"] == row["failures"] / row["requests"]
        assert shown["D"] == pytest.approx(row["latency"]["mean_ms"] / 1000)
        for ref, name in (("E", "p50"), ("F", "p95"), ("G", "p99")):
            assert_in_bucket(shown[ref], times[name])
        assert shown["H"] == row["total_length"]


def test_failures_by_reason(world: Any) -> None:
    table = rows(world, "load-test", "Failures by reason", ("method", "name", "reason"))
    wanted: dict[tuple[str, ...], int] = {}
    for row in world.documents["2"]["failures"]:
        key = (row["method"], row["name"], row["reason"])
        wanted[key] = wanted.get(key, 0) + row["occurrences"]
    assert {key: shown["A"] for key, shown in table.items()} == wanted
    assert {reason for _, _, reason in wanted} == {"HTTP 503"}


def test_thresholds(world: Any) -> None:
    table = rows(world, "load-test", "Thresholds", ("threshold",))
    wanted = {}
    for row in world.documents["2"]["status"]["thresholds"]:
        scale = 0.001 if row["unit"] == "ms" else 1
        wanted[row["name"],] = (row["status"] == "Met", pytest.approx(row["value"] * scale))
    assert {key: (shown["A"], shown["B"]) for key, shown in table.items()} == wanted
    assert {met for met, _ in wanted.values()} == {True, False}


def test_results_of_all_runs(world: Any) -> None:
    table = rows(world, "runs", "Results", ("loadtest_namespace", "loadtest", "run"))
    verdicts = rows(world, "runs", "Results", ("loadtest_namespace", "loadtest", "run", "verdict"))
    assert set(table) == {("shop", "checkout", "1"), ("shop", "checkout", "2")}
    for run, document in world.documents.items():
        status, shown = document["status"], table["shop", "checkout", run]
        assert ("shop", "checkout", run, status["verdict"]) in verdicts
        assert shown["A"] == pytest.approx(status["finished_at"] * 1000, abs=1000)
        assert shown["C"] == status["load"]["peak_users"]
        assert shown["F"] == pytest.approx(status["total"]["rps"], abs=0.06)
        assert shown["G"] == pytest.approx(status["total"]["fail_percent"] / 100, abs=0.0001)
        times = status["total"]["latency"]["percentiles_ms"]
        assert shown["I"] == pytest.approx(times["p95"] / 1000, abs=0.0001)
    latest, status = table["shop", "checkout", "2"], world.documents["2"]["status"]
    assert latest["E"] == status["total"]["requests"]
    seconds = status["finished_at"] - status["load_started_at"]
    assert latest["D"] == pytest.approx(seconds, abs=1)
    assert {document["status"]["verdict"] for document in world.documents.values()} == {
        "Passed", "Failed"
    }  # fmt: skip


def test_latest_run(world: Any) -> None:
    total = world.documents["2"]["status"]["total"]
    [verdict] = world.answers(world.panel("runs", "Latest verdict")["targets"][0])
    assert verdict["metric"]["verdict"] == "Failed"
    assert world.shown("runs", "Runs kept") == 2
    assert world.shown("runs", "Passed") == 0.5
    p95 = total["latency"]["percentiles_ms"]["p95"] / 1000
    assert world.shown("runs", "p95 of the latest") == pytest.approx(p95, abs=0.0001)
    assert world.shown("runs", "Rate of the latest") == pytest.approx(total["rps"], abs=0.06)


def test_trend_by_run(world: Any) -> None:
    for title, of in (
        ("p95 by run", lambda total: total["latency"]["percentiles_ms"]["p95"] / 1000),
        ("Requests per second by run", lambda total: total["rps"]),
        ("Failures by run", lambda total: total["fail_percent"] / 100),
    ):
        bars = world.answers(world.panel("runs", title)["targets"][0])
        assert {one["metric"]["run"]: one["value"] for one in bars} == {
            run: pytest.approx(of(document["status"]["total"]), abs=0.06)
            for run, document in world.documents.items()
        }, title


def test_two_runs_beside_each_other(world: Any) -> None:
    table = rows(world, "runs", "Run A and run B by request", ("method", "name"))
    for ref, run in (("A", "1"), ("B", "2")):
        for row in world.documents[run]["requests"]:
            shown = table[row["method"], row["name"]]
            assert_in_bucket(shown[ref], row["latency"]["percentiles_ms"]["p95"])
            assert shown["C"] == pytest.approx(shown["B"] / shown["A"] - 1)
    for ref, run in (("D", "1"), ("E", "2")):
        for row in world.documents[run]["requests"]:
            shown = table[row["method"], row["name"]]
            assert shown.get(ref, 0) == pytest.approx(row["failures"] / row["requests"])


def test_run_a_is_moved_to_where_run_b_was(world: Any) -> None:
    """The hidden variable is the distance of the starts; both charts then begin together."""
    board = json.loads((world.board_path("runs")).read_text("utf-8"))
    [variable] = [one for one in board["templating"]["list"] if one["name"] == "shift"]
    expr = variable["definition"].removeprefix("query_result(").removesuffix(")")
    [shift] = world.prometheus.instant(world.filled(expr, world.ended), world.ended)
    assert shift["value"] == float(world.variables(world.ended)["shift"])
    moved, plain = world.panel("runs", "Requests per second of both")["targets"]
    first = []
    for target in (moved, plain):
        [one] = world.answers(target)
        first.append(min(float(at) for at, value in one["values"] if float(value) > 0))
    assert abs(first[0] - first[1]) <= 5


def test_the_operator(world: Any) -> None:
    assert world.shown("operator", "Running") == 1
    assert world.shown("operator", "Failed") == 1
    assert world.shown("operator", "Pending") == 0
    [info] = world.answers(world.panel("operator", "Operator")["targets"][0])
    assert info["metric"]["version"] == "1.2.3"
    passes = world.panel("operator", "Passes")["targets"][0]
    rates = {one["metric"]["result"]: one["values"][-1][1] for one in world.answers(passes)}
    assert set(rates) == {"success", "error"}
    table = rows(world, "operator", "LoadTests", ("loadtest_namespace", "loadtest"))
    assert (table["shop", "search"]["B"], table["shop", "search"]["C"]) == (2, 3)
