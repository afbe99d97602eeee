"""Locustfiles: finding them, importing them, shipping them to workers.

`find` turns the value of --locustfile into paths, `load` imports them and returns their classes,
`collect` and `unpack` move them with their sibling modules from master to worker. Nothing here
starts a test. Callers install `katydid.alias` before `load`.
"""

from katydid.locustfile.loading import (
    Loaded,
    is_shape_class,
    is_user_class,
    load,
    select_shape_class,
    select_user_classes,
)
from katydid.locustfile.paths import FROM_MASTER, find
from katydid.locustfile.tree import Tree, collect, unpack

__all__ = [
    "FROM_MASTER",
    "Loaded",
    "Tree",
    "collect",
    "find",
    "is_shape_class",
    "is_user_class",
    "load",
    "select_shape_class",
    "select_user_classes",
    "unpack",
]
