"""A file that exists while this node is ready: the kubelet's exec probe looks for it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import gevent

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.25


class ReadyFile:
    """Keeps `path` in step with `is_ready` for the length of a with block; None: does nothing."""

    def __init__(self, path: Path | None, is_ready: Callable[[], bool]) -> None:
        self._path = path
        self._is_ready = is_ready
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def __enter__(self) -> None:
        if self._path is not None:
            self._greenlet = gevent.spawn(self._follow, self._path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._greenlet is not None:
            self._greenlet.kill()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _follow(self, path: Path) -> None:
        while True:
            try:
                if self._is_ready():
                    path.touch()
                else:
                    path.unlink(missing_ok=True)
            except OSError as error:
                logger.warning("The readiness file %s cannot be written: %s", path, error)
                return
            gevent.sleep(CHECK_SECONDS)
