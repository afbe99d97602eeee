"""Sample documents: runs as people have them, and some they would rather not have.

Test files get the factory through the `samples` fixture: `samples.usual()`, `samples.hostile()`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from katydid.run.document import (
    ExceptionRow,
    FailureRow,
    GeneratorRow,
    HistoryPoint,
    LatencyRow,
    LoadRow,
    Mark,
    RequestRow,
    RunDocument,
    Status,
    ThresholdRow,
    WorkerRow,
)

START = 1_772_368_200.0  # 2026-03-01 12:30:00 UTC
PERCENTILES = ("50", "66", "75", "80", "90", "95", "98", "99", "99.9", "99.99", "100")
LOCUSTFILE = """from locust import HttpUser, between, task


class Shopper(HttpUser):
    wait_time = between(1, 5)

    @task(3)
    def browse(self):
        self.client.get("/catalogue?page=1&size=20", name="/catalogue")

    @task
    def checkout(self):
        with self.client.post("/checkout", json={"cart": "</script><b>"}, catch_response=True) as r:
            if r.elapsed.total_seconds() > 1:
                r.failure("too slow")
"""
MANIFEST = """apiVersion: katydid.dev/v1alpha1
kind: LoadTest
metadata:
  name: checkout
spec:
  source: {configMap: {name: checkout-tests}}
  load: {users: 500, spawnRate: 50, runTime: 10m}
  thresholds:
    - {name: p95, metric: p95, below: 300ms}
