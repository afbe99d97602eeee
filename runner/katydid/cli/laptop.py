"""A manifest on one machine: what a cluster would provide is taken from beside the manifest.

ConfigMaps and Secrets stand in the same YAML stream; nothing is ever read from a cluster. What
makes no sense here is left out with a line.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from katydid.cli import session
from katydid.cli.launch import Launch, Role
from katydid.errors import ManifestError, Problem, UsageError
from katydid.manifest import LoadTest, Manifest
from katydid.manifest.spec import ConfigMapSource, GitSource, InlineSource

logger = logging.getLogger(__name__)

GIT_SECONDS = 300


@dataclass(frozen=True)
class Choices:
    """What the command line says."""

    workers: int | None
    source_dir: Path | None
    env_file: Path | None
    host_given: bool


def complete(launch: Launch, manifest: Manifest, choices: Choices) -> None:
    """Fill `launch` in for a run on this machine."""
    test = manifest.load_test
    if test.target.service is not None and not choices.host_given:
        raise _problem(manifest, "spec.target.serviceRef",
                       "a Service has no address outside of its cluster: say --host")  # fmt: skip
    launch.fork = _workers(launch, test, choices.workers)
    launch.expected_workers = launch.fork
    folder = _source_folder(manifest, choices.source_dir)
    entrypoint = folder / test.source.entrypoint
    if not entrypoint.is_file():
        keys = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise _problem(manifest, "spec.source.entrypoint",
                       f'there is no file "{test.source.entrypoint}"; there is {keys}')  # fmt: skip
    launch.paths = [entrypoint]
    launch.python_path = [folder / library.path for library in test.source.libs]
    environment = Environment(manifest, choices.env_file)
    os.environ.update(environment.resolve(test.env, test.env_from, "spec"))
    launch.role_environ = {
        Role.MASTER: environment.resolve(test.master.env, (), "spec.master"),
        Role.WORKER: environment.resolve(test.workers.role.env, (), "spec.workers"),
    }
    ignored = _ignored(test)
    if ignored:
        launch.notes.append(f"On one machine these have no meaning: {', '.join(ignored)}.")


def _workers(launch: Launch, test: LoadTest, asked: int | None) -> int:
    if asked is not None:
        if asked < 1:
            raise UsageError("--workers must be at least 1.")
        return asked
    wanted = max(1, test.workers.processes)
    limit = max(1, session.cores() - 1)
    count = min(wanted, max(limit, 2))
    if count < wanted:
        launch.notes.append(
            f"{count} workers instead of {wanted}: this machine has {session.cores()} cores "
            "(--workers N overrides; users and rates are as the manifest says)."
        )
    return count


def _source_folder(manifest: Manifest, source_dir: Path | None) -> Path:
    if source_dir is not None:
        if not source_dir.is_dir():
            raise UsageError(f"--source-dir {source_dir} is not a folder.")
        return source_dir.absolute()
    test = manifest.load_test
    origin = test.source.origin
    if isinstance(origin, GitSource):
        return _git(manifest, origin)
    folder = Path(tempfile.mkdtemp(prefix="katydid-source-"))
    if isinstance(origin, InlineSource):
        _write(folder, {name: text.encode() for name, text in origin.files.items()})
    elif isinstance(origin, ConfigMapSource):
        _write(folder, _config_map(manifest, origin.name, "spec.source.configMap.name"))
    else:
        raise _problem(manifest, "spec.source",
                       "an image or a volume is a cluster's; say --source-dir DIR")  # fmt: skip
    for index, library in enumerate(test.source.libs):
        path = f"spec.source.libs[{index}].configMap.name"
        _write(folder / library.path, _config_map(manifest, library.config_map, path))
    return folder


def _config_map(manifest: Manifest, name: str, path: str) -> dict[str, bytes]:
    content = manifest.stream.config_maps.get(name)
    if content is None:
        raise _problem(
            manifest, path,
            f'the ConfigMap "{name}" is not in this file; put it into the same YAML stream, '
            "or say --source-dir DIR",
        )  # fmt: skip
    return content


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _git(manifest: Manifest, origin: GitSource) -> Path:
    """Clone into a cache, or bring the clone there up to date; the folder of the sources."""
    key = hashlib.sha256(origin.url.encode()).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    clone = home / "katydid" / "git" / key
    ref = origin.ref or "HEAD"
    if not (clone / ".git").is_dir():
        clone.parent.mkdir(parents=True, exist_ok=True)
        _run_git(manifest, None, "clone", "--quiet", "--no-checkout", origin.url, str(clone))
    _run_git(manifest, clone, "fetch", "--quiet", "--tags", "origin", ref)
    _run_git(manifest, clone, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
    folder = clone / origin.path
    if not folder.is_dir():
        raise _problem(manifest, "spec.source.git.path",
                       f'{origin.url} has no folder "{origin.path}"')  # fmt: skip
    return folder


def _run_git(manifest: Manifest, folder: Path | None, *arguments: str) -> None:
    where = ["-C", str(folder)] if folder is not None else []
    try:
        subprocess.run(
            ["git", *where, *arguments],
            check=True, capture_output=True, text=True, timeout=GIT_SECONDS,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("A git source needs git, which is not installed here.") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["it gave no reason"]
        raise _problem(manifest, "spec.source.git", f"git failed: {lines[-1]}") from None
    except subprocess.TimeoutExpired:
        raise _problem(manifest, "spec.source.git", f"git took over {GIT_SECONDS} s") from None


class Environment:
    """Resolves env and envFrom from literals, the documents of the stream and --env-file."""

    def __init__(self, manifest: Manifest, env_file: Path | None) -> None:
        self._manifest = manifest
        self._file = _read_env_file(env_file) if env_file is not None else {}

    def resolve(
        self, env: tuple[dict[str, Any], ...], env_from: tuple[dict[str, Any], ...], path: str
    ) -> dict[str, str]:
        """Names and values. ManifestError names the key that is nowhere."""
        values: dict[str, str] = {}
        for index, source in enumerate(env_from):
            values |= self._all_of(source, f"{path}.envFrom[{index}]")
        for index, item in enumerate(env):
            value = self._value(item, f"{path}.env[{index}]")
            if value is not None:
                values[item["name"]] = value
        return values

    def _value(self, item: dict[str, Any], path: str) -> str | None:
        if "valueFrom" not in item:
            return str(item.get("value", ""))
        if item["name"] in self._file:
            return self._file[item["name"]]
        source = item["valueFrom"]
        for kind, documents in self._kinds("KeyRef").items():
            if kind not in source:
                continue
            reference = source[kind]
            content = documents.get(reference.get("name", ""), {})
            if reference["key"] in content:
                return content[reference["key"]].decode()
            if reference.get("optional"):
                return None
            raise _problem(
                self._manifest, f"{path}.valueFrom.{kind}",
                f'the key "{reference["key"]}" of "{reference.get("name", "")}" is not in this '
                f"file; add the document, or {item['name']}=… to --env-file",
            )  # fmt: skip
        raise _problem(
            self._manifest, f"{path}.valueFrom",
            f"only a cluster knows this; give {item['name']}=… in --env-file",
        )  # fmt: skip

    def _all_of(self, source: dict[str, Any], path: str) -> dict[str, str]:
        prefix = source.get("prefix", "")
        for kind, documents in self._kinds("Ref").items():
            if kind not in source:
                continue
            reference = source[kind]
            content = documents.get(reference.get("name", ""))
            if content is not None:
                return {prefix + key: value.decode() for key, value in content.items()}
            if not reference.get("optional") and not self._file:
                raise _problem(
                    self._manifest, f"{path}.{kind}",
                    f'"{reference.get("name", "")}" is not in this file; add the document, '
                    "or its values to --env-file",
                )  # fmt: skip
        return dict(self._file)

    def _kinds(self, suffix: str) -> dict[str, dict[str, dict[str, bytes]]]:
        stream = self._manifest.stream
        return {f"configMap{suffix}": stream.config_maps, f"secret{suffix}": stream.secrets}


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"--env-file {path} cannot be read: {error.strerror}.") from None
    values: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, equals, value = stripped.removeprefix("export ").partition("=")
        if not equals:
            raise UsageError(f"{path}: line {number}: not KEY=VALUE: {stripped}")
        values[name.strip()] = value.strip().strip("\"'")
    return values


def _ignored(test: LoadTest) -> list[str]:
    spec = test.resource["spec"]
    roles = [spec.get("workers", {}), spec.get("master", {})]
    found = {
        "image": test.image is not None,
        "resources": any("resources" in role for role in roles),
        "pod": bool(test.pod) or any(role.get("pod") for role in roles),
        "suspend": test.suspend,
        "ttlSecondsAfterFinished": test.ttl_seconds is not None,
        "results.persistentVolumeClaim": test.results.claim is not None,
    }
    return [name for name, present in found.items() if present]


def _problem(manifest: Manifest, path: str, message: str) -> ManifestError:
    return ManifestError(manifest.file, [Problem(path, message)])
