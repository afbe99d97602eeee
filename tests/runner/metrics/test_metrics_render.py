"""The text: names that try to break it, and what other readers make of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from katydid.metrics import catalogue

HOSTILE = (
    'quote " and \\ backslash \\n and \n line',
    '"} 1\nkatydid_requests_total{name="forged"} 666\n#',
    "%s %d %% {} {name}",
    "tab\tcarriage\rfeed\fnul\0",
    "ümläut 🦗 \u2028 \x85",
    "lone \ud800 surrogate",
    "trailing backslash \\",
    "",
    " ",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_come_back_as_they_were(serve, name: str) -> None:
    test = serve()
    test.record(name, error=ValueError("x"))
    shown = name.replace("\ud800", "?")
    scrape = test.scrape()
    requests = scrape.values("katydid_requests_total")
    assert requests == {
        ("GET", shown, "success"): 0, ("GET", shown, "failure"): 1,
    }  # fmt: skip
    assert scrape.value("katydid_request_duration_seconds_count", name=shown) == 1
    assert scrape.value("katydid_request_failures_total", name=shown, reason="ValueError") == 1


def test_long_names_are_cut_and_those_that_become_alike_are_one(serve) -> None:
    test = serve()
    for end in ("a", "b"):
        test.record("/" + "x" * 5000 + end)
    [(method, name, *_), *_] = test.scrape().values("katydid_requests_total")
    assert method == "GET"
    assert len(name) == catalogue.MAX_LABEL
    assert test.scrape().value("katydid_requests_total", outcome="success") == 2


def test_prometheus_client_writes_the_same(serve) -> None:
    test = serve()
    for name in HOSTILE:
        test.record(name, ms=17.3, error=ValueError("x"))
    text = test.scrape().text

    class Again:
        def collect(self):
            return text_string_to_metric_families(text)

    registry = CollectorRegistry()
    registry.register(Again())

    def samples(text: str) -> list:
        return sorted(
            (sample.name, tuple(sorted(sample.labels.items())), sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        )

    assert samples(generate_latest(registry).decode()) == samples(text)


def test_a_family_is_one_block_with_its_comments_before_it(serve) -> None:
    test = serve()
    for number in range(3):
        test.record(f"/{number}")
    blocks: list[str] = []
    for line in test.scrape().text.splitlines():
        if line.startswith("# HELP "):
            blocks.append(line.split()[2])
        elif not line.startswith("#"):
            assert line.startswith(blocks[-1])
    assert sorted(blocks) == sorted(family.name for family in catalogue.FAMILIES)


def test_promtool_finds_nothing(serve) -> None:
    where = Path(__file__).parents[3] / "tools" / "prometheus.sh"
    found = subprocess.run([str(where), "bin"], capture_output=True, text=True)
    if found.returncode:
        pytest.skip("needs Prometheus' promtool: `tools/prometheus.sh get`")
    test = serve()
    for name in HOSTILE:
        test.record(name, error=ValueError("x"))
    done = subprocess.run(
        [f"{found.stdout.strip()}/promtool", "check", "metrics"],
        input=test.exposition.text(),
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