"""


def latency_of(samples_ms: np.ndarray) -> LatencyRow:
    """The distribution of `samples_ms` as the engine would have it."""
    if samples_ms.size == 0:
        return LatencyRow(None, None, None, {f"p{p}": None for p in PERCENTILES})
    ordered = np.sort(samples_ms)
    ranks = {
        f"p{p}": float(ordered[max(0, int(np.ceil(float(p) / 100 * ordered.size)) - 1)])
        for p in PERCENTILES
    }
    base = np.float64(2.0**-10).view(np.int64) >> 45
    indexes, counts = np.unique(
        np.clip((ordered.view(np.int64) >> 45) - base, 0, 4095), return_counts=True
    )
    return LatencyRow(
        float(ordered.mean()),
        float(ordered[0]),
        float(ordered[-1]),
        ranks,
        indexes.tolist(),
        counts.tolist(),
    )


def request_row(
    method: str,
    name: str,
    samples_ms: np.ndarray,
    seconds: float,
    failures: int = 0,
    codes: dict[str, int] | None = None,
    service_ms: np.ndarray | None = None,
    mean_length: float = 4096.0,
) -> RequestRow:
    n = int(samples_ms.size)
    latency = latency_of(samples_ms)
    return RequestRow(
        method=method,
        name=name,
        requests=n,
        none_requests=0,
        failures=failures,
        fail_percent=100.0 * failures / n if n else 0.0,
        rps=n / seconds if seconds else 0.0,
        failures_per_second=failures / seconds if seconds else 0.0,
        current_rps=n / seconds if seconds else 0.0,
        current_failures_per_second=0.0,
        mean_length=mean_length if n else 0.0,
        total_length=int(n * mean_length),
        latency=latency,
        service=None if service_ms is None else latency_of(service_ms),
        codes=codes if codes is not None else {"200": n - failures, "503": failures},
        current_percentiles_ms={p: latency.percentiles_ms[p] for p in ("p50", "p95", "p99")},
    )


def history_of(
    seconds: int, rate: float, p50: float, users: int, seed: int = 1, width: int = 1
) -> list[HistoryPoint]:
    """A ramp of a tenth of the time, then a plateau with a slow patch two thirds in."""
    noise = np.random.default_rng(seed)
    points = []
    for second in range(0, seconds, width):
        share = min(1.0, (second + 1) / max(1.0, seconds / 10))
        requests = int(noise.poisson(rate * share * width))
        slow = 3.0 if 0.64 < second / seconds < 0.7 else 1.0
        failures = int(noise.binomial(requests, 0.02 * (slow - 1)))
        median = p50 * slow * noise.uniform(0.9, 1.1) if requests else None
        points.append(
            HistoryPoint(
                time=int(START) + second,
                width_seconds=width,
                users=int(users * share),
                requests=requests,
                failures=failures,
                rps=requests / width,
                failures_per_second=failures / width,
                p50_ms=median,
                p95_ms=None if median is None else median * 4.1,
                p99_ms=None if median is None else median * 7.7,
                length=requests * 4096,
                workers=5,
                dropped_iterations=0,
                codes={
                    code: n for code, n in (("200", requests - failures), ("503", failures)) if n
                },
            )
        )
    return points


def total_of(rows: list[RequestRow], all_ms: np.ndarray, seconds: float) -> RequestRow:
    codes: Counter[str] = Counter()
    for row in rows:
        codes.update(row.codes)
    total = request_row(
        "", "Aggregated", all_ms, seconds, sum(r.failures for r in rows), dict(codes)
    )
    length = sum(r.total_length for r in rows)
    return dataclasses.replace(
        total, total_length=length, mean_length=length / total.requests if rows else 0.0
    )


def threshold(
    expression: str, status: str, value: float | None, limit: float, unit: str, **more: Any
) -> ThresholdRow:
    return ThresholdRow(expression, expression, status, value, limit, unit, **more)


def worker(index: int, **changes: Any) -> WorkerRow:
    row = WorkerRow(
        id=f"checkout-1-worker-{index}",
        index=index,
        incarnation=1,
        state="stopped",
        users=0,
        cpu_percent=31.5 + index,
        memory_bytes=91 * 2**20,
        loop_lag_ms=1.25,
        heartbeat_age_seconds=0.4,
        version="0.1.0",
    )
    return dataclasses.replace(row, **changes)


def build(
    names: list[tuple[str, str]],
    seconds: int,
    rate: float,
    *,
    users: int = 500,
    p50: float = 38.0,
    thresholds: list[ThresholdRow] | None = None,
    status: dict[str, Any] | None = None,
    document: dict[str, Any] | None = None,
    width: int = 1,
) -> RunDocument:
    noise = np.random.default_rng(7)
    rows, everything = [], []
    each = max(1, int(rate * seconds / max(1, len(names))))
    for i, (method, name) in enumerate(names):
        samples = noise.lognormal(np.log(p50 * (1 + i % 7)), 0.6, min(each, 20_000))
        everything.append(samples)
        rows.append(request_row(method, name, samples, seconds, failures=i % 3))
    rows.sort(key=lambda row: (row.name, row.method))
    total = total_of(rows, np.concatenate(everything) if everything else np.array([]), seconds)
    history = history_of(seconds, rate, p50, users, width=width) if names else []
    state = {
        "run": "1",
        "generation": 1,
        "state": "stopped",
        "phase": "Succeeded",
        "final": True,
        "verdict": "Passed",
        "reason": "ThresholdsMet" if thresholds else "NoFailures",
        "message": "All thresholds were met.",
        "name": "checkout",
        "host": "https://shop.example",
        "user_classes": ["Shopper", "Visitor"],
        "started_at": START - 2.5,
        "load_started_at": START,
        "finished_at": START + seconds,
        "elapsed_seconds": float(seconds),
        "load": LoadRow(
            "users",
            0,
            users,
            50.0,
            float(seconds),
            peak_users=users,
            spec={"users": users, "spawnRate": 50, "runTime": f"{seconds}s"},
        ),
        "total": total,
        "workers_expected": 5,
        "workers_ready": 5,
        "workers_lost": 0,
        "generator": GeneratorRow(41.0, 3.2, False, []),
        "thresholds": thresholds or [],
        "latency_clock": "process",
    } | (status or {})
    content = {
        "schema": 1,
        "status": Status(**state),
        "requests": rows,
        "failures": [
            FailureRow(
                r.method,
                r.name,
                "HTTPError('503 Server Error: Service Unavailable')",
                "HTTP 503",
                r.failures,
                START + 1,
                START + seconds - 1,
            )
            for r in rows
            if r.failures
        ],
        "exceptions": [],
        "workers": [worker(i) for i in range(5)],
        "history": history,
        "request_history": {
            f"{m} {n}": history_of(seconds, rate / len(names), p50, users, seed=i, width=width)
            for i, (m, n) in enumerate(names[:200])
        },
        "marks": [
            Mark(START, "start", "Load started"),
            Mark(START + seconds, "stop", "Run time is over"),
        ],
        "logs": {
            "master": [
                f"[2026-03-01 12:30:{i % 60:02d}] INFO/katydid.run: tick {i}" for i in range(300)
            ],
            "checkout-1-worker-0": ["[2026-03-01 12:30:00] INFO/katydid.run: ready"],
        },
        "sources": {"locustfile.py": LOCUSTFILE},
        "manifest": MANIFEST,
        "options": {"users": users, "spawn_rate": 50.0, "tags": ["slow", "cart"], "host": None},
        "versions": {
            "katydid": "0.1.0",
            "python": "3.11.9",
            "gevent": "24.11",
            "platform": "Linux-6.1",
        },
        "task_ratio": {
            "per_class": {
                "Shopper": {
                    "ratio": 1.0,
                    "tasks": {"browse": {"ratio": 0.75}, "checkout": {"ratio": 0.25}},
                }
            },
            "total": {
                "Shopper": {
                    "ratio": 1.0,
                    "tasks": {"browse": {"ratio": 0.75}, "checkout": {"ratio": 0.25}},
                }
            },
        },
    } | (document or {})
    return RunDocument(**content)


SHOP = [
    ("GET", "/"),
    ("GET", "/catalogue"),
    ("GET", "/product/[id]"),
    ("GET", "/search"),
    ("POST", "/cart"),
    ("DELETE", "/cart/[id]"),
    ("POST", "/login"),
    ("POST", "/checkout"),
    ("GET", "/orders"),
    ("GET", "/orders/[id]"),
    ("PUT", "/profile"),
    ("GET", "/static/app.js"),
]


def usual() -> RunDocument:
    """Ten minutes, twelve names, three thresholds: what most people run. It failed."""
    p95_value = 412.0
    return build(
        SHOP,
        600,
        412.3,
        thresholds=[
            threshold(
                "p95 < 300ms",
                "Breached",
                p95_value,
                300.0,
                "ms",
                breached_at=START + 390,
                reason="p95 was 412 ms over the whole run.",
            ),
            threshold("failures < 1%", "Met", 0.04, 1.0, "%"),
            threshold("POST /checkout: p99 < 2s", "Met", 1210.0, 2000.0, "ms"),
            threshold("rps > 100", "Met", 398.2, 100.0, "/s"),
        ],
        status={
            "verdict": "Failed",
            "phase": "Failed",
            "reason": "ThresholdBreached",
            "message": "p95 < 300ms was 412 ms.",
            "workers_lost": 1,
        },
        document={
            "exceptions": [
                ExceptionRow(
                    "KeyError: 'cart_id'",
                    "Traceback (most recent call last):\n"
                    '  File "locustfile.py", line 17, in checkout\n'
                    "    cart = basket['cart_id']\nKeyError: 'cart_id'\n",
                    17,
                    ["checkout-1-worker-0", "checkout-1-worker-3"],
                    START + 30,
                    START + 590,
                )
            ],
            "workers": [
                worker(0),
                worker(1),
                worker(2),
                worker(3, state="missing", lost_at=START + 120.0),
                worker(4),
            ],
            "marks": [
                Mark(START, "start", "Load started"),
                Mark(START + 120, "worker-lost", "Worker 3 is missing"),
                Mark(START + 240, "edit", "500 → 600 users"),
                Mark(START + 390, "breach", "p95 < 300ms breached"),
                Mark(START + 600, "stop", "Run time is over"),
            ],
        },
    )


def passed() -> RunDocument:
    """A minute, four names, all met."""
    return build(
        SHOP[:4],
        60,
        100.0,
        users=50,
        thresholds=[threshold("p95 < 900ms", "Met", 412.0, 900.0, "ms")],
    )


def three_seconds() -> RunDocument:
    return build(
        [("GET", "/")],
        3,
        450.0,
        users=1,
        document={"workers": []},
        status={"workers_expected": 0, "workers_ready": 0},
    )


def aborted() -> RunDocument:
    """An abort threshold ended it; one more never saw data; the generator was saturated."""
    return build(
        SHOP[:3],
        21,
        80.0,
        users=100,
        thresholds=[
            threshold("failures < 5% abort", "Breached", 22.5, 5.0, "%", breached_at=START + 20.0),
            threshold(
                "POST /pay: p95 < 1s",
                "Breached",
                None,
                1000.0,
                "ms",
                reason="No request named POST /pay was made.",
            ),
        ],
        status={
            "verdict": "Failed",
            "reason": "ThresholdBreached",
            "partial": True,
            "message": "failures < 5% was 22.5 %: the run was stopped after 21 s.",
            "generator": GeneratorRow(
                99.2,
                412.0,
                True,
                ["Worker 2 used 99 % of its core for 12 s.", "The event loop lagged 412 ms."],
                saturated_seconds=12.0,
                first_saturated_at=START + 5.0,
                last_saturated_at=START + 17.0,
            ),
        },
    )


def running() -> RunDocument:
    """Still going: no verdict, one threshold pending."""
    return build(
        SHOP,
        134,
        412.3,
        thresholds=[
            threshold("p95 < 900ms", "Met", 212.0, 900.0, "ms"),
            threshold("POST /checkout: p99 < 1s", "Pending", None, 1000.0, "ms"),
        ],
        status={
            "state": "running",
            "phase": "Running",
            "final": False,
            "verdict": None,
            "reason": "",
            "message": "",
            "finished_at": None,
            "load": LoadRow("users", 500, 500, 50.0, 600.0, peak_users=500),
        },
    )


def nothing() -> RunDocument:
    """No worker ever came: no request, no history, no start of load."""
    return build(
        [],
        0,
        0.0,
        status={
            "verdict": "Error",
            "phase": "Failed",
            "reason": "WorkersNotReady",
            "message": "Only 0 of 5 workers were ready within 60 s.",
            "workers_ready": 0,
            "load_started_at": None,
            "elapsed_seconds": 0.0,
            "host": None,
        },
        document={
            "workers": [],
            "marks": [],
            "logs": {},
            "sources": {},
            "manifest": "",
            "options": {},
            "task_ratio": {},
        },
    )


def many_names() -> RunDocument:
    return build(
        [("GET", f"/api/v1/resource/{i:03d}") for i in range(500)],
        120,
        800.0,
        document={"names_dropped": 42},
    )


HOSTILE_NAMES = [
    ("GET", "<script>alert(1)</script>"),
    ("GET", '"><img src=x onerror=alert(1)>'),
    ("<b>", "</td></tr></table></script><!--"),
    ("GET", "/päth/日本語/🦗?a=1&amp;b=2"),
    ("GET", "\x1b[31mred\x1b[0m\x00\x07\r\nTwo"),
    ("POST", "lone \ud800 surrogate \u202e reversed ]]>"),
    ("GET", "/" + "very-long-segment-" * 30),
    ("GET", '=HYPERLINK("http://x")'),
    ("", ""),
]


def hostile() -> RunDocument:
    """Request names, errors, logs and sources that try to be something else than text."""
    nasty = "</script><script>alert('x')</script>\x00\x1b[2J ]]> \udc80 & \" '"
    document = build(
        HOSTILE_NAMES,
        10,
        50.0,
        thresholds=[
            threshold(
                "<script>alert(1)</script>: p95 < 1s",
                "Breached",
                1200.0,
                1000.0,
                "ms",
                breached_at=START + 3,
                reason=nasty,
            )
        ],
        status={
            "verdict": "Failed",
            "name": nasty,
            "message": nasty,
            "host": nasty,
            "user_classes": [nasty],
        },
        document={
            "exceptions": [ExceptionRow(nasty, nasty * 3, 1, [nasty], START, START)],
            "logs": {nasty: [nasty, nasty]},
            "sources": {nasty: nasty},
            "manifest": nasty,
            "options": {nasty: nasty},
            "versions": {nasty: nasty},
            "marks": [Mark(START + 2, nasty, nasty)],
            "task_ratio": {"total": {nasty: {"ratio": 1.0, "tasks": {nasty: {"ratio": 1.0}}}}},
        },
    )
    return dataclasses.replace(
        document,
        workers=[worker(0, id=nasty, version=nasty, state=nasty)],
        failures=[dataclasses.replace(row, error=nasty) for row in document.failures],
    )


def open_model() -> RunDocument:
    """100 iterations a second with a 1 s stall: both latencies, dropped iterations."""
    noise = np.random.default_rng(3)
    service = np.concatenate([noise.lognormal(np.log(12), 0.2, 980), [1000.0] * 2])
    intended = np.concatenate([noise.lognormal(np.log(12), 0.2, 880), np.linspace(10, 1000, 102)])
    row = request_row("GET", "/stall", intended, 10.0, service_ms=service)
    document = build(
        [("GET", "/stall")],
        10,
        100.0,
        users=40,
        status={
            "load": LoadRow(
                "arrivalRate",
                0,
                40,
                None,
                10.0,
                rate=100.0,
                max_users=50,
                dropped_iterations=18,
                peak_users=40,
            )
        },
    )
    total = dataclasses.replace(row, method="", name="Aggregated")
    history = [
        dataclasses.replace(p, dropped_iterations=18 if i == 5 else 0)
        for i, p in enumerate(document.history)
    ]
    return dataclasses.replace(
        document,
        requests=[row],
        history=history,
        status=dataclasses.replace(document.status, total=total),
    )


def long_run() -> RunDocument:
    """A day: rolled-up history of 1,000 points with a gap where the master was away."""
    document = build(SHOP[:5], 86_400, 20.0, users=200, width=86)
    history = document.history
    return dataclasses.replace(
        document,
        history=history[:400] + history[420:],
        request_history={key: history[:100] for key in document.request_history},
        marks=[*document.marks, Mark(START + 35_000, "gap", "The master was away for 29 m")],
    )


FACTORIES = [
    usual,
    passed,
    three_seconds,
    aborted,
    running,
    nothing,
    many_names,
    hostile,
    open_model,
    long_run,
]


@pytest.fixture(scope="session")
def samples() -> SimpleNamespace:
    return SimpleNamespace(
        **{factory.__name__: functools.cache(factory) for factory in FACTORIES},
        build=build,
        request_row=request_row,
        latency_of=latency_of,
        history_of=history_of,
        threshold=threshold,
        worker=worker,
        START=START,
    )


@pytest.fixture(scope="session", params=[factory.__name__ for factory in FACTORIES])
def any_sample(request: pytest.FixtureRequest) -> RunDocument:
    """Each of the sample documents in turn."""
    return {factory.__name__: factory for factory in FACTORIES}[request.param]()
