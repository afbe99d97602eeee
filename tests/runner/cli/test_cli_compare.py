"""`katydid compare`: files in, tables, JSON and a page out, the tolerances' exit code."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.processes


@pytest.fixture
def two_runs(headless, shop):
    """The folder with the results `a` and `b` of two runs; /slow is slower in the second."""
    files = {"locustfile.py": """
        from locust import HttpUser, constant, task

        class Visitor(HttpUser):
            wait_time = constant(0.05)

            @task
            def slow(self):
                self.client.get("/slow")
                self.client.get("/")
        """}  # fmt: skip
    shop.slow_seconds = 0.02
    headless("--results", "a", "--stop-timeout", "5", files=files)
    shop.slow_seconds = 0.4
    return headless("--results", "b", "--stop-timeout", "5", files=files).folder


def test_two_runs_compared(two_runs, katydid):
    run = katydid(
        "compare", "a", "b/run.json", "--tolerance", "GET /slow: p50=50%", "--tolerance",
        "failures=1%", "--html", "out/compare.html",
    )  # fmt: skip
    assert (run.code, run.err) == (3, "")
    lines = run.out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("Type"))
    assert lines[head + 1].split()[:2] == ["GET", "/slow"], "the largest regression first"
    assert any(line.startswith("✕ exceeded  GET /slow: p50=50%: ") for line in lines)
    assert any(line.startswith("✓ within    failures=1%: 0 % → 0 %") for line in lines)
    assert lines[-1] == "  out/compare.html"
    assert "\x1b" not in run.out
    page = (two_runs / "out/compare.html").read_text()
    assert page.startswith("<!doctype html>")
    built, plain = 'id="katydid-data"', 'class="line p95 dashed"'
    assert built in page or plain in page
    run = katydid("compare", "a", "b", "--json", "--tolerance", "failures=1%")
    assert run.code == 0, run.err
    found = json.loads(run.out)
    saved = json.loads((two_runs / "b/run.json").read_text())
    assert found["total"]["metrics"]["requests"]["after"] == saved["status"]["total"]["requests"]
    assert found["requests"][0]["name"] == "/slow"


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        ([], "katydid compare: the following arguments are required: before, after."),
        (["a", "b"], "a cannot be read: No such file or directory."),
        (["locustfile.py", "b"], "locustfile.py is not JSON: "),
        (["a", "b", "--tolerance", "p95=10"], '"p95=10": p95 is tolerated by a share'),
        (["a", "b", "--tolerances"], "katydid compare: unrecognized arguments: --tolerances."),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(katydid, argv, sentence):
    run = katydid("compare", *argv)
    assert (run.code, run.out) == (64, "")
    assert run.err.startswith(sentence)
    assert len(run.err.splitlines()) == 1
