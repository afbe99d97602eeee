"""What the operator may do: each verb, in each scope, and nothing on Secrets but what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Render = Callable[..., Any]
Rights = dict[tuple[str, str], set[str]]

WHERE_TESTS_RUN: Rights = {
    ("katydid.dev", "loadtests"): {"get", "list", "watch", "delete"},
    ("katydid.dev", "loadtests/status"): {"patch"},
    ("", "pods"): {"get", "list", "watch", "create", "delete"},
    ("", "pods/log"): {"get"},
    ("batch", "jobs"): {"get", "list", "watch", "create", "patch", "delete"},
    ("", "configmaps"): {"get", "create", "patch", "delete"},
    ("", "services"): {"get", "create", "patch", "delete"},
    ("", "secrets"): {"create"},
    ("", "events"): {"create"},
}


def rights(role: dict[str, Any]) -> Rights:
    """Verbs by (group, resource); a resource stands in one rule only, and under no name."""
    found: Rights = {}
    for rule in role["rules"]:
        assert set(rule) == {"apiGroups", "resources", "verbs"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                assert (group, resource) not in found
                found[group, resource] = set(rule["verbs"])
    return found


def bound(binding: dict[str, Any], role: dict[str, Any], account: str) -> None:
    """The binding gives that role to that account of the release, and to nobody else."""
    assert binding["metadata"].get("namespace") == role["metadata"].get("namespace")
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": role["kind"],
        "name": role["metadata"]["name"],
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": "load"}]


def test_cluster_scope(render: Render) -> None:
    rendered = render()
    role = rendered.one("ClusterRole", "katydid-load-operator")
    assert rights(role) == WHERE_TESTS_RUN
    bound(rendered.one("ClusterRoleBinding"), role, "katydid-operator")
    assert [one["metadata"]["name"] for one in rendered.all("Role")] == ["katydid-operator-key"]


def test_namespaced_scope(render: Render) -> None:
    rendered = render(flavour="namespaced")
    roles = {
        one["metadata"]["namespace"]: one
        for one in rendered.all("Role")
        if one["metadata"]["name"] == "katydid-operator"
    }
    assert set(roles) == {"team-a", "team-b"}
    bindings = {
        one["metadata"]["namespace"]: one
        for one in rendered.all("RoleBinding")
        if one["metadata"]["name"] == "katydid-operator"
    }
    for namespace, role in roles.items():
        assert rights(role) == WHERE_TESTS_RUN
        bound(bindings[namespace], role, "katydid-operator")


def test_namespaced_without_namespaces_is_the_releases_own(render: Render) -> None:
    rendered = render("--set", "rbac.scope=namespaced")
    assert rendered.one("Role", "katydid-operator")["metadata"]["namespace"] == "load"
    assert rights(rendered.one("Role", "katydid-operator")) == WHERE_TESTS_RUN


def test_namespaces_in_cluster_scope_are_refused(helm: Any) -> None:
    said = helm.refusal("--set", "rbac.watchNamespaces={team-a}")
    assert "rbac.watchNamespaces needs rbac.scope=namespaced" in said
    said = helm.refusal("--set", "rbac.scope=namespaced,rbac.ignoreNamespaces={team-a}")
    assert "rbac.ignoreNamespaces needs rbac.scope=cluster" in said


@pytest.mark.parametrize("flavour", ["", "namespaced"])
def test_own_key_is_the_only_secret_that_can_be_read(render: Render, flavour: str) -> None:
    rendered = render(flavour=flavour)
    role = rendered.one("Role", "katydid-operator-key")
    assert role["metadata"]["namespace"] == "load"
    assert role["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": ["katydid-operator-key"],
            "verbs": ["get"],
        },
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
    ]
    bound(rendered.one("RoleBinding", "katydid-operator-key"), role, "katydid-operator")
    (key,) = [one for one in rendered.operator()["env"] if one["name"] == "KATYDID_KEY_SECRET"]
    assert key["value"] == "katydid-operator-key"


def test_another_name_of_the_key(render: Render) -> None:
    rendered = render("--set", "operator.keySecretName=mine")
    assert rendered.one("Role")["rules"][0]["resourceNames"] == ["mine"]
    (key,) = [one for one in rendered.operator()["env"] if one["name"] == "KATYDID_KEY_SECRET"]
    assert key["value"] == "mine"


def test_no_star_anywhere(render: Render) -> None:
    for flavour in ("", "namespaced"):
        rendered = render(flavour=flavour)
        for role in (*rendered.all("ClusterRole"), *rendered.all("Role")):
            for rule in role["rules"]:
                assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]


def test_without_roles(render: Render) -> None:
    rendered = render("--set", "rbac.create=false")
    assert not {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"} & set(rendered.kinds())


READ = {"get", "list", "watch"}
WRITE = {*READ, "create", "update", "patch", "delete", "deletecollection"}
EDITORS: Rights = {
    ("katydid.dev", "loadtests"): WRITE,
    ("katydid.dev", "loadtests/scale"): {"get", "update", "patch"},
    ("katydid.dev", "loadtests/status"): {"get"},
}
PEOPLE: dict[str, Rights] = {
    "view": {
        ("katydid.dev", "loadtests"): READ,
        ("katydid.dev", "loadtests/scale"): READ,
        ("katydid.dev", "loadtests/status"): READ,
    },
    "edit": EDITORS,
    "admin": EDITORS,
}


@pytest.mark.parametrize("role", PEOPLE)
def test_roles_of_people(render: Render, role: str) -> None:
    found = render().one("ClusterRole", f"katydid-load-{role}")
    assert rights(found) == PEOPLE[role]
    aggregated = [one for one in found["metadata"]["labels"] if "aggregate-to" in one]
    assert aggregated == [f"rbac.authorization.k8s.io/aggregate-to-{role}"]
    assert found["metadata"]["labels"][aggregated[0]] == "true"


def test_roles_of_people_can_be_left_out(render: Render) -> None:
    rendered = render("--set", "rbac.aggregateRoles=false")
    names = [one["metadata"]["name"] for one in rendered.all("ClusterRole")]
    assert names == ["katydid-load-operator"]


def test_service_account(render: Render) -> None:
    rendered = render("--set", "serviceAccount.name=mine,serviceAccount.annotations.a=b")
    account = rendered.one("ServiceAccount")
    assert account["metadata"]["name"] == "mine"
    assert account["metadata"]["annotations"] == {"a": "b"}
    assert account["automountServiceAccountToken"] is False
    pod = rendered.one("Deployment")["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "mine"
    assert pod["automountServiceAccountToken"] is True
    role = rendered.one("ClusterRole", "katydid-load-operator")
    bound(rendered.one("ClusterRoleBinding"), role, "mine")


def test_service_account_of_somebody_else_needs_its_name(helm: Any, render: Render) -> None:
    said = helm.refusal("--set", "serviceAccount.create=false")
    assert "serviceAccount.name is needed where serviceAccount.create is false." in said
    pod = render(flavour="minimal").one("Deployment")["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "brought-along"
