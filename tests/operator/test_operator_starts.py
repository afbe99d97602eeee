"""What may be in the way of a run, pass by pass: refusals, namesakes, missing sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .loop import Json, Loop, begin


@pytest.mark.parametrize("plural", ["secrets", "pods", "jobs", "configmaps"])
async def test_a_quota_that_is_counted_meanwhile_is_no_namesake(
    loop: Loop, loadtest: Callable[..., Json], plural: str
) -> None:
    loop.api.faults.append(["POST", plural, 409, 1])
    await begin(loop, loadtest())
    assert loop.api.names_of("secrets") != []
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]
    assert "WaitingForPredecessor" not in loop.events()


async def test_an_admission_webhook_that_fails_is_told(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    loop.api.faults.append(["POST", "pods", 500, 2])
    await begin(loop, loadtest())
    assert (loop.status["phase"], loop.status["reason"]) == ("Starting", "ServerError")
    assert loop.status["message"] == "injected 500"
    await loop.settle(5)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_missing_source_is_waited_for(loop: Loop, loadtest: Callable[..., Json]) -> None:
    await begin(loop, loadtest(source={"configMap": {"name": "tests"}}))
    assert (loop.status["phase"], loop.status["reason"]) == ("Pending", "SourceNotFound")
    assert 'no ConfigMap "tests"' in loop.status["message"]
    metadata = {"name": "tests", "namespace": "shop"}
    source = {"kind": "ConfigMap", "metadata": metadata, "data": {"locustfile.py": ""}}
    await loop.api.add("configmaps", source)
    await loop.settle(5)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_predecessor_s_children_are_waited_for(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    owner = {"kind": "LoadTest", "uid": "somebody else", "controller": True}
    old = {
        "kind": "Pod",
        "metadata": {"name": "checkout-1-master", "namespace": "shop", "ownerReferences": [owner]},
    }
    await loop.api.add("pods", old)
    await begin(loop, loadtest())
    assert loop.status["reason"] == "WaitingForPredecessor"
    assert loop.api.names_of("jobs") == []
    await loop.api.remove("pods", "checkout-1-master")
    await loop.settle(1)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ('pods "x" is forbidden: exceeded quota: small, requested: cpu=1', "QuotaExceeded"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "PodSecurityViolation"),
        ('pods is forbidden: User "o" cannot create resource "pods"', "Forbidden"),
        ('pods "x" is forbidden: no PriorityClass with name high was found', "CreationRefused"),
    ],
)
async def test_a_refused_pod_has_the_server_s_sentence(
    loop: Loop, loadtest: Callable[..., Json], sentence: str, reason: str
) -> None:
    loop.api.refuse_pods = sentence
    await begin(loop, loadtest())
    assert (loop.status["phase"], loop.status["reason"]) == ("Starting", reason)
    assert loop.status["message"] == sentence
    loop.api.refuse_pods = ""
    await loop.settle(5)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_spec_that_slipped_through_ends_in_a_sentence(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest(source={}))
    assert (loop.status["phase"], loop.status["reason"]) == ("Pending", "InvalidLoadTest")
    assert loop.status["message"] == "spec.source names no source."


async def test_pods_with_knobs_are_refused_before_the_claim(
    loop: Loop, loadtest: Callable[..., Json]
) -> None:
    loop.api.refuse_pods = "violates PodSecurity"
    await begin(loop, loadtest(pod={"securityContext": {"runAsUser": 0}}))
    assert (loop.status["phase"], loop.status["reason"]) == ("Pending", "PodSecurityViolation")
    assert loop.api.names_of("configmaps") == []
    loop.api.refuse_pods = ""
    await loop.settle(11)
    assert loop.api.names_of("jobs") == ["checkout-1-worker"]


async def test_a_failed_start_keeps_its_log_and_tears_down(
    loop: Loop, kubelet: Any, loadtest: Callable[..., Json]
) -> None:
    await begin(loop, loadtest())
    loop.api.logs["checkout-1-master"] = "Traceback …\nImportError: no shop"
    await kubelet.end_master("checkout-1-master", 65, "", phase="Running")
    await loop.settle(31)
    status = loop.status
    assert (status["verdict"], status["reason"]) == ("Error", "LocustfileError")
    assert status["failure"] == {
        "reason": "LocustfileError",
        "pod": "checkout-1-master",
        "container": "katydid",
        "exitCode": 65,
        "logTail": "Traceback …\nImportError: no shop",
    }
    assert loop.api.names_of("jobs") == []
