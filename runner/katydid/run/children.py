"""Worker processes of one machine: forked early, told where the master is, watched both ways.

Fork before any thread, socket, ZeroMQ context or name look-up exists: none of them survives it.
A pipe to each child carries the master's port, once it is known, and by its end tells the child
that its parent has died, so that no load is left without anybody in charge.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

import gevent
from gevent.monkey import get_original
from gevent.socket import wait_read

from katydid.errors import KatydidError

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25

_close = get_original("os", "close")
"""gevent's closes when the hub next turns; a child that first waits for its parent would hold the
write end of its own pipe, and never see the parent die."""


@dataclass(frozen=True)
class ChildRole:
    """This process is a child: its number (from 0) and its end of the pipe."""

    number: int
    siblings: int  # how many there are, this one included
    pipe: int

    def master_port(self) -> int:
        """Block until the parent has told the port; SystemExit when it died before."""
        told = os.read(self.pipe, 8)
        if not told:
            sys.exit(1)
        return int(told)

    def watch_parent(self, on_death: Callable[[], object]) -> None:
        """Call `on_death` when the parent is gone."""

        def wait() -> None:
            os.set_blocking(self.pipe, False)
            while True:
                wait_read(self.pipe)
                with contextlib.suppress(BlockingIOError):
                    if not os.read(self.pipe, 8):
                        on_death()
                        return

        gevent.spawn(wait)


class Children:
    """The parent's side: its worker processes."""

    def __init__(self, pipes: dict[int, int]) -> None:
        self._pipes = pipes  # pid → write end
        self.exit_codes: dict[int, int] = {}  # pid → exit code; negative: the signal that killed it
        self.expected_to_end = False  # set when the parent sends them home

    @property
    def alive(self) -> list[int]:
        return [pid for pid in self._pipes if pid not in self.exit_codes]

    @property
    def worst(self) -> int:
        """The highest exit code so far (0 … 255); a signal counts as 128 and its number."""
        return max(
            (128 - code if code < 0 else code for code in self.exit_codes.values()), default=0
        )

    @property
    def killed_by(self) -> int:
        """The signal that ended the first of those that were killed; 0: none was."""
        return next((-code for code in self.exit_codes.values() if code < 0), 0)

    def tell_port(self, port: int) -> None:
        """Let the children connect."""
        for pipe in self._pipes.values():
            with contextlib.suppress(BrokenPipeError):
                os.write(pipe, str(port).encode())

    def watch(self, on_all_gone: Callable[[], None]) -> None:
        """Reap children as they end; `on_all_gone` when none is left that should be."""

        def reap() -> None:
            while self.alive:
                self.reap()
                gevent.sleep(POLL_SECONDS)
            if not self.expected_to_end:
                on_all_gone()

        gevent.spawn(reap)

    def reap(self) -> None:
        """Note which children have ended."""
        for pid in self.alive:
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done, status = pid, 0
            if done:
                code = os.waitstatus_to_exitcode(status)
                self.exit_codes[pid] = code
                if not self.expected_to_end:
                    how = f"signal {-code}" if code < 0 else f"exit code {code}"
                    logger.warning("Worker process %d ended with %s", pid, how)

    def end(self, timeout: float) -> int:
        """Wait for the children, then end those left; returns the highest exit code (0 … 255)."""
        self.expected_to_end = True
        for sign in (None, signal.SIGTERM, signal.SIGKILL):
            for pid in self.alive if sign else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, sign or signal.SIGTERM)
            waited = 0.0
            while self.alive and waited < timeout:
                self.reap()
                gevent.sleep(0.05)
                waited += 0.05
        return self.worst

    def terminate(self) -> None:
        """Pass a SIGTERM on."""
        for pid in self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def fork_workers(count: int) -> Children | ChildRole:
    """Fork `count` workers: in the parent returns `Children`, in each child its `ChildRole`."""
    if not hasattr(os, "fork"):
        raise KatydidError("This system cannot fork; start workers by themselves with --worker.")
    pipes: dict[int, int] = {}
    for number in range(count):
        read_end, write_end = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            _close(write_end)
            for other in pipes.values():
                _close(other)
            # Ctrl-C reaches the whole process group; the parent is the one to act on it.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return ChildRole(number, count, read_end)
        _close(read_end)
        pipes[pid] = write_end
    return Children(pipes)
