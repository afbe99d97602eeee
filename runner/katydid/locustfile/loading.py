"""Importing locustfiles and telling what they define: user classes and load shapes."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import logging
import os
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TypeGuard

from katydid.errors import KatydidError, LocustfileError
from katydid.user.pytest_user import FIXTURES, pytest_user
from katydid.user.shape import LoadTestShape
from katydid.user.users import User

logger = logging.getLogger(__name__)

PLUGINS = "locust_plugins"
"""The one package of plugins that Locust imports by itself."""


@dataclass
class Loaded:
    """What locustfiles define. Classes stand in the order of their definition, by class name."""

    paths: list[Path]
    modules: list[ModuleType] = field(default_factory=list)
    user_classes: dict[str, type[User]] = field(default_factory=dict)
    shape_classes: dict[str, type[LoadTestShape]] = field(default_factory=dict)

    @property
    def docstring(self) -> str:
        """Of the first locustfile, or ""."""
        return inspect.getdoc(self.modules[0]) or "" if self.modules else ""


def is_user_class(item: object) -> TypeGuard[type[User]]:
    """A class that users can be made of: a User that is not abstract."""
    return inspect.isclass(item) and issubclass(item, User) and not item.abstract


def is_shape_class(item: object) -> TypeGuard[type[LoadTestShape]]:
    """A load shape that is not abstract."""
    return inspect.isclass(item) and issubclass(item, LoadTestShape) and not item.abstract


def load(paths: Sequence[Path]) -> Loaded:
    """Import the files at `paths`, in order.

    The working directory and each file's own go to the front of sys.path and stay there, since
    locustfiles import lazily too. A file that an earlier one has imported is not run again.
    locust_plugins comes first, if it is installed.
    Raises LocustfileError with file and line of what is wrong; its note is the traceback from
    the locustfile on. Needs `katydid.alias` to be installed.
    """
    loaded = Loaded(list(paths))
    _to_front_of_path(Path.cwd())
    _import_plugins()
    before = set(sys.modules)
    for path in paths:
        module = _import_once(path, before)
        loaded.modules.append(module)
        _take_users(module, loaded)
        _take_shapes(module, loaded)
    if not loaded.user_classes:
        _take_test_functions(loaded)
    if not loaded.user_classes:
        names = ", ".join(_shown(path) for path in paths)
        raise LocustfileError(
            f"{names} defines no user class: a class that derives from HttpUser or User and does "
            "not set abstract = True (or a function test_…(session))."
        )
    return loaded


def select_user_classes(
    user_classes: Mapping[str, type[User]], names: Sequence[str]
) -> list[type[User]]:
    """The classes named on the command line, or all. LocustfileError for an unknown name."""
    unknown = [name for name in names if name not in user_classes]
    if unknown:
        raise LocustfileError(
            f"Unknown user class {', '.join(unknown)}; the locustfile defines "
            f"{', '.join(user_classes)}."
        )
    return [cls for name, cls in user_classes.items() if not names or name in names]


def select_shape_class(
    shape_classes: Mapping[str, type[LoadTestShape]], name: str | None = None
) -> type[LoadTestShape] | None:
    """The shape called `name`, or the only one, or None if there is none and none was named."""
    if name is not None:
        if name not in shape_classes:
            known = ", ".join(shape_classes) or "none"
            raise LocustfileError(f"Unknown shape class {name}; the locustfile defines {known}.")
        return shape_classes[name]
    if len(shape_classes) > 1:
        raise LocustfileError(
            f"The locustfile defines several shapes ({', '.join(shape_classes)}): set "
            "abstract = True on all but one, or name one."
        )
    return next(iter(shape_classes.values()), None)


def _import_plugins() -> None:
    """locust_plugins, where it is installed: it adds options by being imported."""
    if importlib.util.find_spec(PLUGINS) is None:
        return
    try:
        importlib.import_module(PLUGINS)
    except Exception as error:  # somebody's package: whatever it raises becomes a sentence
        raise LocustfileError(
            f"{PLUGINS} is installed but cannot be imported: {type(error).__name__}: {error}"
        ) from error


def _to_front_of_path(directory: Path) -> None:
    text = str(directory)
    if text in sys.path:
        sys.path.remove(text)
    sys.path.insert(0, text)


def _import_once(path: Path, before: set[str]) -> ModuleType:
    """The module of `path`: as an earlier locustfile of this call imported it, or run now."""
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        if _file_of(module) == str(path) and name != "__main__":
            return module
    return _import(path, _module_name(path))


def _file_of(module: object) -> str | None:
    """Where a module was read from; some put other things than modules into sys.modules."""
    name = getattr(module, "__file__", None)
    return os.path.abspath(name) if isinstance(name, str) else None


def _module_name(path: Path) -> str:
    """The file's stem, unless that name belongs to another module already."""
    stem = "locustfile" if path.stem == "locust" else path.stem
    name, number = stem, 1
    while _is_taken(name, path):
        number += 1
        name = f"{stem}_{number}"
    return name


