"""A comparison as one self-contained page: the bundle with what changed inside.

Where the bundle was not built, compare_html's plain page takes its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from katydid.page import bundle
from katydid.results import compare_html, compare_text, figures, frozen, verdict
from katydid.results.charts import Frame
from katydid.results.compare_charts import overlay
from katydid.results.comparison import (
    METRICS,
    Change,
    Comparison,
    RequestChange,
    cautions,
    failures,
)
from katydid.results.markup import fill
from katydid.run.document import RunDocument

MOST_FAILURES = 1_000
FROM_NOTHING = 1e9
"""Stands for the change from 0, which is infinite: it has its place in an order."""

_WORDS = """<h1>{title}</h1><p>{sentence}</p>
<p>Charts and tables need JavaScript; <code>katydid compare</code> prints the tables.</p>"""

_LINES: dict[str, Callable[[Frame], float | None]] = {
    "rps": lambda frame: frame.rps,
    "failures_per_second": lambda frame: frame.failures_per_second,
    "p50_ms": lambda frame: frame.p50_ms,
    "p95_ms": lambda frame: frame.p95_ms,
    "p99_ms": lambda frame: frame.p99_ms,
    "users": lambda frame: frame.users,
}

Names = tuple[str, str]


def render(comparison: Comparison, names: Names = ("", "")) -> str:
    """Return the page; `names` are what the two runs were read from."""
    found = bundle.find()
    if found is None:
        return compare_html.render(comparison, names)
    return page(comparison, names, found)


def page(comparison: Comparison, names: Names, found: bundle.Bundle) -> str:
    """The page made of this bundle."""
    title = f"{compare_text.tests(comparison)} {compare_text.word(comparison).lower()}"
    words = fill(_WORDS, title=title, sentence=compare_text.sentence(comparison))
    version = comparison.after.versions.get("katydid", "")
    content = {"comparison": _content(comparison, names)}
    return frozen.page(found, f"{title} \u00b7 Katydid", words, content, version)


def _content(comparison: Comparison, names: Names) -> dict[str, Any]:
    """What the page shows (`Compared` of runner/ui)."""
    changed = failures(comparison)
    pairs = zip(("Before", "After"), (comparison.before, comparison.after), names, strict=True)
    return {
        "tests": compare_text.tests(comparison),
        "word": compare_text.word(comparison),
        "tone": compare_text.tone(comparison),
        "icon": verdict.ICONS[compare_text.tone(comparison)],
        "sentence": compare_text.sentence(comparison),
        "runs": [_run(*pair) for pair in pairs],
        "tolerances": [
            {"exceeded": one.exceeded, "text": compare_text.judged(one)}
            for one in comparison.judged
        ],
        "cautions": cautions(comparison),
        "metrics": [
            {"id": metric, "title": compare_text.title(metric), "unit": unit}
            for metric, unit in METRICS.items()
        ],
        "table": _table(comparison),
        "charts": _charts(comparison),
        "failures": [dataclasses.asdict(one) for one in changed[:MOST_FAILURES]],
        "failures_count": len(changed),
    }


def _run(called: str, document: RunDocument, name: str) -> dict[str, Any]:
    status = document.status
    return {
        "called": called,
        "word": verdict.word(status),
        "tone": verdict.tone(status),
        "icon": verdict.ICONS[verdict.tone(status)],
        "test": status.name,
        "started_at": status.load_started_at or status.started_at,
        "load": verdict.load_text(status.load),
        "host": status.host,
        "source": name,
    }


def _table(comparison: Comparison) -> dict[str, Any]:
    """Rows in the columns of the page's request table: of each metric five, see `_cells`."""
    fields = ["method", "name", "order", "note"]
    for metric in METRICS:
        fields += [metric, *(f"{metric}_{part}" for part in ("was", "change", "told", "tone"))]
    rows = [_row(one, place) for place, one in enumerate(comparison.requests)]
    return {
        "fields": fields,
        "rows": rows,
        "total": _row(comparison.total, 0),
        "sparks": {},
        "count": len(rows),
        "names_dropped": 0,
    }


def _row(request: RequestChange, place: int) -> list[Any]:
    row = [request.method, request.name, place, compare_text.presence(request)]
    for metric in METRICS:
        row += _cells(request.change(metric))
    return row


def _cells(change: Change) -> list[Any]:
    """After, before, the change as a number to order by, as a text, and its tone."""
    share = change.difference if change.metric == "failures" else change.percent
    return [
        _short(change.after),
        _short(change.before),
        None if share is None else _short(min(share, FROM_NOTHING)),
        compare_text.difference(change),
        change.tone,
    ]


def _charts(comparison: Comparison) -> dict[str, Any] | None:
    grid = overlay(comparison)
    if grid is None:
        return None
    lines = [
        {
            name: [_short(number) for number in grid.values(run, line)]
            for name, line in _LINES.items()
        }
        for run in (0, 1)
    ]
    width = grid.width_seconds
    return {
        "elapsed": [cell * width for cell in range(grid.cells)],
        "width": figures.duration(width),
        "before": lines[0],
        "after": lines[1],
    }


def _short(value: float | None) -> float | None:
    """Five significant digits, whole numbers whole: more than is shown."""
    return value if value is None or value == int(value) else float(f"{value:.5g}")
