"""The verdict of a run: thresholds decide where there are any, failures where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from katydid.errors import ExitCode, LocustfileError
from katydid.run.document import ThresholdRow
from katydid.run.states import Verdict
from katydid.thresholds import Threshold, ThresholdSet


@dataclass(frozen=True)
class Judgement:
    """What the run came to, in the words of status and in an exit code."""

    verdict: Verdict
    reason: str  # CamelCase
    message: str  # a sentence
    exit_code: ExitCode


@dataclass(frozen=True)
class Ending:
    """Why the load stopped, where it was not simply done."""

    kind: str = "done"  # done | stopped | aborted | error
    reason: str = ""  # CamelCase for error, and where "stopped" is not said by StopRequested
    message: str = ""
    exit_code: ExitCode = ExitCode.INTERNAL  # for error


def ending_of(error: Exception) -> Ending:
    """The end of a load that could not be advanced: by the locustfile's fault, or by ours."""
    if isinstance(error, LocustfileError):
        return Ending("error", "ShapeFailed", str(error), error.exit_code)
    return Ending("error", "InternalError", f"The load failed: {error!r}.")


def judge(
    ending: Ending,
    thresholds: Sequence[ThresholdRow],
    requests: int,
    failures: int,
    exceptions: int,
) -> Judgement:
    """Decide the verdict (DESIGN §2.7, §3). `exceptions` counts uncaught errors of users."""
    if ending.kind == "error":
        return Judgement(
            Verdict.ERROR, ending.reason or "InternalError", ending.message, ending.exit_code
        )
    if ending.kind == "stopped":
        return Judgement(
            Verdict.STOPPED,
            ending.reason or "StopRequested",
            ending.message or "The test was stopped before its end.",
            ExitCode.STOPPED_EARLY,
        )
    if ending.kind == "aborted":  # a value may recover while users finish; the breach was real
        return Judgement(
            Verdict.FAILED, "ThresholdAborted", ending.message, ExitCode.THRESHOLD_BREACHED
        )
    breached = [row for row in thresholds if row.status == "Breached"]
    if breached:
        more = f" ({len(breached) - 1} more)" if len(breached) > 1 else ""
        return Judgement(
            Verdict.FAILED,
            "ThresholdsBreached",
            f"{breach_sentence(breached[0])}{more}.",
            ExitCode.THRESHOLD_BREACHED,
        )
    if thresholds:
        return Judgement(
            Verdict.PASSED,
            "ThresholdsMet",
            f"All {len(thresholds)} thresholds were met."
            if len(thresholds) > 1
            else "The threshold was met.",
            ExitCode.PASSED,
        )
    if failures or exceptions:
        return Judgement(
            Verdict.FAILED, "RequestsFailed", _failures(requests, failures, exceptions),
            ExitCode.REQUESTS_FAILED,
        )  # fmt: skip
    return Judgement(
        Verdict.PASSED, "NoFailures", f"{requests:,} requests, none failed.", ExitCode.PASSED
    )


def threshold_rows(thresholds: ThresholdSet) -> list[ThresholdRow]:
    """The thresholds as the document shows them."""
    return [
        ThresholdRow(
            name=state.threshold.name,
            expression=state.threshold.expression,
            status=state.status,
            value=state.value,
            limit=state.threshold.limit,
            unit=state.threshold.unit,
            breached_at=state.breached_at,
            reason=state.reason,
        )
        for state in thresholds.states
    ]


def lasting_breaches(thresholds: ThresholdSet, final: bool) -> list[tuple[Threshold, str]]:
    """Breaches that stay, each with its sentence.

    A whole-run value may be under its limit while users are still coming: it counts at the end.
    """
    rows = zip(thresholds.thresholds, threshold_rows(thresholds), strict=True)
    return [
        (threshold, breach_sentence(row))
        for threshold, row in rows
        if row.status == "Breached"
        and (final or threshold.abort or threshold.window_seconds is not None)
    ]


def breach_sentence(row: ThresholdRow) -> str:
    """How a breach reads: `p95 < 300ms was 412 ms`."""
    if row.value is None:
        return f"{row.expression}: {row.reason.rstrip('.') or 'no data came'}"
    return f"{row.expression} was {row.value:.4g} {row.unit}".rstrip()


def _failures(requests: int, failures: int, exceptions: int) -> str:
    parts = []
    if failures:
        parts.append(f"{failures:,} of {requests:,} requests failed")
    if exceptions:
        parts.append(f"users raised {exceptions:,} uncaught exceptions")
    return " and ".join(parts) + "; no threshold says how many may."
