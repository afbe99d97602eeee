"""Tables, widths and sparklines of a terminal: text in, lines out.

Widths are those of the screen (a CJK character takes two cells, a combining one none), foreign
text has its escape sequences written out, and colours exist only where the caller says so.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from katydid.results import figures

_COLOURS = {"ok": "32", "bad": "31", "warn": "33", "dim": "2", "bold": "1", "run": "34"}
_SPARKS = "▁▂▃▄▅▆▇█"
_ELLIPSIS = "…"


@dataclass(frozen=True)
class Paint:
    """Colours text on a terminal; anywhere else `on` is False and text stays as it is."""

    on: bool = False

    def __call__(self, text: str, tone: str) -> str:
        code = _COLOURS.get(tone)
        return f"\x1b[{code}m{text}\x1b[0m" if self.on and code and text else text


def width(text: str) -> int:
    """Cells that `text` takes on the screen. It must be free of control characters."""
    if text.isascii():
        return len(text)
    return sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def shorten(text: str, cells: int) -> str:
    """`text` in at most `cells`, its end replaced by an ellipsis where it is longer."""
    if width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    kept, used = [], 1  # the ellipsis
    for char in text:
        used += _char_width(char)
        if used > cells:
            break
        kept.append(char)
    return "".join(kept) + _ELLIPSIS


def pad(text: str, cells: int, right: bool = False) -> str:
    """`text` filled with spaces to `cells`; `right`: flush right."""
    fill = " " * max(0, cells - width(text))
    return fill + text if right else text + fill


@dataclass(frozen=True)
class Head:
    """A column: its title and whether its cells are numbers (flush right)."""

    title: str
    number: bool = True


@dataclass(frozen=True)
class Row:
    """A line of cells; `tones[i]` colours cell i. Rows of no cells are rules."""

    cells: tuple[str, ...] = ()
    tones: tuple[str, ...] = ()

    def without(self, places: Collection[int]) -> Row:
        """The row without the cells at `places`."""
        return Row(
            tuple(cell for i, cell in enumerate(self.cells) if i not in places),
            tuple(tone for i, tone in enumerate(self.tones) if i not in places),
        )


RULE = Row()


def fitting(
    heads: Sequence[Head],
    rows: Sequence[Row],
    columns: int,
    flexible: int,
    dispensable: Sequence[int],
    least: int = 16,
) -> tuple[list[Head], list[Row]]:
    """`heads` and `rows` without the columns that a narrow screen has no room for.

    Of `dispensable`, which stand after `flexible`, the first ones go first, and only as many as it
    takes to give column `flexible` its longest text or `least` cells.
    """
    widths = _widths(heads, [row.cells for row in rows])
    gone: set[int] = set()
    for place in dispensable:
        kept = [cells for i, cells in enumerate(widths) if i not in gone | {flexible}]
        if sum(kept) + 2 * len(kept) + min(widths[flexible], least) <= columns:
            break
        gone.add(place)
    return (
        [head for i, head in enumerate(heads) if i not in gone],
        [row.without(gone) for row in rows],
    )


def _widths(heads: Sequence[Head], rows: Sequence[Sequence[str]]) -> list[int]:
    return [
        max([width(head.title), *(width(figures.visible(cells[i])) for cells in rows if cells)])
        for i, head in enumerate(heads)
    ]


def table(
    heads: Sequence[Head], rows: Sequence[Row], columns: int, paint: Paint, flexible: int, cut: bool
) -> list[str]:
    """Lines of at most `columns` cells; column `flexible` gives way to the others.

    With `cut` its long texts are shortened. Without, nothing is lost: a text that does not fit
    takes a line of its own above its row's numbers.
    """
    shown = [tuple(figures.visible(cell) for cell in row.cells) for row in rows]
    widths = _widths(heads, shown)
    gaps = 2 * (len(heads) - 1)
    others = sum(widths) - widths[flexible] + gaps
    room = max(8, width(heads[flexible].title), columns - others)
    widths[flexible] = min(widths[flexible], room)
    lines = [paint(_line([head.title for head in heads], (), heads, widths, Paint()), "dim")]
    for row, cells in zip(rows, shown, strict=True):
        if not cells:
            lines.append(paint("─" * min(columns, sum(widths) + gaps), "dim"))
            continue
        too_long = width(cells[flexible]) > widths[flexible]
        if too_long and cut:
            cells = _replaced(cells, flexible, shorten(cells[flexible], widths[flexible]))
        elif too_long and flexible < len(heads) - 1:
            lines.append(_line(cells[: flexible + 1], row.tones, heads, widths, paint))
            cells = tuple("" if i <= flexible else cell for i, cell in enumerate(cells))
        lines.append(_line(cells, row.tones, heads, widths, paint))
    return lines


def _replaced(cells: tuple[str, ...], place: int, text: str) -> tuple[str, ...]:
    return (*cells[:place], text, *cells[place + 1 :])


def _line(
    cells: Sequence[str], tones: Sequence[str], heads: Sequence[Head], widths: Sequence[int],
    paint: Paint,
) -> str:  # fmt: skip
    padded = [
        paint(pad(cell, widths[i], heads[i].number), tones[i] if i < len(tones) else "")
        for i, cell in enumerate(cells)
    ]
    return "  ".join(padded).rstrip()


def sparkline(values: Sequence[float | None], cells: int) -> str:
    """The last of `values` as bars of eight heights from zero; a gap is a space.

    More values than cells are drawn together, the highest of each group.
    """
    if cells <= 0 or not values:
        return ""
    group = -(-len(values) // cells)
    grouped = [
        max((v for v in values[i : i + group] if v is not None), default=None)
        for i in range(0, len(values), group)
    ]
    highest = max((value for value in grouped if value is not None), default=0.0)
    return "".join(" " if value is None else _SPARKS[_height(value, highest)] for value in grouped)


def _height(value: float, highest: float) -> int:
    return 0 if highest <= 0 else min(7, max(0, int(8 * value / highest)))
