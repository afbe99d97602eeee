"""Helm over the project's chart: what it renders, as Kubernetes would get it.

Helm is looked for on the PATH and where `make cluster` keeps its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "katydid"
VALUES = Path(__file__).with_name("values")

Manifest = dict[str, Any]
# The definition of LoadTest is long: libyaml's parser is ten times quicker, where there is one.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Rendered:
    """The objects of one rendering."""

    def __init__(self, text: str) -> None:
        documents = yaml.load_all(text, Loader=LOADER)
        self.objects: list[Manifest] = [one for one in documents if one]

    def kinds(self) -> list[str]:
        return sorted(one["kind"] for one in self.objects)

    def all(self, kind: str) -> list[Manifest]:
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> Manifest:
        """The only object of the kind, or of the kind and name."""
        found = [one for one in self.all(kind) if name in (None, one["metadata"]["name"])]
        assert len(found) == 1, f"{kind} {name}: {[one['metadata']['name'] for one in found]}"
        return found[0]

    def operator(self) -> Manifest:
        """The operator's container."""
        (container,) = self.one("Deployment")["spec"]["template"]["spec"]["containers"]
        found: Manifest = container
        return found


class Helm:
    """Runs one helm binary."""

    def __init__(self, binary: str) -> None:
        self._binary = binary

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`helm ARGUMENTS` with no cluster in reach; the caller looks at the exit code."""
        environment = {**os.environ, "KUBECONFIG": os.devnull}
        return subprocess.run(
            [self._binary, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )

    def template(self, *arguments: str, flavour: str = "", release: str = "katydid") -> Rendered:
        """The chart with the values of tests/chart/values/FLAVOUR.yaml, in the namespace `load`."""
        values = ("--values", str(VALUES / f"{flavour}.yaml")) if flavour else ()
        done = self.run(
            "template", release, str(CHART), "--namespace", "load",
            "--kube-version", "1.34.0", *values, *arguments,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return Rendered(done.stdout)

    def refusal(self, *arguments: str) -> str:
        """What helm says when it will not render the chart."""
        done = self.run("template", "katydid", str(CHART), "--kube-version", "1.34.0", *arguments)
        assert done.returncode != 0, "helm rendered it"
        return done.stderr


@pytest.fixture(scope="session")
def chart() -> Path:
    return CHART


@pytest.fixture(scope="session")
def chart_values() -> Path:
    """The folder of values files, one for each flavour."""
    return VALUES


@pytest.fixture(scope="session")
def helm() -> Helm:
    found = shutil.which("helm")
    if found:
        return Helm(found)
    cache = Path(os.environ.get("KATYDID_CLUSTER_DIR") or Path.home() / ".cache/katydid-cluster")
    built = sorted(cache.glob("bin-*/helm"))
    if not built:
        pytest.skip("There is no helm on the PATH, and `make cluster` has built none yet.")
    return Helm(str(built[-1]))


@pytest.fixture(scope="session")
def render(helm: Helm) -> Callable[..., Rendered]:
    return helm.template
