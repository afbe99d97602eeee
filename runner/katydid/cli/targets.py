"""Where results shall go, looked at before any load starts: an hour's run must not end in vain."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from katydid.cli.options import katydid_options
from katydid.cli.prepare import Prepared
from katydid.errors import UsageError


def demand_writable(prepared: Prepared) -> None:
    """Make the folders of all results; UsageError for one that cannot be written."""
    for option, path in _folders(prepared):
        try:
            path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=path).close()
        except OSError as error:
            raise _unwritable(option, path, error) from error
    for option, path in _files(prepared):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=path.parent).close()
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        except OSError as error:
            raise _unwritable(option, path, error) from error


def _folders(prepared: Prepared) -> Iterator[tuple[str, Path]]:
    results = prepared.launch.results or katydid_options(prepared.options).results
    if results:
        yield "--results", Path(results)


def _files(prepared: Prepared) -> Iterator[tuple[str, Path]]:
    options, ours = prepared.options, katydid_options(prepared.options)
    named = {
        "--csv": options.csv_prefix,
        "--html": options.html_file,
        "--json-file": options.json_file,
        "--junit": ours.junit_file,
        "--checkpoint": ours.checkpoint,
    }
    for option, name in named.items():
        if not name:
            continue
        path = Path(name)
        if "{" not in str(path.parent):  # of --html: {u} is not known yet
            yield option, path


def _unwritable(option: str, path: Path, error: OSError) -> UsageError:
    return UsageError(f"{option} {path} cannot be written: {error.strerror}.")
