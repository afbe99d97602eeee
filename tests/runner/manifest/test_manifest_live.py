from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from katydid.errors import ManifestError
from katydid.load.spec import ConstantLoad
from katydid.manifest import live, parse, parse_stream

GOOD = sorted((Path(__file__).parents[2] / "contract" / "manifests" / "good").glob("*.yaml"))


def test_a_body_that_gives_only_what_it_must() -> None:
    update = live.parse(b'{"generation": 3, "load": {"users": 20, "runTime": "10m"}}')

    assert update.generation == 3
    assert update.load == ConstantLoad(users=20, spawn_rate=20.0, run_time_seconds=600.0)
    assert update.workers.replicas == 1
    assert update.workers.ready_timeout_seconds == 600.0
    assert update.thresholds == ()
    assert update.deadline_seconds == 86_400.0
    assert update.results.formats == ("html", "json", "csv", "junit")
    assert update.stop_timeout_seconds == 30.0
    assert update.stop is False


def test_a_whole_body() -> None:
    update = live.from_body(
        {
            "generation": 4,
            "load": {"users": 5, "spawnRate": 2, "runTime": "1m", "stopTimeout": "5s"},
            "workers": {"replicas": 3, "maxLost": 1, "readyTimeout": "1m"},
            "thresholds": [{"name": "fast", "metric": "p95", "below": "300ms"}],
            "deadline": "2h",
            "results": {"formats": ["html"]},
            "stop": True,
        }
    )

    assert (update.workers.replicas, update.workers.max_lost) == (3, 1)
    assert [threshold.name for threshold in update.thresholds] == ["fast"]
    assert (update.deadline_seconds, update.stop_timeout_seconds, update.stop) == (
        7200.0,
        5.0,
        True,
    )
    assert live.from_body(update.body) == update


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_the_live_part_of_every_accepted_loadtest_is_accepted(file: Path) -> None:
    test = parse(file).load_test

    update = live.of(test)

    assert (update.load, update.thresholds) == (test.load, test.thresholds)
    assert update.deadline_seconds == test.deadline_seconds
    assert live.parse(json.dumps(update.body)) == update


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"generation": NaN}', "not JSON"),
        (b"[]", "must be a mapping"),
        (b"{}", "generation: is required"),
        (b'{"generation": 1}', "load: is required"),
        (b'{"generation": 1, "load": {"users": 1}}', "load.runTime: give runTime"),
        (b'{"generation": -1, "load": {"shape": {}}}', "generation: must be at least 0"),
        (
            b'{"generation": 1, "load": {"shape": {}}, "workers": {"args": []}}',
            "workers.args: unknown field",
        ),
        (
            b'{"generation": 1, "load": {"shape": {}}, "deadlines": "1h"}',
            'deadlines: unknown field, did you mean "deadline"?',
        ),
    ],
)
def test_a_bad_body_is_refused_with_the_field(body: bytes, says: str) -> None:
    with pytest.raises(ManifestError) as caught:
        live.parse(body)

    assert says in str(caught.value)


def test_the_generation_comes_from_the_metadata(smallest: str) -> None:
    text = smallest.replace("name: smallest", "name: smallest\n  generation: 7")
    [test] = parse_stream(text, "f").load_tests

    assert live.of(test).generation == 7


def test_a_deep_body_is_refused(smallest: str) -> None:
    body: Any = "[" * 100_000

    with pytest.raises(ManifestError, match="not JSON"):
        live.parse(body)
