"""A comparison as one plain page: verdict, numbers, tolerances, charts, every request.

It has the looks and the script of the plain report (html.page), asks the network for nothing, and
takes the place of compare_page where the bundle was not built.
"""

from __future__ import annotations

from katydid.results import compare_charts, compare_text, figures, html, verdict
from katydid.results.comparison import (
    METRICS,
    Change,
    Comparison,
    FailureChange,
    RequestChange,
    cautions,
    failures,
)
from katydid.results.html_tables import Column, empty, section, table
from katydid.results.markup import NOTHING, Html, fill, join
from katydid.run.document import RunDocument

_METRICS = ("rps", "failures", "mean", "p50", "p95", "p99", "max")


def render(comparison: Comparison, names: tuple[str, str] = ("", "")) -> str:
    """Return the page; `names` are what the two runs were read from."""
    return html.page(
        f"{compare_text.tests(comparison)} {compare_text.word(comparison).lower()} \u00b7 Katydid",
        _header(comparison),
        join(
            [
                _cautions(comparison),
                _runs(comparison, names),
                _tolerances(comparison),
                compare_charts.section_of(comparison),
                _requests(comparison),
                _failures(comparison),
            ],
            "\n",
        ),
        fill(
            "Made by Katydid {version}. <code>katydid compare</code> makes this page again "
            "from the two run.json files.",
            version=comparison.after.versions.get("katydid", ""),
        ),
    )


def _header(comparison: Comparison) -> Html:
    tone = compare_text.tone(comparison)
    return fill(
        '<header><p class="name">Katydid <span>·</span> <b>{name}</b></p>'
        '<h1 class="{tone}"><i>{icon}</i> {word}</h1><p class="why">{sentence}</p>'
        '<dl class="numbers">{cells}</dl></header>',
        name=f"{compare_text.tests(comparison)}, two runs",
        tone=tone,
        icon=verdict.ICONS[tone],
        word=compare_text.word(comparison),
        sentence=compare_text.sentence(comparison),
        cells=join(_number(comparison.total.change(metric)) for metric in METRICS),
    )


def _number(change: Change) -> Html:
    """A cell of the number row: the second run's value, and below it how it differs."""
    unit = compare_text.unit(change.metric)
    told = compare_text.difference(change)
    return fill(
        '<div class="{tone}"><dt>{label}</dt><dd>{value} <small>{unit}</small></dd>'
        "<small>{told} was {before}</small></div>",
        tone=change.tone,
        label=compare_text.title(change.metric),
        value=compare_text.value(change.metric, change.after),
        unit=unit,
        told=f"{told}," if told else "",
        before=compare_text.value(change.metric, change.before),
    )


def _cautions(comparison: Comparison) -> Html:
    sentences = cautions(comparison)
    if not sentences:
        return NOTHING
    return fill(
        '<ul class="cautions" aria-label="Cautions">{items}</ul>',
        items=join(fill("<li><i>!</i> {text}</li>", text=text) for text in sentences),
    )


def _runs(comparison: Comparison, names: tuple[str, str]) -> Html:
    columns = [
        Column(""), Column("Verdict"), Column("Test"), Column("Load started"), Column("Load"),
        Column("Target"), Column("Read from"),
    ]  # fmt: skip
    pairs = zip(("Before", "After"), (comparison.before, comparison.after), names, strict=True)
    return section("runs", "Runs", table(columns, join(_run(*pair) for pair in pairs)))


def _run(called: str, document: RunDocument, name: str) -> Html:
    status = document.status
    return fill(
        '<tr><td><b>{called}</b></td><td class="{tone}"><i>{icon}</i> {word}</td>'
        '<td class="w">{test}</td><td>{moment}</td><td>{load}</td><td class="w">{host}</td>'
        '<td class="w">{source}</td></tr>',
        called=called,
        tone=verdict.tone(status),
        icon=verdict.ICONS[verdict.tone(status)],
        word=verdict.word(status),
        test=status.name,
        moment=figures.moment(status.load_started_at or status.started_at),
        load=verdict.load_text(status.load),
        host=status.host or figures.NONE,
        source=name or figures.NONE,
    )


def _tolerances(comparison: Comparison) -> Html:
    if not comparison.judged:
        text = "None were given: --tolerance p95=10% says how much worse a run may be."
        return section("tolerances", "Tolerances", empty(text))
    rows = []
    for one in comparison.judged:
        tone = "bad" if one.exceeded else "ok"
        rows.append(
            fill(
                '<tr><td class="{tone}"><i>{icon}</i> {state}</td><td class="w">{text}</td></tr>',
                tone=tone,
                icon=verdict.ICONS[tone],
                state="Exceeded" if one.exceeded else "Within",
                text=compare_text.judged(one),
            )
        )
    columns = [Column("Status"), Column("Tolerance")]
    return section("tolerances", "Tolerances", table(columns, join(rows)), len(rows))


def _requests(comparison: Comparison) -> Html:
    if not comparison.requests:
        return section("requests", "Requests", empty("No request was made in either run."))
    columns = [Column("Method"), Column("Name"), Column("Requests", "n")]
    for metric in _METRICS:
        unit = compare_text.unit(metric)
        columns.append(Column(compare_text.title(metric), "n", f"{unit} in the second run".strip()))
        columns.append(Column("±", "n", f"{compare_text.title(metric)}: change from the first run"))
    note = (
        "The second run's numbers and how they differ from the first's; failures in % and in "
        "percentage points, latencies in ms. The largest regression first: a p95 that is 10 % "
        "slower weighs as much as one percentage point more failures."
    )
    body = join(_request(one) for one in comparison.requests)
    grid = table(columns, body, _request(comparison.total), "requests")
    return section("requests", "Requests", grid, len(comparison.requests), note)


def _request(request: RequestChange) -> Html:
    there = compare_text.presence(request)
    return fill(
        '<tr><td class="m">{method}</td><td class="w">{name}{there}</td><td class="n">{count}</td>'
        "{cells}</tr>",
        method=request.method,
        name=request.name,
        there=fill(' <small class="warn">{there}</small>', there=there) if there else NOTHING,
        count=compare_text.value("requests", request.change("requests").after or 0.0),
        cells=join(_cells(request.change(metric)) for metric in _METRICS),
    )


def _cells(change: Change) -> Html:
    share = change.difference if change.metric == "failures" else change.percent
    return fill(
        '<td class="n" title="was {before}">{after}</td><td class="n {tone}" data-v="{sort}">'
        "{told}</td>",
        before=compare_text.value(change.metric, change.before),
        after=compare_text.value(change.metric, change.after),
        tone=change.tone,
        sort="" if share is None else f"{min(share, 1e9):.6g}",  # infinite: from 0
        told=compare_text.difference(change),
    )


def _failures(comparison: Comparison) -> Html:
    counts = failures(comparison)
    if not counts:
        return section("failures", "Failures", empty("No request failed in either run."), 0)
    columns = [
        Column("Before", "n"), Column("After", "n"), Column("Method"), Column("Name"),
        Column("Error"),
    ]  # fmt: skip
    rows = join(_failure(one) for one in counts)
    return section("failures", "Failures", table(columns, rows), len(counts))


def _failure(one: FailureChange) -> Html:
    return fill(
        '<tr><td class="n">{before}</td><td class="n {tone}">{after}</td><td class="m">{method}'
        '</td><td class="w">{name}</td><td class="w">{error}</td></tr>',
        before=figures.count(one.before),
        after=figures.count(one.after),
        tone=one.tone,
        method=one.method,
        name=one.name,
        error=one.error,
    )
