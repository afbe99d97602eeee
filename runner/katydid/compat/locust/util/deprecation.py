"""`locust.util.deprecation`: warnings of names that Locust gave up."""

from __future__ import annotations

import warnings
from typing import Any

__all__ = [
    "DeprecatedFastHttpLocustClass",
    "DeprecatedHttpLocustClass",
    "DeprecatedLocustClass",
    "check_for_deprecated_task_set_attribute",
    "deprecated_locust_meta_class",
]


def check_for_deprecated_task_set_attribute(class_dict: dict[str, Any]) -> None:
    """Warn about a user class's `task_set`, which is called `tasks` now."""
    if "task_set" in class_dict:
        warnings.warn(
            "Usage of User.task_set is deprecated since version 1.0. Set the tasks attribute "
            "instead (tasks = [TaskSet])",
            stacklevel=3,
        )


def deprecated_locust_meta_class(deprecation_message: str) -> type:
    """A metaclass whose classes cannot be derived from: ImportError with the message."""

    class Deprecated(type):
        def __new__(mcs, name: str, bases: tuple[type, ...], members: dict[str, Any]) -> Any:
            if bases:
                raise ImportError(deprecation_message)
            return super().__new__(mcs, name, bases, members)

    return Deprecated


def _renamed(name: str, new_name: str) -> type:
    meta = deprecated_locust_meta_class(
        f"The {name} class has been renamed to {new_name} in Locust 1.0"
    )
    made: type = meta(name, (), {"__doc__": f"Gone: {new_name}."})
    return made


DeprecatedLocustClass = _renamed("Locust", "User")
DeprecatedHttpLocustClass = _renamed("HttpLocust", "HttpUser")
DeprecatedFastHttpLocustClass = _renamed("FastHttpLocust", "FastHttpUser")
