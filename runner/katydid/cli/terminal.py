"""What the terminal of this process is: its size, and whether it takes colours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

PIPE_COLUMNS = 120
"""Tables that go into a file or a pipe are as wide as this."""


def terminal_size() -> tuple[int, int]:
    """(columns, lines) of the terminal."""
    size = shutil.get_terminal_size()
    return size.columns, size.lines


def is_terminal(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether `stream` shows its text on a screen whose cursor can be moved."""
    return stream.isatty() and environ.get("TERM") != "dumb"


def wants_colour(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether text on `stream` may be coloured: on a terminal, unless NO_COLOR is set."""
    return is_terminal(stream, environ) and not environ.get("NO_COLOR")


def columns_of(stream: TextIO) -> int:
    """How wide tables on `stream` may be."""
    return terminal_size()[0] if stream.isatty() else PIPE_COLUMNS
