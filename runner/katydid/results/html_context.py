"""The foot of the report: generator's health, task ratio, logs, sources, options, versions.

What ran, where and how: enough to judge the numbers above and to run it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from katydid.results import figures, verdict
from katydid.results.html_tables import empty, section
from katydid.results.markup import NOTHING, Html, fill, join
from katydid.run.document import RunDocument

LOG_LINES = 200
"""Last lines of each node's log that the report shows; run.json has them all."""

LOG_LINES_IN_ALL = 600
SOURCE_CHARACTERS = 100_000
"""Of all sources together: enough for every test seen, and a bound for the page."""


def context(document: RunDocument) -> Html:
    """All sections about the run itself."""
    return join(
        [
            _generator(document),
            _task_ratio(document),
            _logs(document),
            _sources(document),
            _environment(document),
        ]
    )


def _facts(rows: list[tuple[str, object]]) -> Html:
    return fill(
        '<div class="scroll"><table class="facts"><tbody>{rows}</tbody></table></div>',
        rows=join(
            fill('<tr><th>{name}</th><td class="w">{value}</td></tr>', name=name, value=value)
            for name, value in rows
        ),
    )


def _generator(document: RunDocument) -> Html:
    status = document.status
    health = status.generator
    state = "saturated" if health.saturated else "ok"
    rows: list[tuple[str, object]] = [
        ("State", fill('<span class="{tone}">{icon} {state}</span>', state=state,
                       tone="warn" if health.saturated else "ok",
                       icon=verdict.ICONS["warn" if health.saturated else "ok"])),
        ("Highest CPU", f"{figures.decimal(health.max_cpu_percent)} % of one core, worst process"),
        ("Highest event loop lag", figures.latency_text(health.max_loop_lag_ms)),
        ("Latency clock", status.latency_clock),
        ("Workers lost", figures.count(status.workers_lost)),
    ]  # fmt: skip
    if health.saturated:
        rows.append(("Saturated", f"{verdict.saturation_text(status)}."))
    if health.reasons:
        rows.append(("Why", " ".join(health.reasons)))
    if status.load.model == "arrivalRate":
        rows.append(("Iterations dropped", figures.count(status.load.dropped_iterations)))
    return section(
        "generator",
        "Load generator",
        _facts(rows),
        note="Whether the numbers measure the target or the machine that asked.",
    )


def _task_ratio(document: RunDocument) -> Html:
    total = document.task_ratio.get("total")
    if not isinstance(total, Mapping) or not total:
        return NOTHING
    return section(
        "tasks", "Task ratio", fill('<div class="tasks">{list}</div>', list=_ratio(total))
    )


def _ratio(tasks: Mapping[Any, Any]) -> Html:
    items = [
        fill("<li><b>{share} %</b> {name}{inner}</li>",
             share=figures.percent(100 * _share(entry)), name=name, inner=_inner(entry))
        for name, entry in tasks.items()
        if isinstance(entry, Mapping)
    ]  # fmt: skip
    return fill("<ul>{items}</ul>", items=join(items))


def _share(entry: Mapping[Any, Any]) -> float:
    ratio = entry.get("ratio")
    return float(ratio) if isinstance(ratio, int | float) else 0.0


def _inner(entry: Mapping[Any, Any]) -> Html:
    tasks = entry.get("tasks")
    return _ratio(tasks) if isinstance(tasks, Mapping) and tasks else NOTHING


def _logs(document: RunDocument) -> Html:
    left = LOG_LINES_IN_ALL
    parts: list[Html] = []
    for node, lines in document.logs.items():
        shown = lines[-min(LOG_LINES, left) :] if left else []
        left -= len(shown)
        of = f"last {figures.count(len(shown))} of " if len(shown) < len(lines) else ""
        parts.append(
            fill(
                "<details{open}><summary><b>{node}</b> <small>{of}{n} line{s}</small></summary>"
                "<pre>{text}</pre></details>",
                open=NOTHING if parts else Html(" open"),
                node=node,
                of=of,
                n=figures.count(len(lines)),
                s="" if len(lines) == 1 else "s",
                text="\n".join(shown),
            )
        )
    body = join(parts) if parts else empty("No log lines were kept.")
    return section("logs", "Logs", body)


def _sources(document: RunDocument) -> Html:
    files = dict(document.sources)
    if document.manifest:
        files["The manifest as it ran"] = document.manifest
    left = SOURCE_CHARACTERS
    parts = []
    for name, text in files.items():
        shown = text[:left]
        left -= len(shown)
        parts.append(_source(name, shown, len(text) - len(shown)))
    body = join(parts) if parts else empty("No sources were kept.")
    return section("test", "Test", body)


def _source(name: str, text: str, missing: int) -> Html:
    """A listing with line numbers that are not copied with it."""
    lines = text.removesuffix("\n").count("\n") + 1
    return fill(
        '<details open><summary><b>{name}</b></summary><div class="source">'
        '<pre class="lines" aria-hidden="true">{numbers}</pre><pre>{text}</pre></div>{rest}'
        "</details>",
        name=name,
        numbers="\n".join(str(i) for i in range(1, lines + 1)),
        text=text,
        rest=NOTHING
        if not missing
        else fill(
            '<p class="note">{n} further characters stand in run.json.</p>',
            n=figures.count(missing),
        ),
    )


def _environment(document: RunDocument) -> Html:
    status = document.status
    rows: list[tuple[str, object]] = [
        ("Test", status.name),
        ("Run", status.run),
        ("Host", status.host or figures.NONE),
        ("User classes", ", ".join(status.user_classes) or figures.NONE),
        ("Load", verdict.load_text(status.load)),
        ("Started", figures.moment(status.started_at)),
        ("Load started", figures.moment(status.load_started_at)),
        ("Finished", figures.moment(status.finished_at)),
        ("Phase", f"{status.phase} {status.reason}".strip()),
        *document.versions.items(),
    ]
    options: list[tuple[str, object]] = [
        (name, value if isinstance(value, str) else json.dumps(value, default=str))
        for name, value in sorted(document.options.items())
        if value is not None
    ]
    return join(
        [
            section("environment", "Environment", _facts(rows)),
            section("options", "Options", _facts(options)) if options else NOTHING,
        ]
    )
