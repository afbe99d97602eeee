"""A kubelet small enough to trust: a pod's manifest becomes folders, variables and processes.

Everything comes from the manifests that the operator makes, and nothing is there that they do not
mount: a file that one side moved is missing for the other. `/` is a folder of the test's; files
that a process opens are noted by an audit hook, so that a mount that nobody reads is seen too.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Json = dict[str, Any]

AUDIT = """\
import os, sys

_notes = os.open(os.environ["AUDIT_NOTES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def _note(event, given):
    if event == "open" and isinstance(given[0], str):
        kind = "write" if given[2] & _WRITES else "read"
        os.write(_notes, f"{kind} {os.path.abspath(given[0])}\\n".encode())
    elif event in ("os.mkdir", "os.remove", "os.rename"):
        os.write(_notes, f"write {os.path.abspath(given[0])}\\n".encode())


sys.addaudithook(_note)
"""


class Pod:
    """One pod. `objects` are what the API server has, by kind and name; `image` is a folder of
    its image, which has the same path in every pod."""

    def __init__(
        self, manifest: Json, root: Path, objects: dict[tuple[str, str], Json], image: Path
    ) -> None:
        self.manifest = manifest
        self.root = root
        self._image = image
        self._objects = objects
        (self.container,) = manifest["spec"]["containers"]
        self._volumes = {one["name"]: self._volume(one) for one in manifest["spec"]["volumes"]}
        self._notes = root / "notes"
        (root / "audit").mkdir()
        (root / "audit" / "sitecustomize.py").write_text(AUDIT)
        for container in manifest["spec"].get("initContainers", ()):
            if container.get("restartPolicy") != "Always":  # sidecars are nothing to the contract
                self._mount(container["volumeMounts"])
                self._run(container)
        self._mount(self.container["volumeMounts"])

    def here(self, path: str) -> Path:
        """Where a path of the pod is on this machine."""
        is_here = any(Path(path).is_relative_to(one) for one in (self.root, self._image))
        return Path(path) if is_here else self.root / path.lstrip("/")

    def variables(self, container: Json) -> dict[str, str]:
        """The environment that the manifest gives."""
        return {one["name"]: self._value(one) for one in container["env"]}

    def start(self, *more: str, **stand_ins: str) -> subprocess.Popen[str]:
        """Start the engine by the manifest's command with `more` after it.

        `stand_ins` replace the values of variables.
        """
        given = self.variables(self.container)
        assert set(stand_ins) <= set(given)
        program, *words = self.container["command"]
        assert program == "katydid"
        words = [str(self.here(word)) if word.startswith("/") else word for word in words]
        return subprocess.Popen(
            [sys.executable, "-m", program, *words, *more],
            cwd=self.here("/katydid"),
            env=self._environment({**given, **stand_ins}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def is_ready(self, probe: str) -> bool:
        asked = self.container[probe]
        there = [
            str(self.here(word)) if word.startswith("/") else word
            for word in asked["exec"]["command"]
        ]
        try:
            return (
                subprocess.run(there, timeout=asked["timeoutSeconds"], check=False).returncode == 0
            )
        except subprocess.TimeoutExpired:
            return False

    def opened(self, kind: str) -> list[Path]:
        """What was opened to `read` or `write`, by this or another machine's path."""
        lines = (line.split(" ", 1) for line in self._notes.read_text().splitlines())
        return [
            Path(path) for path in dict.fromkeys(path for noted, path in lines if noted == kind)
        ]

    def _environment(self, given: dict[str, str]) -> dict[str, str]:
        tmp = str(self.here("/tmp"))
        image = {"PATH": os.environ["PATH"], "HOME": tmp, "TMPDIR": tmp}
        audit = {"PYTHONPATH": str(self.root / "audit"), "AUDIT_NOTES": str(self._notes)}
        return {**image, **audit, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **given}

    def _run(self, container: Json) -> None:
        def moved(text: str) -> str:
            for path in ("/katydid/", "/dev/termination-log"):
                text = text.replace(path, str(self.here(path)) + "/" * path.endswith("/"))
            return text

        self.here("/dev").mkdir()
        subprocess.run(
            [moved(word) for word in container["command"]],
            check=True,
            env={name: moved(value) for name, value in self.variables(container).items()}
            | {"PATH": os.environ["PATH"]},
        )

    def _value(self, variable: Json) -> str:
        if "value" in variable:
            return str(variable["value"])
        source = variable["valueFrom"]
        if "secretKeyRef" in source:
            reference = source["secretKeyRef"]
            return str(self._objects["Secret", reference["name"]]["stringData"][reference["key"]])
        annotation = source["fieldRef"]["fieldPath"].split("'")[1]
        return str(self.manifest["metadata"]["annotations"][annotation])

    def _volume(self, volume: Json) -> Path:
        folder = self.root / "volumes" / volume["name"]
        folder.mkdir(parents=True)
        parts = volume.get("projected", {}).get("sources", ())
        for part in (*parts, volume):
            if "configMap" in part:
                self._fill(folder, part["configMap"])
        return folder

    def _fill(self, folder: Path, reference: Json) -> None:
        config_map = self._objects["ConfigMap", reference["name"]]
        files = {key: text.encode() for key, text in config_map.get("data", {}).items()}
        for key, text in config_map.get("binaryData", {}).items():
            files[key] = base64.b64decode(text)
        items = reference.get("items") or [{"key": key, "path": key} for key in files]
        for item in items:
            file = folder / item["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(files[item["key"]])

    def _mount(self, mounts: Iterable[Json]) -> None:
        for mount in sorted(mounts, key=lambda one: len(one["mountPath"])):
            place = self.here(mount["mountPath"])
            source = self._volumes[mount["name"]] / mount.get("subPath", "")
            if not source.exists():
                source.mkdir(parents=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.is_symlink():
                place.symlink_to(source)
