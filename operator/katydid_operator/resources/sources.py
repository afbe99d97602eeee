"""Sources: the snapshot of a run's files, and how master and workers get to see them.

The files of configMap and inline sources and of all libs are copied into immutable ConfigMaps.
git and volume sources are seen by the master alone: workers get the tree from it. Libs of the
sources that are no ConfigMap are mounted beside or over them, each as a folder of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from katydid_operator import names
from katydid_operator.loadtest import (
    ClaimSource,
    ConfigMapSource,
    GitSource,
    ImageSource,
    InlineSource,
    Json,
    LoadTest,
)
from katydid_operator.resources.labels import metadata

VOLUME = "katydid-src"
CREDENTIALS_VOLUME = "katydid-git-credentials"
GIT_CONTAINER = "katydid-git"
MOST_KEYS_NAMED = 20

GIT_SCRIPT = """\
set -eu
cd "$KATYDID_CHECKOUT"
git init -q .
git remote | grep -q . || git remote add origin "$KATYDID_GIT_URL"
if git fetch -q --depth 1 origin "$KATYDID_GIT_REF"; then
  git checkout -q --detach FETCH_HEAD
else
  git fetch -q --tags origin
  git checkout -q --detach "$KATYDID_GIT_REF"
fi
git rev-parse HEAD > /dev/termination-log
"""
"""Clones into an empty folder. What a user wrote comes by environment, never into the text."""


@dataclass(frozen=True)
class Files:
    """A copy of one ConfigMap's content; `prefix` "" or the folder of a lib."""

    prefix: str
    data: Mapping[str, str] = field(default_factory=dict)
    binary: Mapping[str, str] = field(default_factory=dict)  # base64

    @property
    def keys(self) -> list[str]:
        return sorted({*self.data, *self.binary})


@dataclass(frozen=True)
class Snapshot:
    """The files that a run uses, in the order of their ConfigMaps."""

    files: tuple[Files, ...] = ()

    @property
    def hash(self) -> str:
        """Hash of all content; "" where the operator sees none of it."""
        if not self.files:
            return ""
        content = [[one.prefix, dict(one.data), dict(one.binary)] for one in self.files]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class SourceProblem:
    """Why there is no snapshot."""

    reason: str  # SourceNotFound or SourceKeyNotFound
    message: str


def referenced(test: LoadTest) -> tuple[str, ...]:
    """Names of the ConfigMaps that a snapshot of `test` needs."""
    found = [test.origin.name] if isinstance(test.origin, ConfigMapSource) else []
    found += [library.config_map for library in test.libraries]
    return tuple(dict.fromkeys(found))


def snapshot(test: LoadTest, config_maps: Mapping[str, Json | None]) -> Snapshot | SourceProblem:
    """The snapshot of `test`, from the ConfigMaps that `referenced` names (None: missing)."""
    for name in referenced(test):
        if config_maps.get(name) is None:
            return SourceProblem(
                "SourceNotFound",
                f'There is no ConfigMap "{name}" in the namespace {test.namespace}; '
                "the run starts when it appears.",
            )
    files: list[Files] = []
    if isinstance(test.origin, InlineSource):
        files.append(Files("", dict(test.origin.files)))
    elif isinstance(test.origin, ConfigMapSource):
        main = _copy("", config_maps[test.origin.name] or {})
        if test.entrypoint not in main.keys:
            return SourceProblem(
                "SourceKeyNotFound",
                f'The ConfigMap "{test.origin.name}" has no key "{test.entrypoint}"; '
                f"it has {_listed(main.keys)}.",
            )
        files.append(main)
    files += [_copy(one.path, config_maps[one.config_map] or {}) for one in test.libraries]
    return Snapshot(tuple(files))


def _copy(prefix: str, config_map: Json) -> Files:
    return Files(prefix, config_map.get("data") or {}, config_map.get("binaryData") or {})


def _listed(keys: list[str]) -> str:
    if not keys:
        return "no keys at all"
    more = f" and {len(keys) - MOST_KEYS_NAMED} more" if len(keys) > MOST_KEYS_NAMED else ""
    return ", ".join(keys[:MOST_KEYS_NAMED]) + more


def config_maps(test: LoadTest, run: int, taken: Snapshot, version: str) -> list[Json]:
    """The immutable copies."""
    made = []
    for index, files in enumerate(taken.files):
        name = names.source_config_map(test.name, run, index)
        manifest: Json = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(test, run, name, version),
            "immutable": True,
        }
        if files.data:
            manifest["data"] = dict(files.data)
        if files.binary:
            manifest["binaryData"] = dict(files.binary)
        made.append(manifest)
    return made


@dataclass(frozen=True)
class Mounted:
    """What a pod needs to see its sources. Shapes of core/v1."""

    volumes: list[Json] = field(default_factory=list)
    mounts: list[Json] = field(default_factory=list)
    init_containers: list[Json] = field(default_factory=list)


