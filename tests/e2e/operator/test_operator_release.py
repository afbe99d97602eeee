"""The chart's life on a cluster: `helm test`, uninstall with live resources, namespaced releases.

These tests take the operator away from all others, so they run by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(500)]

CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "loadtests.katydid.dev", None)
SHORT = {"users": 2, "runTime": "4s", "stopTimeout": "5s"}
Install = Callable[..., None]


def test_helm_test(operator: str, run_helm: Callable[..., Any]) -> None:
    done = run_helm("test", "katydid", "--namespace", operator, "--logs", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Phase:          Succeeded" in done.stdout


def test_uninstalled_with_a_running_test(
    tests: Any, operator: str, install: Install, run_helm: Callable[..., Any]
) -> None:
    """The definition and the test stay, load goes on, and both can be deleted; a later release
    takes over what it finds."""
    tests.apply(load={"users": 2, "runTime": "10m", "stopTimeout": "5s"})
    tests.apply("short", load=SHORT)
    tests.running()
    tests.finished("short")
    done = run_helm("uninstall", "katydid", "--namespace", operator, "--wait")
    try:
        assert done.returncode == 0, done.stderr
        assert tests.cluster.get(*CRD)
        assert tests.status()["phase"] == "Running"
        assert {pod["status"]["phase"] for pod in tests.pods()} == {"Running"}
        tests.cluster.delete("katydid.dev/v1alpha1", "LoadTest", "test", tests.namespace)
        tests.cluster.wait_until(  # nobody has to take a finalizer off
            "the test and its pods are gone", lambda: not tests.status() and not tests.pods(),
            seconds=120,
        )  # fmt: skip
        tests.apply("later", load=SHORT)
        assert tests.status("later") == {}
    finally:
        install()
    status = tests.finished("later")
    assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
    assert tests.status("short")["run"]["number"] == 1  # what is finished stays so


def test_namespaced_releases_beside_each_other(
    tests_in: Callable[[str], Any],
    make_namespace: Callable[..., str],
    operator: str,
    install: Install,
    run_helm: Callable[..., Any],
) -> None:
    """Each runs its own namespace's tests, with no right in any other; the second release leaves
    the definition to the first."""
    one, two, other = tests_in(make_namespace()), tests_in(make_namespace()), make_namespace()
    run_helm("uninstall", "katydid", "--namespace", operator, "--wait")
    namespaced = ("rbac.scope=namespaced", "rbac.aggregateRoles=false")
    try:
        install(*namespaced, release="one", namespace=one.namespace)
        install(*namespaced, "crds.enabled=false", release="two", namespace=two.namespace)
        ignored = tests_in(other)
        for tests in (one, two, ignored):
            tests.apply(load=SHORT)
        for tests in (one, two):
            status = tests.finished()
            assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
        assert ignored.status() == {}
        account = f"--as=system:serviceaccount:{one.namespace}:one-katydid-operator"
        may = ["auth", "can-i", "create", "pods", account]
        assert one.cluster.kubectl(*may, "-n", one.namespace).strip() == "yes"
        with pytest.raises(AssertionError):
            one.cluster.kubectl(*may, "-n", two.namespace)
        for release, tests in (("two", two), ("one", one)):
            done = run_helm("uninstall", release, "--namespace", tests.namespace, "--wait")
            assert done.returncode == 0, done.stderr
            assert tests.cluster.get(*CRD)
    finally:
        for release, tests in (("two", two), ("one", one)):
            run_helm("uninstall", release, "--namespace", tests.namespace, "--ignore-not-found")
        install()
