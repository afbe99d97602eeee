"""Writing results to disk: each file whole or not at all, each format whatever the others do.

A file appears under its name only when it is complete (written beside it, synced, renamed), so a
reader or a kill never meets half a report. One format that fails is told and costs only itself.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from katydid.errors import UsageError
from katydid.results import csv_files, document_json, junit, report
from katydid.run.document import RunDocument

logger = logging.getLogger(__name__)

JSON_NAME = "run.json"
HTML_NAME = "report.html"
JUNIT_NAME = "junit.xml"
CSV_PREFIX = "results"  # results_stats.csv and its siblings, named as Locust names them

FORMATS: tuple[str, ...] = ("json", "html", "csv", "junit")
"""What `write_all` can write; run.json comes first, since the others can be made from it."""


def write_text(path: Path, text: str) -> Path:
    """Replace `path` by `text` at once, UTF-8; its folder is made. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        # Lone surrogates have no encoding; a name that holds one must not cost the report.
        with open(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp's own mode hides it from everyone else
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return path


def write_csv(document: RunDocument, prefix: Path) -> list[Path]:
    """Write Locust's four files, `<prefix>_stats.csv` and so on. Raises OSError."""
    return [
        write_text(prefix.with_name(f"{prefix.name}_{kind}.csv"), text)
        for kind, text in csv_files.render(document).items()
    ]


def write_all(
    document: RunDocument,
    directory: Path,
    formats: Iterable[str] = FORMATS,
    on_error: Callable[[str], None] = logger.error,
) -> list[Path]:
    """Write `formats` into `directory`; return the files that are there now.

    A format that cannot be written gives `on_error` a sentence; the rest is written all the same.
    Raises UsageError for a format that is none of FORMATS, before anything is written.
    """
    wanted = set(formats)
    if unknown := sorted(wanted.difference(FORMATS)):
        raise UsageError(
            f"There is no result format {unknown[0]!r}: choose from {', '.join(FORMATS)}."
        )
    written: list[Path] = []
    for name in FORMATS:
        if name not in wanted:
            continue
        try:
            written += _WRITERS[name](document, directory)
        except Exception as error:  # noqa: BLE001 - the boundary that keeps formats independent
            on_error(f"The {name} results could not be written to {directory}: {error!r}")
    return written


_WRITERS: dict[str, Callable[[RunDocument, Path], list[Path]]] = {
    "json": lambda document, directory: [
        write_text(directory / JSON_NAME, document_json.to_json(document))
    ],
    "html": lambda document, directory: [
        write_text(directory / HTML_NAME, report.render(document))
    ],
    "csv": lambda document, directory: write_csv(document, directory / CSV_PREFIX),
    "junit": lambda document, directory: [
        write_text(directory / JUNIT_NAME, junit.render(document))
    ],
}
