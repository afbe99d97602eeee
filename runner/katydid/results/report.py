"""The report: the web page with the data of a run inside, or the plain page where it is not built.

Without JavaScript, the summary is there as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from katydid.page import bundle, data
from katydid.results import figures, frozen, html, verdict
from katydid.results.document_json import to_plain
from katydid.results.html_context import LOG_LINES, LOG_LINES_IN_ALL, SOURCE_CHARACTERS
from katydid.results.markup import fill
from katydid.run.document import RunDocument

MOST_POINTS_OF_NAMES = 20_000
"""Points of single names in a report, the busiest names first; run.json has them all."""
MOST_DETAILS = 2_000
MOST_ROWS = 1_000
"""Failures and exceptions each; `totals` says how many there are."""

Row = TypeVar("Row")

_WORDS = """<h1>{title}</h1><p>{sentence}</p><p>{numbers}</p>
<p>Charts and tables need JavaScript; <code>run.json</code> beside this file has every number.
</p>"""


def render(document: RunDocument) -> str:
    """Return the report as one self-contained HTML page."""
    found = bundle.find()
    return html.render(document) if found is None else page(document, found)


def page(document: RunDocument, found: bundle.Bundle) -> str:
    """The report made of this bundle."""
    status = document.status
    title = f"{status.name} {verdict.word(status)} \u00b7 Katydid"
    words = fill(_WORDS, title=title, sentence=verdict.sentence(status), numbers=_numbers(document))
    version = document.versions.get("katydid", "")
    return frozen.page(found, title, words, _frozen(document), version)


def _frozen(document: RunDocument) -> dict[str, Any]:
    """What the page shows of a run (`Frozen` of runner/ui)."""
    status = to_plain(document.status)
    for latency in (status["total"]["latency"], status["total"]["service"]):
        for key in ("buckets", "counts") if latency else ():
            del latency[key]
    return {
        "status": status,
        "table": data.saved_table(document),
        "history": data.columns(document.history),
        "marks": document.marks,
        "totals": {
            "failures": len(document.failures),
            "exceptions": len(document.exceptions),
            "logs": {node: len(lines) for node, lines in document.logs.items()},
        },
        "failures": _first(document.failures, lambda row: row.error),
        "exceptions": _first(document.exceptions, lambda row: row.message),
        "workers": document.workers,
        "logs": _logs(document),
        "test": {**data.test(document), "sources": _sources(document)},
        "details": _details(document),
        "cautions": verdict.cautions(document),
    }


def _first(rows: list[Row], text: Callable[[Row], str]) -> list[Row]:
    """MOST_ROWS of them, and what the engine counted together as it had its most kinds."""
    kinds = [row for row in rows if text(row) != verdict.OTHER]
    return [row for row in rows if text(row) == verdict.OTHER] + kinds[:MOST_ROWS]


def _details(document: RunDocument) -> dict[str, Any]:
    """The names that have a drawer, by their busiest; those that fit have charts in it."""
    details: dict[str, Any] = {}
    left = MOST_POINTS_OF_NAMES
    for row in sorted(document.requests, key=lambda row: -row.requests)[:MOST_DETAILS]:
        key = data.key_of(row)
        points = document.request_history.get(key, [])
        left -= len(points)
        kept = points if left >= 0 else []
        detail = to_plain(data.request(document, row.method, row.name, kept))
        for latency in (detail["row"]["latency"], detail["row"]["service"]):
            for field in ("buckets", "counts") if latency else ():
                del latency[field]
        details[key] = detail
    return details


def _logs(document: RunDocument) -> dict[str, list[str]]:
    left = LOG_LINES_IN_ALL
    logs = {}
    for node, lines in document.logs.items():
        shown = min(LOG_LINES, left, len(lines))
        logs[node] = lines[len(lines) - shown :]
        left -= shown
    return logs


def _sources(document: RunDocument) -> dict[str, str]:
    left = SOURCE_CHARACTERS
    sources = {}
    for name, text in document.sources.items():
        cut = text[:left]
        sources[name] = cut if len(cut) == len(text) else f"{cut}\n… (cut for this report)"
        left -= len(cut)
    return sources


def _numbers(document: RunDocument) -> str:
    total = document.status.total
    p95 = figures.latency_text(total.latency.percentiles_ms.get("p95"))
    return (
        f"{figures.count(total.requests)} requests, {figures.rate(total.rps)} /s, "
        f"{figures.percent(total.fail_percent)} % failed, p95 {p95}."
    )
