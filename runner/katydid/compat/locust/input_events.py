"""`locust.input_events`: keys that are pressed while a test runs."""

from __future__ import annotations

import logging
import os
import sys
import termios
import tty
from collections.abc import Callable, Mapping

import gevent
from gevent.socket import wait_read

__all__ = ["get_poller", "input_listener"]

logger = logging.getLogger(__name__)


class UnixKeyPoller:
    """A terminal that hands out keys one by one; `cleanup` gives it back as it was."""

    def __init__(self) -> None:
        self._stdin = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._stdin)
        tty.setcbreak(self._stdin)

    def poll(self) -> str:
        """The next key; "" at the end of input. Other greenlets run meanwhile."""
        wait_read(self._stdin)
        return os.read(self._stdin, 1).decode(errors="ignore")

    def cleanup(self) -> None:
        """Set the terminal back."""
        termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._before)


def get_poller() -> UnixKeyPoller:
    """OSError when standard input is no terminal, or belongs to another job."""
    if not sys.stdin.isatty() or os.getpgrp() != os.tcgetpgrp(sys.stdin.fileno()):
        raise OSError("standard input is no terminal of ours")
    return UnixKeyPoller()


def input_listener(key_to_func_map: Mapping[str, Callable[[], object]]) -> Callable[[], None]:
    """What to spawn as a greenlet: it calls the function of each key that is pressed."""

    def listen() -> None:
        try:
            poller = get_poller()
        except (OSError, ValueError) as error:
            logger.debug("Keys are not listened to: %s", error)
            return
        try:
            while key := poller.poll():
                if key in key_to_func_map:
                    gevent.spawn(key_to_func_map[key])
        finally:
            poller.cleanup()

    return listen
