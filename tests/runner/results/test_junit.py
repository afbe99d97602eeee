"""JUnit XML: a case per threshold and request, red exactly when the verdict is."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from katydid.results import junit
from katydid.run.document import ExceptionRow, RunDocument


def parsed(document: RunDocument) -> ElementTree.Element:
    return ElementTree.fromstring(junit.render(document).encode())


def with_verdict(document: RunDocument, verdict: str | None, **changes: Any) -> RunDocument:
    return dataclasses.replace(
        document, status=dataclasses.replace(document.status, verdict=verdict, **changes)
    )


def test_there_is_a_case_per_threshold_and_per_name(any_sample: RunDocument) -> None:
    root = parsed(any_sample)
    names = [case.get("classname") for case in root.iter("testcase")]
    assert names.count("katydid.thresholds") == len(any_sample.status.thresholds)
    assert names.count("katydid.requests") == len(any_sample.requests)
    assert root.get("tests") == str(len(names))
    for suite in root:
        assert suite.get("tests") == str(len(list(suite)))


def test_it_is_red_exactly_when_the_verdict_is(any_sample: RunDocument) -> None:
    for verdict in ("Passed", "Failed", "Error", "Stopped", None):
        if verdict == "Passed" and any(
            row.status == "Breached" for row in any_sample.status.thresholds
        ):
            continue  # no such run
        document = with_verdict(any_sample, verdict)
        if verdict in ("Stopped", None):
            document = with_verdict(document, verdict, thresholds=[])
            document = dataclasses.replace(
                document, requests=[dataclasses.replace(r, failures=0) for r in document.requests]
            )
        root = parsed(document)
        red = int(root.get("failures") or 0) + int(root.get("errors") or 0)
        assert (red > 0) == (verdict in ("Failed", "Error")), verdict


def test_a_breached_threshold_fails_with_its_sentence(samples: Any) -> None:
    root = parsed(samples.usual())
    assert (root.get("failures"), root.get("errors"), root.get("skipped")) == ("1", "0", "0")
    case = next(root.iter("testcase"))
    assert case.get("name") == "p95 < 300ms"
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == ("p95 < 300ms was 412 ms. p95 was 412 ms over the whole run.")


def test_thresholds_alone_decide_where_there_are_any(samples: Any) -> None:
    case = parsed(samples.usual()).find(".//testcase[@name='POST /cart']")
    assert case is not None
    assert case.find("failure") is None
    output = case.findtext("system-out")
    assert output is not None
    assert output.splitlines() == [
        "1 of 20\u202f000 requests failed (<0.01 %).",
        "p50 190 ms, p95 506 ms, p99 747 ms, max 1\u202f800 ms.",
        "1 time HTTPError('503 Server Error: Service Unavailable')",
    ]
    assert case.get("time") == f"{samples.usual().requests[1].latency.mean_ms / 1000:.6f}"


def test_failed_requests_fail_where_there_are_no_thresholds(samples: Any) -> None:
    root = parsed(with_verdict(samples.many_names(), "Failed"))
    assert root.get("failures") == str(sum(1 for r in samples.many_names().requests if r.failures))
    failure = root.find(".//testcase[@name='GET /api/v1/resource/004']/failure")
    assert failure is not None
    assert failure.get("message") == "1 of 192 requests failed (0.521 %)."


def test_an_error_has_a_case_of_its_own(samples: Any) -> None:
    (case,) = parsed(samples.nothing()).iter("testcase")
    error = case.find("error")
    assert error is not None
    assert (case.get("name"), error.get("type")) == ("verdict", "WorkersNotReady")
    assert error.get("message") == "Error: Only 0 of 5 workers were ready within 60 s."


def test_a_user_exception_alone_is_a_failure(samples: Any) -> None:
    document = with_verdict(samples.three_seconds(), "Failed", message="A user raised KeyError.")
    row = ExceptionRow("KeyError", "Traceback\nKeyError", 1, [], 0.0, 0.0)
    failure = parsed(dataclasses.replace(document, exceptions=[row])).find(".//failure")
    assert failure is not None
    assert failure.text == "Failed: A user raised KeyError.\nTraceback\nKeyError"


@pytest.mark.parametrize("verdict", ["Stopped", None])
def test_pending_and_stopped_are_skipped(samples: Any, verdict: str | None) -> None:
    root = parsed(with_verdict(samples.running(), verdict))
    assert (root.get("skipped"), root.get("failures")) == ("2", "0")


def test_hostile_text_is_well_formed_xml(samples: Any) -> None:
    names = [case.get("name") for case in parsed(samples.hostile()).iter("testcase")]
    assert "<b> </td></tr></table></script><!--" in names
    assert "GET \\x1b[31mred\\x1b[0m\\x00\\x07\\r\nTwo" in names
    assert "POST lone \\ud800 surrogate \\u202e reversed ]]>" in names