def mounted(
    test: LoadTest, run: int, taken: Snapshot, role: str, container: Mapping[str, Any]
) -> Mounted:
    """The sources in the pod of `role`; `container` is what an init one has of the engine's."""
    origin = test.origin
    if isinstance(origin, ConfigMapSource | InlineSource):
        return _projected(test, run, taken)
    libraries = _libraries(test, run, taken)
    if role == names.MASTER and isinstance(origin, GitSource):
        return _joined(_git(origin, container), libraries)
    if role == names.MASTER and isinstance(origin, ClaimSource):
        return _joined(_claim(origin, is_read_only=not test.libraries), libraries)
    return libraries


def _joined(first: Mounted, second: Mounted) -> Mounted:
    return Mounted(
        first.volumes + second.volumes,
        first.mounts + second.mounts,
        first.init_containers + second.init_containers,
    )


def _projected(test: LoadTest, run: int, taken: Snapshot) -> Mounted:
    # One volume for all: a mount within a read-only mount could not be made.
    projections = []
    for index, files in enumerate(taken.files):
        projection: Json = {"name": names.source_config_map(test.name, run, index)}
        if files.prefix:
            projection["items"] = [
                {"key": key, "path": f"{files.prefix}/{key}"} for key in files.keys
            ]
        if not files.prefix or files.keys:
            projections.append({"configMap": projection})
    return Mounted(
        volumes=[{"name": VOLUME, "projected": {"sources": projections}}],
        mounts=[{"name": VOLUME, "mountPath": names.SOURCE_DIRECTORY, "readOnly": True}],
    )


def _libraries(test: LoadTest, run: int, taken: Snapshot) -> Mounted:
    origin = test.origin
    base = origin.path if isinstance(origin, ImageSource) else names.SOURCE_DIRECTORY
    found = Mounted()
    for index, files in enumerate(taken.files):
        volume = f"katydid-lib-{index}"
        name = names.source_config_map(test.name, run, index)
        path = f"{base.rstrip('/')}/{files.prefix}"
        found.volumes.append({"name": volume, "configMap": {"name": name}})
        found.mounts.append({"name": volume, "mountPath": path, "readOnly": True})
    return found


def _claim(origin: ClaimSource, is_read_only: bool) -> Mounted:
    # Folders for libs are made within the volume, which a read-only mount would refuse.
    mount: Json = {"name": VOLUME, "mountPath": names.SOURCE_DIRECTORY, "readOnly": is_read_only}
    if origin.path:
        mount["subPath"] = origin.path
    claim = {"claimName": origin.claim, "readOnly": is_read_only}
    return Mounted([{"name": VOLUME, "persistentVolumeClaim": claim}], [mount])


def _git(origin: GitSource, container: Mapping[str, Any]) -> Mounted:
    mount: Json = {"name": VOLUME, "mountPath": names.SOURCE_DIRECTORY}
    if origin.path:
        mount["subPath"] = origin.path
    volumes: list[Json] = [{"name": VOLUME, "emptyDir": {}}]
    mounts: list[Json] = [{"name": VOLUME, "mountPath": names.CHECKOUT_DIRECTORY}]
    variables = {
        "KATYDID_CHECKOUT": names.CHECKOUT_DIRECTORY,
        "KATYDID_GIT_URL": origin.url,
        "KATYDID_GIT_REF": origin.ref or "HEAD",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": "/tmp",
        # The volume belongs to root, and git distrusts a folder of somebody else.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
    }
    if origin.secret:
        folder = names.GIT_CREDENTIALS_DIRECTORY
        volumes.append({"name": CREDENTIALS_VOLUME, "secret": {"secretName": origin.secret}})
        mounts.append({"name": CREDENTIALS_VOLUME, "mountPath": folder, "readOnly": True})
        variables |= _git_credentials(folder)
    given = [one for one in container.get("env", ()) if one["name"] not in variables]
    own_mounts = [*mounts, {"name": "katydid-tmp", "mountPath": "/tmp"}]
    clone = {
        "name": GIT_CONTAINER,
        **container,
        "command": ["sh", "-c", GIT_SCRIPT],
        "env": [*given, *({"name": key, "value": value} for key, value in variables.items())],
        "volumeMounts": [*own_mounts, *container.get("volumeMounts", ())],
        "terminationMessagePath": names.TERMINATION_LOG,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    return Mounted(volumes, [mount], [clone])


def _git_credentials(folder: str) -> dict[str, str]:
    """How git and ssh find what the Secret may hold; files that it lacks are not an error."""
    helper = (
        f'!f() {{ test "$1" = get || exit 0; test -e {folder}/username && '
        f'echo "username=$(cat {folder}/username)"; test -e {folder}/password && '
        f'echo "password=$(cat {folder}/password)"; }}; f'
    )
    return {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_1": "credential.helper",
        "GIT_CONFIG_VALUE_1": helper,
        "GIT_SSH_COMMAND": f"ssh -i {folder}/ssh-privatekey -o IdentitiesOnly=yes "
        f"-o UserKnownHostsFile={folder}/known_hosts -o StrictHostKeyChecking=yes",
    }
