"""A real WebUI on a real socket, over controls that drive a real Environment and its statistics."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import requests

from katydid.environment import Environment
from katydid.errors import UsageError
from katydid.manifest.live import LiveUpdate
from katydid.results import csv_files, document_json, html, junit
from katydid.run.document import (
    SCHEMA,
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
from katydid.user import HttpUser, task
from katydid.user.inspect import task_ratio
from katydid.user.wait_time import constant
from katydid.web.controls import Renderers
from katydid.web.ui import WebUI

START = 1_700_000_000.0
TOKEN = "s3cret-token-of-this-run"
RENDERERS = Renderers(
    html=html.render,
    json=document_json.to_json,
    junit=junit.render,
    csv=csv_files.render,
)


class Visitor(HttpUser):
    host = "http://shop.example"
    wait_time = constant(1)

    @task(3)
    def look(self) -> None:
        self.client.get("/products")

    @task
    def buy(self) -> None:
        self.client.post("/checkout")


class Customer(HttpUser):
    host = "http://shop.example"
    wait_time = constant(1)

    @task
    def buy(self) -> None:
        self.client.post("/checkout")


class EnvironmentControls:
    """A run whose users are the test itself: states move as a runner's would, nothing is sent."""

    def __init__(self, environment: Environment, distributed: bool = False) -> None:
        self.environment = environment
        self.distributed = distributed
        self.state = "ready"
        self.generation = 1
        self.final = False
        self.verdict: str | None = None
        self.users = 0
        self.spawn_rate = 1.0
        self.run_time: float | None = None
        self.model = "users"
        self.name = "checkout"
        self.started: list[dict[str, Any]] = []
        self.live: list[LiveUpdate] = []
        self.thresholds: list[ThresholdRow] = []
        self.workers: list[WorkerRow] = []
        self.exceptions: list[ExceptionRow] = []
        self.logs: dict[str, list[str]] = {"local": ["a line"]}
        self.points: list[HistoryPoint] = []
        self.marked: list[Mark] = []
        self.asked_width = 1
        self.saturated: list[str] = []
        self.documents_made = 0
        self.broken: Exception | None = None

    def status(self) -> Status:
        if self.broken is not None:
            raise self.broken
        return Status(
            run="run-1",
            generation=self.generation,
            state=self.state,
            phase="Running",
            final=self.final,
            verdict=self.verdict,
            reason="",
            message="",
            name=self.name,
            host=self.environment.host,
            user_classes=[each.__name__ for each in self.environment.user_classes],
            started_at=START,
            load_started_at=START if self.state != "ready" else None,
            finished_at=START + 60 if self.final else None,
            elapsed_seconds=60.0,
            load=LoadRow(
                self.model, self.users, self.users, self.spawn_rate, self.run_time, spec={}
            ),
            total=request_row(self.environment.stats.total),
            workers_expected=len(self.workers),
            workers_ready=sum(w.lost_at is None for w in self.workers),
            workers_lost=sum(w.lost_at is not None for w in self.workers),
            generator=GeneratorRow(12.5, 1.5, bool(self.saturated), self.saturated),
            thresholds=self.thresholds,
            latency_clock="process",
        )

    def document(self, histories: bool = True) -> RunDocument:
        self.documents_made += 1
        stats = self.environment.stats
        counts = {each.__name__: 1 for each in self.environment.user_classes}
        classes = self.environment.user_classes
        entries = sorted(stats.entries.items(), key=lambda item: (item[0][1], item[0][0]))
        return RunDocument(
            schema=SCHEMA,
            status=self.status(),
            requests=[request_row(entry) for _key, entry in entries],
            failures=[
                FailureRow(e.method, e.name, str(e.error), "", e.occurrences, START, START)
                for e in stats.errors.values()
            ],
            exceptions=self.exceptions,
            workers=self.workers,
            history=self.points,
            request_history={"GET /products": self.points},
            marks=self.marked,
            logs=self.logs,
            sources={},
            manifest="",
            options={},
            versions={"katydid": "0.1.0"},
            task_ratio=task_ratio(classes, counts),
        )

    def busiest(self, count: int) -> list[RequestRow]:
        rows = [request_row(entry) for entry in self.environment.stats.entries.values()]
        return sorted(rows, key=lambda row: -row.requests)[:count]

    def names(self) -> int:
        return len(self.environment.stats.entries)

    def task_ratio(self) -> dict[str, Any]:
        classes = self.environment.user_classes
        return task_ratio(classes, {each.__name__: 1 for each in classes})

    def trend(self, method: str, name: str, count: int) -> list[float | None]:
        return [20.0, None, 40.0][:count] if name == "/products" else []

    def history(
        self, since: float, width: int = 1, request: tuple[str, str] | None = None
    ) -> list[HistoryPoint]:
        self.asked_width = width
        if request not in (None, ("GET", "/products")):
            return []
        return [point for point in self.points if point.time > since]

    def marks(self) -> list[Mark]:
        return list(self.marked)

    def start(self, **form: Any) -> None:
        if form.get("users") == 0:
            raise UsageError("A test without users tests nothing.")
        self.started.append(form)
        self.users = form.get("users", self.users)
        self.spawn_rate = form.get("spawn_rate", self.spawn_rate)
        self.environment.host = form.get("host", self.environment.host)
        self.state = "running"

    def stop(self) -> None:
        self.state = "stopped"
        self.users = 0

    def reset(self) -> None:
        self.environment.stats.reset_all()

    def apply_live(self, update: LiveUpdate) -> None:
        self.live.append(update)
        self.generation = update.generation

    def update_user_class(self, attributes: dict[str, Any]) -> None:
        self.environment.update_user_class(attributes)


