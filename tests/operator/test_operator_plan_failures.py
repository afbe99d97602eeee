"""The planner when pods fail: reasons, patience, logs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from katydid_operator import actions as do
from katydid_operator.loadtest import Json
from katydid_operator.observed import (
    JobView,
    Learned,
    Observed,
    Problem,
    Terminated,
)
from katydid_operator.plan import plan
from katydid_operator.resources.sources import Snapshot

from .planning import (
    NOW,
    ended,
    engine,
    is_true,
    master,
    reasons,
    waiting,
    worker,
)

PULL = "ImagePullFailed"
TRACE = "Traceback …\nModuleNotFoundError: No module named 'shop'"


@pytest.mark.parametrize(
    ("seen", "reason", "words"),
    [
        ({"master": master(waiting("ErrImagePull", "not found"))}, PULL, "runner:1 cannot be"),
        ({"workers": (worker(0, waiting("ImagePullBackOff", "x")),)}, PULL, "cannot be pulled"),
        (
            {"master": master(unschedulable="0/3 nodes are available: 3 Insufficient cpu.")},
            "Unschedulable",
            "3 Insufficient cpu",
        ),
        (
            {"master": master(waiting("CreateContainerConfigError", 'secret "s" not found'))},
            "ContainerConfigError",
            'secret "s" not found',
        ),
        (
            {
                "master": master(
                    waiting(
                        "RunContainerError",
                        'exec: "katydid": executable file not found in $PATH: unknown',
                    )
                )
            },
            "ImageWithoutKatydid",
            "has no katydid",
        ),
        (
            {
                "master": master(
                    engine(
                        is_running=False,
                        waiting_reason="CrashLoopBackOff",
                        last=Terminated(
                            128, "StartError", 'exec: "katydid": no such file or directory'
                        ),
                    )
                )
            },
            "ImageWithoutKatydid",
            "has no katydid",
        ),
        (
            {"master": master(ended(137, "OOMKilled"), memory_limit="128Mi")},
            "OOMKilled",
            "limit 128Mi",
        ),
        (
            {"learned": Learned(trial=Problem("QuotaExceeded", "exceeded quota"), is_tried=True)},
            "QuotaExceeded",
            "exceeded quota",
        ),
        (
            {"job": JobView("j", failure="BackoffLimitExceeded: too many")},
            "WorkersFailed",
            "too many",
        ),
    ],
)
def test_failures_have_reasons_and_wait_for_the_time_to_become_ready(
    starting: Callable[..., Observed], seen: Json, reason: str, words: str
) -> None:
    early = plan(starting(seconds=30, **seen), NOW)
    assert reasons(early) == ("Starting", reason)
    assert words in early.status["message"]
    assert "verdict" not in early.status
    learned = replace(seen.get("learned", Learned()), log_tail="the log")
    late = plan(starting(seconds=600, **{**seen, "learned": learned}), NOW)
    assert reasons(late) == ("Failed", reason)
    assert late.status["verdict"] == "Error"
    assert words in late.status["message"]
    assert is_true(late.status, "Stalled") == "True"


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ({"master": master(ended(65, "Error", TRACE))}, "LocustfileError"),
        (
            {
                "master": master(
                    engine(
                        is_running=False,
                        waiting_reason="CrashLoopBackOff",
                        last=Terminated(65, "Error"),
                    )
                )
            },
            "LocustfileError",
        ),
        ({"master": master(ended(64, "Error"))}, "InvalidLoadTest"),
        ({"workers": (worker(0, ended(65), phase="Failed"),)}, "LocustfileError"),
        ({"master": master(phase="Failed", reason="Evicted")}, "Evicted"),
        ({"master": master(phase="Failed", reason="DeadlineExceeded")}, "DeadlineExceeded"),
        (
            {"master": master(engine(is_running=False, restarts=6, last=Terminated(1, "Error")))},
            "CrashLoop",
        ),
        (
            {"master": master(ended(0, "Completed", "not json"), phase="Succeeded")},
            "NoSummary",
        ),
    ],
)
def test_what_cannot_get_better_ends_at_once_with_its_log(
    starting: Callable[..., Observed], seen: Json, reason: str
) -> None:
    first = plan(starting(**seen), NOW)
    (log,) = first.actions
    assert isinstance(log, do.ReadLog)
    assert first.status == starting(**seen).test.status
    kept = plan(starting(**seen, learned=Learned(log_tail=TRACE)), NOW)
    assert reasons(kept) == ("Failed", reason)
    assert kept.status["failure"]["logTail"] == TRACE
    assert kept.actions == ()  # the pods go only after this is written


def test_a_broken_worker_does_not_end_a_run_that_makes_load(
    running: Callable[..., Observed],
) -> None:
    broken = worker(1, ended(65), phase="Failed")
    found = plan(running(workers=(worker(), broken)), NOW)
    assert found.status["phase"] == "Running"


def test_workers_that_never_come(starting: Callable[..., Observed]) -> None:
    seen = starting({"workers": {"replicas": 2, "readyTimeout": "1m"}}, seconds=60)
    found = plan(seen, NOW)
    assert reasons(found) == ("Failed", "ReadyTimeout")
    assert found.status["message"] == "Only 1/2 worker pods were ready within 1m0s."


def test_pods_that_the_job_cannot_create_are_tried(starting: Callable[..., Observed]) -> None:
    spec = {"workers": {"replicas": 2}}
    assert plan(starting(spec, 5), NOW).actions == ()
    assert plan(starting(spec, 11), NOW).actions == (do.TryPods(1),)
    tried = starting(spec, 11, learned=Learned(is_tried=True))
    assert plan(tried, NOW).actions == ()


def test_a_name_that_is_still_taken_is_waited_for(
    starting: Callable[..., Observed],
) -> None:
    held = Learned(creation=Problem("WaitingForPredecessor", "in the way"))
    seen = starting(job=None, master=None, workers=(), sources=Snapshot(), learned=held)
    seen.test.status["conditions"] = []
    found = plan(seen, NOW)
    assert reasons(found) == ("Starting", "WaitingForPredecessor")
    assert found.actions == (do.Launch(1),)
    assert found.requeue_seconds == 1.0
