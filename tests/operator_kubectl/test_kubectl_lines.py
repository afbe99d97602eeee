"""What is printed, and what a verdict's exit code is."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from katydid_operator.kubectl import lines
from katydid_operator.kubectl.door import without_nulls
from katydid_operator.kubectl.exits import Exit, exit_code
from katydid_operator.kubectl.results import junit_of

LOADED = {"loadStartedAt": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("verdict", "reason", "run", "code"),
    [
        ("Passed", "ThresholdsMet", LOADED, Exit.PASSED),
        ("Failed", "RequestsFailed", LOADED, Exit.REQUESTS_FAILED),
        ("Failed", "ThresholdBreached", LOADED, Exit.THRESHOLD_BREACHED),
        ("Stopped", "StopRequested", LOADED, Exit.STOPPED_EARLY),
        ("Stopped", "StopRequested", {}, Exit.STOPPED_EARLY),
        ("Error", "LocustfileError", {}, Exit.LOCUSTFILE),
        ("Error", "InvalidLoadTest", {}, Exit.USAGE),
        ("Error", "InvalidPodTemplate", {}, Exit.USAGE),
        ("Error", "WorkersNotReady", {}, Exit.WORKERS_NOT_READY),
        ("Error", "ImagePullFailed", {}, Exit.WORKERS_NOT_READY),
        ("Error", "WorkersLost", LOADED, Exit.INTERNAL),
        ("Error", "MasterLost", LOADED, Exit.INTERNAL),
    ],
)
def test_the_verdict_as_exit_code(
    verdict: str, reason: str, run: dict[str, str], code: Exit
) -> None:
    assert exit_code({"verdict": verdict, "reason": reason, "run": run}) is code


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ({}, "Pending"),
        (
            {"phase": "Pending", "message": "There is no ConfigMap x."},
            "Pending  There is no ConfigMap x.",
        ),
        ({"phase": "Starting", "workers": {"summary": "1/3"}}, "Starting  workers 1/3"),
        (
            {"phase": "Running", "message": "Load is on.", "load": {"users": 0, "rps": "0"}},
            "Running  0 users  0 rps",
        ),
    ],
)
def test_progress(status: dict[str, Any], line: str) -> None:
    assert lines.progress(status) == line


def test_the_end_shows_what_went_wrong() -> None:
    status = {
        "verdict": "Error",
        "reason": "LocustfileError",
        "message": "The locustfile cannot be loaded.",
        "run": {"number": 2},
        "load": {"requests": 40, "failures": 2},
        "generator": {"saturated": True},
        "failure": {"pod": "t-2-master", "logTail": "Traceback\nNameError: x\n"},
    }
    assert lines.ending("t", status) == [
        "t run 2: Error (LocustfileError)",
        "  The locustfile cannot be loaded.",
        "  40 requests, 2 failed",
        "  The generator was saturated: latencies are too high. Give more workers.",
        "  The last lines of t-2-master:",
        "    Traceback",
        "    NameError: x",
    ]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("the server is busy", ["the server is busy"]),
        (
            'LoadTest.katydid.dev "x" is invalid: spec.load: Required value',
            ["spec.load: Required value"],
        ),
        (
            'LoadTest.katydid.dev "x" is invalid: [spec.load: Invalid value: "object": give '
            'exactly one load model, spec.results.formats[0]: Unsupported value: "pdf": '
            'supported values: "html", "json", <nil>: Invalid value: "null": some rules were '
            "not checked]",
            [
                "spec.load: give exactly one load model",
                'spec.results.formats[0]: Unsupported value: "pdf": supported values: '
                '"html", "json"',
                "some rules were not checked",
            ],
        ),
        (
            "failed to create typed patch object (shop/x; katydid.dev/v1alpha1, Kind=LoadTest): "
            ".spec.lod: field not declared in schema",
            [".spec.lod: field not declared in schema"],
        ),
        (
            'LoadTest.katydid.dev "x" is invalid: spec.load.users: Invalid value: -1: '
            "spec.load.users in body should be greater than or equal to 0",
            ["spec.load.users: should be greater than or equal to 0"],
        ),
    ],
)
def test_refusals_as_sentences(message: str, said: list[str]) -> None:
    assert lines.sentences(message) == said


def test_nulls_are_left_out_everywhere() -> None:
    given = {"a": None, "b": [{"c": None, "d": 0}], "e": {"f": None}}
    assert without_nulls(given) == {"b": [{"d": 0}], "e": {}}


def test_junit_of_a_status() -> None:
    thresholds = [
        {"name": "fast", "status": "Met", "value": "1ms"},
        {"name": "busy", "status": "Breached", "value": "3/s"},
        {"name": "sure", "status": "Pending"},
    ]
    status = {
        "verdict": "Failed",
        "reason": "ThresholdBreached",
        "message": "busy.",
        "thresholds": thresholds,
    }
    suite = ElementTree.fromstring(junit_of("t", status)).find("testsuite")
    assert suite is not None
    assert suite.attrib == {"name": "t", "tests": "4", "failures": "3"}
    told = {
        case.attrib["name"]: [part.attrib["message"] for part in case]
        for case in suite.iter("testcase")
    }
    assert told == {
        "run": ["ThresholdBreached: busy."],
        "fast": [],
        "busy": ["Breached: 3/s"],
        "sure": ["Pending: no data"],
    }
