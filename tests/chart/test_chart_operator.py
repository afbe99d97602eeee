"""The operator's Deployment: what the values say is what its Settings read; restricted; one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from katydid_operator.settings import Settings, from_environment

Render = Callable[..., Any]

VARIABLES = {item.metadata["variable"] for item in fields(Settings)}


def environment(rendered: Any) -> dict[str, str]:
    """The container's environment as its process gets it; its namespace is `load`."""
    found = {}
    for item in rendered.operator()["env"]:
        if "valueFrom" in item:
            assert item["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}
        found[item["name"]] = item.get("value", "load")
    assert len(found) == len(rendered.operator()["env"])
    return found


def version(rendered: Any) -> str:
    labels = rendered.one("Deployment")["metadata"]["labels"]
    found: str = labels["app.kubernetes.io/version"]
    return found


def test_defaults_are_the_operators_own(render: Render) -> None:
    rendered = render()
    assert set(environment(rendered)) <= VARIABLES
    assert from_environment(environment(rendered)) == Settings(
        runner_image=f"ghcr.io/katydid-dev/katydid-runner:{version(rendered)}",
        runner_pull_policy="IfNotPresent",
        namespace="load",
        version=version(rendered),
    )


def test_every_setting_can_be_set(render: Render) -> None:
    rendered = render(flavour="everything")
    given = environment(rendered)
    assert given.pop("HTTPS_PROXY") == "http://proxy.example:3128"
    # Excludes the namespaces that are watched, and has a test of its own below.
    assert set(given) == VARIABLES - {"KATYDID_IGNORE_NAMESPACES"}
    assert from_environment(given) == Settings(
        runner_image="registry.example/tests/all:7",
        runner_pull_policy="Never",
        namespace="load",
        watch_namespaces=("team-a", "team-b"),
        key_secret="my-key",
        http_port=8080,
        log_level="DEBUG",
        log_format="json",
        version=version(rendered),
        master_resources={"requests": {"cpu": "2"}},
        worker_resources={"limits": {"memory": "1Gi"}},
        pod_defaults={"nodeSelector": {"pool": "load"}, "tolerations": [{"operator": "Exists"}]},
        image_pull_secrets=("pull-a", "pull-b"),
        poll_seconds=2.5,
        workers=3,
    )


def test_namespaced_watches_what_its_roles_are_for(render: Render) -> None:
    rendered = render(flavour="namespaced")
    assert from_environment(environment(rendered)).watch_namespaces == ("team-a", "team-b")


def test_namespaces_of_other_releases_are_left_to_them(render: Render) -> None:
    rendered = render("--set", "rbac.ignoreNamespaces={team-b,team-a}")
    assert from_environment(environment(rendered)).ignore_namespaces == ("team-a", "team-b")
    own = render("--set", "rbac.scope=namespaced")
    assert from_environment(environment(own)).watch_namespaces == ("load",)


IMAGES = [
    ({}, "ghcr.io/katydid-dev/NAME:VERSION"),
    ({"tag": "v2"}, "ghcr.io/katydid-dev/NAME:v2"),
    ({"registry": "", "repository": "mine/x"}, "mine/x:VERSION"),
    ({"registry": "localhost", "repository": "x", "tag": "dev"}, "localhost/x:dev"),
    (
        {"tag": "v2", "digest": "sha256:" + 64 * "a"},
        "ghcr.io/katydid-dev/NAME@sha256:" + 64 * "a",
    ),
]


@pytest.mark.parametrize(("image", "wanted"), IMAGES)
def test_images(render: Render, image: dict[str, str], wanted: str) -> None:
    def asked(value: str) -> Any:
        given = [f"{value}.{key}={text}" for key, text in image.items()]
        return render(*(["--set", ",".join(given)] if given else []))

    operator = asked("image")
    wanted = wanted.replace("VERSION", version(operator))
    for pod in (operator.one("Deployment")["spec"]["template"], operator.one("Pod")):
        (container,) = pod["spec"]["containers"]
        assert container["image"] == wanted.replace("NAME", "katydid-operator")
    runner = from_environment(environment(asked("runnerImage"))).runner_image
    assert runner == wanted.replace("NAME", "katydid-runner")


def test_a_tag_that_is_a_number_is_refused(render: Render, helm: Any, tmp_path: Path) -> None:
    """1.10 would become 1.1, another image."""
    (tmp_path / "values.yaml").write_text("image: {tag: 1.10}")
    said = helm.refusal("--values", str(tmp_path / "values.yaml"))
    assert "values don't meet the specifications of the schema" in said
    (tmp_path / "values.yaml").write_text("image: {tag: '1.10'}")
    rendered = render("--values", str(tmp_path / "values.yaml"))
    assert rendered.operator()["image"].endswith(":1.10")


@pytest.mark.parametrize("flavour", ["", "minimal", "namespaced", "everything"])
def test_pods_meet_the_restricted_standard(render: Render, flavour: str) -> None:
    rendered = render(flavour=flavour)
    for pod in (rendered.one("Deployment")["spec"]["template"], rendered.one("Pod")):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)
        (container,) = spec["containers"]
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert "hostPort" not in str(container.get("ports"))
        assert all(set(volume) == {"name", "emptyDir"} for volume in spec.get("volumes", []))


