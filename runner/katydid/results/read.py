"""Reading saved results back: a run.json, or the results folder that holds one."""

from __future__ import annotations

from pathlib import Path

from katydid.errors import UsageError
from katydid.results import document_json, write
from katydid.run.document import RunDocument


def source_of(path: Path) -> Path:
    """The run.json that `path` names, itself or by its folder."""
    return path / write.JSON_NAME if path.is_dir() else path


def read(path: Path) -> RunDocument:
    """The saved run. UsageError with a sentence when there is none that can be read."""
    source = source_of(path)
    try:
        text = source.read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}.") from error
    return document_json.from_json(text, str(source))
