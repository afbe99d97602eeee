"""`locust.util.exception_handler`."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from katydid.clock import SYSTEM_CLOCK

__all__ = ["retry"]

logger = logging.getLogger(__name__)

Function = Callable[..., Any]


def retry(delays: tuple[float, ...] = (1, 3, 5), exception: Any = Exception) -> Any:
    """Call again after each of `delays` (seconds) while `exception` is raised; then raise it."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            for delay in delays:
                try:
                    return function(*args, **kwargs)
                except exception as error:
                    logger.debug("%s: again in %s s (%s)", function.__name__, delay, error)
                    SYSTEM_CLOCK.sleep(delay)
            return function(*args, **kwargs)

        return wrapper

    return decorate
