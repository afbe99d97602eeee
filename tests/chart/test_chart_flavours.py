"""What the chart renders in each flavour: objects, names, labels; and Kubernetes takes them."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

Render = Callable[..., Any]

ROLES = ["ClusterRole"] * 4 + ["ClusterRoleBinding", "Role", "RoleBinding"]
FLAVOURS = {
    "": [*ROLES, "CustomResourceDefinition", "Deployment", "Pod", "Service", "ServiceAccount"],
    "minimal": ["Deployment", "Pod", "Service"],
    "namespaced": [
        *["Deployment", "Pod", "PodMonitor", *["Role"] * 3, *["RoleBinding"] * 3],
        *["Service", "ServiceAccount"],
    ],
    "everything": [
        *["ConfigMap"] * 2,
        *["Deployment", *["GrafanaDashboard"] * 3, "NetworkPolicy", "Pod", "PodMonitor"],
        *["PrometheusRule", "Service", "ServiceMonitor"],
    ],
}
IN_THE_CLUSTER = {"CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
# Kinds of Prometheus and Grafana: Kubernetes has no schema of them
MONITORS = {"PodMonitor", "ServiceMonitor", "PrometheusRule", "GrafanaDashboard"}
OLDEST = (1, 29)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_objects(render: Render, flavour: str) -> None:
    assert render(flavour=flavour).kinds() == sorted(FLAVOURS[flavour])


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_kubernetes_takes_every_object(render: Render, flavour: str) -> None:
    rendered = render(flavour=flavour)
    versions = sorted(
        {
            tuple(map(int, kubernetes_validate.utils.major_minor(version).split(".")))
            for version in kubernetes_validate.utils.all_versions()
        }
    )
    wanted = [version for version in versions if version >= OLDEST]
    assert wanted[0] == OLDEST
    assert len(wanted) >= 9, "1.29 to 1.37 were known when this was written"
    checked = 0
    for major, minor in wanted:
        for manifest in rendered.objects:
            if manifest["kind"] not in MONITORS:
                kubernetes_validate.validate(manifest, f"{major}.{minor}", strict=True)
                checked += 1
    own = [kind for kind in FLAVOURS[flavour] if kind not in MONITORS]
    assert checked == len(own) * len(wanted)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_lint(helm: Any, chart: Path, chart_values: Path, flavour: str) -> None:
    values = ("--values", str(chart_values / f"{flavour}.yaml")) if flavour else ()
    done = helm.run("lint", "--strict", "--kube-version", "1.34.0", str(chart), *values)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 chart(s) linted, 0 chart(s) failed" in done.stdout


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_names_are_there_once_and_fit(render: Render, flavour: str) -> None:
    for release in ("katydid", "a" * 53):
        names = [
            (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
            for one in render(flavour=flavour, release=release).objects
        ]
        assert len(set(names)) == len(names)
        assert all(len(name) <= 63 for _, _, name in names)


def test_namespaces_are_written_out(render: Render) -> None:
    """So that `helm template | kubectl apply` puts everything where it belongs."""
    for one in render().objects:
        wanted = None if one["kind"] in IN_THE_CLUSTER else "load"
        assert one["metadata"].get("namespace") == wanted, one["metadata"]["name"]


def test_namespaced_makes_nothing_outside_of_its_namespaces(render: Render) -> None:
    rendered = render(flavour="namespaced")
    assert not IN_THE_CLUSTER & set(rendered.kinds())
    found = {one["metadata"]["namespace"] for one in rendered.objects}
    assert found == {"load", "team-a", "team-b"}


def test_same_release_name_in_two_namespaces(render: Render) -> None:
    """Cluster-wide names differ, but for the definition, which is one for the cluster."""

    def wide(*arguments: str) -> set[str]:
        return {
            one["metadata"]["name"]
            for one in render(*arguments).objects
            if one["kind"] in IN_THE_CLUSTER
        }

    first, second = wide(), wide("--namespace", "other", "--set", "crds.enabled=false")
    assert first & second == set()
    assert first - {"loadtests.katydid.dev"} == {
        *("katydid-load-operator", "katydid-load-view", "katydid-load-edit", "katydid-load-admin")
    }


SELECTED = {
    "app.kubernetes.io/name": "katydid",
    "app.kubernetes.io/instance": "katydid",
    "app.kubernetes.io/component": "operator",
}


def test_labels(render: Render, chart: Path) -> None:
    rendered = render()
    meta = yaml.safe_load((chart / "Chart.yaml").read_text())
    on_pods = SELECTED | {
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/part-of": "katydid",
        "app.kubernetes.io/version": meta["appVersion"],
    }
    on_objects = on_pods | {"helm.sh/chart": f"katydid-{meta['version']}"}
    for one in rendered.objects:
        if one["kind"] != "Pod":
            labels = one["metadata"]["labels"]
            assert on_objects.items() <= labels.items(), one["metadata"]["name"]
    deployment = rendered.one("Deployment")["spec"]
    assert deployment["selector"]["matchLabels"] == SELECTED
    assert deployment["template"]["metadata"]["labels"] == on_pods
    assert rendered.one("Service")["spec"]["selector"] == SELECTED


def test_an_upgrade_of_the_chart_alone_restarts_nothing(render: Render) -> None:
    for flavour in FLAVOURS:
        rendered = render(flavour=flavour)
        for metadata in (
            rendered.one("Deployment")["spec"]["template"]["metadata"],
            rendered.one("Pod")["metadata"],
        ):
            assert "helm.sh/chart" not in metadata["labels"]


def test_the_test_pod_is_not_taken_for_the_operator(render: Render) -> None:
    labels = render().one("Pod")["metadata"]["labels"]
    assert not SELECTED.items() <= labels.items()


def test_common_and_pod_labels_never_override_ours(render: Render) -> None:
    rendered = render(flavour="everything")
    chosen = {
        "app.kubernetes.io/name": "kd",
        "app.kubernetes.io/instance": "katydid",
        "app.kubernetes.io/component": "operator",
    }
    pod = rendered.one("Deployment")["spec"]["template"]["metadata"]
    assert rendered.one("Deployment")["spec"]["selector"]["matchLabels"] == chosen
    assert (chosen | {"team": "shop", "sidecar.example/inject": "false"}).items() <= pod[
        "labels"
    ].items()
    own = [one for one in rendered.objects if one["kind"] != "ConfigMap"]  # extraObjects
    assert all(one["metadata"]["labels"]["team"] == "shop" for one in own)
    assert rendered.one("Pod")["metadata"]["labels"]["app.kubernetes.io/name"] == "kd"


def test_names_follow_the_release(render: Render) -> None:
    def deployment(*arguments: str, release: str) -> str:
        name: str = render(*arguments, release=release).one("Deployment")["metadata"]["name"]
        return name

    assert deployment(release="katydid") == "katydid-operator"
    assert deployment(release="shop") == "shop-katydid-operator"
    assert deployment("--set", "nameOverride=kd", release="shop") == "shop-kd-operator"
    assert deployment("--set", "fullnameOverride=kd", release="shop") == "kd-operator"


def test_extra_objects_are_templates(render: Render) -> None:
    rendered = render(flavour="everything")
    for name in ("beside", "load-as-text"):
        assert rendered.one("ConfigMap", name)["metadata"]["namespace"] == "load"


def test_package_holds_the_linked_definition_and_no_tools(
    helm: Any, chart: Path, tmp_path: Path
) -> None:
    done = helm.run("package", str(chart), "--destination", str(tmp_path))
    assert done.returncode == 0, done.stderr
    (archive,) = tmp_path.glob("*.tgz")
    rendered = helm.run("template", "katydid", str(archive), "--kube-version", "1.34.0")
    assert "name: loadtests.katydid.dev" in rendered.stdout
    listed = helm.run("show", "readme", str(archive)).stdout
    assert listed == (chart / "README.md").read_text() + "\n"
    with tarfile.open(archive) as files:
        names = files.getnames()
        crd = files.extractfile("katydid/files/loadtest.crd.yaml")
        assert crd is not None
        assert crd.read() == (chart.parents[1] / "crds" / "loadtest.yaml").read_bytes()
    assert "katydid/generate.py" not in names
