from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from katydid.errors import ManifestError, UsageError
from katydid.load.spec import ArrivalLoad, ConstantLoad, RateStage
from katydid.manifest import parse, parse_stream
from katydid.manifest.spec import (
    ClaimSource,
    ConfigMapSource,
    GitSource,
    InlineSource,
    Library,
    ServiceTarget,
    WorkersLive,
)

GOOD = Path(__file__).parents[2] / "contract" / "manifests" / "good"


def test_the_smallest_loadtest_as_values() -> None:
    test = parse(GOOD / "smallest.yaml").load_test

    assert (test.name, test.namespace, test.generation) == ("smallest", None, 0)
    assert test.source.entrypoint == "locustfile.py"
    assert test.source.origin == ConfigMapSource("checkout-tests")
    assert test.load == ConstantLoad(users=10, spawn_rate=10.0, run_time_seconds=300.0)
    assert (test.stop_timeout_seconds, test.deadline_seconds) == (30.0, 86_400.0)
    assert (test.workers.processes, test.workers.max_lost) == (1, "50%")
    assert (test.target.host, test.target.service) == (None, None)
    assert test.results.formats == ("html", "json", "csv", "junit")
    assert test.thresholds == ()


def test_everything_as_values() -> None:
    test = parse(GOOD / "everything.yaml").load_test

    assert isinstance(test.source.origin, InlineSource)
    assert sorted(test.source.origin.files) == ["data.csv", "locustfile.py"]
    assert test.source.libs == (Library("shop-lib", "lib"),)
    assert test.target.service == ServiceTarget("shop", "shop", 8080, "https")
    assert test.load == ConstantLoad(users=500, spawn_rate=12.5, run_time_seconds=3600.0)
    assert test.user_classes == ("Shopper", "Browser")
    assert (test.tags, test.exclude_tags) == (("smoke",), ("slow",))
    assert test.workers.processes == 10
    assert test.workers.ready_timeout_seconds == 300.0
    assert test.workers.role.args == ("--loglevel=INFO",)
    assert test.workers.role.resources["limits"] == {"memory": "1Gi"}
    assert test.master.pod == {"priorityClassName": "important"}
    assert test.env[1] == {"name": "PLAIN", "value": "1"}
    assert test.results.claim == ClaimSource("reports", "checkout")
    assert [threshold.name for threshold in test.thresholds] == ["latency"]
    assert (test.ttl_seconds, test.pod_ttl_seconds, test.history_limit) == (86_400, 600, 3)
    assert (test.rerun_token, test.suspend, test.stop) == ("2026-10-01", True, False)


def test_git_and_the_open_model() -> None:
    test = parse(GOOD / "open-model.yaml").load_test

    assert test.source.origin == GitSource(
        "git@git.example:team/tests.git", "v1.2", "load/checkout", "git-key"
    )
    assert test.load == ArrivalLoad(
        rate=0.0, max_users=200, stages=(RateStage(60.0, 12.5), RateStage(300.0, 12.5))
    )
    assert test.stop_timeout_seconds == 0.0


@pytest.mark.parametrize(
    ("max_lost", "workers", "allowed"), [("50%", 5, 2), ("0%", 5, 0), ("100%", 5, 5), (3, 5, 3)]
)
def test_how_many_workers_may_be_lost(max_lost: int | str, workers: int, allowed: int) -> None:
    assert WorkersLive(max_lost=max_lost).max_lost_of(workers) == allowed


def test_what_stands_beside_the_loadtest() -> None:
    stream = parse(GOOD / "stream-with-config.yaml").stream

    assert list(stream.config_maps["checkout-tests"]) == ["locustfile.py"]
    assert stream.secrets == {"credentials": {"user": b"anna", "password": b"s3cret"}}
    assert stream.others == ()


def test_strangers_are_named_and_left_alone(parse_spec: Any) -> None:
    stream = parse_spec("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")

    assert stream.others == ("Namespace/shop",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no LoadTest"),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: s}\n", "(it holds Service/s)"),
        ("just text", "kind: is required"),
        ("apiVersion: batch/v1\nkind: LoadTest\n", "must be katydid.dev/v1alpha1, not"),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: '*'}\n",
            "data.a: is not base64",
        ),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 1}\n", "must be text"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: [a]\n", "must be a mapping"),
        ("apiVersion: v1\nkind: ConfigMap\ndata: {a: x}\n", "metadata.name: is required"),
        ("apiVersion: katydid.dev/v1alpha1\nkind: LoadTest\nmetadata: {name: 5}\n", '"5"'),
    ],
)
def test_a_stream_that_cannot_be_run(text: str, says: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_stream(text, "f.yaml")

    assert says in str(caught.value)


def test_two_loadtests_cannot_be_run_at_a_time(tmp_path: Path, smallest: str) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(smallest + "---\n" + smallest.replace("smallest", "other"))

    with pytest.raises(ManifestError, match=r"holds 2 LoadTests \(smallest, other\)"):
        parse(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(UsageError, match="No such file or directory"):
        parse(tmp_path / "missing.yaml")
    with pytest.raises(UsageError, match="not a text file"):
        parse(tmp_path / "binary")


def test_buckets_of_the_metrics_are_seconds() -> None:
    assert parse(GOOD / "smallest.yaml").load_test.metrics_buckets == ()
    # 0.1s and 100ms are one bound
    text = (GOOD / "smallest.yaml").read_text()
    text += "  metrics: {buckets: [50ms, 0.1s, 100ms, 2.5s]}\n"
    [test] = parse_stream(text, "buckets.yaml").load_tests
    assert test.metrics_buckets == (0.05, 0.1, 2.5)
