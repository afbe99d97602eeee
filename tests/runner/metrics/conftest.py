"""What the tests of metrics share: a local runner, and a real scrape of it over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from katydid.compat.locust.env import Environment
from katydid.metrics import catalogue
from katydid.metrics.collector import EngineCollector
from katydid.metrics.server import Exposition, MetricsServer
from katydid.metrics.workers import LocalWorker
from katydid.run.local import LocalRunner
from katydid.run.settings import RunSettings
from katydid.user import User


class Scrape:
    """The series of one answer."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds = {}
        self.series: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
        for family in text_string_to_metric_families(text):
            self.kinds[family.name] = family.type
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                assert key not in self.series, f"{key} twice"
                self.series[key] = sample.value

    def value(self, family: str, **labels: str) -> float:
        """The one series with these labels; the constant ones need not be said."""
        [found] = self.values(family, **labels).values()
        return found

    def values(self, family: str, **labels: str) -> dict[tuple[str, ...], float]:
        """Values of the labels that were not asked for → number."""
        found = {}
        for (name, series), value in self.series.items():
            rest = dict(series)
            if name != family or any(rest.pop(k, None) != v for k, v in labels.items()):
                continue
            for constant in catalogue.CONSTANT_LABELS:
                rest.pop(constant, None)
            found[tuple(rest.values())] = value
        return found


class Scraped:
    """A runner whose metrics are served."""

    def __init__(self, runner: Any, workers: Any, **options: Any) -> None:
        self.runner = runner
        self.collector = EngineCollector(runner, workers, "local", **options)
        self.exposition = Exposition(self.collector)
        self.server = MetricsServer(self.exposition, "127.0.0.1", 0)

    def get(self, path: str = "/metrics", **keywords: Any) -> requests.Response:
        address = self.server.url.removesuffix("/metrics") + path
        return requests.request(keywords.pop("method", "GET"), address, timeout=10, **keywords)

    def scrape(self) -> Scrape:
        answer = self.get()
        assert answer.status_code == 200
        answer.encoding = "utf-8"
        return Scrape(answer.text)

    def record(
        self, name: str = "/", ms: float | None = 20.0, error: Any = None, status: int | None = 200
    ) -> None:
        self.runner.stats.record("GET", name, ms, 10, error, status)


class Idler(User):
    """Samples come from the test itself."""


@pytest.fixture
def serve() -> Iterator[Callable[..., Scraped]]:
    """Makes a local runner with served metrics: `serve(User, settings=…)`."""
    made: list[Scraped] = []

    def make(*classes: type[User], buckets: Any = None, **keywords: Any) -> Scraped:
        settings = keywords.pop("settings", RunSettings(name="checkout", run="7"))
        environment = Environment(user_classes=list(classes or (Idler,)), **keywords)
        runner = LocalRunner(environment, settings)
        environment.runner = runner
        options = {"bounds_seconds": buckets} if buckets else {}
        made.append(Scraped(runner, LocalWorker(runner), **options))
        return made[-1]

    yield make
    for scraped in made:
        scraped.runner.quit()
        scraped.server.stop()


@pytest.fixture
def until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Let other greenlets run until `condition()`; at most `seconds`."""
        with gevent.Timeout(seconds, AssertionError("it did not happen in time")):
            while not condition():
                gevent.sleep(0.005)  # polls what another greenlet changes

    return wait


@pytest.fixture
def serve_runner() -> Iterator[Callable[..., Scraped]]:
    """Serves the metrics of a runner that is there; it is not ended."""
    made: list[Scraped] = []

    def make(runner: Any, workers: Any) -> Scraped:
        made.append(Scraped(runner, workers))
        return made[-1]

    yield make
    for scraped in made:
        scraped.server.stop()
