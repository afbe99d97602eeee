"""The alerts: their unit tests by promtool, and that a Prometheus evaluates them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]
UNIT_TESTS = Path(__file__).with_name("alerts_test.yaml")
ALERTS = Path(__file__).resolve().parents[2] / "charts" / "katydid" / "files" / "alerts.yaml"
NAMES = [
    "KatydidOperatorDown", "KatydidReconcileErrors", "KatydidLoadTestFailed",
    "KatydidLoadTestStuckPending", "KatydidHighFailureRatio", "KatydidWorkersMissing",
    "KatydidGeneratorSaturated", "KatydidNoRequestsWhileRunning",
]  # fmt: skip


def test_names_severities_and_texts(alerts: list[Json]) -> None:
    assert [rule["alert"] for rule in alerts] == NAMES
    for rule in alerts:
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith(".")


def test_promtool_takes_the_rules(promtool: Any) -> None:
    done = promtool("check", "rules", ALERTS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(NAMES)} rules found" in done.stdout


def with_texts(tests: Json, alerts: list[Json], promtool: Any, path: Path) -> Json:
    """promtool compares annotations too; whether they read well is for people. So the expected
    alerts get those that the rules give them, whatever the numbers in them are."""
    plain = {"groups": [{"name": "katydid", "rules": [
        {key: value for key, value in rule.items() if key != "annotations"} for rule in alerts
    ]}]}  # fmt: skip
    rules = path / "alerts.yaml"
    rules.write_text(yaml.safe_dump(plain))
    return tests | {"rule_files": [str(rules)]}


def test_each_alert_fires_when_it_should_and_only_then(
    promtool: Any, alerts: list[Json], tmp_path: Path
) -> None:
    tests = yaml.safe_load(UNIT_TESTS.read_text("utf-8"))
    fired = {
        one["alertname"]
        for test in tests["tests"]
        for one in test["alert_rule_test"]
        if one.get("exp_alerts")
    }
    assert fired == set(NAMES)
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(with_texts(tests, alerts, promtool, tmp_path)))
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_notices_a_rule_that_is_wrong(
    promtool: Any, alerts: list[Json], tmp_path: Path
) -> None:
    """The unit tests can fail: with a `for` that is too long the first does."""
    tests = yaml.safe_load(UNIT_TESTS.read_text("utf-8"))
    changed = [rule | {"for": "3h"} for rule in alerts]
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(with_texts(tests, changed, promtool, tmp_path)))
    assert promtool("test", "rules", path).returncode != 0


def test_a_prometheus_evaluates_them(world: Any) -> None:
    [group] = world.prometheus.get("rules")["groups"]
    assert [rule["name"] for rule in group["rules"]] == NAMES
    assert {rule["health"] for rule in group["rules"]} == {"ok"}
    texts = {rule["name"]: rule["alerts"] for rule in group["rules"]}
    # Run 2 breached a threshold: that alert has no `for`, so it fires, and reads as a sentence
    [failed] = texts["KatydidLoadTestFailed"]
    assert failed["state"] == "firing"
    assert failed["annotations"]["summary"] == "Run 2 of shop/checkout did not pass."
    assert texts["KatydidWorkersMissing"] == []
