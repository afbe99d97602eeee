"""The top of the report: verdict, number row, thresholds, cautions, charts.

What a person should see from two metres away; the tables below it explain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from katydid.results import charts, figures, verdict
from katydid.results.charts import Axis, Frame, Limit, Series
from katydid.results.markup import NOTHING, Html, fill, join
from katydid.run.document import Mark, RunDocument, Status, ThresholdRow

_CODE_CLASSES = ("2xx", "3xx", "1xx", "4xx", "5xx", "other", "no response")
_MARK_ICONS = {
    "start": "▶", "stop": "■", "edit": "✎", "breach": "✕", "gap": "⋯", "worker-lost": "↓",
    "worker-joined": "↑", "saturated": "!",
}  # fmt: skip


def header(document: RunDocument) -> Html:
    """Name, verdict with its reason, when and how; then the number row."""
    status = document.status
    return fill(
        '<header><p class="name">Katydid <span>·</span> <b>{name}</b></p>'
        '<h1 class="{tone}"><i>{icon}</i> {word}</h1>{sentence}<p class="meta">{meta}</p>'
        "{numbers}</header>",
        name=status.name,
        tone=verdict.tone(status),
        icon=verdict.ICONS[verdict.tone(status)],
        word=verdict.word(status),
        sentence=_optional('<p class="why">{text}</p>', verdict.sentence(status)),
        meta=join(_meta(status), " <span>·</span> "),
        numbers=_numbers(status),
    )


def _optional(template: str, text: str) -> Html:
    return fill(template, text=text) if text else NOTHING


def _meta(status: Status) -> list[Html]:
    facts = [
        status.host or "the user classes' own host",
        verdict.load_text(status.load),
        figures.moment(status.load_started_at or status.started_at),
        f"{figures.duration(status.elapsed_seconds)} of load",
        f"run {status.run}" if status.run else "",
    ]
    return [fill("<span>{fact}</span>", fact=fact) for fact in facts if fact]


def _numbers(status: Status) -> Html:
    total = status.total
    percentiles = total.latency.percentiles_ms
    generator = status.generator
    cells = [
        ("Requests", figures.count(total.requests), "", ""),
        ("RPS", figures.rate(total.rps), "/s", ""),
        ("Failures", figures.percent(total.fail_percent), "%", "bad" if total.failures else ""),
        ("p50", *figures.latency(percentiles.get("p50")), ""),
        ("p95", *figures.latency(percentiles.get("p95")), ""),
        ("p99", *figures.latency(percentiles.get("p99")), ""),
        ("Max", *figures.latency(total.latency.max_ms), ""),
        ("Users, peak", figures.count(status.load.peak_users), "", ""),
    ]
    if status.workers_expected or status.workers_ready:
        workers = f"{status.workers_ready}/{status.workers_expected}"
        short = status.workers_ready < status.workers_expected or status.workers_lost > 0
        cells.append(("Workers", workers, "", "warn" if short else ""))
    cells.append(
        (
            "Generator CPU",
            figures.decimal(generator.max_cpu_percent),
            "% saturated" if generator.saturated else "% ok",
            "warn" if generator.saturated else "",
        )
    )
    return fill(
        '<dl class="numbers">{cells}</dl>',
        cells=join(
            fill(
                '<div class="{tone}"><dt>{label}</dt><dd>{value} <small>{unit}</small></dd></div>',
                tone=tone, label=label, value=value, unit=unit,
            )
            for label, value, unit, tone in cells
        ),
    )  # fmt: skip


def overview(document: RunDocument) -> Html:
    """Cautions, thresholds and charts."""
    return join([_cautions(document), _thresholds(document), _charts(document)])


def _cautions(document: RunDocument) -> Html:
    sentences = verdict.cautions(document)
    if not sentences:
        return NOTHING
    return fill(
        '<ul class="cautions" aria-label="Cautions">{items}</ul>',
        items=join(fill("<li><i>!</i> {text}</li>", text=text) for text in sentences),
    )


def _thresholds(document: RunDocument) -> Html:
    status = document.status
    if not status.thresholds:
        return Html(
            '<section id="thresholds"><h2>Thresholds</h2><p class="empty">None were given: the run '
            "passes when no request fails and no user raises.</p></section>"
        )
    start = status.load_started_at
    return fill(
        '<section id="thresholds"><h2>Thresholds</h2><div class="scroll"><table><thead><tr>'
        "<th>Status</th><th>Threshold</th><th class=n>Value</th><th class=n>Limit</th>"
        "<th>Note</th></tr></thead><tbody>{rows}</tbody></table></div></section>",
        rows=join(_threshold(row, start) for row in status.thresholds),
    )


def _threshold(row: ThresholdRow, start: float | None) -> Html:
    tone = verdict.threshold_tone(row)
    note = row.reason
    if row.breached_at is not None and start is not None:
        note = f"Breached at {figures.clock(row.breached_at - start)}. {note}".strip()
    return fill(
        '<tr><td class="{tone}"><i>{icon}</i> {status}</td><td>{what}</td><td class="n {tone}">'
        '{value}</td><td class="n">{limit}</td><td class="dim">{note}</td></tr>',
        tone=tone,
        icon=verdict.ICONS[tone],
        status=row.status,
        what=row.name if row.name == row.expression else f"{row.name}: {row.expression}",
        value=verdict.threshold_value(row),
        limit=figures.with_unit(row.limit, row.unit),
        note=note,
    )


def _charts(document: RunDocument) -> Html:
    points = document.history
    if not points:
        return Html(
            '<section id="charts"><h2>Over time</h2><p class="empty">No second of load was '
            "recorded, so there is nothing to draw.</p></section>"
        )
    frames = charts.frames_of(points)
    start = document.status.load_started_at
    first = min(frames[0].start, start) if start is not None else frames[0].start
    axis = Axis(first, max(frames[-1].end, first + 1))
    marks = [mark for mark in document.marks if axis.start - 1 <= mark.time <= axis.end + 1]
    drawn = _chart_series(frames)
    return fill(
        '<section id="charts"><h2>Over time</h2><div class="charts">{charts}</div>{marks}'
        '<p class="note">{note}</p></section>'
        '<script type="application/json" id="data">{data}</script>',
        charts=join(
            charts.time_chart(
                title, unit, series, frames, axis, marks,
                _limits(document.status) if title == "Latency" else (),
                stacked=title == "Status codes",
            )
            for title, unit, series in drawn
        ),
        marks=_mark_list(marks, axis),
        note=_note(document, frames),
        data=cursor_data(frames, axis, drawn),
    )  # fmt: skip


def _chart_series(frames: list[Frame]) -> list[tuple[str, str, list[Series]]]:
    """(title, unit, series) of each chart that has something to show."""

    def series(
        key: str, label: str, value: Callable[[Frame], float | None], area: bool = False
    ) -> Series:
        return Series(key, label, [value(frame) for frame in frames], area)

    load = [series("users", "users", lambda f: f.users, area=True)]
    if any(frame.dropped_per_second for frame in frames):
        load.append(series("dropped", "dropped iterations /s", lambda f: f.dropped_per_second))
    drawn = [
        (
            "Requests",
            "/s",
            [
                series("rps", "requests", lambda f: f.rps),
                series("failures", "failures", lambda f: f.failures_per_second, area=True),
            ],
        ),
        (
            "Latency",
            "ms",
            [
                series("p50", "p50", lambda f: f.p50_ms),
                series("p95", "p95", lambda f: f.p95_ms),
                series("p99", "p99", lambda f: f.p99_ms),
            ],
        ),
        ("Users", "", load),
    ]
    seen = [kind for kind in _CODE_CLASSES if any(kind in f.codes_per_second for f in frames)]
    if seen:
        codes = [
            Series(
                f"c-{kind.replace(' ', '-')}",
                kind,
                [frame.codes_per_second.get(kind, 0.0) for frame in frames],
                area=True,
            )
            for kind in seen
        ]
        drawn.append(("Status codes", "/s", codes))
    return drawn


def _limits(status: Status) -> list[Limit]:
    """Thresholds on the latency of all requests, which the latency chart can show."""
    return [
        Limit(row.limit, row.expression)
        for row in status.thresholds
        if row.unit == "ms" and re.match(r"p\d+\b", row.expression)
    ]


def _mark_list(marks: list[Mark], axis: Axis) -> Html:
    if not marks:
        return NOTHING
    return fill(
        '<ul class="marks">{items}</ul>',
        items=join(
            fill(
                '<li><i class="{kind}">{icon}</i> <b>{time}</b> {text}</li>',
                kind=charts.mark_class(mark.kind),
                icon=_MARK_ICONS.get(mark.kind, "·"),
                time=figures.clock(mark.time - axis.start),
                text=mark.text,
            )
            for mark in marks
        ),
    )


def _note(document: RunDocument, frames: list[Frame]) -> str:
    """What a point of the charts is, and which clock the latencies come from."""
    open_model = document.status.load.model == "arrivalRate"
    note = "Latencies count from the intended start of each iteration. " if open_model else ""
    if len(frames) < len(document.history):
        seconds = figures.duration(frames[0].end - frames[0].start)
        note += f"Each point is {seconds}: rates are means, latencies the worst interval in it. "
    clock = document.status.latency_clock
    if clock == "kernel":
        return f"{note}Responses are timed at their arrival in the kernel."
    return f"{note}Responses are timed when the process reads them (latency clock: {clock})."


def cursor_data(
    frames: list[Frame], axis: Axis, drawn: list[tuple[str, str, list[Series]]]
) -> Html:
    """The charts' numbers for report.js, as JSON that cannot close its own element."""
    data = {
        "x": [round(axis.x((frame.start + frame.end) / 2), 4) for frame in frames],
        "t": [figures.clock(frame.start - axis.start) for frame in frames],
        "s": {
            one.key: [None if v is None else float(f"{v:.4g}") for v in one.values]
            for _, _, series in drawn
            for one in series
        },
    }
    text = json.dumps(data, separators=(",", ":"))
    return Html(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
