"""The greenlet that a user lives in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    _Greenlet = gevent.Greenlet[..., None]
else:
    _Greenlet = gevent.Greenlet  # generic for type checkers only


class UserGreenlet(_Greenlet):
    """One running user; `args[0]` is the User while it lives.

    In the open model `start_delay_ms` is how late the current iteration began (milliseconds). The
    recorder adds it to the first sample of the iteration and sets it back to 0.
    """

    spawning_stack_limit = 0  # ten frames of the spawner would cost 0.6 KiB for every user
    start_delay_ms: float = 0.0


def take_start_delay() -> float:
    """Milliseconds by which the running iteration started late; 0 when asked again."""
    greenlet = gevent.getcurrent()
    delay: float = getattr(greenlet, "start_delay_ms", 0.0)
    if delay:
        greenlet.start_delay_ms = 0.0  # type: ignore[attr-defined]  # only a UserGreenlet has a delay
    return delay
