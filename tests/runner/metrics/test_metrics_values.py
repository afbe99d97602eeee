"""What a scrape says are the engine's own numbers."""

from __future__ import annotations

import gevent
import pytest

from katydid import __version__
from katydid.load.spec import ArrivalLoad, ConstantLoad
from katydid.metrics import catalogue
from katydid.metrics.collector import without_credentials
from katydid.run import snapshot
from katydid.run.settings import RunSettings
from katydid.stats.histogram import MIDPOINTS
from katydid.thresholds import parse
from katydid.user import User, constant, task


class Shopper(User):
    wait_time = constant(0.02)

    @task
    def shop(self) -> None:
        requests = self.environment.events.request
        for name, ms, error, status in (
            ("/", 3.0, None, 200),
            ("/cart", 120.0, None, 201),
            ("/buy", 2000.0, ConnectionResetError("peer"), 0),
            ("/poll", None, "text of a failure", None),
        ):
            requests.fire(
                request_type="POST", name=name, response_time=ms, response_length=100,
                exception=error, response=None if status is None else _Response(status),
            )  # fmt: skip
        raise KeyError("this text is no label")


class _Response:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


def test_a_real_run(serve, until) -> None:
    test = serve(Shopper, host="https://me:secret@shop.example/x")
    runner = test.runner
    runner.start(3, spawn_rate=100)
    until(lambda: runner.stats.num_requests > 200)
    running = test.scrape()
    assert running.value("katydid_state", state="running") == 1
    assert running.value("katydid_users", user_class="Shopper") == 3
    assert running.value("katydid_users_target") == 3
    assert running.value("katydid_workers", state="running") == 1
    assert running.value("katydid_worker_users", worker="0") == 3
    assert running.values("katydid_test_end_timestamp_seconds") == {}
    runner.stop()
    scrape, document = test.scrape(), snapshot.document(runner)
    assert len(document.requests) == 4
    for row in document.requests:
        labels = {"method": row.method, "name": row.name}
        outcomes = scrape.values("katydid_requests_total", **labels)
        assert outcomes == {
            ("success",): row.requests - row.failures, ("failure",): row.failures
        }  # fmt: skip
        assert scrape.value("katydid_response_bytes_total", **labels) == row.total_length
        timed = row.requests - row.none_requests
        assert scrape.value("katydid_request_duration_seconds_count", **labels) == timed
        total = (row.latency.mean_ms or 0) * timed / 1000
        assert scrape.value("katydid_request_duration_seconds_sum", **labels) == pytest.approx(
            total
        )
        for bound in catalogue.BUCKETS_SECONDS:
            below = sum(
                count
                for bucket, count in zip(row.latency.buckets, row.latency.counts, strict=True)
                if MIDPOINTS[bucket] <= bound * 1000
            )
            name = "katydid_request_duration_seconds_bucket"
            assert scrape.value(name, **labels, le=str(float(bound))) == below
        codes = scrape.values("katydid_http_responses_total", **labels)
        assert codes == {(code,): count for code, count in row.codes.items()}
        quantiles = scrape.values("katydid_request_duration_quantile_seconds", **labels)
        for (quantile,), seconds in quantiles.items():
            shown = row.current_percentiles_ms[f"p{float(quantile) * 100:g}"]
            assert seconds * 1000 == pytest.approx(shown)
        assert len(quantiles) == (0 if row.latency.mean_ms is None else 3)
    failures = {(row.name, row.reason): row.occurrences for row in document.failures}
    assert set(failures) == {("/buy", "ConnectionResetError"), ("/poll", "Failure")}
    assert scrape.values("katydid_request_failures_total", method="POST") == failures
    exceptions = sum(row.count for row in document.exceptions)
    assert scrape.values("katydid_user_exceptions_total") == {("KeyError",): exceptions}
    assert scrape.value("katydid_users_spawned_total", user_class="Shopper") == 3
    assert scrape.value("katydid_users", user_class="Shopper") == 0
    assert scrape.value("katydid_state", state="stopped") == 1
    assert sum(scrape.values("katydid_state").values()) == 1
    assert scrape.value("katydid_test_start_timestamp_seconds") == runner.load_started_at
    assert scrape.value("katydid_test_end_timestamp_seconds") == runner.finished_at
    assert scrape.value("katydid_worker_memory_bytes", worker="0") == runner.health.memory_bytes
    assert "this text is no label" not in scrape.text
    assert "secret" not in scrape.text


