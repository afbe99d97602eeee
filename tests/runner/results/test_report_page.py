"""The report made of the bundle: its data is inside, packed, and nothing else is asked for."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re

import pytest

from katydid.page.bundle import Bundle
from katydid.results import report, verdict
from katydid.run.document import RunDocument

BUNDLE = Bundle(script="/* a {script} */", style="body { margin: 0 }")


def frozen(text: str) -> dict:
    packed = re.search(r'id="katydid-data">([A-Za-z0-9+/=]*)</script>', text)
    assert packed is not None
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def test_every_sample_carries_its_own_numbers(any_sample: RunDocument) -> None:
    text = report.page(any_sample, BUNDLE)
    data = frozen(text)
    total = any_sample.status.total
    assert data["status"]["total"]["requests"] == total.requests
    assert "counts" not in data["status"]["total"]["latency"]
    assert len(data["table"]["rows"]) == len(any_sample.requests)
    assert len(data["history"]["time"]) == len(any_sample.history)
    assert len(data["workers"]) == len(any_sample.workers)
    assert text.count("<script") == 2
    assert f"<script>{BUNDLE.script}</script>" in text
    assert f"script-src '{BUNDLE.script_hash}'" in text
    assert "src=" not in text.replace("default-src=", "")
    assert (
        "http"
        not in text.partition("katydid-data")[0]
        .replace("http-equiv", "")
        .partition("<noscript>")[0]
    )


def test_lists_that_are_cut_say_of_how_many(samples) -> None:
    document = samples.usual()
    row = document.failures[0]
    many = [dataclasses.replace(row, error=f"failure {i}") for i in range(1_233)]
    many.append(dataclasses.replace(row, name="(other)", error="(other)"))
    lines = {"master": [f"line {i}" for i in range(700)]}
    data = frozen(report.page(dataclasses.replace(document, failures=many, logs=lines), BUNDLE))
    assert len(data["failures"]) == 1_001
    assert data["failures"][0]["error"] == "(other)"
    assert data["totals"]["failures"] == 1_234
    assert data["totals"]["exceptions"] == len(data["exceptions"])
    assert (len(data["logs"]["master"]), data["totals"]["logs"]["master"]) == (200, 700)


def test_what_the_engine_lists_no_more_is_a_caution(samples) -> None:
    document = samples.usual()
    row = dataclasses.replace(document.failures[0], method="", name="(other)", error="(other)")
    rows = [*document.failures, dataclasses.replace(row, occurrences=51_234)]
    assert verdict.cautions(dataclasses.replace(document, failures=rows))[-1] == (
        f"Only the first {len(document.failures)} kinds of failure are listed: 51\u202f234 further "
        "failures are counted together as (other)."
    )


def test_without_script_the_summary_is_text(samples) -> None:
    document = samples.usual()
    words = report.page(document, BUNDLE).partition("<noscript>")[2].partition("</noscript>")[0]
    assert document.status.name in words
    assert "% failed" in words


def test_foreign_text_never_becomes_markup(samples) -> None:
    text = report.page(samples.hostile(), BUNDLE)
    head, _, rest = text.partition("<noscript>")
    words = rest.partition("</noscript>")[0]
    assert "<script" not in words
    assert "<img" not in words
    assert "<img" not in head


def test_many_names_keep_their_numbers_and_the_busiest_their_charts(samples) -> None:
    document = samples.many_names()
    points = next(iter(document.request_history.values()), [])
    assert points
    histories = {f"{row.method} {row.name}": points * 100 for row in document.requests[:250]}
    data = frozen(report.page(dataclasses.replace(document, request_history=histories), BUNDLE))
    assert len(data["table"]["rows"]) == len(document.requests)
    assert len(data["details"]) == min(len(document.requests), report.MOST_DETAILS)
    charted = [d for d in data["details"].values() if d["history"] is not None]
    assert sum(len(d["history"]["time"]) for d in charted) <= report.MOST_POINTS_OF_NAMES


def test_long_logs_and_sources_are_cut_and_say_so(samples) -> None:
    document = dataclasses.replace(
        samples.usual(),
        logs={"master": [f"line {i}" for i in range(1000)], "w-0": ["a line"] * 700},
        sources={"locustfile.py": "x" * 150_000, "more.py": "y"},
    )
    data = frozen(report.page(document, BUNDLE))
    assert data["logs"]["master"][-1] == "line 999"
    assert sum(map(len, data["logs"].values())) <= 600
    assert data["test"]["sources"]["locustfile.py"].endswith("(cut for this report)")


@pytest.mark.parametrize("text", ["\ud800 lone", "\u2028"])
def test_texts_that_have_no_encoding_do_not_cost_the_report(samples, text: str) -> None:
    document = dataclasses.replace(samples.usual(), manifest=text)
    assert frozen(report.page(document, BUNDLE))["test"]["manifest"]
