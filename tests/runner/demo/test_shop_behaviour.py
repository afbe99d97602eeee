"""Latency, jitter, errors and stalls: decided purely, changed while the shop serves."""

from __future__ import annotations

import time

import pytest

from katydid.demo.behaviour import Behaviour, Settings, parse_duration, parse_share
from katydid.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"), [("20ms", 0.02), ("1.5s", 1.5), ("2m", 120), ("0", 0), (3, 3)]
)
def test_durations(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "share"), [("1%", 0.01), ("0.5 %", 0.005), ("0", 0), (0.25, 0.25)]
)
def test_shares(text, share):
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["fast", "-1s", "", "11m"])
def test_no_duration(text):
    with pytest.raises(UsageError, match=f"`{text}`"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["some", "101%", "-0.1", "nan"])
def test_no_share(text):
    with pytest.raises(UsageError, match=f"`{text}`"):
        parse_share(text)


def test_waits_stay_within_the_jitter_and_grow_with_the_cost():
    behaviour = Behaviour(Settings(0.020, 0.010, 0.0), seed=7)
    waits = [behaviour.wait_seconds(0.0, 1.0) for _ in range(1000)]
    assert 0.010 <= min(waits) < 0.011
    assert 0.029 < max(waits) <= 0.030
    assert sum(waits) / 1000 == pytest.approx(0.020, abs=0.001)
    assert behaviour.wait_seconds(0.0, 3.0) >= 0.030


def test_the_same_seed_decides_the_same():
    first, second = (Behaviour(Settings(0.02, 0.01, 0.3), seed=5) for _ in range(2))
    assert [first.fails() for _ in range(50)] == [second.fails() for _ in range(50)]


def test_the_error_share_holds():
    behaviour = Behaviour(Settings(0.0, 0.0, 0.05), seed=3)
    assert 400 <= sum(behaviour.fails() for _ in range(10_000)) <= 600


def test_a_stall_holds_everybody_until_its_end():
    behaviour = Behaviour(Settings(0.0, 0.0, 0.0))
    behaviour.stall(100.0, 1.0)
    waits = [behaviour.wait_seconds(now, 1.0) for now in (100.0, 100.75, 101.0)]
    assert waits == [1.0, 0.25, 0.0]


def test_settings_change_while_the_shop_serves(visitor):
    before = {"latency": "0ms", "jitter": "0ms", "errorRate": "0%"}
    assert visitor.get("/_demo/settings").json() == before
    answer = visitor.put("/_demo/settings", json={"errorRate": "100%"})
    assert answer.json() == before | {"errorRate": "100%"}
    assert visitor.get("/products").status_code == 503
    visitor.put("/_demo/settings", json={"errorRate": 0, "latency": "60ms"})
    start = time.perf_counter()
    assert visitor.get("/products").status_code == 200
    assert 0.06 <= time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"speed": 1}, "`speed` is no setting; there are latency, jitter, errorRate."),
        ({"latency": "fast"}, "`fast` is not a duration: write 20ms, 1.5s or 2m."),
        ([1], "The body is not a JSON object."),
    ],
)
def test_a_bad_setting_is_refused(visitor, body, sentence):
    answer = visitor.put("/_demo/settings", json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})


def test_a_stall_through_the_endpoint(visitor):
    assert visitor.post("/_demo/stall", json={"duration": "80ms"}).json() == {
        "stalled_seconds": 0.08
    }
    start = time.perf_counter()
    assert visitor.get("/products").status_code == 200
    assert 0.05 <= time.perf_counter() - start < 1
