"""The dashboard "Runs": results of finished runs, their trend, and two runs beside each other.

Results come from the operator, which keeps them for as long as the LoadTest lives. The comparison
reads the runs' own metrics, so the time range has to reach back to the older of the two.
"""

from __future__ import annotations

from grafana import (
    ACCENT,
    BAD,
    GREY,
    OK,
    P95,
    TEXT,
    WARN,
    Column,
    Json,
    Panel,
    Query,
    Step,
    any_of,
    dashboard,
    row,
    variable,
)
from load_test import BUCKETS, GOOD_BAD, VERDICTS, quantile
from panels import bars, name_colors, series, stat, table

S = 'loadtest_namespace=~"$namespace",loadtest="$loadtest"'
BY = "loadtest_namespace, loadtest, run"
RESULT = "katydid_loadtest_result"
COMPLETED = "katydid_loadtest_completion_timestamp_seconds"
WORSE = (Step(None, OK), Step(0.0, TEXT), Step(0.1, WARN), Step(0.25, BAD))


def result(name: str, more: str = "") -> str:
    return f"{RESULT}_{name}{{{S}{more}}}"


def latest(expr: str) -> str:
    """Of the runs of each test, the one that ended last."""
    test = "loadtest_namespace, loadtest"
    newest = f"{COMPLETED}{{{S}}} == on ({test}) group_left () max by ({test}) ({COMPLETED}{{{S}}})"
    return f"max by ({test}) ({expr} and on ({BY}) ({newest}))"


P95_OF = result("response_time_seconds", ',quantile="0.95"')


def top() -> list[Panel]:
    verdict = result("verdict")
    newest = f"{verdict} and on ({BY}) topk(1, {COMPLETED}{{{S}}})"
    passed = result("passed")
    return [
        stat("Latest verdict", "Verdict of the run that ended last "
             "(katydid_loadtest_result_verdict).", "none",
             Query(newest, "{{verdict}}", instant=True), name_is_value=True,
             overrides=name_colors(VERDICTS), width=4),
        stat("Runs kept", "Finished runs that the LoadTest still remembers, as many as its "
             "historyLimit (katydid_loadtest_result_passed).", "none",
             Query(f"count({passed})", "runs", instant=True), width=4),
        stat("Passed", "Share of these runs that passed (katydid_loadtest_result_passed).",
             "percentunit", Query(f"avg({passed})", "passed", instant=True), width=4, decimals=0,
             steps=(Step(None, BAD), Step(0.8, WARN), Step(1, OK))),
        stat("p95 of the latest", "95th percentile of the run that ended last "
             "(katydid_loadtest_result_response_time_seconds).", "s",
             Query(latest(P95_OF), "p95", instant=True), width=4, fixed_color=P95),
        stat("Rate of the latest", "Requests per second of the run that ended last "
             "(katydid_loadtest_result_requests_per_second).", "reqps",
             Query(latest(result("requests_per_second")), "RPS", instant=True), width=4,
             decimals=1, fixed_color=ACCENT),
        stat("Failures of the latest", "Share of failed requests of the run that ended last "
             "(katydid_loadtest_result_failure_ratio).", "percentunit",
             Query(latest(result("failure_ratio")), "failures", instant=True), width=4,
             decimals=2, steps=GOOD_BAD),
    ]  # fmt: skip


def runs_table() -> Panel:
    def of(name: str, more: str = "", by: str = BY, scale: str = "") -> str:
        return f"max by ({by}) ({result(name, more)}){scale}"

    exprs = (
        f"max by ({BY}) ({COMPLETED}{{{S}}}) * 1000", of("verdict", by=f"{BY}, verdict"),
        of("users_peak"), of("duration_seconds"), of("requests"), of("requests_per_second"),
        of("failure_ratio"),
        *(of("response_time_seconds", f',quantile="{q}"') for q in ("0.5", "0.95", "0.99")),
    )  # fmt: skip
    columns = [
        Column("run", "Run", width=70), Column("loadtest_namespace", "Namespace"),
        Column("loadtest", "Test"),
        Column("verdict", "Verdict", mappings=(VERDICTS,), cell="color-text"),
        Column("Value #A", "Ended", "dateTimeAsIso"), Column("Value #C", "Peak users", decimals=0),
        Column("Value #D", "Load time", "s", decimals=0),
        Column("Value #E", "Requests", decimals=0),
        Column("Value #F", "RPS", "reqps", decimals=1),
        Column("Value #G", "Failures", "percentunit", decimals=2, steps=GOOD_BAD,
               cell="color-text"),
        Column("Value #H", "p50", "s"), Column("Value #I", "p95", "s"),
        Column("Value #J", "p99", "s"),
    ]  # fmt: skip
    return table(
        "Results", "Finished runs with their verdicts. Of runs before the latest, status keeps "
        "users, rate, failures and p95 (katydid_loadtest_result_verdict, "
        "katydid_loadtest_result_users_peak, katydid_loadtest_result_duration_seconds, "
        "katydid_loadtest_result_requests, katydid_loadtest_result_requests_per_second, "
        "katydid_loadtest_result_failure_ratio, katydid_loadtest_result_response_time_seconds, "
        "katydid_loadtest_completion_timestamp_seconds).", columns,
        *(Query(expr, instant=True, form="table") for expr in exprs), sort="-Ended", height=8,
    )  # fmt: skip


