"""The dashboard "Load test": one run, while it goes and afterwards.

Numbers of the whole run are `max_over_time` of counters, never `increase`: the first sample of a
series already counts, and after the end, when the series are gone, they stay what they were.
"""

from __future__ import annotations

from grafana import (
    ACCENT,
    BAD,
    GREY,
    OK,
    P50,
    P95,
    P99,
    TEXT,
    WARN,
    Column,
    Json,
    Panel,
    Query,
    Step,
    annotation,
    any_of,
    dashboard,
    row,
    variable,
)
from panels import colors, heatmap, name_colors, series, stat, table, timeline, value_map

S = 'loadtest_namespace=~"$namespace",loadtest="$loadtest",run="$run"'
BUCKETS = "katydid_request_duration_seconds_bucket"
AT_ITS_END = f"max_over_time(katydid_requests_total{{{S}}}[$__range] @ end())"
BUSIEST = f"topk(7, sum by (method, name) ({AT_ITS_END}))"
GOOD_BAD = (Step(None, TEXT), Step(0.000001, WARN), Step(0.05, BAD))
SATURATED = (Step(None, OK), Step(0.7, WARN), Step(0.9, BAD))

VERDICTS = value_map(
    Passed=("✓ Passed", OK), Failed=("✕ Failed", BAD), Error=("✕ Error", BAD),
    Stopped=("! Stopped", WARN),
)  # fmt: skip
MET = value_map(_1=("✓ met", OK), _0=("✕ breached", BAD))
YES = value_map(_1=("yes", ACCENT))


def whole(metric: str, more: str = "") -> str:
    """A counter at its highest: what it came to in the run."""
    return f"max_over_time({metric}{{{S}{more}}}[$__range])"


def rate(metric: str, more: str = "") -> str:
    return f"rate({metric}{{{S}{more}}}[$__rate_interval])"


def last(metric: str, more: str = "") -> str:
    return f"last_over_time({metric}{{{S}{more}}}[$__range])"


def quantile(fraction: float, buckets: str, by: str = "le") -> str:
    return f"histogram_quantile({fraction}, sum by ({by}) ({buckets}))"


FAILED = ',outcome="failure"'
DURATION = (
    f"(min({last('katydid_test_end_timestamp_seconds')} or vector(time()))"
    f" - min({last('katydid_test_start_timestamp_seconds')}))"
)
REQUESTS = whole("katydid_requests_total")


def now_row() -> list[Panel]:
    """What somebody sees from two metres."""
    ratio = (
        f"sum({rate('katydid_requests_total', FAILED)})"
        f" / (sum({rate('katydid_requests_total')}) > 0)"
    )
    working = ',state=~"ready|spawning|running"'
    return [
        stat("State", "What the test is doing, or did last (katydid_state).", "none",
             Query(f"{last('katydid_state')} == 1", "{{state}}", instant=True),
             name_is_value=True, fixed_color=ACCENT),
        stat("Verdict", "How the test ended (katydid_verdict); undecided while it runs.", "none",
             Query(f"{last('katydid_verdict')} == 1", "{{verdict}}", instant=True),
             name_is_value=True, overrides=name_colors(VERDICTS), no_value="not yet"),
        stat("Users", "Simulated users now (katydid_users).", "none",
             Query(f"sum(katydid_users{{{S}}})", "users"), decimals=0, fixed_color=GREY),
        stat("Requests now", "Requests per second of the last seconds (katydid_requests_total).",
             "reqps", Query(f"sum({rate('katydid_requests_total')})", "RPS"), decimals=1,
             fixed_color=ACCENT),
        stat("Failures now", "Share of requests that failed in the last seconds "
             "(katydid_requests_total by outcome).", "percentunit", Query(ratio, "failures"),
             decimals=2, steps=GOOD_BAD),
        stat("p95 now", "95th percentile of the response times of the last seconds, to the bucket "
             "(katydid_request_duration_seconds).", "s",
             Query(quantile(0.95, rate(BUCKETS)), "p95"), fixed_color=P95),
        stat("Workers", "Workers that are there, of those that the run waits for (katydid_workers, "
             "katydid_workers_expected).", "none",
             Query(f"sum({last('katydid_workers', working)})", "there", instant=True, color=OK),
             Query(f"max({last('katydid_workers_expected')})", "expected", instant=True,
                   color=GREY), decimals=0),
        stat("Generator", "CPU of the busiest worker: above 90 % of a core, latencies contain the "
             "generator's own queueing (katydid_worker_cpu_ratio).", "percentunit",
             Query(f"max(katydid_worker_cpu_ratio{{{S}}})", "CPU"), decimals=0, steps=SATURATED),
    ]  # fmt: skip


