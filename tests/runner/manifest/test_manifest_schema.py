from __future__ import annotations

from typing import Any

from katydid.manifest import schema


def test_defaults_of_a_spec_that_gives_only_what_it_must() -> None:
    given = {"spec": {"source": {"image": {"path": "/t"}}, "load": {"users": 1}}}

    full = schema.with_defaults(given, schema.root())

    assert full["spec"] == {
        "source": {"image": {"path": "/t"}, "entrypoint": "locustfile.py"},
        "load": {"users": 1, "unbounded": False, "stopTimeout": "30s"},
        "workers": {
            "replicas": 1,
            "processesPerPod": 1,
            "readyTimeout": "10m",
            "maxLost": "50%",
        },
        "results": {"formats": ["html", "json", "csv", "junit"]},
        "suspend": False,
        "stop": False,
        "deadline": "24h",
        "podTTLSecondsAfterFinished": 3600,
        "historyLimit": 10,
    }
    assert given == {"spec": {"source": {"image": {"path": "/t"}}, "load": {"users": 1}}}


def test_a_nested_default_needs_its_parent() -> None:
    full = schema.with_defaults({"target": {"serviceRef": {"name": "s"}}}, schema.at("spec"))

    assert full["target"] == {"serviceRef": {"name": "s", "scheme": "http"}}
    assert "master" not in full


def test_defaults_do_not_share_their_lists() -> None:
    one = schema.with_defaults({}, schema.at("spec"))
    one["results"]["formats"].append("x")

    assert schema.with_defaults({}, schema.at("spec"))["results"]["formats"][-1] == "junit"


def test_nulls_of_known_fields_count_as_absent() -> None:
    full = schema.with_defaults({"stop": None, "target": None, "odd": None}, schema.at("spec"))

    assert full["stop"] is False
    assert "target" not in full
    assert full["odd"] is None  # unknown: left for the check to name


def found(value: Any, *fields: str) -> list[tuple[tuple[str | int, ...], str]]:
    return [(one.path, one.message) for one in schema.violations(value, schema.at(*fields))]


def test_all_problems_are_named_at_once() -> None:
    value = {"users": -1, "runTime": "soon", "userz": 3, "stages": [{"duration": "1m"}]}

    assert sorted(found(value, "spec", "load"), key=str) == sorted(
        [
            (("users",), "must be at least 0, not -1"),
            (("runTime",), '"soon" is not a time span such as 90s, 10m or 1h30m'),
            (("userz",), 'unknown field, did you mean "users"?'),
            (("stages", 0, "users"), "is required"),
        ],
        key=str,
    )


def test_a_line_break_at_the_end_is_no_match() -> None:
    assert found("10m\n", "spec", "deadline") == [
        ((), r'"10m\n" is not a time span such as 90s, 10m or 1h30m')
    ]


def test_true_is_no_number() -> None:
    assert found(True, "spec", "load", "users") == [((), "must be a whole number, not true")]
    assert found(True, "spec", "workers", "maxLost") == [
        ((), "must be a whole number or text, not true")
    ]
    assert found(False, "spec", "deadline") == [
        ((), 'must be text, not false; write it in quotes: "false"')
    ]


def test_bounds_are_named() -> None:
    assert found("x" * 300, "spec", "rerunToken") == [
        ((), "must be at most 253 characters long, not 300")
    ]
    assert found("", "spec", "rerunToken") == [((), "must not be empty")]
    assert found(["a"] * 65, "spec", "args") == [((), "holds 65 items; at most 64 fit")]
    assert found({}, "spec", "source", "inline") == [((), "must not be empty")]
    files = {f"{index}.py": "" for index in range(65)}
    assert found(files, "spec", "source", "inline") == [((), "holds 65 entries; at most 64 fit")]


def test_open_shapes_of_kubernetes_are_left_alone() -> None:
    volumes = [{"name": "v", "rbd": {"image": "x"}, "emptyDir": {"sizelimit": "1Gi"}}]

    assert found(volumes, "spec", "pod", "volumes") == [
        ((0, "emptyDir", "sizelimit"), 'unknown field, did you mean "sizeLimit"?')
    ]
