"""The HTML report: complete, self-contained, and text stays text."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from katydid.results import html, verdict
from katydid.results.markup import Html, escape, fill
from katydid.run.document import RunDocument

VOID = {"meta", "link"}
KNOWN = {
    "html", "head", "meta", "link", "title", "style", "body", "header", "main", "footer",
    "section", "h1", "h2", "p", "span", "b", "i", "small", "dl", "div", "dt", "dd", "ul", "li",
    "table", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption", "svg", "path",
    "output", "details", "summary", "pre", "code", "script",
}  # fmt: skip


class Page(HTMLParser):
    """Checks nesting, and collects what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self.rows: dict[str, list[list[str]]] = {}
        self._section = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
        if tag == "tr":
            self.rows.setdefault(self._section, []).append([])
        if tag in ("td", "th"):
            self.rows[self._section][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.words += data
            if {"td", "th"} & set(self.open):
                self.rows[self._section][-1][-1] += data


def test_every_sample_is_a_well_formed_page_that_asks_for_nothing(any_sample: RunDocument) -> None:
    text = html.render(any_sample)
    page = Page(text)
    assert page.open == []
    assert {tag for tag, _ in page.tags} <= KNOWN
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), attributes
        assert "src" not in attributes
        if "href" in attributes:
            assert (tag, attributes["href"]) == ("link", "data:,")
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_hostile_text_is_only_text(samples: Any) -> None:
    document = samples.hostile()
    text = html.render(document)
    page = Page(text)
    assert len(page.scripts) == 2  # the charts' data and our own script
    text.encode("utf-8")
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "<script>alert(1)</script>" in page.words
    assert "\\x1b[31mred\\x1b[0m\\x00\\x07" in page.words
    assert "lone \\ud800 surrogate \\u202e reversed" in page.words