def whole_row() -> list[Panel]:
    """The numbers of the report."""
    failed = whole("katydid_requests_total", FAILED)

    def times(fraction: float, color: str) -> Panel:
        name = f"p{fraction * 100:g}"
        return stat(
            name, f"Response time that {fraction:.0%} of all requests of the run stayed under, "
            "to the bucket (katydid_request_duration_seconds).", "s",
            Query(quantile(fraction, whole(BUCKETS)), name, instant=True), height=3,
            fixed_color=color,
        )  # fmt: skip

    return [
        stat("Requests", "Requests of the whole run (katydid_requests_total).", "none",
             Query(f"sum({REQUESTS})", "requests", instant=True), height=3, decimals=0),
        stat("Mean rate", "Requests per second over the whole run (katydid_requests_total, "
             "katydid_test_start_timestamp_seconds, katydid_test_end_timestamp_seconds).", "reqps",
             Query(f"sum({REQUESTS}) / {DURATION}", "RPS", instant=True), height=3, decimals=1,
             fixed_color=ACCENT),
        stat("Failures", "Share of all requests of the run that failed (katydid_requests_total by "
             "outcome).", "percentunit",
             Query(f"sum({failed}) / sum({REQUESTS})", "failures", instant=True), height=3,
             decimals=2, steps=GOOD_BAD),
        times(0.5, P50), times(0.95, P95), times(0.99, P99),
        stat("Peak users", "Most users at a time (katydid_users_peak).", "none",
             Query(f"max({whole('katydid_users_peak')})", "users", instant=True), height=3,
             decimals=0, fixed_color=GREY),
        stat("Load time", "From the start of the load to its end, or to now "
             "(katydid_test_start_timestamp_seconds, katydid_test_end_timestamp_seconds).", "s",
             Query(DURATION, "load", instant=True), height=3, decimals=0),
    ]  # fmt: skip


def charts() -> list[Panel]:
    return [
        series("Requests and failures", "Requests and failed requests per second "
               "(katydid_requests_total).", "reqps",
               Query(f"sum({rate('katydid_requests_total')})", "requests", color=ACCENT),
               Query(f"sum({rate('katydid_requests_total', FAILED)})", "failures", color=BAD,
                     style="area")),
        series("Response times", "Percentiles of the response times, to the bucket "
               "(katydid_request_duration_seconds).", "s",
               Query(quantile(0.5, rate(BUCKETS)), "p50", color=P50),
               Query(quantile(0.95, rate(BUCKETS)), "p95", color=P95),
               Query(quantile(0.99, rate(BUCKETS)), "p99", color=P99)),
        series("Users over time", "Users by class, and what the load asks for (katydid_users, "
               "katydid_users_target).", "none",
               Query(f"sum by (user_class) (katydid_users{{{S}}})", "{{user_class}}"),
               Query(f"max(katydid_users_target{{{S}}})", "target", color=TEXT, style="dashed"),
               stacked=True, decimals=0),
        heatmap("Distribution of response times", "How many requests took how long "
                "(katydid_request_duration_seconds).",
                Query(f"sum by (le) (increase({BUCKETS}{{{S}}}[$__rate_interval]))", "{{le}}",
                      form="heatmap")),
    ]  # fmt: skip


