from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from katydid.errors import UsageError
from katydid.load.spec import ArrivalLoad, ConstantLoad, RateStage, ShapeLoad, Stage, StagedLoad
from katydid.load.text import (
    TimespanError,
    format_timespan,
    load_from_manifest,
    load_to_manifest,
    parse_timespan,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("20", 20), (300, 300), (1.5, 1.5), ("300", 300), ("20s", 20), ("3m", 180), ("2h", 7200),
        ("1h20m", 4800), ("3h30m10s", 12610), ("500ms", 0.5), ("1.5h", 5400), ("1d", 86400),
        (" 10s ", 10), ("0", 0), ("1m500ms", 60.5),
    ],
)  # fmt: skip
def test_time_spans(text: str | float, seconds: float) -> None:
    assert parse_timespan(text) == seconds


@pytest.mark.parametrize("text", ["", "q", "1x", "-1", "s", "1s1m", "1 h", -1, True, float("nan")])
def test_no_time_spans(text: str | float) -> None:
    with pytest.raises(TimespanError, match="Invalid time span"):
        parse_timespan(text)
    assert issubclass(TimespanError, ValueError)
    assert issubclass(TimespanError, UsageError)


@given(st.integers(0, 10**7).map(float) | st.floats(0, 1e6).map(lambda x: round(x, 3)))
def test_formatted_spans_read_back(seconds: float) -> None:
    assert parse_timespan(format_timespan(seconds)) == seconds


def test_formats() -> None:
    spans = [format_timespan(s) for s in (0, 20, 90, 3600, 5400, 90061, 0.5)]
    assert spans == ["0s", "20s", "1m30s", "1h", "1h30m", "25h1m1s", "0.5s"]


@pytest.mark.parametrize(
    ("fields", "load"),
    [
        ({}, ConstantLoad(1, 1.0)),
        ({"users": 50}, ConstantLoad(50, 50.0)),
        ({"users": 0}, ConstantLoad(0, 1.0)),
        (
            {"users": 50, "spawnRate": "0.5", "runTime": "5m", "stopTimeout": "30s"},
            ConstantLoad(50, 0.5, 300.0),
        ),
        (
            {"stages": [{"duration": "1m", "users": 9},
                        {"duration": 5, "users": 0, "spawnRate": 3}]},
            StagedLoad((Stage(60.0, 9), Stage(5.0, 0, 3.0))),
        ),
        ({"shape": {}}, ShapeLoad()),
        ({"shape": {"class": "Steps"}}, ShapeLoad("Steps")),
        (
            {"arrivalRate": {"rate": 100, "maxUsers": 20, "runTime": "10s"}},
            ArrivalLoad(100.0, 20, 10.0),
        ),
        (
            {"arrivalRate": {"rate": 0, "maxUsers": 5, "stages": [{"duration": "1s", "rate": 7}]}},
            ArrivalLoad(0.0, 5, None, (RateStage(1.0, 7.0),)),
        ),
    ],
)  # fmt: skip
def test_loads_of_a_manifest(fields, load) -> None:
    assert load_from_manifest(fields) == load
    assert load_from_manifest(load_to_manifest(load)) == load


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"users": -1}, "load.users"),
        ({"users": 1.5}, "load.users"),
        ({"users": True}, "load.users"),
        ({"users": 5, "spawnRate": 0}, "load.spawnRate"),
        ({"users": 5, "spawnRate": "fast"}, "load.spawnRate"),
        ({"runTime": "soon"}, "load.runTime"),
        ({"runTime": []}, "load.runTime"),
        ({"stages": [{"users": 1}]}, r"load.stages\[0\].duration"),
        ({"stages": [{"duration": "0s", "users": 1}]}, r"load.stages\[0\].duration"),
        ({"stages": [{"duration": "1s"}]}, r"load.stages\[0\].users"),
        ({"stages": "many"}, "load.stages"),
        ({"stages": [3]}, r"load.stages\[0\]"),
        ({"arrivalRate": {"maxUsers": 1}}, "load.arrivalRate.rate"),
        ({"arrivalRate": {"rate": 0, "maxUsers": 1}}, "load.arrivalRate.rate"),
        ({"arrivalRate": {"rate": 1}}, "load.arrivalRate.maxUsers"),
        ({"arrivalRate": {"rate": 1, "maxUsers": 0}}, "load.arrivalRate.maxUsers"),
        ({"arrivalRate": {"rate": 1, "maxUsers": 1}, "shape": {"class": "A"}}, "exclude"),
    ],
)
def test_what_is_wrong_is_named(fields, field) -> None:
    with pytest.raises(UsageError, match=field):
        load_from_manifest(fields)
