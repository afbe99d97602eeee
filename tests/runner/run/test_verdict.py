"""The verdict of a run: the table of DESIGN §2.7 and §3, row by row."""

import pytest

from katydid.errors import ExitCode, LocustfileError
from katydid.run.document import ThresholdRow
from katydid.run.verdict import Ending, breach_sentence, ending_of, judge, threshold_rows
from katydid.thresholds import ThresholdSet, parse

MET = ThresholdRow("fast", "p95 < 300ms", "Met", 120.0, 300.0, "ms")
SLOW = ThresholdRow("slow", "p99 < 300ms", "Breached", 412.3, 300.0, "ms", breached_at=1.0)
ABSENT = ThresholdRow(
    "absent", "POST /pay: p50 < 1s", "Breached", None, 1000.0, "ms",
    reason="No request named POST /pay was made.",
)  # fmt: skip
DONE, STOPPED = Ending(), Ending("stopped")
ABORTED = Ending("aborted", message="p99 < 300ms was 412.3 ms; the test was aborted.")
BROKEN = Ending("error", "WorkersLost", "No worker is left to run the users.")
NOT_READY = Ending("error", "WorkersNotReady", "1 of 5.", ExitCode.WORKERS_NOT_READY)


@pytest.mark.parametrize(
    ("ending", "thresholds", "failures", "exceptions", "verdict", "reason", "code"),
    [
        (DONE, [], 0, 0, "Passed", "NoFailures", 0),
        (DONE, [], 1, 0, "Failed", "RequestsFailed", 1),
        (DONE, [], 0, 1, "Failed", "RequestsFailed", 1),
        (DONE, [], 3, 2, "Failed", "RequestsFailed", 1),
        (DONE, [MET], 0, 0, "Passed", "ThresholdsMet", 0),
        (DONE, [MET], 50, 7, "Passed", "ThresholdsMet", 0),
        (DONE, [MET, SLOW], 0, 0, "Failed", "ThresholdsBreached", 3),
        (DONE, [ABSENT], 0, 0, "Failed", "ThresholdsBreached", 3),
        (STOPPED, [], 0, 0, "Stopped", "StopRequested", 4),
        (STOPPED, [], 9, 9, "Stopped", "StopRequested", 4),
        (STOPPED, [MET], 0, 0, "Stopped", "StopRequested", 4),
        (STOPPED, [SLOW], 0, 0, "Stopped", "StopRequested", 4),
        (Ending("stopped", "StopTest", "Enough."), [], 0, 0, "Stopped", "StopTest", 4),
        (ABORTED, [MET, SLOW], 0, 0, "Failed", "ThresholdAborted", 3),
        (ABORTED, [MET], 0, 0, "Failed", "ThresholdAborted", 3),
        (BROKEN, [], 0, 0, "Error", "WorkersLost", 70),
        (BROKEN, [MET], 0, 0, "Error", "WorkersLost", 70),
        (BROKEN, [SLOW], 5, 5, "Error", "WorkersLost", 70),
        (NOT_READY, [], 0, 0, "Error", "WorkersNotReady", 75),
        (Ending("error"), [], 0, 0, "Error", "InternalError", 70),
    ],
)
def test_the_verdict(ending, thresholds, failures, exceptions, verdict, reason, code):
    judgement = judge(ending, thresholds, 1000, failures, exceptions)
    assert (judgement.verdict, judgement.reason, judgement.exit_code) == (verdict, reason, code)


@pytest.mark.parametrize(
    ("ending", "thresholds", "failures", "exceptions", "message"),
    [
        (DONE, [], 0, 0, "12,345 requests, none failed."),
        (
            DONE, [], 1200, 0,
            "1,200 of 12,345 requests failed; no threshold says how many may.",
        ),
        (
            DONE, [], 1, 2,
            "1 of 12,345 requests failed and users raised 2 uncaught exceptions; "
            "no threshold says how many may.",
        ),
        (DONE, [MET], 0, 0, "The threshold was met."),
        (DONE, [MET, MET], 0, 0, "All 2 thresholds were met."),
        (DONE, [MET, SLOW], 0, 0, "p99 < 300ms was 412.3 ms."),
        (
            DONE, [ABSENT, SLOW], 0, 0,
            "POST /pay: p50 < 1s: No request named POST /pay was made (1 more).",
        ),
        (STOPPED, [], 0, 0, "The test was stopped before its end."),
        (Ending("stopped", message="By hand."), [], 0, 0, "By hand."),
        (ABORTED, [SLOW], 0, 0, "p99 < 300ms was 412.3 ms; the test was aborted."),
        (BROKEN, [], 0, 0, "No worker is left to run the users."),
    ],
)  # fmt: skip
def test_the_message_is_a_sentence(ending, thresholds, failures, exceptions, message):
    assert judge(ending, thresholds, 12_345, failures, exceptions).message == message


def test_a_breach_without_a_unit():
    row = ThresholdRow("few", "failures < 10", "Breached", 12.0, 10.0, "")
    assert breach_sentence(row) == "failures < 10 was 12"


def test_a_load_that_cannot_be_advanced_is_the_locustfiles_fault_or_ours():
    shape = ending_of(LocustfileError("The load shape failed: KeyError('x')."))
    assert (shape.kind, shape.reason, shape.exit_code) == ("error", "ShapeFailed", 65)
    assert shape.message == "The load shape failed: KeyError('x')."
    ours = ending_of(ZeroDivisionError("division by zero"))
    assert (ours.reason, ours.exit_code) == ("InternalError", 70)
    assert ours.message == "The load failed: ZeroDivisionError('division by zero')."


def test_rows_of_thresholds_before_anything_was_measured():
    rows = threshold_rows(ThresholdSet([parse("POST /pay: p99 < 1s over 10s")]))
    assert rows == [
        ThresholdRow(
            name="POST /pay: p99 < 1s over 10s",
            expression="POST /pay: p99 < 1s over 10s",
            status="Pending",
            value=None,
            limit=1000.0,
            unit="ms",
        )
    ]
