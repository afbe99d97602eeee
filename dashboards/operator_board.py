"""The dashboard "Operator": whether Katydid itself works, and what it has to do."""

from __future__ import annotations

from grafana import (
    ACCENT,
    BAD,
    GREY,
    OK,
    P50,
    P99,
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
from panels import colors, series, stat, table, value_map

N = 'loadtest_namespace=~"$namespace"'
PASSES = "katydid_operator_reconcile_total"
PASS_BUCKETS = "katydid_operator_reconcile_duration_seconds_bucket"
CALLS = "katydid_operator_kube_requests_total"
CALL_BUCKETS = "katydid_operator_kube_request_duration_seconds_bucket"
PHASES = value_map(
    Pending=("… Pending", WARN), Starting=("… Starting", ACCENT), Running=("● Running", ACCENT),
    Finishing=("● Finishing", ACCENT), Succeeded=("✓ Succeeded", OK), Failed=("✕ Failed", BAD),
    Stopped=("! Stopped", WARN), Suspended=("! Suspended", GREY),
)  # fmt: skip


def tests_in(phases: str) -> Query:
    expr = f'sum(katydid_loadtests{{{N},phase=~"{phases}"}}) or vector(0)'
    return Query(expr, "tests", instant=True)


def top() -> list[Panel]:
    return [
        stat("Operator", "Version of the operator that answers (katydid_operator_info).", "none",
             Query("katydid_operator_info", "{{version}}", instant=True), name_is_value=True,
             fixed_color=OK, no_value="✕ down", width=4),
        stat("Running", "LoadTests that are starting, running or finishing (katydid_loadtests).",
             "none", tests_in("Starting|Running|Finishing"), fixed_color=ACCENT, width=4),
        stat("Pending", "LoadTests that wait for something (katydid_loadtests).", "none",
             tests_in("Pending"), steps=(Step(None, TEXT), Step(1, WARN)), width=4),
        stat("Failed", "LoadTests whose latest run failed (katydid_loadtests).", "none",
             tests_in("Failed"), steps=(Step(None, TEXT), Step(1, BAD)), width=4),
        stat("Errors of the operator", "Passes that ended in an error, in the last hour "
             "(katydid_operator_reconcile_total).", "none",
             Query(f'sum(increase({PASSES}{{result="error"}}[1h])) or vector(0)', "errors",
                   instant=True), decimals=0, steps=(Step(None, OK), Step(0.5, BAD)), width=4),
        stat("Runs finished", "Runs whose end this operator saw in the time range "
             "(katydid_loadtest_runs_total).", "none",
             Query("sum(increase(katydid_loadtest_runs_total[$__range])) or vector(0)", "runs",
                   instant=True), decimals=0, width=4),
    ]  # fmt: skip


def tests() -> list[Panel]:
    by = "loadtest_namespace, loadtest"
    columns = [
        Column("loadtest_namespace", "Namespace"), Column("loadtest", "Test"),
        Column("phase", "Phase", mappings=(PHASES,), cell="color-text"),
        Column("Value #B", "Workers ready", decimals=0),
        Column("Value #C", "Workers wanted", decimals=0),
        Column("Value #D", "Run began", "dateTimeAsIso"),
    ]  # fmt: skip
    exprs = (
        f"max by ({by}, phase) (katydid_loadtest_phase{{{N}}}) == 1",
        f'max by ({by}) (katydid_loadtest_workers{{{N},state="ready"}})',
        f'max by ({by}) (katydid_loadtest_workers{{{N},state="desired"}})',
        f"max by ({by}) (katydid_loadtest_start_timestamp_seconds{{{N}}}) * 1000",
    )
    return [
        series("LoadTests by phase", "LoadTests of the cluster (katydid_loadtests).", "none",
               Query(f"sum by (phase) (katydid_loadtests{{{N}}})", "{{phase}}"), stacked=True,
               decimals=0, overrides=colors(*((name, look["color"]) for name, look in
                                              PHASES["options"].items()))),
        series("Runs by verdict", "Finished runs in the last hour "
               "(katydid_loadtest_runs_total).", "none",
               Query("sum by (result) (increase(katydid_loadtest_runs_total[1h]))", "{{result}}"),
               decimals=0, overrides=colors(("Passed", OK), ("Failed|Error", BAD),
                                            ("Stopped", WARN))),
        table("LoadTests", "Each LoadTest and its workers (katydid_loadtest_phase, "
              "katydid_loadtest_workers, katydid_loadtest_start_timestamp_seconds).", columns,
              *(Query(expr, instant=True, form="table") for expr in exprs), sort="-Run began",
              height=8),
    ]  # fmt: skip


def work() -> list[Panel]:
    def quantiles(buckets: str) -> tuple[Query, Query]:
        summed = f"sum by (le) (rate({buckets}[$__rate_interval]))"
        return (
            Query(f"histogram_quantile(0.5, {summed})", "p50", color=P50),
            Query(f"histogram_quantile(0.99, {summed})", "p99", color=P99),
        )

    return [
        series("Passes", "Passes of the reconcile loop per second by result "
               "(katydid_operator_reconcile_total).", "ops",
               Query(f"sum by (result) (rate({PASSES}[$__rate_interval]))", "{{result}}"),
               overrides=colors(("success", OK), ("conflict", WARN), ("error", BAD))),
        series("Time of a pass", "How long passes take "
               "(katydid_operator_reconcile_duration_seconds).", "s", *quantiles(PASS_BUCKETS)),
        series("Calls to the API server", "Requests per second by verb and status; code 0: no "
               "answer (katydid_operator_kube_requests_total).", "reqps",
               Query(f"sum by (verb, code) (rate({CALLS}[$__rate_interval]))",
                     "{{verb}} {{code}}")),
        series("Time of a call", "How long the API server takes to answer "
               "(katydid_operator_kube_request_duration_seconds).", "s",
               *quantiles(CALL_BUCKETS)),
    ]  # fmt: skip


def build() -> Json:
    choice = variable(
        "namespace", "Namespace", "label_values(katydid_loadtests, loadtest_namespace)"
    )
    rows = [row("", top()), row("LoadTests", tests()), row("Work", work())]
    return dashboard(
        "katydid-operator", "Katydid / Operator",
        "Whether the operator works, what it has to do, and how fast.", rows, [any_of(choice)],
        span="now-6h", refresh="30s",
    )  # fmt: skip
