"""Every example is run as its README says, against a shop that does not fail; most are shortened.

What is asserted: the exit code, the verdict, the request names, and that as many requests were
reported as the document's rows hold.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from katydid.cli.demo import demo

EXAMPLES = Path(__file__).parents[3] / "examples"
SHORT = ("--run-time", "3s")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("example", "flags", "names"),
    [
        ("01-first-test", SHORT, {"GET /hello"}),
        ("02-stages", (), {"GET /products"}),
        ("03-shape", (), {"GET /products"}),
        ("04-open-model", (), {"GET /products/[id]", "GET /search"}),
        ("05-thresholds", ("--run-time", "6s"), {"GET /products", "GET /search"}),
        ("06-several-files", SHORT, {"GET /products", "GET /products/[id]"}),
        (
            "07-custom-arguments",
            (*SHORT, "--search-for=clock"),
            {"GET /products", "GET /search?q=clock"},
        ),
        (
            "quickstart",
            ("--run-time", "5s"),
            {
                "GET /products",
                "GET /products/[id]",
                "GET /search",
                "POST /login",
                "POST /cart",
                "GET /cart",
                "POST /checkout",
            },
        ),
    ],
)
def test_an_example_passes(tmp_path, capfd, example, flags, names):
    manifest = EXAMPLES / example / "loadtest.yaml"
    shop = ["--run", str(manifest), "--error-rate", "0", "--seed", "1"]
    code = demo([*shop, "--", "--results", str(tmp_path), *flags])
    assert code == 0, capfd.readouterr().err
    document = json.loads((tmp_path / "run.json").read_text())
    assert document["status"]["verdict"] == "Passed"
    assert {f"{row['method']} {row['name']}" for row in document["requests"]} == names
    total = document["status"]["total"]
    assert total["requests"] == sum(row["requests"] for row in document["requests"])
    assert (total["failures"], document["exceptions"]) == (0, [])


@pytest.mark.processes
def test_a_shop_that_fails_too_often_breaches_the_quickstart(tmp_path, capfd):
    manifest = EXAMPLES / "quickstart" / "loadtest.yaml"
    shop = ["--run", str(manifest), "--error-rate", "50%"]
    code = demo([*shop, "--", "--results", str(tmp_path), *SHORT])
    out = capfd.readouterr().out
    assert code == 3
    assert "failures < 5%" in out
    assert json.loads((tmp_path / "run.json").read_text())["status"]["verdict"] == "Failed"