def _is_taken(name: str, path: Path) -> bool:
    if name in sys.modules:
        return _file_of(sys.modules[name]) != str(path)
    return name in sys.stdlib_module_names


def _import(path: Path, name: str) -> ModuleType:
    _to_front_of_path(path.parent)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LocustfileError(f"{_shown(path)} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except KatydidError:
        del sys.modules[name]
        raise
    except Exception as error:  # user code: whatever it raises becomes a sentence
        del sys.modules[name]
        raise _broken(path, error) from error
    return module


def _broken(path: Path, error: Exception) -> LocustfileError:
    """What went wrong, with file and line; the traceback from the locustfile on as a note."""
    if isinstance(error, SyntaxError) and error.filename:
        text = (error.text or "").strip()
        code = f": {text}" if text else ""
        where = f"{_shown(Path(error.filename))}, line {error.lineno}"
        return LocustfileError(f"{where}: {error.msg}{code}")
    frames = _from_locustfile(path, error.__traceback__)
    where = _shown(path)
    if frames is not None:
        own = [
            frame
            for frame in traceback.extract_tb(frames)
            if Path(frame.filename).is_relative_to(path.parent)
            and "site-packages" not in frame.filename
        ]
        where = f"{_shown(Path(own[-1].filename))}, line {own[-1].lineno}" if own else where
    text = str(error).replace("katydid.compat.locust", "locust")  # as the user wrote it
    result = LocustfileError(f"{where}: {type(error).__name__}: {text}")
    result.add_note("".join(traceback.format_exception(type(error), error, frames)).rstrip())
    return result


def _from_locustfile(path: Path, frames: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of the import machinery and ours."""
    while frames is not None and frames.tb_frame.f_code.co_filename != str(path):
        frames = frames.tb_next
    return frames


def _take_users(module: ModuleType, loaded: Loaded) -> None:
    for cls in _classes(module):
        if not is_user_class(cls):
            continue
        known = loaded.user_classes.setdefault(cls.__name__, cls)
        if known is cls:
            continue
        first, second = _defined_in(known), _defined_in(cls)
        if first == second and len(loaded.modules) > 1:
            continue  # one definition, seen through two imports
        raise LocustfileError(
            f"The user class {cls.__name__} is defined twice, in {first} and in {second}: "
            "rename one."
        )


def _take_shapes(module: ModuleType, loaded: Loaded) -> None:
    for cls in _classes(module):
        if is_shape_class(cls):
            loaded.shape_classes.setdefault(cls.__name__, cls)


def _take_test_functions(loaded: Loaded) -> None:
    """pytest functions that use our fixtures: each becomes a user class."""
    for module in loaded.modules:
        for name, item in vars(module).items():
            if not (name.startswith("test_") and inspect.isfunction(item)):
                continue
            if set(inspect.signature(item).parameters) & set(FIXTURES):
                loaded.user_classes[name] = pytest_user(item)


def _classes(module: ModuleType) -> Iterable[type]:
    return (item for item in vars(module).values() if inspect.isclass(item))


def _defined_in(cls: type) -> str:
    return _shown(Path(_file_of(sys.modules.get(cls.__module__)) or cls.__module__))


def _shown(path: Path) -> str:
    """The path as the user would type it."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
