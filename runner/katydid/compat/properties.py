"""Module attributes that live elsewhere: what a compat module needs to be written to.

`locust.runners.WORKER_REPORT_INTERVAL = 0.3` must reach the engine, which reads `tunables`. A
plain re-export would only rebind a name, so the module gets a class with properties. Each has a
deleter as well: on its exit `mock.patch` deletes the attribute, finds it gone and sets the old
value again.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any


def forward(module_name: str, owners: Mapping[str, tuple[ModuleType, str]]) -> None:
    """Make `name` of a module stand for an attribute of another: name → (owner, attribute)."""
    properties = {name: _property(*place) for name, place in owners.items()}
    module = sys.modules[module_name]
    base = type(module)
    module.__class__ = type(base.__name__, (base,), properties)


def forward_same(module_name: str, owner: ModuleType, names: tuple[str, ...]) -> None:
    """`forward` for names that are the same on both sides."""
    forward(module_name, {name: (owner, name) for name in names})


def lazy(module_name: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__` that imports on first use: name → "module" or "module:attribute".

    For names whose modules a locustfile need not load: sockets, Flask, reports.
    """

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {module_name!r} has no attribute {name!r}")
        module, _, attribute = places[name].partition(":")
        value: Any = importlib.import_module(module)
        if attribute:
            value = getattr(value, attribute)
        setattr(sys.modules[module_name], name, value)
        return value

    return load


def _property(owner: ModuleType, attribute: str) -> property:
    def read(_: ModuleType) -> Any:
        return getattr(owner, attribute)

    def write(_: ModuleType, value: Any) -> None:
        setattr(owner, attribute, value)

    def remove(_: ModuleType) -> None:
        delattr(owner, attribute)

    return property(read, write, remove)