def test_the_policy_allows_our_script_and_no_other(samples: Any) -> None:
    text = html.render(samples.passed())
    policy = next(a["content"] for tag, a in Page(text).tags if "http-equiv" in a)
    script = text[text.rindex("<script>") + len("<script>") : text.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy is not None
    assert f"script-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy


def test_the_page_opens_with_verdict_reason_and_numbers(samples: Any) -> None:
    words = re.sub(r"\s+", " ", Page(html.render(samples.usual())).words)
    assert words.strip().startswith(
        "checkout Failed · Katydid Katydid · checkout✕ Failedp95 < 300ms was 412 ms."
    )
    for fact in ("RPS400 /s", "Users, peak500", "Workers5/5", "Generator CPU41 % ok",
                 "500 users at 50 /s for 10 m 00 s", "1 worker went missing"):  # fmt: skip
        assert fact in words


def test_every_request_has_its_numbers_and_percentiles(samples: Any) -> None:
    document = samples.many_names()
    rows = Page(html.render(document)).rows
    assert len(rows["requests"]) == 1 + 500 + 1
    assert len(rows["response-times"]) == 1 + 500 + 1
    shown = next(row for row in rows["requests"] if row[1] == "/api/v1/resource/004")
    request = next(row for row in document.requests if row.name == "/api/v1/resource/004")
    assert shown[2:5] == ["192", "1", "0.521"]
    assert shown[12].split() == ["200", "191", "503", "1"]
    assert request.requests == 192
    assert rows["response-times"][0][2:-1] == ["Min", *request.latency.percentiles_ms]
    assert rows["requests"][-1][1] == "Aggregated"


def test_thresholds_say_what_was(samples: Any) -> None:
    rows = Page(html.render(samples.aborted())).rows["thresholds"]
    assert rows[1] == [
        "✕ Breached",
        "failures < 5% abort",
        "22.5 %",
        "5 %",
        "Breached at 00:20. "[:-1],
    ]
    assert rows[2][2:] == ["no data", "1\u202f000 ms", "No request named POST /pay was made."]


def test_cautions_stand_above_the_numbers(samples: Any) -> None:
    words = Page(html.render(samples.aborted())).words
    assert "These results are partial" in words
    assert (
        "The load generator was saturated for 12 s (57 % of the load), first at 5 s: "
        "latencies may be its own. Worker 2 used" in words
    )
    assert 'class="cautions"' not in html.render(samples.passed())


def test_both_latencies_of_the_open_model_are_shown(samples: Any) -> None:
    rows = Page(html.render(samples.open_model())).rows
    p95 = rows["response-times"][0].index("p95")
    assert rows["response-times"][1][p95] == "520"
    assert rows["service-times"][1][p95] == "16.7"
    assert "service-times" not in Page(html.render(samples.passed())).rows


def test_a_run_of_three_seconds_has_charts(samples: Any) -> None:
    text = html.render(samples.three_seconds())
    assert text.count('<figure class="chart">') == 4
    data = json.loads(Page(text).scripts[0])
    assert len(data["x"]) == 3
    assert data["s"]["rps"] == [float(p.rps) for p in samples.three_seconds().history]


def test_a_run_without_anything_says_so(samples: Any) -> None:
    words = Page(html.render(samples.nothing())).words
    for sentence in ("Only 0 of 5 workers were ready within 60 s.", "No request was made.",
                     "No request failed.", "No worker ever came.", "No log lines were kept.",
                     "No second of load was recorded"):  # fmt: skip
        assert sentence in words


def test_a_gap_in_a_long_history_stays_one(samples: Any) -> None:
    text = html.render(samples.long_run())
    line = re.search(r'<path class="line users" d="([^"]*)"', text)
    assert line is not None
    assert line[1].count("M") == 2
    assert "The master was away for 29 m" in text
    assert "Each point is 2 m 52 s: rates are means, latencies the worst interval" in text


def test_logs_and_sources_are_bounded_and_say_so(samples: Any) -> None:
    document = dataclasses.replace(
        samples.passed(),
        logs={str(i): [f"line {n}" for n in range(1000)] for i in range(20)},
        sources={"big.py": "x = 1\n" * 50_000},
    )
    text = html.render(document)
    assert "last 200 of 1\u202f000 lines" in text
    assert "last 0 of 1\u202f000 lines" in text
    assert "200\u202f000 further characters stand in run.json." in text
    assert len(text) < 400_000


def test_a_usual_report_stays_small(samples: Any) -> None:
    assert len(html.render(samples.usual()).encode()) <= 400 * 1024
    assert len(html.render(samples.long_run()).encode()) <= 400 * 1024


def test_sections_follow_one_another(samples: Any) -> None:
    sections = [a["id"] for tag, a in Page(html.render(samples.usual())).tags if tag == "section"]
    assert sections == [
        "thresholds", "charts", "requests", "response-times", "failures", "exceptions", "workers",
        "generator", "tasks", "logs", "test", "environment", "options",
    ]  # fmt: skip


def test_a_lost_worker_stays_struck_through(samples: Any) -> None:
    page = Page(html.render(samples.usual()))
    assert ("tr", {"class": "lost"}) in page.tags
    assert page.rows["workers"][4][1:3] == ["checkout-1-worker-3", "missing since 02:00"]


@pytest.mark.parametrize(
    ("name", "file"),
    [("checkout", "checkout-20260301-123000-failed.html"),
     ("../../etc/passwd \x00", "etc-passwd-20260301-123000-failed.html"),
     ("日本", "test-20260301-123000-failed.html")],
)  # fmt: skip
def test_file_names_hold_test_time_and_verdict(samples: Any, name: str, file: str) -> None:
    assert verdict.file_name(dataclasses.replace(samples.usual().status, name=name)) == file


def test_only_markup_enters_markup_unescaped() -> None:
    assert escape("<b> & \"'\x07") == "&lt;b&gt; &amp; &quot;&#x27;\\x07"
    assert fill("<p>{a}{b}</p>", a="<i>", b=Html("<i>")) == "<p>&lt;i&gt;<i></p>"
    assert fill("<p>{a}</p>", a="{b}") == "<p>{b}</p>"
