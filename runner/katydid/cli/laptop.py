"""A manifest on one machine: what a cluster would provide is taken from beside the manifest.

ConfigMaps and Secrets stand in the same YAML stream; nothing is ever read from a cluster. What
makes no sense here is left out with a line.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from katydid.cli.launch import Launch, Role
from katydid.cli.prepare import cores
from katydid.errors import ManifestError, UsageError
from katydid.locustfile import unpack
from katydid.manifest import LoadTest, Manifest, read_text
from katydid.manifest.describe import ignored_on_a_laptop
from katydid.manifest.sources import held_files, library_files
from katydid.manifest.spec import GitSource
from katydid.manifest.variables import parse_env_file, resolve

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
        where = ("spec", "target", "serviceRef")
        raise _problem(manifest, where, "a Service has no address outside its cluster: say --host")
    launch.fork = _workers(launch, test, choices.workers)
    launch.expected_workers = launch.fork
    folder = _source_folder(manifest, choices.source_dir)
    entrypoint = folder / test.source.entrypoint
    if not entrypoint.is_file():
        held = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        message = f"there is no file {test.source.entrypoint} in {folder}; it holds {held}"
        raise _problem(manifest, ("spec", "source", "entrypoint"), message)
    launch.paths = [entrypoint]
    launch.python_path = [folder / library.path for library in test.source.libs]
    known = parse_env_file(*read_text(choices.env_file)) if choices.env_file is not None else {}
    launch.role_environ = {
        Role.MASTER: resolve(manifest, test.master, known),
        Role.WORKER: resolve(manifest, test.workers.role, known),
    }
    ignored = ignored_on_a_laptop(test)
    if ignored:
        launch.notes.append(f"On one machine these have no meaning: {', '.join(ignored)}.")


def _workers(launch: Launch, test: LoadTest, asked: int | None) -> int:
    if asked is not None:
        if asked < 1:
            raise UsageError("--workers must be at least 1.")
        return asked
    wanted = max(1, test.workers.processes)
    available = cores()
    count = min(wanted, max(available - 1, 2))
    if count < wanted:
        launch.notes.append(
            f"{count} workers instead of {wanted}: this machine has {available} cores "
            "(--workers N overrides; users and rates are as the manifest says)."
        )
    return count


def _source_folder(manifest: Manifest, source_dir: Path | None) -> Path:
    if source_dir is not None:
        if not source_dir.is_dir():
            raise UsageError(f"--source-dir {source_dir} is not a folder.")
        return source_dir.absolute()
    files = held_files(manifest)
    if files is not None:
        return unpack(files, Path(tempfile.mkdtemp(prefix="katydid-source-")))
    origin = manifest.load_test.source.origin
    if not isinstance(origin, GitSource):
        message = "an image or a volume is the cluster's: say --source-dir"
        raise _problem(manifest, ("spec", "source"), message)
    folder = _git(manifest, origin)
    unpack(library_files(manifest), folder)
    return folder


def _git(manifest: Manifest, origin: GitSource) -> Path:
    """Clone into a cache, or bring the clone there up to date; the folder of the sources."""
    key = hashlib.sha256(origin.url.encode()).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    clone = home / "katydid" / "git" / key
    if not (clone / ".git").is_dir():
        clone.parent.mkdir(parents=True, exist_ok=True)
        _run_git(manifest, None, "clone", "--quiet", "--no-checkout", origin.url, str(clone))
    _run_git(manifest, clone, "fetch", "--quiet", "--tags", "origin", origin.ref or "HEAD")
    _run_git(manifest, clone, "checkout", "--quiet", "--force", "--detach", "FETCH_HEAD")
    folder = clone / origin.path
    if not folder.is_dir():
        message = f"{origin.url} has no folder {origin.path}"
        raise _problem(manifest, ("spec", "source", "git", "path"), message)
    return folder


def _run_git(manifest: Manifest, folder: Path | None, *arguments: str) -> None:
    where = ["-C", str(folder)] if folder is not None else []
    path = ("spec", "source", "git")
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
        raise _problem(manifest, path, f"git failed: {lines[-1]}") from None
    except subprocess.TimeoutExpired:
        raise _problem(manifest, path, f"git took over {GIT_SECONDS} s") from None


def _problem(manifest: Manifest, path: tuple[str, ...], message: str) -> ManifestError:
    return ManifestError(manifest.file, [manifest.document.problem(path, message)])
