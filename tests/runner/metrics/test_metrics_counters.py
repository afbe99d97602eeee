"""Counters never fall, and never grow by themselves, whatever happens to the statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from katydid.load.spec import ConstantLoad
from katydid.metrics import catalogue

COUNTED = ("_total", "_bucket", "_count", "_sum")


def counters(test: Any) -> dict[Any, float]:
    series = test.scrape().series
    return {key: value for key, value in series.items() if key[0].endswith(COUNTED)}


def fill(test: Any) -> None:
    for name in ("/a", "/b"):
        test.record(name, ms=20)
        test.record(name, ms=None, status=None)
        test.record(name, ms=70_000, error=TimeoutError(), status=0)


def new_test(test: Any) -> None:
    test.runner.begin_load(ConstantLoad(0, 1.0))
    test.runner.stop()


FORGET: dict[str, Callable[[Any], None]] = {
    "the page's reset": lambda test: test.runner.reset_stats(),
    "a locustfile's reset": lambda test: test.runner.stats.reset_all(),
    "a locustfile's clear": lambda test: test.runner.stats.clear_all(),
    "another test": new_test,
    "one entry": lambda test: test.runner.stats.get("/a", "GET").reset(),
}


@pytest.mark.parametrize("forget", FORGET.values(), ids=FORGET)
def test_nothing_is_lost_and_nothing_counted_twice(serve, forget) -> None:
    test = serve()
    fill(test)
    before = counters(test)
    fill(test)  # nobody has scraped these when they are forgotten
    forget(test)
    between = counters(test)
    fill(test)
    after = counters(test)
    assert before.keys() == between.keys() == after.keys()
    requests = [key for key in before if "request" in key[0] or "response" in key[0]]
    assert len(requests) > 40
    for key in requests:
        assert between[key] == pytest.approx(2 * before[key])
        assert after[key] == pytest.approx(3 * before[key])


def test_many_tests_in_one_session(serve) -> None:
    test = serve()
    seen: dict[Any, float] = {}
    for number in range(4):
        new_test(test)
        for name in ("/always", f"/only-in-{number}"):
            test.record(name)
            test.record(name, error=OSError("no"), status=0)
        test.runner.count_exception_type("KeyError")
        test.runner.count_dropped(2)
        if number % 2:
            test.runner.reset_stats()
        now = counters(test)
        assert [key for key, value in seen.items() if now[key] < value] == []
        seen = now
    scrape = test.scrape()
    assert scrape.value("katydid_requests_total", name="/always", outcome="success") == 4
    assert scrape.value("katydid_requests_total", name="/only-in-0", outcome="failure") == 1
    assert scrape.value("katydid_user_exceptions_total", exception="KeyError") == 4
    assert scrape.value("katydid_iterations_dropped_total") == 8


def test_names_over_the_cap_are_counted_together(serve) -> None:
    test = serve()
    cap = catalogue.MAX_NAMES
    for number in range(cap + 30):
        test.record(f"/{number}", ms=20)
        test.record(f"/{number}", ms=400, error=OSError("no"), status=503)
    scrape = test.scrape()
    assert len(scrape.values("katydid_response_bytes_total")) == cap + 1
    other = {"method": "", "name": "(other)"}
    assert scrape.values("katydid_requests_total", **other) == {("success",): 30, ("failure",): 30}
    assert scrape.value("katydid_response_bytes_total", **other) == 600
    assert scrape.values("katydid_http_responses_total", **other) == {("200",): 30, ("503",): 30}
    assert scrape.values("katydid_request_failures_total", **other) == {("OSError",): 30}
    bucket = "katydid_request_duration_seconds_bucket"
    assert scrape.value(bucket, **other, le="0.025") == 30
    assert scrape.value(bucket, **other, le="+Inf") == 60
    assert scrape.value("katydid_request_duration_seconds_sum", **other) == pytest.approx(12.6)
    assert scrape.value("katydid_request_names_dropped_total") == 30
    total = sum(scrape.values("katydid_requests_total").values())
    assert total == test.runner.stats.num_requests
    before = counters(test)
    new_test(test)
    test.record(f"/{cap + 5}")  # one of the others stays there, though the rows are new
    after = counters(test)
    assert [key for key, value in before.items() if after[key] < value] == []
    assert test.scrape().values("katydid_requests_total", **other)["success",] == 31


def test_reasons_over_the_cap_are_counted_together(serve) -> None:
    test = serve()
    for number in range(catalogue.MAX_REASONS + 7):
        test.record("/", error=type(f"Error{number}", (Exception,), {})("text"))
    test.record("/quiet", error=ValueError("text"))
    reasons = test.scrape().values("katydid_request_failures_total", name="/", method="GET")
    assert len(reasons) == catalogue.MAX_REASONS + 1
    assert reasons["other",] == 7
    assert reasons["Error0",] == 1
    quiet = test.scrape().values("katydid_request_failures_total", name="/quiet")
    assert quiet == {("GET", "ValueError"): 1}
