"""`locust.util.load_locustfile`: what a locustfile defines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from katydid import locustfile
from katydid.locustfile import is_shape_class, is_user_class

__all__ = ["is_shape_class", "is_user_class", "load_locustfile"]


def load_locustfile(path: str) -> tuple[dict[str, type[Any]], list[Any]]:
    """(user classes by name, instances of the load shapes) of the file at `path`."""
    loaded = locustfile.load([Path(path)])
    shapes = [shape_class() for shape_class in loaded.shape_classes.values()]
    return dict(loaded.user_classes), shapes
