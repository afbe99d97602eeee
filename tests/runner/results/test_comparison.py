"""Two runs side by side: what changed, in which order, what is not tolerated; and how it reads."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from katydid.results import compare_console, compare_html, compare_text, comparison
from katydid.results.comparison import Comparison, compare
from katydid.results.text_table import Paint, width
from katydid.run.document import LatencyRow, RequestRow, RunDocument
from katydid.thresholds import tolerance

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

Changed = Callable[..., RunDocument]


def slower(row: RequestRow, factor: float) -> RequestRow:
    latency = row.latency

    def scaled(value: float | None) -> float | None:
        return None if value is None else value * factor

    changed = LatencyRow(
        scaled(latency.mean_ms), scaled(latency.min_ms), scaled(latency.max_ms),
        {name: scaled(value) for name, value in latency.percentiles_ms.items()},
        latency.buckets, latency.counts,
    )  # fmt: skip
    return dataclasses.replace(row, latency=changed)


def failing(row: RequestRow, percent: float) -> RequestRow:
    failures = round(row.requests * percent / 100)
    return dataclasses.replace(
        row, failures=failures, fail_percent=100 * failures / row.requests if row.requests else 0.0
    )


@pytest.fixture
def changed(samples: Any) -> Changed:
    """changed({"/checkout": lambda row: slower(row, 2)}, total=…) → the usual run, but so."""

    def make(
        rows: dict[str, Callable[[RequestRow], RequestRow | None]], total: Any = None, **status: Any
    ) -> RunDocument:
        document: RunDocument = samples.usual()
        found = [rows.get(row.name, lambda row: row)(row) for row in document.requests]
        if total is not None:
            status["total"] = total(document.status.total)
        return dataclasses.replace(
            document,
            requests=[row for row in found if row is not None],
            status=dataclasses.replace(document.status, **status),
        )

    return make


def judge(before: RunDocument, after: RunDocument, *texts: str) -> Comparison:
    return compare(before, after, [tolerance.parse(text) for text in texts])


def test_a_run_and_itself(any_sample: RunDocument) -> None:
    found = judge(any_sample, any_sample, "*: p95=0%", "*: failures=0")
    assert {one.presence for one in found.requests} <= {"both"}
    for one in [found.total, *found.requests]:
        assert {one.change(metric).tone for metric in comparison.METRICS} == {""}
        assert {one.change(metric).percent for metric in comparison.METRICS} <= {0.0, None}
    lacking = [one for one in found.judged if one.reason]
    assert found.exceeded == lacking, "only what has no data cannot be compared"


def test_the_largest_regression_is_first(samples: Any, changed: Changed) -> None:
    after = changed(
        {
            "/checkout": lambda row: slower(row, 1.3),
            "/search": lambda row: failing(row, 5.0),  # 5 points weigh as much as 50 %
            "/login": lambda row: slower(row, 0.5),
            "/cart": lambda row: None,
            "/orders": lambda row: dataclasses.replace(row, name="/orders/new"),
        }
    )
    found = compare(samples.usual(), after)
    names = [one.name for one in found.requests]
    assert names[:2] == ["/search", "/checkout"]
    assert names[-4:] == ["/login", "/orders/new", "/cart", "/orders"]
    assert [one.presence for one in found.requests[-3:]] == ["new", "gone", "gone"]
    checkout = found.requests[1].change("p95")
    assert checkout.percent == pytest.approx(30)
    assert (checkout.tone, found.requests[-4].change("p95").tone) == ("bad", "ok")
    assert compare_text.sentence(found).startswith("The largest regression: GET /search, failures")


def test_less_than_is_known_has_no_colour(samples: Any, changed: Changed) -> None:
    found = compare(samples.usual(), changed({"/": lambda row: slower(row, 1.009)}))
    change = next(one for one in found.requests if one.name == "/").change("p95")
    assert (compare_text.difference(change), change.tone) == ("+0.9 %", "")
    assert compare_text.sentence(found) == "No request got slower (p95) or failed more often."


@pytest.mark.parametrize(
    ("text", "exceeded"),
    [
        ("p95=10%", [""]),
        ("p95=30%", []),
        ("mean=10000ms", []),
        ("failures=1%", []),
        ("POST /checkout: p95=40%", []),
        ("/checkout: p95=5%", ["/checkout"]),
        ("*: p95=40%", ["/cart"]),  # gone: it has no p95 any more
        ("*: p95=5%", ["/checkout", "/cart"]),
        ("GET /nothing: p95=5%", ["/nothing"]),
    ],
)
def test_tolerances(samples: Any, changed: Changed, text: str, exceeded: list[str]) -> None:
    after = changed(
        {"/checkout": lambda row: slower(row, 1.3), "/cart": lambda row: None},
        total=lambda row: slower(row, 1.2),
    )
    found = judge(samples.usual(), after, text)
    names = [one.name if one.tolerance.request_name else "" for one in found.exceeded]
    assert sorted(names) == sorted(exceeded)
    assert (compare_text.tone(found) == "bad") == bool(exceeded)


def test_what_was_exceeded_is_said_with_its_numbers(samples: Any, changed: Changed) -> None:
    after = changed({}, total=lambda row: failing(slower(row, 2), 3.0))
    found = judge(samples.usual(), after, "p95=10%", "failures=1%", "failures=5", "p97=1%")
    told = [re.sub(r"\d[\d.\u202f]*", "N", compare_text.judged(one)) for one in found.judged]
    assert told == [
        "pN=N%: N ms → N ms (+N %)",
        "failures=N%: <N % → N % (+N)",
        "failures=N: N → N (N times)",
        "pN=N%: N ms → N ms (N %)",  # p97 comes from the histogram, which did not change
    ]
    assert [one.exceeded for one in found.judged] == [True, True, True, False]
    gone = judge(samples.usual(), samples.nothing(), "p95=10%", "*: p95=10%").judged
    assert gone[0].reason == "The second run has no p95 of requests to compare."
    assert all(one.exceeded for one in gone)


def test_what_cannot_be_compared_is_cautioned(samples: Any, changed: Changed) -> None:
    assert comparison.cautions(compare(samples.passed(), samples.passed())) == []
    before = samples.passed()
    load = dataclasses.replace(before.status.load, target_users=77, peak_users=77)
    after = dataclasses.replace(
        before,
        status=dataclasses.replace(
            before.status, name="other", load=load, host="http://elsewhere", partial=True
        ),
    )
    told = comparison.cautions(compare(before, after))
    assert told[0] == "These are two tests: checkout and other."
    assert told[1].startswith("The load was another: ")
    assert ", then 77 users at " in told[1]
    assert told[2] == "The target was another: https://shop.example, then http://elsewhere."
    assert told[3].startswith("Of the second run: These results are partial")


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_the_lines_fit_and_lose_nothing(
    any_sample: RunDocument, samples: Any, columns: int
) -> None:
    found = judge(samples.usual(), any_sample, "p95=10%")
    for paint in (Paint(), Paint(True)):
        lines = compare_console.lines(found, columns, paint, ("a/run.json", "b/run.json"))
        text = "\n".join(lines)
        assert bool(ESCAPES.search(text)) == paint.on
        tables = [line for line in lines if line.startswith(("GET ", "POST ", "─"))]
        names = {figures_name(row.name) for row in any_sample.requests}
        for line in tables:
            plain = ESCAPES.sub("", line)
            assert width(plain) <= max(columns, 60) or any(name in plain for name in names), plain
        for row in any_sample.requests:
            assert figures_name(row.name) in text


def figures_name(name: str) -> str:
    from katydid.results.figures import visible

    return visible(name)


def test_the_table_of_a_wide_terminal(samples: Any, changed: Changed) -> None:
    after = changed({"/checkout": lambda row: slower(row, 2)}, total=lambda row: slower(row, 1.1))
    lines = compare_console.lines(judge(samples.usual(), after, "p95=5%"), 140)
    lines = [line.replace("\u202f", " ") for line in lines]
    assert lines[0].split("  ")[:2] == ["Before", "✕ Failed"]
    head = next(i for i, line in enumerate(lines) if line.startswith("Type"))
    assert lines[head].split() == [
        "Type", "Name", "#", "reqs", "RPS", "Failures", "%", "p50", "p95", "p99",
    ]  # fmt: skip
    assert lines[head + 1].split()[:2] == ["POST", "/checkout"]
    assert lines[head + 1].count("(+100 %)") == 3
    assert lines[-1].startswith("✕ Worse than tolerated. p95=5%: ")
    assert lines[-1].endswith("(+10 %).")


def test_the_page_asks_for_nothing_and_shows_both(any_sample: RunDocument, samples: Any) -> None:
    found = judge(samples.usual(), any_sample, "p95=10%", "*: failures=1%")
    page = compare_html.render(found, ("a.json", "b<script>.json"))
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "b&lt;script&gt;.json" in page
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page)
    assert data
    series = json.loads(data[1])["s"]
    assert {len(values) for values in series.values()} == {len(json.loads(data[1])["t"])}
    if any_sample.history:
        assert any(value is not None for value in series["p95-after"])
        assert '<path class="line p95 dashed"' in page
    assert page.count("<script") == 2, "nothing foreign became one"


def test_both_runs_stand_on_one_axis(samples: Any) -> None:
    """A run of three seconds beside one of hours, whose points are wider."""
    found = compare(samples.three_seconds(), samples.long_run())
    page = compare_html.render(found)
    data = re.search(r'id="data">(.*?)</script>', page)
    assert data
    series = json.loads(data[1])["s"]
    before = [value for value in series["rps"] if value is not None]
    after = [value for value in series["rps-after"] if value is not None]
    assert len(before) == 1
    assert 500 < len(after) <= len(series["rps-after"]) <= 601
    assert max(after) <= max(point.rps for point in samples.long_run().history)
    assert before == [pytest.approx(samples.three_seconds().status.total.rps, rel=0.5)]


def test_the_json_form(samples: Any, changed: Changed) -> None:
    after = changed({"/checkout": lambda row: slower(row, 2), "/cart": lambda row: None})
    found = judge(samples.usual(), after, "POST /checkout: p95=10%", "*: rps=1%")
    plain = json.loads(json.dumps(comparison.to_plain(found), allow_nan=False))
    first = plain["requests"][0]
    assert (first["method"], first["name"], first["presence"]) == ("POST", "/checkout", "both")
    assert first["metrics"]["p95"]["change_percent"] == pytest.approx(100)
    gone = next(one for one in plain["requests"] if one["name"] == "/cart")
    assert (gone["presence"], gone["metrics"]["p95"]["after"]) == ("gone", None)
    assert plain["exceeded"] is True
    assert plain["tolerances"][0]["expression"] == "POST /checkout: p95=10%"
    assert plain["tolerances"][1]["expression"].endswith(": rps=1%")
    assert plain["before"]["verdict"] == "Failed"


def test_hostile_names_stay_text(samples: Any) -> None:
    found = compare(samples.hostile(), samples.hostile())
    for line in compare_console.lines(found, 80):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", line)
