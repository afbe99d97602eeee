"""The page of a comparison made of the bundle: what it carries, and what it is without a bundle."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import re
from typing import Any

import pytest

from katydid.page import bundle
from katydid.page.bundle import Bundle
from katydid.results import compare_page
from katydid.results.comparison import METRICS, compare
from katydid.run.document import RunDocument
from katydid.thresholds import tolerance

BUNDLE = Bundle(script="/* a {script} */", style="body { margin: 0 }")


def content(page: str) -> dict[str, Any]:
    packed = re.search(r'id="katydid-data">([A-Za-z0-9+/=]*)</script>', page)
    assert packed is not None
    whole: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    return whole["comparison"]


def rows(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    named = [dict(zip(table["fields"], row, strict=True)) for row in table["rows"]]
    return {f"{row['method']} {row['name']}": row for row in named}


def test_any_two_samples_become_a_page(any_sample: RunDocument, samples: Any) -> None:
    found = compare(any_sample, samples.usual(), [tolerance.parse("*: p95=10%")])
    page = compare_page.page(found, ("a", "b"), BUNDLE)
    told = content(page)
    assert len(told["table"]["rows"]) == len(found.requests)
    assert len(told["table"]["total"]) == len(told["table"]["fields"]) == 4 + 5 * len(METRICS)
    assert [run["source"] for run in told["runs"]] == ["a", "b"]
    assert len(told["tolerances"]) == len(found.judged)
    lengths = {len(line) for run in ("before", "after") for line in told["charts"][run].values()}
    assert lengths == {len(told["charts"]["elapsed"])}
    assert f"script-src '{BUNDLE.script_hash}'" in page
    assert page.count("<script") == 2


def test_a_row_has_both_runs_and_the_change_between(samples: Any) -> None:
    before = samples.usual()
    row = before.requests[0]
    doubled = dataclasses.replace(row, rps=2 * row.rps)
    after = dataclasses.replace(before, requests=[doubled, *before.requests[2:]])
    told = rows(content(compare_page.page(compare(before, after), ("", ""), BUNDLE))["table"])
    mine = told[f"{row.method} {row.name}"]
    assert mine["rps"] == pytest.approx(2 * mine["rps_was"], rel=1e-3)
    assert (mine["rps_change"], mine["rps_told"], mine["rps_tone"]) == (100.0, "+100 %", "ok")
    gone = told[f"{before.requests[1].method} {before.requests[1].name}"]
    assert (gone["note"], gone["rps"], gone["rps_told"]) == ("gone", None, "")
    assert gone["order"] == len(told) - 1


def test_runs_without_a_second_of_load_have_no_charts(samples: Any) -> None:
    nothing = samples.nothing()
    assert content(compare_page.page(compare(nothing, nothing), ("", ""), BUNDLE))["charts"] is None


def test_foreign_text_never_becomes_markup(samples: Any) -> None:
    hostile = samples.hostile()
    page = compare_page.page(compare(hostile, hostile), ("<script>1", "<img>"), BUNDLE)
    words = page.partition("<noscript>")[2].partition("</noscript>")[0]
    assert "<script" not in words
    assert page.count("<script") == 2
    assert "<img" not in page


def test_the_bundle_is_used_where_it_was_built(samples: Any) -> None:
    page = compare_page.render(compare(samples.usual(), samples.usual()))
    assert page.startswith("<!doctype html>")
    assert ("katydid-data" in page) == (bundle.find() is not None)
