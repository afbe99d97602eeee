"""The bundle of runner/ui, where this installation has it: one script and one style.

Wheels and images carry it. A checkout has it after `make ui`; until then the plain page and the
plain report, which need no bundle, take its place.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from dataclasses import dataclass
from importlib import resources

FOLDER = "built"


@dataclass(frozen=True)
class Bundle:
    """Text of the two files."""

    script: str
    style: str

    @property
    def version(self) -> str:
        """Changes with the content: what a browser keeps under it stays right for ever."""
        return hashlib.sha256((self.script + self.style).encode()).hexdigest()[:12]

    @property
    def script_hash(self) -> str:
        """The inlined script as a content security policy names it."""
        digest = hashlib.sha256(self.script.encode()).digest()
        return f"sha256-{base64.b64encode(digest).decode()}"


@functools.cache
def find() -> Bundle | None:
    """The bundle, or None where it was not built."""
    folder = resources.files("katydid.page").joinpath(FOLDER)
    try:
        return Bundle(
            folder.joinpath("app.js").read_text(encoding="utf-8"),
            folder.joinpath("app.css").read_text(encoding="utf-8"),
        )
    except FileNotFoundError:
        return None