def thresholds() -> list[Panel]:
    return [
        timeline("Thresholds over time", "Whether each threshold is met (katydid_threshold_met).",
                 Query(f"min by (threshold) (katydid_threshold_met{{{S}}})", "{{threshold}}"),
                 [MET]),
        table("Thresholds", "Where each threshold stands or ended, and its value in seconds, as a "
              "ratio, per second or a count (katydid_threshold_met, katydid_threshold_value).",
              [Column("threshold", "Threshold"),
               Column("Value #A", "", mappings=(MET,), cell="color-text", width=110),
               Column("Value #B", "Value (s, ratio, /s, count)", decimals=3, width=200)],
              Query(f"min by (threshold) ({last('katydid_threshold_met')})", instant=True,
                    form="table"),
              Query(f"max by (threshold) ({last('katydid_threshold_value')})", instant=True,
                    form="table"), sort="Threshold", width=12, height=6),
    ]  # fmt: skip


def by_request() -> list[Panel]:
    by = "method, name"
    return [
        series("Rate by name", "Requests per second of the seven busiest "
               "(katydid_requests_total).", "reqps",
               Query(f"sum by ({by}) ({rate('katydid_requests_total')}) and on ({by}) {BUSIEST}",
                     "{{method}} {{name}}")),
        series("p95 by name", "95th percentile of the seven busiest, to the bucket "
               "(katydid_request_duration_seconds).", "s",
               Query(f"{quantile(0.95, rate(BUCKETS), f'le, {by}')} and on ({by}) {BUSIEST}",
                     "{{method}} {{name}}")),
        request_table(by),
        series("Responses by status code", 'HTTP responses per second; code "0" is no response '
               "(katydid_http_responses_total).", "reqps",
               Query(f"sum by (code) ({rate('katydid_http_responses_total')})", "{{code}}"),
               stacked=True,
               overrides=colors(("2..", OK), ("3..", ACCENT), ("4..", WARN), ("5..", BAD),
                                ("0", GREY))),
        table("Failures by reason", "Failed requests of the whole run by exception class or HTTP "
              "status (katydid_request_failures_total).",
              [Column("method", "Method", width=90), Column("name", "Name"),
               Column("reason", "Reason"),
               Column("Value", "Failures", decimals=0, width=110)],
              Query(f"sum by ({by}, reason) ({whole('katydid_request_failures_total')}) > 0",
                    instant=True, form="table"), sort="-Failures", width=12, height=8),
    ]  # fmt: skip


def request_table(by: str) -> Panel:
    timed = f"sum by ({by}) ({whole('katydid_request_duration_seconds_count')})"
    every = f"sum by ({by}) ({REQUESTS})"
    failed = f"sum by ({by}) ({whole('katydid_requests_total', FAILED)})"
    exprs = (
        every,
        f"{every} / on () group_left () {DURATION}",
        f"{failed} / {every}",
        f"sum by ({by}) ({whole('katydid_request_duration_seconds_sum')}) / {timed}",
        *(quantile(fraction, whole(BUCKETS), f"le, {by}") for fraction in (0.5, 0.95, 0.99)),
        f"sum by ({by}) ({whole('katydid_response_bytes_total')})",
    )
    columns = [
        Column("method", "Method", width=90), Column("name", "Name"),
        Column("Value #A", "Requests", decimals=0),
        Column("Value #B", "RPS", "reqps", decimals=1),
        Column("Value #C", "Failures", "percentunit", decimals=2, steps=GOOD_BAD,
               cell="color-text"),
        Column("Value #D", "Mean", "s"), Column("Value #E", "p50", "s"),
        Column("Value #F", "p95", "s"), Column("Value #G", "p99", "s"),
        Column("Value #H", "Received", "bytes"),
    ]  # fmt: skip
    return table(
        "All requests", "Every request of the whole run; percentiles to the bucket "
        "(katydid_requests_total, katydid_request_duration_seconds, katydid_response_bytes_total).",
        columns, *(Query(expr, instant=True, form="table") for expr in exprs), sort="-Requests",
        height=8,
    )  # fmt: skip


