"""Decides what a stream sees of a running test, and when.

A terminal gets a view at its bottom that is redrawn each second; a pipe or a log file gets one
plain line per ten seconds.

The lines of the view are taken out of the terminal's scrolling region (DECSTBM), and the cursor
stays above them. So whatever else is printed meanwhile, by this process or by workers on the same
terminal (log lines, a `print` of the locustfile), scrolls by above the view and is never lost.
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
LOG_LINES = 4
"""Lines of the terminal that the view leaves to everything else."""

_SAVE, _RESTORE = "\x1b7", "\x1b8"  # the cursor
_DOWN = "\x1bD"  # to the next line, scrolling at the end, in the same column
_SCROLL_EVERYTHING = "\x1b[r"
_ERASE_BELOW, _ERASE_LINE = "\x1b[J", "\x1b[2K"


class Display:
    """Shows documents on `stream`; `size` returns (columns, lines) of the terminal."""

    def __init__(
        self,
        stream: TextIO,
        terminal: bool,
        size: Callable[[], tuple[int, int]] = lambda: (80, 24),
        colour: bool | None = None,
    ) -> None:
        """`colour` None: as `terminal`."""
        self._stream = stream
        self._terminal = terminal
        self._size = size
        self._paint = Paint(terminal if colour is None else colour and terminal)
        self._drawn = 0  # lines of ours at the bottom of the terminal
        self._drawn_size = (0, 0)  # of the terminal they were drawn for
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
        if not self._terminal:
            # A log is read later, at any width: nothing is left out of the line.
            self._write(console.progress_line(document.status, 10_000) + "\n")
            return
        size = columns, height = self._size()
        # A line as wide as the screen would wrap on some terminals.
        room, most = max(20, columns - 1), max(1, height - 1 - LOG_LINES)
        lines = ["", *console.live_view(document, room, self._paint, most)]
        self._write(self._make_room(len(lines), size) + self._draw(lines, height))

    def clear(self) -> None:
        """Take the live view off the terminal; the next `show` draws it again."""
        if self._drawn:
            self._write(self._erase(self._size()))
            self._shown_at = None

    def _make_room(self, lines: int, size: tuple[int, int]) -> str:
        """Let everything but the last `lines` of the terminal scroll."""
        if self._drawn == lines and self._drawn_size == size:
            return ""
        out = ""
        if self._drawn and (self._drawn_size != size or self._drawn > lines):
            out = self._erase(size)
        # Pushes up what stands where the view will be; inside the old region, if there is one.
        more = lines - self._drawn
        out += _DOWN * more + f"\x1b[{more}A" if more > 0 else ""
        height = size[1]
        out += f"{_SAVE}\x1b[1;{max(1, height - lines)}r{_RESTORE}"
        self._drawn, self._drawn_size = lines, size
        return out

    def _draw(self, lines: list[str], height: int) -> str:
        top = height - len(lines) + 1
        drawn = (f"\x1b[{top + i};1H{_ERASE_LINE}{line}" for i, line in enumerate(lines))
        return f"{_SAVE}{''.join(drawn)}{_RESTORE}"

    def _erase(self, size: tuple[int, int]) -> str:
        """Let the whole terminal scroll again, and empty what the view took of it."""
        if size == self._drawn_size:
            empty = f"\x1b[{max(1, size[1] - self._drawn + 1)};1H{_ERASE_BELOW}{_RESTORE}"
        else:  # the terminal has moved our lines: only what is below the cursor is surely ours
            empty = f"{_RESTORE}{_ERASE_BELOW}"
        self._drawn = 0
        return f"{_SAVE}{_SCROLL_EVERYTHING}{empty}"

    def _write(self, text: str) -> None:
        # A stream that cannot encode a name, or that a closed pipe took away, never ends a test.
        with contextlib.suppress(OSError, ValueError):
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding or "ascii"
                self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
