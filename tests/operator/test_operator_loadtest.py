from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from katydid_operator import loadtest
from katydid_operator.errors import LoadTestError
from katydid_operator.loadtest import (
    ClaimSource,
    ConfigMapSource,
    GitSource,
    ImageSource,
    InlineSource,
    Library,
    LoadTest,
    overlaid,
    seconds_of,
)

Make = Callable[..., LoadTest]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        (90, 90),
        ("90s", 90),
        ("1.5s", 1.5),
        ("10m", 600),
        ("1h30m", 5400),
        ("1d", 86400),
    ],
)
def test_time_spans(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "3 m", "-1s"])
def test_what_is_no_time_span(text: str) -> None:
    with pytest.raises(LoadTestError):
        seconds_of(text)


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ({"configMap": {"name": "a"}}, ConfigMapSource("a")),
        ({"inline": {"x.py": "1"}}, InlineSource({"x.py": "1"})),
        (
            {"git": {"url": "https://g/r", "ref": "v1", "path": "a/b", "secretRef": {"name": "s"}}},
            GitSource("https://g/r", "v1", "a/b", "s"),
        ),
        ({"git": {"url": "https://g/r"}}, GitSource("https://g/r", "", "", "")),
        ({"image": {"path": "/app"}}, ImageSource("/app")),
        ({"persistentVolumeClaim": {"claimName": "c"}}, ClaimSource("c", "")),
    ],
)
def test_origins(make_test: Make, source: dict[str, Any], origin: object) -> None:
    assert make_test({"source": source}).origin == origin


def test_a_source_of_no_kind_is_an_error(make_test: Make) -> None:
    with pytest.raises(LoadTestError):
        _ = make_test({"source": {}}).origin


def test_defaults_of_the_smallest_spec(make_test: Make) -> None:
    test = make_test()
    assert (test.entrypoint, test.replicas, test.ready_timeout_seconds) == ("locustfile.py", 1, 600)
    assert (test.deadline_seconds, test.stop_timeout_seconds) == (86400, 30)
    assert (test.pod_ttl_seconds, test.ttl_seconds, test.history_limit) == (3600, None, 10)
    assert (test.suspend, test.stop, test.rerun_token, test.has_pod_knobs) == (False,) * 2 + (
        "",
        False,
    )


def test_libraries(make_test: Make) -> None:
    libs = [{"configMap": {"name": "l"}, "path": "lib/"}]
    assert make_test({"source": {"image": {"path": "/a"}, "libs": libs}}).libraries == (
        Library("l", "lib"),
    )


@pytest.mark.parametrize(
    ("target", "url"),
    [
        (None, None),
        ({"host": "https://shop"}, "https://shop"),
        ({"serviceRef": {"name": "web"}}, "http://web.shop.svc"),
        (
            {"serviceRef": {"name": "web", "namespace": "x", "port": 8443, "scheme": "https"}},
            "https://web.x.svc:8443",
        ),
    ],
)
def test_target_url(make_test: Make, target: dict[str, Any] | None, url: str | None) -> None:
    assert make_test({"target": target} if target else {}).target_url == url


def test_a_role_overlay_wins_over_the_common_one() -> None:
    base = {
        "labels": {"a": "1", "b": "1"},
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "emptyDir": {}}],
        "tolerations": [{"key": "x"}],
        "priorityClassName": "low",
    }
    over = {
        "labels": {"b": "2"},
        "volumes": [{"name": "w", "secret": {"secretName": "s"}}],
        "tolerations": [{"key": "y"}],
    }
    assert overlaid(base, over) == {
        "labels": {"a": "1", "b": "2"},
        "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "secret": {"secretName": "s"}}],
        "tolerations": [{"key": "y"}],
        "priorityClassName": "low",
    }


def test_the_live_body_is_the_live_part(make_test: Make) -> None:
    test = make_test(
        {
            "workers": {"replicas": 3, "maxLost": 1, "args": ["--x"]},
            "deadline": "2h",
            "results": {"formats": ["html"]},
            "stop": True,
            "thresholds": [{"name": "t", "metric": "p95", "below": "1s"}],
        },
        generation=4,
    )
    assert test.live_body() == {
        "generation": 4,
        "load": {"users": 10, "runTime": "1m"},
        "workers": {"replicas": 3, "maxLost": 1},
        "thresholds": [{"name": "t", "metric": "p95", "below": "1s"}],
        "stop": True,
        "deadline": "2h",
        "results": {"formats": ["html"]},
    }


def test_the_hash_is_of_the_spec_alone(make_test: Make) -> None:
    assert make_test(generation=1).spec_hash == make_test(generation=2).spec_hash
    assert make_test({"stop": True}).spec_hash != make_test().spec_hash
    assert loadtest.LIVE_WORKER_FIELDS == ("replicas", "readyTimeout", "maxLost")
