"""Keys of a running test on a terminal: w/W add 1/10 users, s/S take them away."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

import gevent
from gevent.socket import wait_read

from katydid.load.spec import ConstantLoad
from katydid.run.controller import ControllingRunner
from katydid.run.states import LOADED

STEPS = {"w": 1, "W": 10, "s": -1, "S": -10}


def watch_keys(runner: ControllingRunner) -> None:
    """Follow the keyboard in the background, where standard input is a terminal."""
    if not sys.stdin or not sys.stdin.isatty():
        return
    try:
        import termios
        import tty
    except ImportError:  # not a Unix
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)

    def restore() -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

    gevent.spawn(_follow, descriptor, runner)
    runner.environment.events.quit.add_listener(lambda **_: restore())


def _follow(descriptor: int, runner: ControllingRunner) -> None:
    read: Callable[[int], str] = sys.stdin.read
    while True:
        wait_read(descriptor)
        step = STEPS.get(read(1))
        load = runner.control.load
        if step is None or runner.state not in LOADED or not isinstance(load, ConstantLoad):
            continue
        users = max(0, load.users + step)
        runner.begin_load(ConstantLoad(users, max(load.spawn_rate, 100.0), load.run_time_seconds))