def test_any_user_may_run_it(render: Render) -> None:
    """OpenShift chooses the user: the chart names none."""
    rendered = render()
    for pod in (rendered.one("Deployment")["spec"]["template"], rendered.one("Pod")):
        text = yaml.safe_dump(pod)
        assert not [key for key in ("runAsUser", "runAsGroup", "fsGroup") if key in text]


def test_one_replica_that_ends_before_the_next_begins(render: Render) -> None:
    spec = render(flavour="everything").one("Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_probes_ask_the_operators_own_pages(render: Render) -> None:
    container = render(flavour="everything").operator()
    assert container["livenessProbe"] == {
        "httpGet": {"path": "/healthz", "port": "http"},
        **{"periodSeconds": 11, "timeoutSeconds": 12, "failureThreshold": 13},
    }
    assert container["readinessProbe"] == {
        "httpGet": {"path": "/readyz", "port": "http"},
        **{"periodSeconds": 14, "timeoutSeconds": 15, "failureThreshold": 16},
    }
    port = from_environment(environment(render())).http_port
    assert container["ports"] == [{"name": "http", "containerPort": port, "protocol": "TCP"}]


def test_every_knob_of_the_pod(render: Render) -> None:
    rendered = render(flavour="everything")
    template = rendered.one("Deployment")["spec"]["template"]
    spec, container = template["spec"], rendered.operator()
    assert template["metadata"]["annotations"] == {
        "kubectl.kubernetes.io/default-container": "operator",
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "8080",
        "prometheus.io/path": "/metrics",
        "note.example/text": "words",
    }
    assert spec["imagePullSecrets"] == [{"name": "operator-pull"}]
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == [{"key": "dedicated", "operator": "Exists"}]
    assert list(spec["affinity"]) == ["nodeAffinity"]
    assert spec["priorityClassName"] == "high"
    assert spec["terminationGracePeriodSeconds"] == 17
    assert spec["securityContext"]["runAsUser"] == 1234
    assert spec["volumes"] == [{"name": "tmp", "emptyDir": {}}, {"name": "more", "emptyDir": {}}]
    assert container["volumeMounts"] == [
        {"name": "tmp", "mountPath": "/tmp"},
        {"name": "more", "mountPath": "/more"},
    ]
    assert container["args"] == ["--further"]
    assert container["imagePullPolicy"] == "Always"
    assert container["securityContext"]["runAsGroup"] == 4321
    assert container["resources"] == {
        "requests": {"cpu": "75m", "memory": "100Mi"},
        "limits": {"memory": "333Mi"},
    }
    assert "args" not in render().operator()


def test_service(render: Render) -> None:
    service = render(flavour="everything").one("Service")
    assert service["metadata"]["annotations"] == {"service.example/note": "words"}
    assert service["metadata"]["labels"]["service.example/scraped"] == "yes"
    assert service["spec"]["ports"] == [
        {
            "name": "http",
            "port": 8080,
            "targetPort": "http",
            "protocol": "TCP",
            "appProtocol": "http",
        }
    ]


def test_helm_test_asks_the_service(render: Render) -> None:
    for flavour in ("", "everything"):
        rendered = render(flavour=flavour)
        pod = rendered.one("Pod")
        assert pod["metadata"]["annotations"] == {
            "helm.sh/hook": "test",
            "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
        }
        assert pod["spec"]["restartPolicy"] == "Never"
        assert pod["spec"]["automountServiceAccountToken"] is False
        python, flag, script = pod["spec"]["containers"][0]["command"]
        assert (python, flag) == ("python", "-c")
        compile(script, "helm test", "exec")
        service = rendered.one("Service")["metadata"]["name"]
        assert f'"http://{service}.load.svc:8080"' in script
