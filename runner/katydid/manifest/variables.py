"""The environment that a LoadTest asks for, resolved without a cluster.

As the kubelet does it: `envFrom` first (later sources win), then `env` in order with `$(NAME)`
expanded from what is already known, the role's own after the spec's. References are looked up in
the ConfigMaps and Secrets of the same YAML stream and in the env file; never in a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from katydid.errors import ManifestError, Problem
from katydid.manifest.document import Path
from katydid.manifest.spec import Role
from katydid.manifest.stream import Manifest

_LINE = re.compile(r"(?:export\s+)?(?P<name>[^\s=#]+)\s*=\s*(?P<value>.*)")
_REFERENCE = re.compile(r"\$\$|\$\((?P<name>[-._a-zA-Z][-._a-zA-Z0-9]*)\)")


def parse_env_file(text: str, file: str) -> dict[str, str]:
    """`NAME=value` lines; comments, blank lines, `export` and quotes around values are fine."""
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            raise ManifestError(file, [Problem("", "is not NAME=value", number)])
        value = match["value"].strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        values[match["name"]] = value
    return values


def resolve(manifest: Manifest, role: Role, env_file: Mapping[str, str]) -> dict[str, str]:
    """The variables for the processes of `role` (`test.master` or `test.workers.role`).

    Values of the env file win over all. ManifestError names every key that is nowhere.
    """
    finder = _Finder(manifest, env_file)
    test = manifest.load_test
    for index, source in enumerate(test.env_from):
        finder.take_all(source, ("spec", "envFrom", index))
    for index, variable in enumerate(test.env):
        finder.take(variable, ("spec", "env", index))
    part = "master" if role is test.master else "workers"
    for index, variable in enumerate(role.env):
        finder.take(variable, ("spec", part, "env", index))
    if finder.problems:
        raise ManifestError(manifest.file, finder.problems)
    return finder.values | dict(env_file)


class _Finder:
    """Collects values and what could not be found."""

    def __init__(self, manifest: Manifest, env_file: Mapping[str, str]) -> None:
        self._manifest = manifest
        self._env_file = env_file
        self.values: dict[str, str] = {}
        self.problems: list[Problem] = []

    def take_all(self, source: dict[str, Any], path: Path) -> None:
        """Every key of a ConfigMap or Secret."""
        kind, ref = _reference(source, "configMapRef", "secretRef")
        content = self._holder(kind).get(ref["name"])
        if content is None:
            if not ref.get("optional") and not self._env_file:
                self._missing(path, f"the {kind} {ref['name']} is not in this file")
            return
        prefix = source.get("prefix", "")
        for key, value in content.items():
            self.values[prefix + key] = value.decode("utf-8", "replace")

    def take(self, variable: dict[str, Any], path: Path) -> None:
        """One variable of `env`."""
        name = variable["name"]
        where = variable.get("valueFrom")
        if where is None:
            self.values[name] = self._expanded(variable.get("value", ""))
        elif name in self._env_file:
            self.values[name] = self._env_file[name]
        elif "configMapKeyRef" in where or "secretKeyRef" in where:
            self._take_key(name, where, path)
        else:
            said = where.get("fieldRef", {}).get("fieldPath") or "a resource of the container"
            self._missing(path, f"{name} comes from {said}, which exists only in a cluster")

    def _take_key(self, name: str, where: dict[str, Any], path: Path) -> None:
        kind, ref = _reference(where, "configMapKeyRef", "secretKeyRef")
        content = self._holder(kind).get(ref["name"])
        value = (content or {}).get(ref["key"])
        if value is not None:
            self.values[name] = value.decode("utf-8", "replace")
        elif ref.get("optional"):
            return
        elif content is None:
            text = f"{name} needs the key {ref['key']} of the {kind} {ref['name']}"
            self._missing(path, f"{text}, which is not in this file")
        else:
            held = ", ".join(sorted(content)) or "nothing"
            text = f"{name} needs the key {ref['key']} of the {kind} {ref['name']}"
            self._missing(path, f"{text}, which holds {held}")

    def _holder(self, kind: str) -> dict[str, dict[str, bytes]]:
        stream = self._manifest.stream
        return stream.config_maps if kind == "ConfigMap" else stream.secrets

    def _missing(self, path: Path, sentence: str) -> None:
        remedy = "put it into the same YAML stream or give --env-file"
        self.problems.append(self._manifest.document.problem(path, f"{sentence}; {remedy}"))

    def _expanded(self, text: str) -> str:
        """`$(NAME)` of a known variable is its value, `$$` is `$`; all else stays as it is."""

        def replaced(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            return self.values.get(match["name"], match[0])

        return _REFERENCE.sub(replaced, text)


def _reference(fields: dict[str, Any], config_map: str, secret: str) -> tuple[str, dict[str, Any]]:
    if config_map in fields:
        return "ConfigMap", fields[config_map]
    return "Secret", fields[secret]
