"""What a person reads after the installation, and that the LoadTest in it is a good one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Render = Callable[..., Any]

SHOWN = """
apiVersion: v1
kind: ConfigMap
metadata: {name: notes, namespace: load}
data:
  text: {{ include "katydid/templates/NOTES.txt" . | toJson }}
"""


@pytest.fixture
def notes(render: Render, tmp_path: Path) -> Callable[..., str]:
    """The notes for some values; an extra object shows them, since `helm template` does not."""

    def read(*arguments: str) -> str:
        shown = tmp_path / "shown.yaml"
        shown.write_text(yaml.safe_dump({"extraObjects": [SHOWN]}))
        rendered = render("--values", str(shown), *arguments)
        text: str = rendered.one("ConfigMap", "notes")["data"]["text"]
        return text

    return read


def pasted(text: str) -> dict[str, Any]:
    """The manifest between the here-document's marks."""
    found: dict[str, Any] = yaml.safe_load(text.split("<<'EOF'\n")[1].split("\nEOF\n")[0])
    return found


def test_last_lines_are_a_test_to_paste_its_watch_and_its_page(notes: Callable[..., str]) -> None:
    text = notes()
    assert text.splitlines()[-2:] == [
        "kubectl -n load get kdt -w",
        "kubectl -n load port-forward service/hello-master 8089   "
        "# http://localhost:8089 while it runs",
    ]
    assert "kubectl -n load apply -f - <<'EOF'\n" in text
    assert "rollout status deployment/katydid-operator" in text
    assert "helm -n load test katydid" in text


def test_load_test_to_paste_is_valid(notes: Callable[..., str], tmp_path: Path) -> None:
    manifest = tmp_path / "hello.yaml"
    manifest.write_text(yaml.safe_dump(pasted(notes())))
    done = subprocess.run(
        [sys.executable, "-m", "katydid", "validate", str(manifest)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_load_test_to_paste_aims_at_the_operators_service(
    notes: Callable[..., str], render: Render
) -> None:
    service = render().one("Service")
    host = f"http://{service['metadata']['name']}.load.svc:{service['spec']['ports'][0]['port']}"
    assert pasted(notes())["spec"]["target"] == {"host": host}


def test_namespaced_pastes_where_the_operator_looks(notes: Callable[..., str]) -> None:
    text = notes("--set", "rbac.scope=namespaced,rbac.watchNamespaces={team-a,team-b}")
    assert "runs LoadTests in the namespaces team-a, team-b." in text
    assert "kubectl -n team-a apply -f -" in text
    assert text.splitlines()[-2] == "kubectl -n team-a get kdt -w"
    assert "katydid-operator.load.svc" in text
    assert "runs LoadTests in every namespace." in notes()


def test_says_which_monitors_were_made(notes: Callable[..., str]) -> None:
    without = notes()
    assert "no ServiceMonitor was made (metrics.serviceMonitor.enabled=false)" in without
    assert "no PodMonitor was made (metrics.podMonitor.enabled=false)" in without
    both = "metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true"
    made = notes("--set", both)
    assert "ServiceMonitor load/katydid-operator" in made
    assert "PodMonitor load/katydid-loadtests" in made
    assert "set its `labels`" in made
    labelled = notes(
        "--set", both,
        "--set", "metrics.serviceMonitor.labels.release=p,metrics.podMonitor.labels.release=p",
    )  # fmt: skip
    assert "set its `labels`" not in labelled


def test_says_what_was_left_to_others(notes: Callable[..., str]) -> None:
    text = notes("--set", "crds.enabled=false,rbac.create=false")
    assert "The LoadTest resource is another release's here (crds.enabled=false)." in text
    assert "No roles were made (rbac.create=false)" in text
    assert "crds.enabled" not in notes()
