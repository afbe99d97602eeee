"""Keys of a running test on a terminal: w/W add 1/10 users, s/S take them away."""

from __future__ import annotations

from functools import partial

import gevent

from katydid.compat.locust.input_events import input_listener
from katydid.load.spec import ConstantLoad
from katydid.run.controller import ControllingRunner
from katydid.run.states import LOADED

STEPS = {"w": 1, "W": 10, "s": -1, "S": -10}
MIN_RATE = 100.0  # users per second: a key should show at once


def watch_keys(runner: ControllingRunner) -> None:
    """Follow the keyboard in the background, where standard input is a terminal of ours."""
    listener = gevent.spawn(
        input_listener({key: partial(_step, runner, step) for key, step in STEPS.items()})
    )
    # Its end gives the terminal back as it was.
    runner.environment.events.quit.add_listener(lambda **_: listener.kill())


def _step(runner: ControllingRunner, step: int) -> None:
    load = runner.control.load
    if runner.state in LOADED and isinstance(load, ConstantLoad):
        users = max(0, load.users + step)
        rate = max(load.spawn_rate, MIN_RATE)
        runner.begin_load(ConstantLoad(users, rate, load.run_time_seconds))
