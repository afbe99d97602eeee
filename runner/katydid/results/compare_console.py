"""A comparison in the terminal: lines that fit, nothing cut, the largest regression first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from katydid.results import compare_text, figures, verdict
from katydid.results.comparison import METRICS, Comparison, RequestChange, cautions
from katydid.results.text_table import RULE, Head, Paint, Row, fitting, pad, table
from katydid.run.document import RunDocument
from katydid.thresholds.tolerance import EACH

_REQUEST_METRICS = ("rps", "failures", "p50", "p95", "p99")
_DISPENSABLE = (3, 5, 7)  # on a narrow screen RPS goes first, then p50, then p99


def lines(
    comparison: Comparison,
    columns: int = 80,
    paint: Paint = Paint(),  # noqa: B008 - frozen
    names: tuple[str, str] = ("", ""),
    files: Sequence[str] = (),
    command: str = "",
) -> list[str]:
    """The whole comparison; `names` are what the two runs were read from, `command` shows more."""
    found = [
        _run("Before", comparison.before, names[0], paint),
        _run("After", comparison.after, names[1], paint),
        "",
        *_totals(comparison, columns, paint),
    ]
    if comparison.requests:
        found += ["", *_requests(comparison, columns, paint)]
    warnings = cautions(comparison)
    if warnings:
        found += ["", *(paint(f"! {figures.visible(text)}", "warn") for text in warnings)]
    if comparison.judged:
        found += ["", paint("Tolerances", "bold"), *_tolerances(comparison, paint)]
    tone = compare_text.tone(comparison)
    text = f"{compare_text.word(comparison)}. {compare_text.sentence(comparison)}"
    found += ["", paint(figures.visible(f"{verdict.ICONS[tone]} {text}"), tone)]
    if files:
        found += ["", *(f"  {figures.visible(file)}" for file in files)]
    if command:
        found += ["", f"More: {figures.visible(command)}"]
    return found


def _run(called: str, document: RunDocument, source: str, paint: Paint) -> str:
    """ "Before  ✓ Passed  checkout, 2026-03-01 12:30:00 UTC  results/a/run.json"."""
    status = document.status
    tone = verdict.tone(status)
    state = paint(f"{verdict.ICONS[tone]} {figures.visible(verdict.word(status))}", tone)
    moment = figures.moment(status.load_started_at or status.started_at)
    what = figures.visible(f"{status.name}, {moment}")
    return f"{pad(called, 6)}  {state}  {what}  {paint(figures.visible(source), 'dim')}".rstrip()


def _totals(comparison: Comparison, columns: int, paint: Paint) -> list[str]:
    heads = [Head("In total", False), Head("before"), Head("after"), Head("change")]
    rows = []
    for metric, unit in METRICS.items():
        change = comparison.total.change(metric)
        rows.append(
            Row(
                (
                    f"{compare_text.title(metric)} {unit}".strip(),
                    compare_text.value(metric, change.before),
                    compare_text.value(metric, change.after),
                    compare_text.difference(change) or figures.NONE,
                ),
                ("", "dim", "", change.tone),
            )
        )
    return table(heads, rows, columns, paint, flexible=0, cut=False)


def _requests(comparison: Comparison, columns: int, paint: Paint) -> list[str]:
    heads = [Head("Type", False), Head("Name", False), Head("# reqs")]
    heads += [
        Head(f"{compare_text.title(one)}{' %' if one == 'failures' else ''}")
        for one in _REQUEST_METRICS
    ]
    rows = [*(_cells(one) for one in comparison.requests), RULE, _cells(comparison.total)]
    heads, rows = fitting(heads, rows, columns, 1, _DISPENSABLE)
    head = "Requests of the second run, the largest regression first"
    return [paint(head, "bold"), *table(heads, rows, columns, paint, flexible=1, cut=False)]


def _cells(request: RequestChange) -> Row:
    there = compare_text.presence(request)
    count = compare_text.value("requests", request.change("requests").after or 0.0)
    cells = [request.method, request.name, f"{count} ({there})" if there else count]
    tones = ["dim", "", "warn" if there else ""]
    for metric in _REQUEST_METRICS:
        cells.append(compare_text.cell(request, metric))
        # What is the same as far as is known stands back.
        tones.append(request.change(metric).tone or ("" if there else "dim"))
    return Row(tuple(cells), tuple(tones))


def _tolerances(comparison: Comparison, paint: Paint) -> list[str]:
    """Each that is exceeded, then those that hold; of one for each request their number."""
    held, each = [], Counter[str]()
    for one in comparison.judged:
        if one.tolerance.request_name == EACH:
            each[one.tolerance.expression] += not one.exceeded
        elif not one.exceeded:
            held.append(compare_text.judged(one))
    held += [
        f"{text}: {figures.count(n)} request{'' if n == 1 else 's'}"
        for text, n in each.items()
        if n
    ]
    lines = [("bad", "exceeded", compare_text.judged(one)) for one in comparison.exceeded]
    lines += [("ok", "within", text) for text in held]
    return [
        paint(figures.visible(f"{verdict.ICONS[tone]} {pad(state, 8)}  {text}"), tone)
        for tone, state, text in lines
    ]
