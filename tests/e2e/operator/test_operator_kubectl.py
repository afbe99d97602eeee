"""`kubectl katydid` against a real cluster, as a person or a CI job uses it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

LOCUSTFILE = """
from locust import HttpUser, constant, task


class Visitor(HttpUser):
    wait_time = constant(0.2)

    @task
    def product(self):
        self.client.get("/products/1", name="product")
"""
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def katydid(tests: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`kubectl katydid ARGUMENTS` in the test's namespace."""
    return subprocess.run(
        ["kubectl", "katydid", arguments[0], "-n", tests.namespace, *arguments[1:]],
        capture_output=True, text=True, timeout=200, check=False, env={**os.environ, "PATH": PATH},
    )  # fmt: skip


@contextmanager
def started(tests: Any, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The same, left running meanwhile, ended as by Ctrl-C."""
    process = subprocess.Popen(
        ["kubectl", "katydid", arguments[0], "-n", tests.namespace, *arguments[1:]],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "PATH": PATH, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def names_in(report: Path) -> list[str]:
    """Names of the requests in the data of a report."""
    packed = re.search(r'id="katydid-data">([^<]+)<', report.read_text())
    assert packed, "the report was not built: make ui"
    table = json.loads(gzip.decompress(base64.b64decode(packed[1])))["table"]
    return [row[table["fields"].index("name")] for row in table["rows"]]


@pytest.fixture
def manifest(tests: Any, tmp_path: Path) -> Path:
    """A LoadTest in a file, its locustfile beside it."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "locustfile.py").write_text(LOCUSTFILE)
    spec = {
        "source": {"configMap": {"name": "shop-tests"}},
        "target": {"serviceRef": {"name": "shop", "namespace": "e2e-shop", "port": 8080}},
        "load": {"users": 4, "runTime": "12s", "stopTimeout": "5s"},
        "workers": {"replicas": 2},
        "thresholds": [{"name": "it works", "metric": "failures", "below": "1%"}],
    }
    document = {
        "apiVersion": "katydid.dev/v1alpha1", "kind": "LoadTest",
        "metadata": {"name": "test"}, "spec": spec,
    }  # fmt: skip
    file = tmp_path / "loadtest.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


def test_run_and_wait_for_the_verdict_and_the_reports(
    tests: Any, manifest: Path, tmp_path: Path
) -> None:
    junit, report = tmp_path / "junit.xml", tmp_path / "report.html"
    done = katydid(
        tests, "run", "-f", str(manifest), "--source-dir", str(manifest.parent / "src"),
        "--wait", "--junit", str(junit), "--report", str(report),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Running  4/4 users" in done.stdout
    assert "test run 1: Passed (ThresholdsMet)" in done.stdout
    status = tests.status()
    assert f"{status['load']['requests']} requests, 0 failed" in done.stdout
    suite = ElementTree.parse(junit).getroot()
    cases = [case.get("name") for case in suite.iter("testcase")]
    assert any("it works" in str(case) for case in cases), cases
    assert names_in(report) == ["product"]

    folder = tmp_path / "kept"
    again = katydid(tests, "report", "test", "-o", str(folder))
    assert again.returncode == 0, again.stderr
    assert (folder / "report.html").read_bytes() == report.read_bytes()

    breached = katydid(tests, "rerun", "test", "--wait")
    assert breached.returncode == 0, breached.stdout + breached.stderr
    assert "test run 2: Passed" in breached.stdout


def test_watch_scale_logs_ui_and_stop_a_running_test(tests: Any, manifest: Path) -> None:
    document = yaml.safe_load(manifest.read_text())
    document["spec"]["load"]["runTime"] = "10m"
    manifest.write_text(yaml.safe_dump(document))
    source = str(manifest.parent / "src")
    done = katydid(tests, "run", "-f", str(manifest), "--source-dir", source)
    assert done.returncode == 0, done.stderr
    tests.running()
    with started(tests, "watch", "test") as watching:
        refused = katydid(tests, "rerun", "test")
        assert refused.returncode == 64
        assert "Run 1 of test is not over" in refused.stderr

        scaled = katydid(tests, "scale", "test", "3")
        assert scaled.stdout == "test: 2 → 3 worker pods\n"
        tests.wait("three workers", lambda status: status["workers"]["summary"] == "3/3")

        said = katydid(tests, "logs", "test").stdout.splitlines()
        roles = {line.split("|")[0].strip() for line in said}
        assert "master" in roles  # a worker has nothing to say while all is well
        assert roles <= {"master", "worker-0", "worker-1", "worker-2"}

        with started(tests, "ui", "test", "--port", "0") as forwarding:
            assert forwarding.stdout is not None
            line = forwarding.stdout.readline()
            found = re.match(r"http://127\.0\.0\.1:\d+/", line)
            assert found, line
            with urllib.request.urlopen(found.group() + "api/v1/status", timeout=20) as answer:
                assert b'"state":"running"' in answer.read().replace(b": ", b":")

        stopped = katydid(tests, "stop", "test", "--wait")
        assert stopped.returncode == 4, stopped.stdout + stopped.stderr
        assert "test run 1: Stopped (StopRequested)" in stopped.stdout
        told, _ = watching.communicate(timeout=60)
    assert watching.returncode == 4
    assert "Running" in told
    assert "test run 1: Stopped" in told


def test_a_breach_is_an_exit_code(tests: Any, manifest: Path) -> None:
    document = yaml.safe_load(manifest.read_text())
    document["spec"]["thresholds"] = [{"name": "quick", "metric": "p95", "below": "1ms"}]
    document["spec"]["load"]["runTime"] = "3s"
    manifest.write_text(yaml.safe_dump(document))
    source = str(manifest.parent / "src")
    done = katydid(tests, "run", "-f", str(manifest), "--source-dir", source, "--wait")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "Breached quick" in done.stdout


def test_the_api_server_judges_a_file(tests: Any, manifest: Path) -> None:
    good = katydid(tests, "validate", "-f", str(manifest))
    assert (good.returncode, good.stdout) == (0, "LoadTest test: valid\n")
    document = yaml.safe_load(manifest.read_text())
    del document["spec"]["load"]["runTime"]
    manifest.write_text(yaml.safe_dump(document))
    bad = katydid(tests, "validate", "-f", str(manifest))
    assert bad.returncode == 64
    assert bad.stderr.startswith("LoadTest test: spec.load")
    assert "runTime" in bad.stderr
