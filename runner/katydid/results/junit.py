"""JUnit XML for CI systems: a test case per threshold and per request name.

It holds a failure or an error exactly when the verdict is Failed or Error. As everywhere,
thresholds alone decide where there are any; then failed requests are told in the request's output,
not as failures. A verdict that neither explains (an error, a stop, a user's exception) gets a test
case of its own.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from katydid.results import figures, verdict
from katydid.run.document import FailureRow, LatencyRow, RequestRow, RunDocument, ThresholdRow

_OUTCOMES = ("failure", "error", "skipped")


def render(document: RunDocument) -> str:
    """Return the JUnit XML of the run."""
    status = document.status
    reasons = _reasons(document.failures)
    decides = not status.thresholds and status.verdict != "Passed"
    suites = [
        _suite("thresholds", [_threshold(row) for row in status.thresholds]),
        _suite("requests", [_request(row, reasons, decides) for row in document.requests]),
    ]
    explained = any(case.find("failure") is not None for suite in suites for case in suite)
    if status.verdict not in ("Passed", "Failed") or (status.verdict == "Failed" and not explained):
        suites.append(_suite("run", [_run(document)]))
    root = ElementTree.Element("testsuites", _plain({"name": status.name}))
    root.extend(suite for suite in suites if len(suite))
    started = figures.iso(status.load_started_at or status.started_at).removesuffix("Z")
    for suite in root:
        suite.set("timestamp", started)
        suite.set("time", f"{status.elapsed_seconds:.3f}")
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        element.set("tests", str(len(cases)))
        for outcome, plural in zip(_OUTCOMES, ("failures", "errors", "skipped"), strict=True):
            element.set(plural, str(sum(case.find(outcome) is not None for case in cases)))
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(name: str, cases: list[ElementTree.Element]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": name})
    suite.extend(cases)
    return suite


def _case(suite: str, name: str, seconds: float = 0.0) -> ElementTree.Element:
    attributes = {"classname": f"katydid.{suite}", "name": name, "time": f"{seconds:.6f}"}
    return ElementTree.Element("testcase", _plain(attributes))


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    """XML has no control characters and no surrogates, not even escaped: they are written out."""
    return {name: figures.visible(value, keep="\n\t") for name, value in attributes.items()}


def _add(case: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
    element = ElementTree.SubElement(case, tag, _plain(attributes))
    element.text = figures.visible(text, keep="\n\t") or None


def _threshold(row: ThresholdRow) -> ElementTree.Element:
    title = row.expression if row.name == row.expression else f"{row.name}: {row.expression}"
    case = _case("thresholds", title)
    text = f"{verdict.threshold_text(row)}. {row.reason}".strip()
    if row.status == "Breached":
        _add(case, "failure", text, message=text, type="ThresholdBreached")
    elif row.status == "Pending":
        _add(case, "skipped", "", message=text)
    else:
        _add(case, "system-out", text)
    return case


Key = tuple[str, str]


def _reasons(failures: list[FailureRow]) -> dict[Key, list[str]]:
    """What went wrong, a line per error, by (method, name)."""
    reasons: dict[Key, list[str]] = {}
    for row in failures:
        lines = reasons.setdefault((row.method, row.name), [])
        lines.append(f"{figures.times(row.occurrences)} {row.error}")
    return reasons


def _request(row: RequestRow, reasons: dict[Key, list[str]], decides: bool) -> ElementTree.Element:
    case = _case("requests", f"{row.method} {row.name}".strip(), (row.latency.mean_ms or 0) / 1000)
    share = f"{figures.count(row.failures)} of {figures.count(row.requests)} requests failed"
    text = f"{share} ({figures.percent(row.fail_percent)} %)."
    details = "\n".join([text, _latency(row.latency), *reasons.get((row.method, row.name), ())])
    if row.failures and decides:
        _add(case, "failure", details, message=text, type="RequestsFailed")
    else:
        _add(case, "system-out", details)
    return case


def _latency(latency: LatencyRow) -> str:
    if latency.mean_ms is None:
        return "No response time is known."
    shown = ((name, latency.percentiles_ms.get(name)) for name in ("p50", "p95", "p99"))
    figures_ = ", ".join(f"{name} {figures.latency_text(value)}" for name, value in shown)
    return f"{figures_}, max {figures.latency_text(latency.max_ms)}."


def _run(document: RunDocument) -> ElementTree.Element:
    status = document.status
    case = _case("run", "verdict", status.elapsed_seconds)
    message = f"{verdict.word(status)}: {verdict.sentence(status)}".removesuffix(": ")
    traces = "\n".join(row.traceback for row in document.exceptions)
    text = "\n".join(part for part in (message, traces) if part)
    kind = status.reason or verdict.word(status)
    if status.verdict == "Failed":
        _add(case, "failure", text, message=message, type=kind)
    elif status.verdict == "Error":
        _add(case, "error", text, message=message, type=kind)
    else:
        _add(case, "skipped", "", message=message)
    return case
