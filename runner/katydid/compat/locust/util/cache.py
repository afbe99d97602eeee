"""`locust.util.cache`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from katydid.clock import SYSTEM_CLOCK

__all__ = ["memoize"]

Function = Callable[..., Any]


def memoize(timeout: float, dynamic_timeout: bool = False) -> Callable[[Function], Function]:
    """Keep a function's result for `timeout` seconds, whatever its arguments.

    With `dynamic_timeout` a slow function's result is kept twice as long as it took, if that is
    longer. The result has `clear_cache()`.
    """

    def decorate(function: Function) -> Function:
        kept: list[Any] = []
        until = 0.0

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal until
            start = SYSTEM_CLOCK.monotonic()
            if not kept or start >= until:
                kept[:] = [function(*args, **kwargs)]
                end = SYSTEM_CLOCK.monotonic()
                until = end + max(timeout, 2 * (end - start) if dynamic_timeout else 0)
            return kept[0]

        wrapper.clear_cache = kept.clear  # type: ignore[attr-defined] # Locust's name for it
        return wrapper

    return decorate
