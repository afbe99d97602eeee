"""From the value of --locustfile to the paths of Python files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests

from katydid.errors import LocustfileError

FROM_MASTER = "-"
"""As the value of --locustfile, on a worker: the master sends it."""

DOWNLOAD_TIMEOUT_SECONDS = 30


def find(locustfile: str) -> list[Path]:
    """Absolute paths for `a.py`, `a` (for a.py), `a.py,b.py`, a directory or an http(s) URL.

    Directories are searched whole; names that begin with `_` or `.` are left out. A URL's file
    is saved in a new temporary directory. Raises LocustfileError naming what is not there.
    """
    found: list[Path] = []
    for name in (part.strip() for part in locustfile.split(",")):
        if not name:
            continue
        for path in _find_one(name):
            if path not in found:
                found.append(path)
    if not found:
        raise LocustfileError("--locustfile names no file.")
    return found


def _find_one(name: str) -> list[Path]:
    if name == FROM_MASTER:
        raise LocustfileError("-f - takes the locustfile from the master: only a --worker can.")
    if name.startswith(("http://", "https://")):
        return [_download(name)]
    path = Path(name).expanduser()
    if path.is_dir():
        return _python_files(path)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        raise LocustfileError(f"{name} is no Python file; a LoadTest runs with: katydid run {name}")
    for candidate in (path, path.with_name(path.name + ".py")):
        if candidate.is_file():
            return [_absolute(candidate)]
    raise LocustfileError(f"There is no file {name}.{_hint(path)}")


def _absolute(path: Path) -> Path:
    """Not resolved: a mounted ConfigMap's files are links into a hidden directory."""
    return Path(os.path.abspath(path))


def _python_files(directory: Path) -> list[Path]:
    found = [
        _absolute(path)
        for path in sorted(directory.rglob("*.py"))
        if not any(part.startswith(("_", ".")) for part in path.relative_to(directory).parts)
    ]
    if not found:
        raise LocustfileError(f"The directory {directory} holds no Python file.")
    return found


def _hint(missing: Path) -> str:
    """What the user may have meant: Python files in the place that was looked at."""
    folder = missing.parent
    if not folder.is_dir():
        return f" There is no directory {folder} either."
    near = sorted(path.name for path in folder.glob("*.py") if not path.name.startswith("_"))
    if not near:
        return " Name your locustfile with -f FILE."
    return f" Name your locustfile with -f FILE; Python files here: {', '.join(near[:5])}."


def _download(url: str) -> Path:
    try:
        response = requests.get(url, timeout=DOWNLOAD_TIMEOUT_SECONDS)
        response.raise_for_status()
    except requests.RequestException as error:
        raise LocustfileError(f"The locustfile {url} cannot be downloaded: {error}") from error
    name = Path(unquote(urlsplit(url).path)).name or "locustfile.py"
    path = Path(tempfile.mkdtemp(prefix="katydid-")).resolve() / name
    path.write_bytes(response.content)
    return path if path.suffix == ".py" else path.rename(path.with_name(path.name + ".py"))
