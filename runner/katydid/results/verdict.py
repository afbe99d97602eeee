"""The words of a result: verdict, thresholds, load, what to be wary of.

Report, terminal and JUnit all take their sentences from here, so that they say the same.
"""

from __future__ import annotations

from katydid.results import figures
from katydid.run.document import LoadRow, RunDocument, Status, ThresholdRow

ICONS = {"ok": "✓", "bad": "✕", "warn": "!", "wait": "…", "run": "●"}
"""Beside every colour, so that none speaks alone."""

OTHER = "(other)"
"""What the engine counts together, once it has its most kinds of something."""

_TONE_OF_VERDICT = {"Passed": "ok", "Failed": "bad", "Error": "bad", "Stopped": "warn"}
_TONE_OF_THRESHOLD = {"Met": "ok", "Breached": "bad", "Pending": "wait"}


def word(status: Status) -> str:
    """ "Passed", "Failed", "Error", "Stopped"; while it runs, its phase ("Running")."""
    return status.verdict or status.phase


def tone(status: Status) -> str:
    """The key of ICONS (and of the colours) for the verdict."""
    return _TONE_OF_VERDICT.get(status.verdict or "", "run")


def sentence(status: Status) -> str:
    """Why, in a sentence; "" for a pass or a run that needs no words."""
    if status.message:
        return status.message
    breached = [row for row in status.thresholds if row.status == "Breached"]
    if breached:
        more = f" (and {len(breached) - 1} more)" if len(breached) > 1 else ""
        return f"{threshold_text(breached[0])}{more}."
    if status.verdict == "Failed" and status.total.failures:
        share = figures.percent(status.total.fail_percent)
        return f"{figures.count(status.total.failures)} requests failed ({share} %)."
    return ""


def threshold_tone(row: ThresholdRow) -> str:
    return _TONE_OF_THRESHOLD.get(row.status, "wait")


def threshold_value(row: ThresholdRow) -> str:
    """ "412 ms"; "pending" or "no data" where there is no value."""
    if row.value is None:
        return "pending" if row.status == "Pending" else "no data"
    return figures.with_unit(row.value, row.unit)


def threshold_text(row: ThresholdRow) -> str:
    """ "p95 < 300ms was 412 ms"."""
    verb = "is" if row.status == "Pending" else "was" if row.value is not None else "had"
    return f"{row.expression} {verb} {threshold_value(row)}"


def load_text(load: LoadRow) -> str:
    """What load was asked for: "500 users at 50 /s for 10 m 00 s"."""
    if load.model == "arrivalRate":
        text = f"{figures.rate(load.rate)} iterations /s"
        if load.max_users is not None:
            text += f" from up to {figures.count(load.max_users)} users"
    elif load.model == "stages":
        text = f"stages, {_users(load.peak_users)} at the peak"
    elif load.model == "shape":
        text = f"a shape of the locustfile, {_users(load.peak_users)} at the peak"
    else:
        text = _users(load.target_users or load.users or load.peak_users)
        if load.spawn_rate is not None:
            text += f" at {figures.rate(load.spawn_rate)} /s"
    if load.run_time_seconds is not None:
        text += f" for {figures.duration(load.run_time_seconds)}"
    return text


def _users(count: int) -> str:
    return f"{figures.count(count)} user{'' if count == 1 else 's'}"


def cautions(document: RunDocument) -> list[str]:
    """Sentences on what makes these numbers less than they seem; mostly empty."""
    status = document.status
    found = []
    if status.partial:
        found.append("These results are partial: the run was cut, or its master was lost.")
    if status.generator.saturated:
        reasons = " ".join(status.generator.reasons)
        found.append(f"{saturation_text(status)}: latencies may be its own. {reasons}".strip())
    if status.workers_lost:
        lost = status.workers_lost
        found.append(f"{lost} worker{'' if lost == 1 else 's'} went missing during the run.")
    if status.load.dropped_iterations:
        found.append(
            f"{figures.count(status.load.dropped_iterations)} iterations were dropped: "
            "no user was free when they were due."
        )
    if document.names_dropped:
        found.append(
            f"{figures.count(document.names_dropped)} request names over the limit are counted "
            "together as (other)."
        )
    failures = next((r for r in document.failures if (r.name, r.error) == (OTHER, OTHER)), None)
    if failures is not None:
        found.append(
            f"Only the first {figures.count(len(document.failures) - 1)} kinds of failure are "
            f"listed: {figures.count(failures.occurrences)} further failures are counted together "
            f"as {OTHER}."
        )
    exceptions = next((r for r in document.exceptions if r.message == OTHER), None)
    if exceptions is not None:
        found.append(
            f"Only the first {figures.count(len(document.exceptions) - 1)} kinds of exception are "
            f"listed: {figures.count(exceptions.count)} further exceptions are counted together "
            f"as {OTHER}."
        )
    return found


def saturation_text(status: Status) -> str:
    """ "The load generator was saturated for 12 s (10 % of the load), first at 31 s"."""
    generator = status.generator
    text = "The load generator was saturated"
    if generator.first_saturated_at is None:  # written by an older version
        return text
    text += f" for {figures.duration(generator.saturated_seconds)}"
    if status.elapsed_seconds > 0:
        share = 100 * generator.saturated_seconds / status.elapsed_seconds
        text += f" ({min(100, max(1, round(share)))} % of the load)"
    if status.load_started_at is not None:
        first = max(0.0, generator.first_saturated_at - status.load_started_at)
        text += f", first at {figures.duration(first)}"
    return text


def file_name(status: Status, suffix: str = "html") -> str:
    """`<test>-<time>-<verdict>.<suffix>`, of characters that every file system takes."""
    test = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in status.name)
    test = test.strip("-.")[:60] or "test"
    started = figures.file_time(status.load_started_at or status.started_at)
    return f"{test}-{started}-{word(status).lower()}.{suffix}"
