"""The chart's life on a cluster: `helm test`, uninstall with live resources, namespaced releases.

These tests take the operator away from all others, so they run by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(900)]

CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "loadtests.katydid.dev", None)
SHORT = {"users": 2, "runTime": "4s", "stopTimeout": "5s"}
Install = Callable[..., None]


def test_helm_test(operator: str, run_helm: Callable[..., Any]) -> None:
    done = run_helm("test", "katydid", "--namespace", operator, "--timeout", "120s")
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
        )  # fmt: skip
        tests.apply("later", load=SHORT)
        assert tests.status("later") == {}
    finally:
        install()
    status = tests.finished("later")
    assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
    assert tests.status("short")["run"]["number"] == 1  # what is finished stays so


def test_namespaced_releases_beside_the_one_of_the_cluster(
    tests: Any,
    tests_in: Callable[[str], Any],
    make_namespace: Callable[..., str],
    install: Install,
    run_helm: Callable[..., Any],
) -> None:
    """Each runs the tests of its own namespace and has no right in any other; the definition is
    the cluster's release's, which ignores their namespaces."""
    one, two = tests_in(make_namespace()), tests_in(make_namespace())
    releases = (("one", one), ("two", two))
    install(f"rbac.ignoreNamespaces={{{one.namespace},{two.namespace}}}")
    try:
        for release, place in releases:
            install(
                "rbac.scope=namespaced", "rbac.aggregateRoles=false", "crds.enabled=false",
                release=release, namespace=place.namespace,
            )  # fmt: skip
        for place in (one, two, tests):
            place.apply(load=SHORT)
        for place in (one, two, tests):
            status = place.finished()
            assert (status["verdict"], status["run"]["number"]) == ("Passed", 1)
            conditions = {one["type"]: one["reason"] for one in status["conditions"]}
            # with keys of its own operator: nobody else had a hand in it
            assert (conditions["Degraded"], conditions["ResultsStored"]) == (
                "AsExpected", "ConfigMap",
            )  # fmt: skip
        account = f"--as=system:serviceaccount:{one.namespace}:one-katydid-operator"
        may = ("auth", "can-i", "create", "pods", account)
        assert one.cluster.kubectl(*may, "-n", one.namespace).strip() == "yes"
        with pytest.raises(AssertionError):  # kubectl says no by its exit code
            one.cluster.kubectl(*may, "-n", two.namespace)
        for release, place in releases:
            done = run_helm("uninstall", release, "--namespace", place.namespace, "--wait")
            assert done.returncode == 0, done.stderr
        assert one.cluster.get(*CRD)
    finally:
        for release, place in releases:
            run_helm("uninstall", release, "--namespace", place.namespace, "--ignore-not-found")
        install()