def trend() -> list[Panel]:
    kinds = (
        ("p95", P95_OF, "s", P95, None, "katydid_loadtest_result_response_time_seconds"),
        ("Requests per second", result("requests_per_second"), "reqps", ACCENT, 1,
         "katydid_loadtest_result_requests_per_second"),
        ("Failures", result("failure_ratio"), "percentunit", BAD, 2,
         "katydid_loadtest_result_failure_ratio"),
    )  # fmt: skip
    by_run = [
        bars(f"{title} by run", f"Of each run that is kept ({metric}).", unit,
             Query(f"max by (run) ({expr})", "run {{run}}", instant=True, form="table"), "run",
             fixed_color=color, decimals=decimals)
        for title, expr, unit, color, decimals, metric in kinds
    ]  # fmt: skip
    over_time = [
        series(f"{title} over time", f"Of the run that had ended last ({metric}).", unit,
               Query(latest(expr), "{{loadtest}}", color=""), stairs=True, width=8, height=7,
               decimals=decimals)
        for title, expr, unit, _, decimals, metric in kinds
    ]  # fmt: skip
    return by_run + over_time


def of_run(metric: str, run: str, more: str = "") -> str:
    return f'max_over_time({metric}{{{S},run="{run}"{more}}}[$__range])'


def comparison() -> list[Panel]:
    by = "method, name"
    a, b = (quantile(0.95, of_run(BUCKETS, run), f"le, {by}") for run in ("$run_a", "$run_b"))
    failed = ',outcome="failure"'
    ratios = [
        f"sum by ({by}) ({of_run('katydid_requests_total', run, failed)})"
        f" / sum by ({by}) ({of_run('katydid_requests_total', run)})"
        for run in ("$run_a", "$run_b")
    ]
    columns = [
        Column("method", "Method", width=90), Column("name", "Name"),
        Column("Value #A", "p95, run A", "s"), Column("Value #B", "p95, run B", "s"),
        Column("Value #C", "Change", "percentunit", decimals=0, steps=WORSE, cell="color-text"),
        Column("Value #D", "Failures, run A", "percentunit", decimals=2),
        Column("Value #E", "Failures, run B", "percentunit", decimals=2, steps=GOOD_BAD,
               cell="color-text"),
    ]  # fmt: skip
    exprs = (a, b, f"{b} / {a} - 1", *ratios)

    def both(expr_of: str) -> tuple[Query, Query]:
        shifted = expr_of.replace("RUN", "$run_a").replace("OFFSET", " offset ${shift}s")
        plain = expr_of.replace("RUN", "$run_b").replace("OFFSET", "")
        return Query(shifted, "run A, moved", color=GREY), Query(plain, "run B", color=ACCENT)

    rate = f'rate(katydid_requests_total{{{S},run="RUN"}}[$__rate_interval]OFFSET)'
    buckets = f'rate({BUCKETS}{{{S},run="RUN"}}[$__rate_interval]OFFSET)'
    return [
        table("Run A and run B by request", "p95 and failures of both runs, the largest increase "
              "first (katydid_request_duration_seconds, katydid_requests_total). The time range "
              "must reach back to the older run.", columns,
              *(Query(expr, instant=True, form="table") for expr in exprs), sort="-Change",
              height=8),
        series("Requests per second of both", "Run B where it happened, run A moved there "
               "(katydid_requests_total).", "reqps", *both(f"sum({rate})")),
        series("p95 of both", "Run B where it happened, run A moved there "
               "(katydid_request_duration_seconds).", "s", *both(quantile(0.95, buckets))),
    ]  # fmt: skip


def build() -> Json:
    """`shift` is hidden: seconds from the start of run A to that of run B."""
    tests = '{__name__=~"katydid_loadtest_phase|katydid_info",loadtest_namespace=~"$namespace"}'
    runs = f'label_values({{__name__=~"{RESULT}_passed|katydid_info",{S}}}, run)'
    begun = 'max(last_over_time(katydid_test_start_timestamp_seconds{%s,run="%s"}[$__range]))'
    shift = f"round({begun % (S, '$run_b')} - {begun % (S, '$run_a')})"
    variables = [
        any_of(variable("namespace", "Namespace",
                        'label_values({__name__=~"katydid_loadtest_phase|katydid_info"}, '
                        "loadtest_namespace)")),
        variable("loadtest", "Test", f"label_values({tests}, loadtest)"),
        variable("run_a", "Run A", runs, sort=3),
        variable("run_b", "Run B", runs, sort=4),
        variable("shift", "Shift", f"query_result({shift})", hide=2, sort=0,
                 regex="/ (-?[0-9]+) /"),
    ]  # fmt: skip
    rows = [
        row("", [*top(), runs_table()]), row("Trend", trend()),
        row("Run A ($run_a) and run B ($run_b)", comparison()),
    ]  # fmt: skip
    return dashboard(
        "katydid-runs", "Katydid / Runs",
        "Results of finished runs, how they develop, and two runs compared.", rows, variables,
        span="now-7d", refresh="1m",
    )  # fmt: skip
