"""A locustfile with what belongs to it, as bytes: the master collects, a worker unpacks.

Collected are the files below each locustfile's directory and the modules it imported from
elsewhere below the working directory. Left out: hidden names, caches, virtual environments.
Where that directory is the user's home or the root of the file system, only modules that were
really imported are taken.
"""

from __future__ import annotations

import logging
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from katydid.errors import LocustfileError

MAX_BYTES = 16 * 2**20  # of the whole tree: it is sent in one message
MAX_DATA_FILE_BYTES = 4 * 2**20  # of one file that is not Python
MAX_FILES_SEEN = 20_000

SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "results", "build", "dist"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tree:
    """Files by POSIX path, relative to a common directory; entrypoints are among them."""

    entrypoints: tuple[str, ...]
    files: dict[str, bytes]


def collect(paths: Sequence[Path]) -> Tree:
    """The locustfiles at `paths` and what belongs to them. Call it after `load`.

    Raises LocustfileError if the Python files alone are more than one message may carry.
    """
    # Not resolved: files of a mounted ConfigMap are links into a hidden directory.
    entrypoints = [Path(os.path.abspath(path)) for path in paths]
    chosen: dict[Path, None] = dict.fromkeys(entrypoints)  # an ordered set
    for directory in dict.fromkeys(path.parent for path in entrypoints):
        if directory not in (Path.home(), Path(directory.anchor)):
            chosen.update(dict.fromkeys(_walk(directory)))
    places = {Path.cwd(), *(path.parent for path in entrypoints)}
    chosen.update(dict.fromkeys(_imported_below(places)))
    base = _base(chosen)
    # Python first: data is what gives way when the tree grows too large.
    ordered = sorted(chosen, key=lambda path: (path.suffix != ".py", str(path)))
    return Tree(
        tuple(path.relative_to(base).as_posix() for path in entrypoints), _read(ordered, base)
    )


def unpack(files: Mapping[str, bytes], directory: Path | None = None) -> Path:
    """Write the files of a Tree below `directory` (default: a new temporary one); returns it.

    Raises LocustfileError for a path that would leave the directory.
    """
    root = (directory or Path(tempfile.mkdtemp(prefix="katydid-"))).resolve()
    for name, content in files.items():
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or "\\" in name or not relative.parts:
            raise LocustfileError(f"The master sent a file with the unsafe path {name!r}.")
        path = root.joinpath(*relative.parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def _walk(directory: Path) -> Iterator[Path]:
    """Regular files below `directory`, nearest first, up to a number of them."""
    pending = [directory]
    seen = 0
    while pending:
        for entry in sorted(os.scandir(pending.pop(0)), key=lambda entry: entry.name):
            seen += 1
            if seen > MAX_FILES_SEEN:
                logger.warning(
                    "%s holds more than %d files; those further down are not sent to workers.",
                    directory, MAX_FILES_SEEN,
                )  # fmt: skip
                return
            if entry.name.startswith(".") or entry.name in SKIPPED:
                continue
            if entry.is_dir(follow_symlinks=False):
                if not os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
                    pending.append(Path(entry.path))
            elif entry.is_file() and _wanted(entry):
                yield Path(entry.path)


def _wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name.endswith(".py"):
        return True
    if entry.name.endswith((".pyc", ".so", ".log")):
        return False
    if entry.stat().st_size > MAX_DATA_FILE_BYTES:
        logger.warning("%s is too large to be sent to workers; put it there yourself.", entry.path)
        return False
    return True


def _imported_below(places: Iterable[Path]) -> list[Path]:
    """Source files of imported modules that live below one of `places`."""
    found = []
    roots = tuple(places)
    foreign = (Path(__file__).parent.parent, Path(sysconfig.get_path("stdlib")))
    for module in list(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if not isinstance(name, str) or not name.endswith(".py"):
            continue
        path = Path(os.path.abspath(name))
        if any(place in path.parents for place in foreign):
            continue
        below = [path.relative_to(root) for root in roots if root in path.parents]
        if any(not _is_skipped(relative) for relative in below) and path.is_file():
            found.append(path)
    return found


def _is_skipped(relative: Path) -> bool:
    return any(part in SKIPPED or part.startswith(".") for part in relative.parts)


def _base(paths: Iterable[Path]) -> Path:
    """The working directory if it holds all of them, else the nearest one that does."""
    directories = {path.parent for path in paths}
    here = Path.cwd()
    if all(here == directory or here in directory.parents for directory in directories):
        return here
    return Path(os.path.commonpath(directories))


def _read(ordered: Sequence[Path], base: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    for path in ordered:
        try:
            content = path.read_bytes()
        except OSError as error:
            logger.warning("%s cannot be read and is not sent to workers (%s).", path, error)
            continue
        if total + len(content) > MAX_BYTES:
            if path.suffix == ".py":
                raise LocustfileError(
                    f"The Python files beside the locustfile are more than "
                    f"{MAX_BYTES // 2**20} MiB, too much to send to workers: give it a directory "
                    "of its own."
                )
            logger.warning("%s is not sent to workers: the tree is too large.", path)
            continue
        total += len(content)
        files[path.relative_to(base).as_posix()] = content
    return files
