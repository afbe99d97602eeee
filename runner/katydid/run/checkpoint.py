"""The master's memory on disk: written whole, fsynced, renamed, so that a reader never sees half.

The content is plain data (see `MasterRunner.dump`); this module knows only its envelope.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Any

import msgpack

from katydid.errors import InternalError

FORMAT = 1
_MAGIC = b"KATYDID1"


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace the checkpoint at `path` by `content` (msgpack-able). OSError when it cannot."""
    body = msgpack.packb({"format": FORMAT, "content": content}, use_bin_type=True)
    temporary = path.with_name(f".{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary.open("wb") as file:
        file.write(_MAGIC + zlib.crc32(body).to_bytes(4, "big") + body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: Path) -> dict[str, Any] | None:
    """The content of the checkpoint at `path`, None when there is none.

    InternalError when the file is not one of ours or is damaged: going on without it would
    count everything twice.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    body = raw[12:]
    if raw[:8] != _MAGIC or zlib.crc32(body) != int.from_bytes(raw[8:12], "big"):
        raise InternalError(f"{path} is not a checkpoint of Katydid, or it is damaged.")
    envelope = msgpack.unpackb(body, raw=False, strict_map_key=False)
    if envelope["format"] != FORMAT:
        raise InternalError(
            f"{path} is a checkpoint of format {envelope['format']}; this version reads {FORMAT}."
        )
    content: dict[str, Any] = envelope["content"]
    return content
