"""`locust.util.directory`."""

from __future__ import annotations

import os

__all__ = ["get_abspaths_in"]


def get_abspaths_in(directory: str, extension: str = "") -> list[str]:
    """Absolute paths of all files below `directory` whose names end with `extension`."""
    return [
        os.path.abspath(os.path.join(folder, name))
        for folder, _, names in os.walk(directory)
        for name in sorted(names)
        if name.endswith(extension) and not name.startswith("_")
    ]