def generator() -> list[Panel]:
    def busiest(metric: str) -> str:
        top = f"topk(7, max by (worker) (max_over_time({metric}{{{S}}}[$__range] @ end())))"
        return f"max by (worker) ({metric}{{{S}}}) and on (worker) {top}"

    def workers(title: str, metric: str, text: str, unit: str, **more: object) -> Panel:
        query = Query(busiest(metric), "worker {{worker}}")
        text = f"{text}, the seven highest ({metric})."
        return series(title, text, unit, query, width=8, height=7, **more)

    return [
        workers("CPU of workers", "katydid_worker_cpu_ratio", "Use of one core by each worker",
                "percentunit", steps=SATURATED, decimals=0),
        workers("Loop lag of workers", "katydid_worker_loop_lag_seconds",
                "How late each worker's event loop was: it adds to latencies", "s"),
        workers("Heartbeat age of workers", "katydid_worker_heartbeat_age_seconds",
                "Time since each worker's last heartbeat", "s"),
        workers("Users by worker", "katydid_worker_users", "Users that each worker runs", "none"),
        workers("Memory of workers", "katydid_worker_memory_bytes", "Resident memory", "bytes"),
        series("Workers by state, and what went wrong", "Workers by state, times that one went "
               "missing, iterations of an open model that could not start, uncaught exceptions of "
               "users, request names over the cap (katydid_workers, katydid_workers_lost_total, "
               "katydid_iterations_dropped_total, katydid_user_exceptions_total, "
               "katydid_request_names_dropped_total).", "none",
               Query(f"sum by (state) (katydid_workers{{{S}}}) > 0", "{{state}}"),
               Query(f"sum(katydid_workers_lost_total{{{S}}}) > 0", "lost", color=BAD),
               Query(f"sum(katydid_iterations_dropped_total{{{S}}}) > 0", "dropped iterations",
                     color=WARN),
               Query(f"sum(katydid_user_exceptions_total{{{S}}}) > 0", "exceptions", color=BAD,
                     style="dashed"),
               Query(f"sum(katydid_request_names_dropped_total{{{S}}}) > 0", "names over the cap",
                     color=WARN, style="dashed"), width=8, height=7, decimals=0,
               overrides=colors(("running", OK), ("ready|spawning", ACCENT), ("missing", BAD),
                                ("stalled", WARN), ("left|stopped|stopping|cleanup", GREY))),
        timeline("State of the test", "What the test was doing when (katydid_state).",
                 Query(f"max by (state) (katydid_state{{{S}}}) == 1", "{{state}}"), [YES],
                 width=12, height=5),
        table("What ran", "Versions, mode and target (katydid_info).",
              [Column("loadtest", "Test"), Column("run", "Run"), Column("version", "Katydid"),
               Column("python", "Python"), Column("mode", "Mode"), Column("host", "Target")],
              Query(last("katydid_info"), instant=True, form="table"), sort="Run",
              width=12, height=5),
    ]  # fmt: skip


def build() -> Json:
    info = 'katydid_info{loadtest_namespace=~"$namespace"'
    variables = [
        any_of(variable("namespace", "Namespace",
                        "label_values(katydid_info, loadtest_namespace)")),
        variable("loadtest", "Test", f"label_values({info}}}, loadtest)"),
        variable("run", "Run", f'label_values({info},loadtest="$loadtest"}}, run)', sort=4),
    ]  # fmt: skip
    marks = [
        annotation("Start", f"katydid_test_start_timestamp_seconds{{{S}}} * 1000",
                   "The load of {{loadtest}}, run {{run}}, began.", OK),
        annotation("End", f"katydid_test_end_timestamp_seconds{{{S}}} * 1000",
                   "The load of {{loadtest}}, run {{run}}, ended.", GREY),
    ]  # fmt: skip
    rows = [
        row("", now_row()), row("Whole run", whole_row()), row("", charts()),
        row("Thresholds", thresholds()), row("By request", by_request()),
        row("Load generator", generator()),
    ]  # fmt: skip
    return dashboard(
        "katydid-load-test", "Katydid / Load test",
        "One run of a load test: what it did to the target, whether it passed, and how the "
        "generator itself fared.", rows, variables, marks,
    )  # fmt: skip
