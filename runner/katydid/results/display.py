"""Decides what a stream sees of a running test, and when.

A terminal gets a view that is redrawn in place each second; a pipe or a log file gets one plain
line per ten seconds. Whoever prints something else meanwhile calls `clear` first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TextIO

from katydid.results import console
from katydid.results.text_table import Paint
from katydid.run.document import RunDocument

TERMINAL_INTERVAL_SECONDS = 1.0
PIPE_INTERVAL_SECONDS = 10.0


class Display:
    """Shows documents on `stream`; `size` returns (columns, lines) of the terminal."""

    def __init__(
        self,
        stream: TextIO,
        terminal: bool,
        size: Callable[[], tuple[int, int]] = lambda: (80, 24),
        whole: bool = True,
        colour: bool | None = None,
    ) -> None:
        """`whole`: the live view rather than one line; `colour` None: as `terminal`."""
        self._stream = stream
        self._terminal = terminal
        self._size = size
        self._whole = whole
        self._paint = Paint(terminal if colour is None else colour and terminal)
        self._drawn = 0  # lines of ours at the bottom of the terminal
        self._shown_at: float | None = None

    def due(self, now: float) -> bool:
        """Whether `show` would print at `now` (monotonic seconds): documents cost time to make."""
        interval = TERMINAL_INTERVAL_SECONDS if self._terminal else PIPE_INTERVAL_SECONDS
        return self._shown_at is None or now - self._shown_at >= interval - 0.05

    def show(self, document: RunDocument, now: float) -> None:
        """Print the document if it is time."""
        if not self.due(now):
            return
        self._shown_at = now
        columns, height = self._size()
        if not self._terminal:
            # A log is read later, at any width: nothing is left out of the line.
            self._write(console.progress_line(document.status, 10_000) + "\n")
            return
        # A line as wide as the screen would wrap on some terminals.
        room = max(20, columns - 1)
        if self._whole:
            # Taller than the screen, the cursor could not go back to the first line.
            lines = console.live_view(document, room, self._paint)[: max(1, height - 1)]
        else:
            lines = [console.progress_line(document.status, room, self._paint)]
        self._write(self._erase() + "".join(f"{line}\n" for line in lines))
        self._drawn = len(lines)

    def clear(self) -> None:
        """Take the live view off the terminal; the next `show` draws it again."""
        if self._drawn:
            self._write(self._erase())
            self._drawn = 0
            self._shown_at = None

    def _erase(self) -> str:
        return f"\x1b[{self._drawn}F\x1b[J" if self._drawn else ""

    def _write(self, text: str) -> None:
        # A stream that cannot encode a name, or that a closed pipe took away, never ends a test.
        with contextlib.suppress(OSError, ValueError):
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding or "ascii"
                self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
