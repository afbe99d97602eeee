"""Building HTML and SVG in which foreign text stays text.

`fill` is the only way values enter markup: everything that is not `Html` already is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from katydid.results import figures


class Html(str):
    """Text that is markup: literals of this package and what `fill` and `join` return."""

    __slots__ = ()


NOTHING = Html("")


def escape(value: object) -> Html:
    """Any value as text inside an element or a quoted attribute; markup passes unchanged."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(figures.visible(str(value), keep="\n\t"), quote=True))


def fill(template: str, **values: object) -> Html:
    """Return `template` with each `{name}` replaced by its escaped value."""
    return Html(template.format(**{name: escape(value) for name, value in values.items()}))


def join(parts: Iterable[object], separator: str = "") -> Html:
    """Escaped parts, one after another."""
    return Html(separator.join(escape(part) for part in parts))
