from __future__ import annotations

import copy

from katydid.manifest import checks, schema


def resource(**spec: object) -> dict[str, object]:
    base = {
        "source": {"image": {"path": "/t"}},
        "load": {"users": 1, "runTime": "1m"},
    }
    value = {"metadata": {"name": "t"}, "spec": {**base, **spec}}
    return schema.with_defaults(value, schema.root())  # type: ignore[no-any-return]


def test_the_option_and_the_field_to_use_are_named() -> None:
    [found] = checks.violations(resource(args=["-u10"]))

    assert found.path == ("spec", "args", 0)
    assert found.message == (
        "-u (--users): the LoadTest or the operator decides this option "
        "(abbreviations are refused too); use spec.load.users"
    )


def test_every_broken_rule_is_named() -> None:
    broken = resource(
        target={"host": "http://a", "serviceRef": {"name": "b"}},
        env=[{"name": "KATYDID_X"}],
        thresholds=[{"name": "n", "metric": "p95", "below": 3, "above": 4}],
    )

    assert [one.path for one in checks.violations(broken)] == [
        ("spec", "target"),
        ("spec", "env", 0, "name"),
        ("spec", "thresholds", 0),
        ("spec", "thresholds", 0),
    ]


def test_characters_count_not_bytes() -> None:
    inline = {"locustfile.py": "é" * 200_000}

    source = {"inline": inline, "entrypoint": "locustfile.py"}
    assert checks.violations(resource(source=source)) == []


def test_the_order_of_map_like_lists_is_no_change() -> None:
    a, b = {"name": "A", "value": "1"}, {"name": "B", "value": "2"}

    assert checks.check_update(resource(env=[a, b]), resource(env=[b, a]), "Running") == []
    changed = checks.check_update(resource(args=["-L", "x"]), resource(args=["x", "-L"]), "Running")
    assert [one.path for one in changed] == [("spec", "args")]


def test_all_frozen_fields_that_changed_are_named() -> None:
    old = resource()
    new = copy.deepcopy(old)
    new["spec"].update(image="x", suspend=True)  # type: ignore[attr-defined]

    paths = [one.path for one in checks.check_update(old, new, "Starting")]

    assert paths == [("spec", "image"), ("spec", "suspend")]
    assert checks.check_update(old, new, "Pending") == []
    assert checks.check_update(old, new, "") == []