def request_row(entry: Any) -> RequestRow:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p100": 1.0}
    empty = not entry.num_requests
    percentiles = {
        name: None if empty else entry.get_response_time_percentile(share)
        for name, share in shares.items()
    }
    return RequestRow(
        method=entry.method or "",
        name=entry.name,
        requests=entry.num_requests,
        none_requests=entry.num_none_requests,
        failures=entry.num_failures,
        fail_percent=100 * entry.fail_ratio,
        rps=entry.total_rps,
        failures_per_second=entry.total_fail_per_sec,
        current_rps=entry.current_rps,
        current_failures_per_second=entry.current_fail_per_sec,
        mean_length=entry.avg_content_length,
        total_length=entry.total_content_length,
        latency=LatencyRow(
            None if empty else entry.avg_response_time,
            entry.min_response_time,
            entry.max_response_time or None,
            percentiles,
            buckets=[1, 2],
            counts=[3, 4],
        ),
        current_percentiles_ms={"p50": None, "p95": None, "p99": None},
    )


def _point(time: int, requests: int = 10) -> HistoryPoint:
    return HistoryPoint(time, 1, 5, requests, 0, requests, 0.0, 20.0, 40.0, 60.0, 900, 1, 0)


def _worker(number: int, lost_at: float | None = None) -> WorkerRow:
    state = "missing" if lost_at else "running"
    return WorkerRow(f"w-{number}", number, 1, state, 5, 40.0, 2**27, 2.0, 0.5, "0.1.0", lost_at)


def _record(environment: Environment, count: int, *, name: str = "/products", error_every: int = 0):
    """Fire `count` samples of 20 ms; each `error_every`-th failed."""
    for i in range(1, count + 1):
        failed = bool(error_every) and i % error_every == 0
        environment.events.request.fire(
            request_type="GET",
            name=name,
            response_time=20.0,
            response_length=100,
            response=None,
            context={},
            exception="broken" if failed else None,
        )


class Browser(requests.Session):
    """A session whose URLs are paths of one web UI. Sends no Origin, as curl would not."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.trust_env = False

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", 10)
        kwargs["allow_redirects"] = False
        return super().request(method, self.base + url, *args, **kwargs)


@pytest.fixture
def point() -> Callable[..., HistoryPoint]:
    """Makes a closed second: point(time, requests=10)."""
    return _point


@pytest.fixture
def worker() -> Callable[..., WorkerRow]:
    """Makes a worker's row: worker(number, lost_at=None)."""
    return _worker


@pytest.fixture
def record(environment: Environment) -> Callable[..., None]:
    """Records samples in the environment: record(count, name="/products", error_every=0)."""
    return partial(_record, environment)


@pytest.fixture
def token() -> str:
    return TOKEN


@pytest.fixture
def environment() -> Environment:
    options = argparse.Namespace(
        num_users=7, spawn_rate=2.0, host=None, run_time=None, search_for="lamp", depth=3,
        deep=False, words=["a"], control_token="t", stats_history_enabled=False,
    )  # fmt: skip
    return Environment(
        user_classes=[Visitor, Customer],
        locustfile="locustfile.py",
        parsed_options=options,
        available_user_classes={"Visitor": Visitor, "Customer": Customer},
    )


@pytest.fixture
def controls(environment: Environment) -> EnvironmentControls:
    return EnvironmentControls(environment)


@pytest.fixture
def start_ui(
    environment: Environment, controls: EnvironmentControls
) -> Iterator[Callable[..., WebUI]]:
    """Starts a WebUI on a free port of this machine; stops it at the end."""
    started: list[WebUI] = []

    def start(**options: Any) -> WebUI:
        options = {"host": "127.0.0.1", "port": 0, **options}
        ui = WebUI(environment, controls, RENDERERS, **options)
        environment.web_ui = ui
        started.append(ui)
        return ui

    yield start
    for ui in started:
        ui.stop()


@pytest.fixture
def browse(start_ui: Callable[..., WebUI]) -> Iterator[Callable[..., Browser]]:
    """Starts a WebUI and gives a session for it."""
    sessions: list[Browser] = []

    def open_browser(**options: Any) -> Browser:
        browser = Browser(start_ui(**options).url)
        sessions.append(browser)
        return browser

    yield open_browser
    for session in sessions:
        session.close()