def test_every_metric_of_the_catalogue_is_there_and_no_other(serve) -> None:
    scrape = serve().scrape()
    names = {family.name.removesuffix("_total"): str(family.kind) for family in catalogue.FAMILIES}
    assert scrape.kinds == names
    for _, labels in scrape.series:
        assert dict(labels).items() >= {("loadtest", "checkout"), ("run", "7")}


def test_constant_labels(serve, monkeypatch) -> None:
    monkeypatch.setenv("KATYDID_NAMESPACE", "shop-team")
    settings = RunSettings(
        name="checkout", run="3", versions={"katydid": __version__, "python": "3.11.9"}
    )
    test = serve(settings=settings, host="https://shop.example")
    test.record()
    for _, labels in test.scrape().series:
        constant_labels = {name: dict(labels)[name] for name in catalogue.CONSTANT_LABELS}
        assert constant_labels == {
            "loadtest_namespace": "shop-team", "loadtest": "checkout", "run": "3",
        }  # fmt: skip
    info = {"version": __version__, "python": "3.11.9", "mode": "local"}
    assert test.scrape().value("katydid_info", **info, host="https://shop.example") == 1


def test_other_bounds(serve) -> None:
    test = serve(buckets=(0.5, 2))
    for ms in (400, 600, 3000):
        test.record(ms=ms)
    assert test.scrape().values("katydid_request_duration_seconds_bucket", name="/") == {
        ("0.5", "GET"): 1, ("2.0", "GET"): 2, ("+Inf", "GET"): 3,
    }  # fmt: skip


def test_thresholds(serve, until) -> None:
    thresholds = ("p95 < 300ms", "failures < 1%", "rps > 1000000/s", "max < 2s over 30s after 1h")
    test = serve(settings=RunSettings(thresholds=tuple(parse(text) for text in thresholds)))
    runner = test.runner
    runner.begin_load(ConstantLoad(0, 1.0))
    test.record(ms=250)
    test.record(ms=100, error=ValueError("no"))
    until(lambda: runner.threshold_rows()[0].value is not None)
    scrape = test.scrape()
    met = scrape.values("katydid_threshold_met")
    assert met["p95 < 300ms",] == 1
    assert met["failures < 1%",] == 0
    assert (thresholds[3],) not in met
    rows = {row.name: row for row in runner.threshold_rows()}
    values = scrape.values("katydid_threshold_value")
    assert values["p95 < 300ms",] == pytest.approx(rows["p95 < 300ms"].value / 1000)
    assert values["failures < 1%",] == 0.5
    runner.stop()
    assert test.scrape().values("katydid_threshold_met")[thresholds[2],] == 0


def test_the_open_model_counts_from_the_intended_start_and_what_it_dropped(serve, until) -> None:
    class Slow(User):
        @task
        def hold(self) -> None:
            gevent.sleep(0.4)
            self.environment.events.request.fire(
                request_type="GET", name="/", response_time=400, response_length=0, exception=None
            )

    test = serve(Slow)
    runner = test.runner
    runner.begin_load(ArrivalLoad(20.0, 2))
    until(lambda: runner.dropped_iterations > 5 and runner.stats.num_requests > 2)
    runner.stop()
    scrape = test.scrape()
    dropped = runner.dropped_iterations
    assert scrape.value("katydid_iterations_dropped_total") == dropped
    seconds = scrape.value("katydid_request_duration_seconds_sum", name="/")
    assert seconds == pytest.approx(runner.stats.total.total_response_time / 1000)
    runner.begin_load(ArrivalLoad(20.0, 2, 60.0))
    assert runner.dropped_iterations < dropped
    assert test.scrape().value("katydid_iterations_dropped_total") >= dropped
    runner.stop()


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("https://shop.example", "https://shop.example"),
        ("https://u:p@shop.example:8443/a", "https://shop.example:8443/a"),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_no_password_of_a_host_is_shown(host: str, shown: str) -> None:
    assert without_credentials(host) == shown
