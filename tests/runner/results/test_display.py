"""What a stream sees of a running test: a view at the bottom of a terminal, plain lines in a pipe.

`Screen` is a terminal as far as the display needs one, so that the tests see what a person sees.
"""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from katydid.results.display import LOG_LINES, Display

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_STEP = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|\x1b([78D])|(\n)|(\r)|([^\x1b\n\r]+)")


class Screen(io.StringIO):
    """Cursor movement, scrolling region, saved cursor, erasing; colours are ignored."""

    def __init__(self, columns: int, height: int) -> None:
        super().__init__()
        self.columns, self.height = columns, height
        self.rows = [""] * height
        self.scrolled: list[str] = []  # off the top, while everything scrolls from the first row
        self._row = self._column = 0
        self._saved = (0, 0)
        self._bottom = height

    def size(self) -> tuple[int, int]:
        return self.columns, self.height

    def write(self, text: str) -> int:
        position = 0
        while position < len(text):
            step = _STEP.match(text, position)
            assert step, f"not understood: {text[position : position + 20]!r}"
            position = step.end()
            parameters, letter, short, newline, back, plain = step.groups()
            if letter:
                self._command(letter, [int(n) if n else 0 for n in parameters.split(";")])
            elif short == "7":
                self._saved = (self._row, self._column)
            elif short == "8":
                self._row, self._column = self._saved
            elif short == "D" or newline:
                self._down()
                self._column = 0 if newline else self._column
            elif back:
                self._column = 0
            else:
                self._put(plain)
        return len(text)

    def _command(self, letter: str, n: list[int]) -> None:
        if letter == "A":
            self._row = max(0, self._row - n[0])
        elif letter == "H":
            self._row, self._column = n[0] - 1, n[1] - 1
        elif letter == "J":
            self.rows[self._row] = self.rows[self._row][: self._column]
            self.rows[self._row + 1 :] = [""] * (self.height - self._row - 1)
        elif letter == "K":
            assert n == [2]
            self.rows[self._row] = ""
        elif letter == "r":
            self._bottom = n[1] if len(n) > 1 else self.height
            self._row = self._column = 0
        else:
            assert letter == "m", letter

    def _down(self) -> None:
        if self._row + 1 == self._bottom:
            self.scrolled.append(self.rows.pop(0))
            self.rows.insert(self._bottom - 1, "")
        else:
            self._row += 1

    def _put(self, text: str) -> None:
        row = self.rows[self._row].ljust(self._column)
        self.rows[self._row] = row[: self._column] + text + row[self._column + len(text) :]
        self._column += len(text)
        assert self._column <= self.columns, f"a line would wrap: {text!r}"

    @property
    def lines(self) -> list[str]:
        """Everything there is to be read, scrolled text included, without blank lines."""
        return [line for line in [*self.scrolled, *self.rows] if line]

    @property
    def cursor(self) -> int:
        return self._row


@pytest.mark.parametrize("height", [24, 40, 60])
def test_the_view_stays_at_the_bottom_and_is_redrawn_in_place(samples: Any, height: int) -> None:
    screen = Screen(100, height)
    screen.write("$ katydid run loadtest.yaml\n")
    display = Display(screen, terminal=True, size=screen.size)
    for second in range(5):
        display.show(samples.running(), now=float(second))
    assert screen.rows[-1].startswith("p95 ")
    assert [line for line in screen.lines if "Running" in line] == [
        next(row for row in screen.rows if row.startswith("● Running"))
    ]
    assert screen.lines[0] == "$ katydid run loadtest.yaml"


def test_what_others_print_scrolls_by_above_the_view(samples: Any) -> None:
    """The log of this process and of its workers, and every `print` of a locustfile."""
    screen = Screen(100, 30)
    display = Display(screen, terminal=True, size=screen.size)
    told = []
    for second in range(40):
        display.show(samples.running(), now=float(second))
        told.append(f"worker says {second}")
        screen.write(told[-1] + "\n")
    assert [line for line in screen.lines if line.startswith("worker says")] == told
    assert sum("Running" in line for line in screen.lines) == 1
    assert screen.rows[-1].startswith("p95 ")
    display.clear()
    assert [line for line in screen.lines if not line.startswith("worker says")] == []
    screen.write("the end\n")
    assert screen.lines == [*told, "the end"]


def test_the_view_grows_and_shrinks(samples: Any) -> None:
    screen = Screen(100, 50)
    for i in range(60):
        screen.write(f"before {i}\n")
    display = Display(screen, terminal=True, size=screen.size)
    for second, document in enumerate(
        [samples.nothing(), samples.running(), samples.nothing(), samples.many_names()]
    ):
        display.show(document, now=float(second))
        screen.write(f"log {second}\n")
        first_of_view = next(i for i, row in enumerate(screen.rows) if re.match("[●✕✓] [A-Z]", row))
        assert screen.cursor < first_of_view
    display.clear()
    assert screen.lines == [*(f"before {i}" for i in range(60)), *(f"log {i}" for i in range(4))]


def test_a_resized_terminal_gets_a_new_view(samples: Any) -> None:
    screen = Screen(120, 40)
    display = Display(screen, terminal=True, size=screen.size)
    display.show(samples.running(), now=0.0)
    small = Screen(80, 30)  # what the terminal made of its lines is not ours to know
    display._stream = small
    display._size = small.size
    display.show(samples.running(), now=1.0)
    assert sum("Running" in line for line in small.lines) == 1
    assert small.rows[-1].startswith("p95 ")


@pytest.mark.parametrize("height", [2, 5, 6, 12, 18])
def test_a_low_terminal_keeps_the_most_important(samples: Any, height: int) -> None:
    screen = Screen(80, height)
    Display(screen, terminal=True, size=screen.size).show(samples.running(), now=0.0)
    shown = [row for row in screen.rows if row]
    assert shown[0].startswith("● Running"), "the status line is first, whatever else there is"
    assert len(shown) <= max(1, height - 1 - LOG_LINES)


def test_clear_makes_the_next_document_due(samples: Any) -> None:
    screen = Screen(100, 50)
    display = Display(screen, terminal=True, size=screen.size)
    assert display.due(0.0)
    display.show(samples.running(), now=0.0)
    assert not display.due(0.5)
    display.clear()
    assert display.due(0.5)


def test_a_pipe_gets_a_plain_line_each_ten_seconds(samples: Any) -> None:
    stream = io.StringIO()
    display = Display(stream, terminal=False, colour=True)
    for second in range(25):
        display.show(samples.aborted(), now=float(second))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert "\x1b" not in stream.getvalue()
    assert "generator saturated" in lines[0]  # whole, whatever the width


def test_colours_are_for_who_wants_them(samples: Any) -> None:
    for colour in (True, False):
        stream = io.StringIO()
        display = Display(stream, terminal=True, size=lambda: (100, 50), colour=colour)
        display.show(samples.running(), now=0.0)
        assert ("\x1b[34m" in stream.getvalue()) == colour


def test_a_stream_that_cannot_take_it_never_ends_the_test(samples: Any) -> None:
    raw = io.BytesIO()
    ascii_only = io.TextIOWrapper(raw, encoding="ascii")
    Display(ascii_only, terminal=False).show(samples.running(), now=0.0)
    assert raw.getvalue().startswith(b"? Running  02:14 / 10:00  500 users")
    closed = io.StringIO()
    closed.close()
    Display(closed, terminal=False).show(samples.running(), now=0.0)
